"""What a playbook would already owe if it were set live now: counted and shown, nothing stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from app.decisions.backlog import qualifies
from app.lanes.activation import pages
from app.lanes.backtest.mirrored import named_playbook
from app.lanes.context import Lanes
from app.lanes.snapshot import Snapshot
from app.lanes.supposing import trying
from app.model.decisions import Notice, StartEnrolment
from app.model.playbook import ActiveRule
from app.model.time import Business

SHOWN = 10
"""Records of each rule that are shown, those that have waited longest."""


@dataclass(slots=True)
class _Found:
    """What one rule would owe: how many records, and (since when, type, id, name) of each."""

    records: int = 0
    rows: list[tuple[int, str, str, str]] = field(default_factory=list[tuple[int, str, str, str]])


def foresee(
    lanes: Lanes, installation_id: int, playbook: str, most: int | None = None
) -> dict[str, Any]:
    """For each rule of the newest saved version, else of the preset: how many records it would
    leave in the backlog, and some of them. What a rule in force owes already does not count again.

    most: look at so many records only; `whole` says whether that left any out. Raises BacktestError
    for an unknown playbook.
    """
    told = named_playbook(lanes, installation_id, playbook)
    now = lanes.now()
    tenant = trying(lanes.tenant(installation_id), told, now)
    found = {rule.key: _Found() for rule in told.rules}
    looked, whole = 0, True
    for ids in pages(lanes, installation_id):
        if most is not None and looked >= most:
            whole = False
            break
        with lanes.store.read() as conn:
            snapshot = Snapshot(tenant, conn, ids, now)
        for subject in ids:
            _look_at(tenant.rules, snapshot, subject, now, found)
        looked += len(ids)
    return {
        "playbook": told.id,
        "records": looked,
        "whole": whole,
        "count": sum(one.records for one in found.values()),
        "per_day": tenant.settings.backlog_per_day,
        "rules": [
            {
                "rule": rule.key,
                "title": rule.title or rule.id,
                "count": found[rule.key].records,
                "subjects": [
                    {"since_at": at, "subject_type": type, "subject_id": id, "subject": name}
                    for at, type, id, name in sorted(found[rule.key].rows)[:SHOWN]
                ],
            }
            for rule in told.rules
        ],
    }


def _look_at(
    rules: Iterable[ActiveRule],
    snapshot: Snapshot,
    subject: int,
    now: Business,
    found: dict[str, _Found],
) -> None:
    context = snapshot.context(subject, now)
    row = snapshot.rows[subject]
    for active in rules:
        owed = qualifies(active, context, now)
        if not owed:
            continue
        one = found[active.rule.key]
        one.records += 1
        one.rows.append((_since(owed, now), row["type"], row["crm_id"], row["name"]))
        if len(one.rows) > 4 * SHOWN:
            one.rows = sorted(one.rows)[:SHOWN]


def _since(owed: tuple[StartEnrolment | Notice, ...], now: Business) -> int:
    """Since when it has been owed; notices are owed now."""
    return min((o.anchor_at for o in owed if isinstance(o, StartEnrolment)), default=now)
