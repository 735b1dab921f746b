"""Stores verdicts on claimed touches and what came of creating their tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.actions.tasks import intended
from app.decisions.codes import Code, Deed
from app.decisions.guard import explain_ruling
from app.decisions.guard.best_time import too_few
from app.decisions.guard.caps import channel_of
from app.decisions.native_codes import Native
from app.decisions.sequences import progress
from app.decisions.timing import end_of_due_day, local_date
from app.lanes.case import Case
from app.lanes.commit import SUMMARY_MS, store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Explanation, Ruling, Verdict
from app.model.time import Business, Wall
from app.model.vocabulary import Outcome, TaskType, TouchState
from app.store import counts, inbox, ledger, mirror, outbox, running, summaries
from connectors.contract import CrmError, Event, NewTask

# `.value` of an enumeration is a function in Python: too much for every row.
_OPEN = Outcome.OPEN.value


@dataclass(slots=True)
class Result:
    """What came of one creation. task_id: it stands in the CRM. stopped: nothing was sent.

    written: canonical fields that were written otherwise than `task` says. retry_wall None with an
    error: it is given up until somebody retries it.
    """

    case: Case
    task: NewTask
    task_id: str | None = None
    adopted: bool = False
    archived: bool = False
    written: Mapping[str, Any] | None = None
    error: CrmError | None = None
    retry_wall: Wall | None = None
    stopped: bool = False

    @property
    def known(self) -> dict[str, Any]:
        """Canonical fields as we wrote them: later differences are a person's."""
        return {**intended(self.task), **(self.written or {})}


def record_rulings(
    lanes: Lanes, tenant: Tenant, ruled: Sequence[tuple[Case, Ruling]], now: Business
) -> None:
    """Store deferrals and drops with their reasons; a drop may let the next step follow."""
    rows = [_ruled(case, ruling, now) for case, ruling in ruled]
    lines = [explain_ruling(case.facts.touch, ruling, now) for case, ruling in ruled]
    dropped = [case for case, ruling in ruled if ruling.verdict is Verdict.DROP]
    writes = Writes()
    if dropped:
        _follow(lanes, tenant, dropped, writes, now)
    with lanes.store.write() as conn:
        outbox.put_back(conn, rows)
        ledger.write(conn, tenant.id, lines)
        if dropped:
            store_decisions(conn, tenant, writes, (), now)


def _ruled(case: Case, ruling: Ruling, now: Business) -> dict[str, Any]:
    row = case.row
    due = ruling.values.get("due_at", row["due_at"])
    put: dict[str, Any] = {
        "key": row["id"],
        "held": row["fence"],
        "state": TouchState.DROPPED.value,
        "reason": _reason(case, ruling),
        "waits_for": None,
        "owed_at": ruling.values.get("owed_at", row["owed_at"]),
        "due_at": due,
        "write_at": row["write_at"],
        # Nothing stands in the CRM: none was ever sent, or it was looked for and not found.
        "attempts": 0,
        "retry_wall": 0,
        "error": None,
        "owner_id": row["owner_id"],
        "outcome_at": now,
    }
    if ruling.verdict is Verdict.DEFER:
        put["outcome_at"] = None
        if ruling.until is None:
            put["state"] = TouchState.WAITING.value
            put["waits_for"] = ruling.values.get("open_task")
        else:
            put["state"] = TouchState.PLANNED.value
            put["write_at"] = max(ruling.until, now + 1)
    return put


def _reason(case: Case, ruling: Ruling) -> str:
    """What has ended gives why it ended, as if the touch had been dropped with it."""
    if ruling.code == Code.ENROLMENT_ENDED:
        return case.enrolment["end_reason"] or ruling.code
    return ruling.code


def _follow(
    lanes: Lanes, tenant: Tenant, over: Sequence[Case], writes: Writes, now: Business
) -> None:
    """What follows touches that are over: dropped, or notes that stand. Either holds up nothing,
    which is all that is asked of its state here."""
    with lanes.store.read() as conn:
        snapshot = Snapshot(tenant, conn, {case.facts.subject.id for case in over}, now)
    for case in over:
        row = snapshot.enrolment_row(case.row["enrolment_id"])
        if row is None:
            continue
        snapshot.mark_step(row["id"], case.row["step"], TouchState.DROPPED.value)
        decision = progress(
            snapshot.enrolment(row), snapshot.subject(row["subject_id"]), case.facts.calendar, now,
            done=case.row["step"], done_at=now,
        )  # fmt: skip
        writes.take(tenant, decision, snapshot, now)
        snapshot.follow(decision)


