"""A person's word on work that failed: try again, or say what became of it."""

from __future__ import annotations

from app.decisions.codes import Deed
from app.decisions.sequences import progress
from app.lanes.activation import ActivationError
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Explanation
from app.model.vocabulary import TouchState
from app.store import audit, events, failing, ledger


def retry(lanes: Lanes, installation_id: int, id: str | None, who: str) -> int:
    """Try one failed touch, or all, again at once. Answers how many. Raises ActivationError for a
    touch that did not fail."""
    with lanes.store.write() as conn:
        subjects = failing.retry(conn, installation_id, id)
        if id is not None and not subjects:
            raise ActivationError(
                "touch: it did not fail, or is known by now; GET /api/failed lists what did"
            )
        data = {"touch": id, "touches": len(subjects)}
        audit.write(conn, installation_id, who, "retried", lanes.wall(), data)
        if id is not None:
            said = Explanation(
                subjects[0], f"touch:{id}", "retry", Deed.RETRIED, lanes.now(), True, {"who": who}
            )
            ledger.write(conn, installation_id, [said])
    return len(subjects)


def settle(lanes: Lanes, installation_id: int, id: str, done: bool, who: str) -> None:
    """Say of a message whose fate is unknown that it went out, or that it did not. Either way it is
    never sent again, and the follow-up goes on. Raises ActivationError where its fate is known."""
    now = lanes.now()
    tenant = lanes.tenant(installation_id)
    with lanes.store.read() as conn:
        row = failing.unknown(conn, installation_id, id)
        if row is None:
            raise ActivationError("touch: its fate is known; GET /api/failed lists what is not")
        snapshot = Snapshot(tenant, conn, [row["subject_id"]], now)
    writes = Writes()
    code = Deed.SAID_DONE if done else Deed.SAID_NOT_DONE
    writes.explanations.append(
        Explanation(row["subject_id"], f"touch:{id}", "settled", code, now, True, {"who": who})
    )
    enrolment = snapshot.enrolment_row(row["enrolment_id"])
    if enrolment is not None:
        snapshot.mark_step(row["enrolment_id"], row["step"], TouchState.DROPPED.value)
        subject = snapshot.subject(row["subject_id"])
        owner = tenant.owner_or_default(subject.owner_id)
        decision = progress(
            snapshot.enrolment(enrolment), subject, tenant.calendar(owner, now), now,
            done=row["step"], done_at=now,
        )  # fmt: skip
        writes.take(tenant, decision, snapshot, now)
    with lanes.store.write() as conn:
        failing.settle(conn, id, done, now)
        store_decisions(conn, tenant, writes, (), now)
        data = {"touch": id, "done": done}
        audit.write(conn, installation_id, who, "settled", lanes.wall(), data)


def decide_event(lanes: Lanes, installation_id: int, id: int, retry: bool, who: str) -> None:
    """Try an event that keeps failing again at once, or forget it. Raises ActivationError."""
    with lanes.store.write() as conn:
        if retry:
            found = failing.retry_event(conn, installation_id, id, lanes.wall())
        else:
            found = failing.drop_event(conn, installation_id, id)
        if not found:
            raise ActivationError("event: it is worked off by now; GET /api/failed lists the rest")
        what = "event_retried" if retry else "event_dropped"
        audit.write(conn, installation_id, who, what, lanes.wall(), {"event": id})


def decide_posted(
    lanes: Lanes, installation_id: int, id: str | None, place: bool, who: str
) -> int:
    """Look again for the person of a refused event, or of all; or forget one. How many. Raises
    ActivationError where that event is not refused, or not any more."""
    with lanes.store.write() as conn:
        if place:
            ids = None if id is None else [id]
            number = events.again(conn, installation_id, ids, lanes.wall())
        else:
            number = int(events.drop(conn, installation_id, id or ""))
        if id is not None and not number:
            raise ActivationError("event: it is not refused; GET /api/events lists what is")
        what = "event_placed_again" if place else "posted_event_dropped"
        audit.write(conn, installation_id, who, what, lanes.wall(), {"event": id, "events": number})
    return number
