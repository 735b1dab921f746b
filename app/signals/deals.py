"""Deals: what their history says beyond what our mirror holds.

The whole history is walked, so a stage that a deal passed through between two readings is entered
all the same; settling decides later whether it mattered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from app.model.ids import stage_anchor
from app.model.quotes import KEPT as QUOTED
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import CLOSED_KINDS, SignalKind
from app.signals.fields import field_changes
from app.signals.many import SOURCE
from app.signals.stages import StageMap
from app.store.sets import dumps, loads


@dataclass(slots=True)
class Change:
    """What one reading changes. values: columns of `subjects`.

    entries: (stage id, entered at) to remember. restored: it was deleted and is back.
    """

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    entries: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    signals: list[Signal] = field(default_factory=list[Signal])
    restored: bool = False


Versions = list[Any]


def deal_change(
    subject_id: int,
    row: Mapping[str, Any],
    fields: Mapping[str, Any],
    history: Mapping[str, Versions],
    created_at: int,
    updated_at: int,
    stages: StageMap,
    known_entries: frozenset[tuple[str, int]],
    kept: Sequence[str] = (),
) -> Change:
    """Compare a deal as read with its mirror row.

    kept: mapped fields beyond the columns, which the row keeps as JSON.

    row: of `subjects`; a placeholder, without `modified_at`, for a deal not seen before.
    known_entries: its (stage id, entered at) already remembered with the newest timestamp, so that
    two entries in one millisecond both count.
    """
    change = Change()
    if row["modified_at"] is None:
        first = next(iter(history.get("stage") or ()), None)
        change.signals.append(
            Signal(
                SignalKind.SUBJECT_CREATED,
                subject_id,
                Business(created_at),
                "created",
                data={"type": "deal", SOURCE: first.source if first else ""},
            )
        )
    entries = _with_present(row, fields, history.get("stage") or [], updated_at)
    _stage_entries(change, subject_id, row, entries, stages, known_entries)
    _owner(change, subject_id, row, fields, history.get("owner") or [])
    _control(change, subject_id, row, fields, history.get("control") or [], updated_at)
    _reply(change, subject_id, row, fields)
    _contacted(change, row, fields)
    if kept:
        known = {} if row["modified_at"] is None else loads(row["fields"])
        fresh, signals = field_changes(subject_id, known, fields, kept, updated_at)
        fresh |= {name: known[name] for name in QUOTED if name in known and name not in kept}
        if fresh != known:
            change.values["fields"] = dumps(fresh)
        if row["modified_at"] is not None:
            change.signals.extend(signals)
    _plain(change, row, fields, created_at, updated_at)
    return change


def _with_present(
    row: Mapping[str, Any], fields: Mapping[str, Any], versions: Versions, updated_at: int
) -> Versions:
    """The history with the stage that the record is in, where it tells of no way there since our
    mirror's: a deal opened again in Pipedrive has the stage, and the date, that it had before it
    was lost. It is as if it entered with its last change."""
    stage, since = fields.get("stage"), row["stage_entered_at"]
    if not stage or since is None or stage == row["stage_id"] or updated_at <= since:
        return versions
    if any(version.at >= since and version.value == stage for version in versions):
        return versions
    last = versions[-1] if versions else None
    if last is None or last.value != stage:
        return versions  # a reading that lags behind itself is read again
    return [*versions, last._replace(at=Business(updated_at), source="", source_id="")]


_NEW: Mapping[str, Any] = {"stage_entered_at": None, "stage_id": None, "furthest": -1}


def stage_signals(subject_id: int, versions: Versions, stages: StageMap) -> list[Signal]:
    """Every stage entry and closing of a whole stage history, oldest first: a deal's past."""
    change = Change()
    _stage_entries(change, subject_id, _NEW, versions, stages, frozenset())
    return change.signals


