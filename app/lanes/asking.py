"""Whom follow-ups are for: asked or answered after every batch that may have changed it."""

from __future__ import annotations

from app.decisions.asking import ask
from app.lanes.context import Tenant
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode


def decide_contacts(
    tenant: Tenant, snapshot: Snapshot, writes: Writes, now: Business
) -> None:
    """For each subject of the snapshot on which anything runs that has nobody."""
    for subject, rows in snapshot.running.items():
        if any(_has_nobody(row["contact_id"], row["state"], row["mode"]) for row in rows):
            decision = ask(snapshot.context(subject, now), now)
            writes.take(tenant, decision, snapshot, now)
            snapshot.follow(decision)


def _has_nobody(contact: str | None, state: str, mode: str) -> bool:
    active = state == EnrolmentState.ACTIVE.value and mode != Mode.SHADOW.value
    return contact is None and active