def record_results(
    lanes: Lanes, tenant: Tenant, results: Sequence[Result], now: Business
) -> None:
    """One transaction: tasks that stand, tasks to be tried again, tasks that were refused."""
    if not results:
        return
    made = [result for result in results if result.task_id is not None]
    failed = [result for result in results if result.task_id is None]
    tasks = [result for result in made if not result.case.is_note]
    notes = [result.case for result in made if result.case.is_note]
    tenant.fresh.made("task", [result.task_id for result in tasks if result.task_id])
    # Laid out before the transaction: while it is open nobody else writes, not even a webhook.
    known = [result.known for result in made]
    rows = [_made(result, k, now) for result, k in zip(made, known, strict=True)]
    # Nobody works on a note: what becomes of it in the CRM is never looked at.
    objects = [
        _object(result, k) for result, k in zip(made, known, strict=True) if not result.case.is_note
    ]
    lines = [_line(result, now) for result in results]
    # What was adopted may have been worked on since it was written; reading it again turns every
    # difference from what we meant into a signal.
    hints = [_hint(tenant, result, now) for result in tasks if result.adopted]
    writes = Writes()
    if notes:
        _follow(lanes, tenant, notes, writes, now)
    with lanes.store.write() as conn:
        ended = running.ends_of(conn, {result.case.row["enrolment_id"] for result in made})
        _withdraw(made, rows, ended)
        outbox.performed(conn, rows)
        mirror.save_objects(conn, tenant.id, "task", objects)
        outbox.put_back(conn, [_failed(result, now) for result in failed])
        counts.count_contact(conn, tenant.id, _counts(tenant, made, now))
        summaries.mark_dirty(conn, {r.case.row["subject_id"] for r in made}, now, SUMMARY_MS)
        ledger.write(conn, tenant.id, lines)
        if notes:
            store_decisions(conn, tenant, writes, (), now)
        if hints:
            inbox.insert_events(conn, tenant.id, hints, lanes.wall())


def _made(result: Result, known: Mapping[str, Any], now: Business) -> dict[str, Any]:
    case, due = result.case, known["due_at"]
    note = case.is_note
    return {
        "key": case.id,
        "task_id": result.task_id,
        "performed_at": now,
        "owner_id": known["owner"],
        "contact_id": case.facts.touch.contact,
        "due_at": due,
        "outcome": Outcome.WRITTEN.value if note else _OPEN,
        "outcome_at": now if note else None,
        "outcome_why": None,
        "overdue_at": None if note else end_of_due_day(due, case.facts.calendar),
        "wish": None,
        "wish_why": None,
        "shown_subject": known["subject"],
    }


def _withdraw(
    made: Sequence[Result], rows: Sequence[dict[str, Any]], ended: Mapping[str, str | None]
) -> None:
    """Wish those tasks away whose enrolment ended while they were being written; a note stays."""
    for result, row in zip(made, rows, strict=True):
        case = result.case
        if case.is_note:
            continue
        enrolment = case.row["enrolment_id"]
        if case.cleared if case.is_duty else enrolment in ended:
            row["wish"], row["wish_why"] = "resolve", ended.get(enrolment) or Native.STOPPED


def _object(result: Result, known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "crm_id": result.task_id,
        "touch_id": result.case.id,
        "known": known,
        "pending": {},
    }


def _failed(result: Result, now: Business) -> dict[str, Any]:
    row = result.case.row
    again = result.retry_wall is not None or result.stopped
    return {
        "key": row["id"],
        "held": row["fence"],
        "state": (TouchState.PLANNED if again else TouchState.FAILED).value,
        "reason": None if again else Deed.REFUSED,
        "waits_for": None,
        "owed_at": row["owed_at"],
        "due_at": row["due_at"],
        "write_at": row["write_at"],
        "attempts": max(0, row["attempts"] - 1) if result.stopped else row["attempts"],
        "retry_wall": result.retry_wall or 0,
        "error": result.error.message if result.error else None,
        "owner_id": row["owner_id"],
        "outcome_at": None,
    }


def _counts(
    tenant: Tenant, made: Sequence[Result], now: Business
) -> list[tuple[str, str, TaskType]]:
    """Tasks that reach the person, and so count against what one person is asked to bear."""
    day = local_date(now, tenant.zone)
    found: list[tuple[str, str, TaskType]] = []
    for result in made:
        touch = result.case.facts.touch
        kind = channel_of(touch.step)
        if touch.contact and kind is not None:
            found.append((touch.contact, day, kind))
    return found


def _line(result: Result, now: Business) -> Explanation:
    touch = result.case.facts.touch
    values: dict[str, Any] = {"step": touch.step.id, "due_at": result.task.due_at}
    if result.case.rendered is not None and result.case.rendered.problem:
        values["problem"] = result.case.rendered.problem
    moved = result.case.moved
    if moved is not None and moved.values.get("due_at") == values["due_at"]:
        values |= {"moved": moved.code, **moved.values}
    if (answers := too_few(result.case.facts)) is not None:
        values["answers"] = answers
    if result.case.handed is not None:
        values["handed"] = result.case.handed.code
    if result.task_id is not None:
        note = result.case.is_note
        code = Deed.ADOPTED if result.adopted else Deed.NOTED if note else Deed.CREATED
        values["note" if note else "task"] = result.task_id
        if touch.step.hands_over:
            code, values = Deed.HANDED_OVER, {**values, **_hands(result.case)}
        return Explanation(touch.subject, f"touch:{touch.id}", "done", code, now, True, values)
    again = result.retry_wall is not None
    code = Code.STOPPED if result.stopped else Deed.CRM_ERROR if again else Deed.REFUSED
    values["error"] = result.error.message if result.error else ""
    return Explanation(touch.subject, f"touch:{touch.id}", "defer", code, now, False, values)


def _hands(case: Case) -> dict[str, str]:
    """From whose hands the record went into whose."""
    was, to = case.ground.owner, case.facts.owner
    return {
        "was": was.name if was else "nobody",
        "to": to.name if to else case.owner_id or "nobody",
    }


def _hint(tenant: Tenant, result: Result, now: Business) -> Event:
    assert result.task_id is not None
    return Event(
        kind="deleted" if result.archived else "changed",
        object_type="task",
        object_id=result.task_id,
        at=now,
        dedupe=f"adopted:{result.task_id}",
    )
