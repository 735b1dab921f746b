"""What admins change (users, pipelines, stages), as events of webhooks.

The world does not tell which stage or user was changed, only that something of the frame was; the
shapes of all of them are held against those before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.pipedrive import frame, words
from sandbox.world.account import Account

Key = tuple[str, str]
Shape = dict[str, Any]
ENTITIES = ("pipeline", "stage", "user")


@dataclass(slots=True)
class Frames:
    """The shapes of every account with webhooks, as they were last told; kept with the world."""

    known: dict[int, dict[Key, Shape]] = field(default_factory=dict)


def shapes(account: Account) -> dict[Key, Shape]:
    """(entity, id) → shape of everything in an account's frame that is not deleted."""
    found: dict[Key, Shape] = {}
    for pipeline in account.pipelines["deals"].values():
        if pipeline.archived:
            continue
        found["pipeline", pipeline.id] = frame.pipeline_shape(pipeline)
        for stage in words.open_stages(pipeline):
            if not stage.archived:
                found["stage", stage.id] = frame.stage_shape(pipeline, stage)
    for owner in account.owners.values():
        found["user", owner.id] = {
            "id": int(owner.id),
            "name": f"{owner.first_name} {owner.last_name}".strip(),
            "email": owner.email,
            "active_flag": not owner.archived,
            "timezone_name": frame.zone_of(account, owner),
            "is_deleted": False,
        }
    return found


def changed(
    frames: Frames, account: Account
) -> Iterator[tuple[str, Key, Shape | None, Shape | None]]:
    """(action, key, shape before, shape now) of what changed since the last look."""
    before = frames.known.get(account.portal_id)
    now = frames.known[account.portal_id] = shapes(account)
    if before is None:
        return
    for key in dict.fromkeys((*before, *now)):
        was, is_now = before.get(key), now.get(key)
        if was == is_now or _same(was, is_now):
            continue
        action = "create" if was is None else "delete" if is_now is None else "change"
        yield action, key, was, is_now


def _same(was: Shape | None, now: Shape | None) -> bool:
    """Whether two shapes differ in nothing but their date."""
    if was is None or now is None:
        return False
    return all(was[name] == value for name, value in now.items() if name != "update_time")
