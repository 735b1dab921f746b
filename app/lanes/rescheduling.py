"""One running follow-up's times, changed by a person: read, decided and stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.rescheduling import RescheduleError, reschedule
from app.lanes.activation import ActivationError
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes
from app.lanes.migrating import in_the_way
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.rescheduling import Change
from app.store import audit, running, summaries


def change_times(
    lanes: Lanes, installation_id: int, enrolment: str, change: Change, who: str
) -> dict[str, Any]:
    """Carry out a person's word on one follow-up. Answers its id and its touches as they now are.

    Raises ActivationError where it does not run, something of it is being carried out at this
    moment, or the word does not fit it; then nothing has changed.
    """
    tenant, now = lanes.tenant(installation_id), lanes.now()
    with lanes.store.write() as conn:
        row = running.by_id(conn, [enrolment]).get(enrolment)
        if row is None or row["installation_id"] != installation_id:
            raise ActivationError(f"enrolment: there is none with the id {enrolment!r}")
        subject = row["subject_id"]
        snapshot = Snapshot(tenant, conn, [subject], now)
        snapshot.steps.update(running.steps_of(conn, [enrolment]))
        busy = in_the_way(snapshot, row)
        if busy is not None:
            raise ActivationError(f"enrolment: {busy}")
        about = snapshot.subject(subject)
        owner = tenant.owner_or_default(about.owner_id)
        view, calendar = snapshot.enrolment(row), tenant.calendar(owner, now)
        try:
            decision = reschedule(view, change, about, calendar, now, who)
        except RescheduleError as error:
            raise ActivationError(str(error)) from error
        writes = Writes()
        writes.take(tenant, decision, snapshot, now)
        store_decisions(conn, tenant, writes, (), now)
        summaries.mark_dirty(conn, {subject}, now, 0)
        data = {"enrolment": enrolment, "definition": row["definition"], "change": repr(change)}
        audit.write(conn, installation_id, who, "rescheduled", lanes.wall(), data)
        touches = running.steps_of(conn, [enrolment]).get(enrolment, [])
    return {"enrolment": enrolment, "touches": [_told(touch) for touch in touches]}


def _told(touch: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "step", "occurrence", "state", "reason", "due_at", "outcome", "edited")
    return {name: touch[name] for name in names}