def _stage_entries(
    change: Change,
    subject_id: int,
    row: Mapping[str, Any],
    versions: Versions,
    stages: StageMap,
    known: frozenset[tuple[str, int]],
) -> None:
    seen_at, furthest, before = row["stage_entered_at"], row["furthest"], row["stage_id"]
    for version in versions:
        at, stage_id = version.at, version.value
        if not stage_id:
            continue
        if seen_at is not None and (at < seen_at or (stage_id, at) in known):
            continue
        if stage_id == before and seen_at is not None:
            continue
        position = stages.position(stage_id)
        kind, previous = stages.kind(stage_id), stages.kind(before)
        cause = stage_anchor(stage_id, at)
        forward = position > furthest
        change.entries.append((stage_id, at))
        change.signals.append(
            Signal(
                SignalKind.STAGE_ENTERED,
                subject_id,
                Business(at),
                cause,
                stage=kind,
                previous=previous,
                forward=forward,
                data={
                    "stage_id": stage_id,
                    SOURCE: version.source,
                    "off_limits": stages.off_limits(stage_id),
                },
            )
        )
        if kind in CLOSED_KINDS:
            change.signals.append(
                Signal(
                    SignalKind.CLOSED, subject_id, Business(at), cause, stage=kind,
                    previous=previous,
                )
            )
        furthest = max(furthest, position)
        before, seen_at = stage_id, at
        change.values["stage_id"] = stage_id
        change.values["stage_entered_at"] = at
    if change.entries:
        change.values["furthest"] = furthest


def _owner(
    change: Change,
    subject_id: int,
    row: Mapping[str, Any],
    fields: Mapping[str, Any],
    versions: Versions,
) -> None:
    owner = fields.get("owner") or None
    if row["modified_at"] is None:
        change.values["owner_id"] = owner
        return
    if owner == row["owner_id"]:
        return
    at = versions[-1].at if versions else fields.get("updated_at") or row["modified_at"] or 0
    change.values["owner_id"] = owner
    change.values["owner_at"] = at or None
    change.signals.append(
        Signal(
            SignalKind.OWNER_CHANGED,
            subject_id,
            Business(at),
            f"owner:{owner or ''}:{at}",
            data={
                "from": row["owner_id"],
                "to": owner,
                "had_until": _had_until(owner, versions),
            },
        )
    )


def _had_until(owner: str | None, versions: Versions) -> int | None:
    """Until when the record was this owner's the last time; None where it never was."""
    lost = [
        after.at for one, after in pairwise(versions)
        if (one.value or None) == owner != (after.value or None)
    ]  # fmt: skip
    return lost[-1] if lost else None


def _control(
    change: Change,
    subject_id: int,
    row: Mapping[str, Any],
    fields: Mapping[str, Any],
    versions: Versions,
    updated_at: int,
) -> None:
    if "control" not in fields:
        return  # somebody deleted the property: a stop that a rep set in it stands
    control = fields["control"] or "run"
    pause_until = fields.get("pause_until")
    if control == row["control"] and pause_until == row["pause_until_at"]:
        return
    change.values["control"] = control
    change.values["pause_until_at"] = pause_until
    at = versions[-1].at if versions else updated_at
    change.signals.append(
        Signal(
            SignalKind.CONTROL_CHANGED,
            subject_id,
            Business(at),
            f"control:{at}",
            data={"control": control, "pause_until": pause_until},
        )
    )


def _reply(
    change: Change, subject_id: int, row: Mapping[str, Any], fields: Mapping[str, Any]
) -> None:
    """The fall-back for replies whose e-mail record we cannot see: the CRM's own stamp."""
    replied_at = fields.get("last_reply_at")
    if replied_at is not None and replied_at > (row["last_reply_at"] or 0):
        change.signals.append(
            Signal(SignalKind.REPLIED, subject_id, Business(replied_at), f"reply:{replied_at}")
        )


def _contacted(change: Change, row: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """`last_contacted_at` counts calls, mails and meetings, never our tasks: activity."""
    stamp = max(fields.get("last_contacted_at") or 0, fields.get("last_reply_at") or 0)
    if stamp > (row["last_activity_at"] or 0):
        change.values["last_activity_at"] = stamp


def _plain(
    change: Change,
    row: Mapping[str, Any],
    fields: Mapping[str, Any],
    created_at: int,
    updated_at: int,
) -> None:
    amount = fields.get("amount_company")
    if amount is None and not fields.get("currency"):
        amount = fields.get("amount")
    fresh = {
        "name": fields.get("name") or "",
        "pipeline_id": fields.get("pipeline"),
        "amount": amount,
        "currency": fields.get("currency"),
        "created_at": fields.get("created_at") or created_at,
        "modified_at": updated_at,
        "next_activity_at": fields.get("next_activity_at"),
    }
    for column, value in fresh.items():
        if row[column] != value:
            change.values[column] = value
    if row["deleted"]:
        change.values["deleted"] = False
        change.restored = True
