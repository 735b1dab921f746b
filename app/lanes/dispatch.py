"""The dispatch lane: due touches are claimed, judged on fresh data, created and recorded.

Claim, commit; read, judge, admit, commit; create; record, commit: no transaction is open during a
call. A touch with more than one attempt is looked for in the CRM, live and archived, before it is
judged, let alone created again: its first attempt may have written, whatever became of the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from app.decisions.codes import Code
from app.decisions.guard import absence, admit, apply_ruling, judge
from app.decisions.native_codes import Native
from app.lanes.adopting import by_kind, unmade
from app.lanes.assigning import assign_cases
from app.lanes.case import Case, load_cases
from app.lanes.context import Lanes, Tenant
from app.lanes.counting import count_exactly
from app.lanes.enrolling import enrol_cases
from app.lanes.handing_over import hand_over, refuse_idle
from app.lanes.ingest import read_again
from app.lanes.polling import hear_first
from app.lanes.recalling import recall
from app.lanes.record import Result, record_results, record_rulings
from app.lanes.resuming import resume_cases
from app.lanes.trouble import OURS, isolate, later, note_error
from app.lanes.whereabouts import place_people
from app.model.decisions import Ruling, Verdict
from app.model.time import MINUTE, SECOND, Business, Wall
from app.store import outbox
from connectors.contract import (
    Created,
    CrmError,
    Invalid,
    NewTask,
    RateLimited,
    Stopped,
    Unknown,
)

CLAIM = 1200
"""Touches of one turn: twelve full batches for the CRM. With half of that a CRM that takes half a
second to answer could not be asked as often as it allows. The transaction that records them stays
within 50 ms."""

LEASE_MS = 5 * MINUTE
ANSWER_MS = 30 * SECOND
"""For so long a call whose answer was lost may still be at work in the CRM. Where touch ids are
unique there, it refuses the second of two creations; elsewhere a look before this proves nothing.
"""

_CREATE = 100

_IN_FLIGHT = 6
"""Calls of one turn under way together: as many as 110 in ten seconds need of half a second each.
What is in flight is written even after a stop, so more would make every stop later."""


def drain_due(lanes: Lanes, tenant: Tenant) -> bool:
    """Carry out one batch of due touches. True if there was one."""
    if tenant.stopped or tenant.status != "active":
        return False
    now, wall = lanes.now(), lanes.wall()
    with lanes.store.write() as conn:
        # Claims whose holder died, or failed without giving them back, are due again.
        outbox.reclaim(conn, tenant.id, wall)
        rows = outbox.claim(conn, tenant.id, now, wall, CLAIM, LEASE_MS)
    if not rows:
        return False
    isolate(rows, partial(_carry_out, lanes, tenant, now), partial(_put_aside, lanes))
    return True


def drain_duties(lanes: Lanes, tenant: Tenant) -> None:
    """Carry out what clears up what we did ourselves; not even the stop of everything holds it."""
    now, wall = lanes.now(), lanes.wall()
    with lanes.store.write() as conn:
        outbox.reclaim(conn, tenant.id, wall)
        rows = outbox.claim(conn, tenant.id, now, wall, CLAIM, LEASE_MS, duties=True)
    if rows:
        isolate(rows, partial(_carry_out, lanes, tenant, now), partial(_put_aside, lanes))


def _carry_out(
    lanes: Lanes, tenant: Tenant, now: Business, rows: Sequence[dict[str, Any]]
) -> None:
    try:
        rows = refresh(lanes, tenant, rows)
        count_exactly(lanes, tenant, rows, now)
        cases = unmade(lanes, tenant, load_cases(lanes, tenant, rows, now), now)
        cases = resume_cases(lanes, tenant, cases, now)
        place_people(lanes, tenant, cases, now)
        recall(lanes, tenant, cases, now)
        assign_cases(lanes, tenant, cases, now)
        doable = refuse_idle(lanes, tenant, _judge(lanes, tenant, cases), now)
        natives = [case for case in doable if case.is_native]
        results = _perform(lanes, tenant, [case for case in doable if not case.is_native])
    except CrmError as error:
        retry = note_error(lanes, tenant, error, max(row["attempts"] for row in rows))
        _give_back(lanes, rows, retry, error)
        return
    except Exception:
        # Whoever works on them next must look in the CRM first: some may stand there already.
        for row in rows:
            row["attempts"] += 1
        raise
    record_results(lanes, tenant, results, now)
    enrol_cases(lanes, tenant, natives, now)


def _put_aside(lanes: Lanes, row: Mapping[str, Any], error: Exception) -> None:
    """Our own code failed on this touch: it stays due, with its error, and holds up nobody."""
    with lanes.store.write() as conn:
        said = f"{OURS} ({type(error).__name__})"
        outbox.put_back(conn, [_returned(row, row["attempts"], later(lanes), said)])


def refresh(
    lanes: Lanes, tenant: Tenant, rows: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    """Read again whatever the guard will look at and was not read just now.

    Answers the touches, about other records where theirs turn out to be merged.
    """
    hear_first(lanes, tenant)
    if not read_again(lanes, tenant, rows):
        return rows
    with lanes.store.read() as conn:
        fresh = outbox.by_id(conn, [row["id"] for row in rows])
    return [dict(fresh[row["id"]]) for row in rows]


def _judge(lanes: Lanes, tenant: Tenant, cases: Sequence[Case]) -> list[Case]:
    """Split what may be done now from what may not; the latter is stored with its reason."""
    ruled: list[tuple[Case, Ruling]] = []
    passed: list[Case] = []
    for case in cases:
        ruling = _duty(case) if case.is_duty else judge(case.facts)[0]
        if ruling.verdict is Verdict.HAND_TO:
            left = ruling.code == Code.OWNER_ARCHIVED
            to = tenant.assignee(case.facts.touch.owner_id if left else ruling.to)
            ruling = replace(ruling, to=to)
            if not case.is_duty:
                person = tenant.calendars.people.get(to or "")
                calendar = tenant.calendar(to, lanes.now())
                case.facts, ruling = absence.handed_over(case.facts, ruling, person, calendar)
            case.handed = ruling
        if ruling.verdict in (Verdict.DO, Verdict.HAND_TO):
            case.moved = ruling if ruling.verdict is Verdict.DO else None
            case.facts = apply_ruling(case.facts, ruling)
            passed.append(case)
        else:
            ruled.append((case, ruling))
    doable: list[Case] = []
    counted = [case for case in passed if not case.is_duty]
    doable += [case for case in passed if case.is_duty]
    if counted:
        rulings, _ = admit([case.facts for case in counted], counted[0].counters)
        for case, ruling in zip(counted, rulings, strict=True):
            if ruling.verdict is Verdict.DO:
                case.facts = apply_ruling(case.facts, ruling)
                doable.append(case)
            else:
                ruled.append((case, ruling))
    if ruled:
        record_rulings(lanes, tenant, ruled, lanes.now())
    return doable


def _duty(case: Case) -> Ruling:
    """Only whom it falls to is asked of the guard, and whether it is needed still."""
    if case.cleared:
        return Ruling(Verdict.DROP, "duty", Native.STOPPED)
    away = absence.check(case.facts)
    if away is not None and away.verdict is Verdict.HAND_TO:
        return away
    return Ruling(Verdict.DO, "duty", Code.DO)


def _perform(lanes: Lanes, tenant: Tenant, cases: Sequence[Case]) -> list[Result]:
    """Create the tasks, in batches of which a few are in flight together."""
    if not cases:
        return []
    connector = lanes.connector_for(tenant.id)
    tasks = {case.id: case.task(tenant) for case in cases}
    results: list[Result] = []
    jobs: deque[tuple[Sequence[Case], Future[list[Created]]]] = deque()
    duties = [case for case in cases if case.is_duty]
    if duties:
        create = connector.clearing().create_tasks
        jobs.append((duties, lanes.pool.submit(create, [tasks[case.id] for case in duties])))
        cases = [case for case in cases if not case.is_duty]
    results += hand_over(lanes, tenant, connector, cases, tasks)
    undone = {result.case.id for result in results}
    for type, those in by_kind([case for case in cases if case.id not in undone]):
        for start in range(0, len(those), _CREATE):
            batch = those[start : start + _CREATE]
            wanted = [tasks[case.id] for case in batch]
            if len(jobs) == _IN_FLIGHT:
                results.extend(_answers(lanes, tenant, *jobs.popleft(), tasks))
            jobs.append((batch, lanes.pool.submit(connector.create_tasks, wanted, type)))
    for batch, job in jobs:
        results.extend(_answers(lanes, tenant, batch, job, tasks))
    return results


def _answers(
    lanes: Lanes,
    tenant: Tenant,
    batch: Sequence[Case],
    job: Future[list[Created]],
    tasks: Mapping[str, NewTask],
) -> list[Result]:
    try:
        answers = {answer.touch_id: answer for answer in job.result()}
    except Stopped:
        return [Result(case, tasks[case.id], stopped=True) for case in batch]
    except CrmError as error:
        retry = _retry(lanes, tenant, error, max(case.row["attempts"] for case in batch))
        return [Result(case, tasks[case.id], error=error, retry_wall=retry) for case in batch]
    results: list[Result] = []
    for case in batch:
        answer = answers.get(case.id)
        if answer is None:
            lost = Unknown("The CRM did not say what became of this task; it is looked for first.")
            retry = _retry(lanes, tenant, lost, case.row["attempts"])
            results.append(Result(case, tasks[case.id], error=lost, retry_wall=retry))
        elif answer.id is not None:
            results.append(
                Result(
                    case,
                    tasks[case.id],
                    answer.id,
                    adopted=answer.adopted,
                    archived=answer.archived,
                    written=answer.written,
                )
            )
        else:
            error = answer.error or Invalid("The CRM refused this task without saying why.")
            permanent = isinstance(error, Invalid)
            retry = None if permanent else _retry(lanes, tenant, error, case.row["attempts"])
            results.append(Result(case, tasks[case.id], error=error, retry_wall=retry))
    return results


def _retry(lanes: Lanes, tenant: Tenant, error: CrmError, attempts: int) -> Wall:
    retry = note_error(lanes, tenant, error, attempts)
    if isinstance(error, Unknown) and not tenant.unique_touch_id:
        retry = Wall(max(retry, lanes.wall() + ANSWER_MS))
    return retry


def _give_back(
    lanes: Lanes, rows: Sequence[Mapping[str, Any]], retry: Wall, error: CrmError
) -> None:
    """Nothing was decided: the touches stay due, with the error, and keep their attempts.

    A rate limit or a stop before anything was sent does not count as an attempt.
    """
    unsent = isinstance(error, RateLimited | Stopped)
    with lanes.store.write() as conn:
        outbox.put_back(
            conn,
            [
                _returned(
                    row, max(0, row["attempts"] - 1) if unsent else row["attempts"], retry,
                    error.message,
                )
                for row in rows
            ],
        )  # fmt: skip


def _returned(
    row: Mapping[str, Any], attempts: int, retry: Wall, error: str
) -> dict[str, Any]:
    return {
        "key": row["id"],
        "held": row["fence"],
        "state": "planned",
        "reason": row["reason"],
        "waits_for": None,
        "owed_at": row["owed_at"],
        "due_at": row["due_at"],
        "write_at": row["write_at"],
        "attempts": attempts,
        "retry_wall": retry,
        "error": error,
        "owner_id": row["owner_id"],
        "outcome_at": None,
    }
