"""The rows that claimed touches are judged on, read for all of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.decisions.asking import CHOOSE_CONTACT
from app.decisions.guard.caps import capped
from app.decisions.native import DUTIES
from app.decisions.timing import local_date
from app.lanes.beside import Alongside, load_alongside
from app.lanes.context import Lanes, Tenant
from app.lanes.counting import MONTH, WEEK, days_before
from app.lanes.happened import EVENT_ANCHORS, happened
from app.lanes.snapshot import Snapshot
from app.lanes.threads import Threads, load_threads
from app.lanes.twins import Twins, load_twins, united
from app.model.guard import Counters, Others
from app.model.time import DAY, Business
from app.model.touches import Borne
from app.model.vocabulary import SignalKind
from app.store import counts, duties, events, holds, natives, running, tasks

Row = Mapping[Any, Any]

_NEVER = 1 << 62
"""An instant after all others: nothing counts by its time, only by its cause."""


@dataclass(slots=True)
class Loaded:
    """Rows read for a batch of touches, by what they belong to.

    holds, of_person: reason → until, of subjects and of contacts.
    sequences: enrolment → the touch whose sequence in the CRM runs. cleared: duties that are over.
    running: subject → enrolments that run, where any has a priority.
    others: contact → touches of theirs that were not ours.
    events: enrolment → what the event says that began it.
    alongside: for texts alone. twins: whom the CRM has more than once. threads: touch → the text of
    the mail that it answers.
    """

    snapshot: Snapshot
    enrolments: Mapping[str, Row]
    open_tasks: Mapping[int, list[Row]]
    holds: Mapping[int, Mapping[str, Any]]
    of_person: Mapping[str, Mapping[str, Any]]
    counters: Counters
    sequences: Mapping[str, str]
    cleared: set[str]
    running: Mapping[int, list[Row]]
    others: Mapping[str, Others]
    events: Mapping[str, Mapping[str, Any]]
    alongside: Alongside
    twins: Twins
    threads: Threads


def load_rows(lanes: Lanes, tenant: Tenant, rows: SequenceOf[Row], now: Business) -> Loaded:
    """Everything that the cases of these touches are made of."""
    subjects = {row["subject_id"] for row in rows}
    day = local_date(now, tenant.zone)
    with lanes.store.read() as conn:
        people = {row["contact_id"] for row in rows if row["contact_id"]}
        twins = load_twins(conn, tenant, people, now)
        snapshot = Snapshot(
            tenant, conn, subjects, now, contacts=twins.all, with_running=False
        )
        enrolments = running.by_id(conn, {row["enrolment_id"] for row in rows})
        open_tasks = tasks.open_of_subjects(conn, subjects)
        held = holds.of(conn, tenant.id, subjects, now)
        away = holds.of_contacts(conn, tenant.id, people, now)
        sequences = natives.running_of(conn, _with_natives(tenant, enrolments.values()))
        owed = [row["id"] for row in rows if row["step"] in DUTIES]
        cleared = duties.cleared(conn, owed) if owed else set[str]()
        alongside = load_alongside(conn, tenant, enrolments.values())
        beside = running.running(conn, subjects) if tenant.ranks else {}
        begun_by = _events(conn, tenant, enrolments)
        threads = load_threads(conn, tenant, rows, enrolments)
        borne = (
            counts.borne(
                conn, tenant.id, people | twins.all, days_before(day, WEEK), days_before(day, MONTH)
            )
            if capped(tenant.guard)
            else {}
        )
        rep_days = (
            _rep_days(tenant, counts.due_between(conn, tenant.id, *_span(rows)), now)
            if tenant.settings.rep_daily_tasks
            else {}
        )
    borne = united(borne, twins)
    counters = Counters(
        rep_day=rep_days,
        person={who: one.all for who, one in borne.items()},
        open_tasks=_open(open_tasks, now) if tenant.settings.merge else {},
        channel={
            (who, kind): number
            for who, one in borne.items()
            for kind, number in one.channels.items()
        },
    )
    others = {who: _others(tenant, one) for who, one in borne.items() if one.others[1]}
    return Loaded(
        snapshot, enrolments, open_tasks, held, away, counters, sequences, cleared, beside, others,
        begun_by, alongside, twins, threads,
    )


def _others(tenant: Tenant, borne: Borne) -> Others:
    """By name; who is no longer listed, or whom the CRM named nobody for, is among the rest."""
    people = tenant.calendars.people
    whose: dict[str, int] = defaultdict(int)
    for owner, number in borne.whose.items():
        if owner in people:
            whose[people[owner].name] += number
    return Others(borne.others, whose)


def _events(
    conn: Connection, tenant: Tenant, enrolments: Mapping[str, Row]
) -> dict[str, Mapping[str, Any]]:
    begun = {
        id: (row["subject_id"], row["anchor"])
        for id, row in enrolments.items()
        if row["anchor"].startswith(EVENT_ANCHORS)
    }
    if not begun:
        return {}
    kinds = (SignalKind.EVENT, SignalKind.FORM_SUBMITTED)
    rows = events.happened(
        conn, tenant.id, {subject for subject, _ in begun.values()}, kinds, _NEVER,
        {anchor for _, anchor in begun.values()},
    )  # fmt: skip
    said = {(row["subject_id"], row["cause"]): happened(row).data for row in rows}
    return {id: said.get(key, {}) for id, key in begun.items()}


def _with_natives(tenant: Tenant, enrolments: Iterable[Row]) -> list[str]:
    """Enrolments of sequences in which the CRM's own may run; for most there is nothing to ask."""
    return [
        row["id"]
        for row in enrolments
        if not row["is_firing"]
        and any(
            step.native for step in tenant.steps(row["version_id"], row["definition"], False)
        )
    ]


def _open(
    open_tasks: Mapping[int, SequenceOf[Row]], now: Business
) -> dict[tuple[int, str], str]:
    """(subject, rep) → the due open task; tasks of one `create_tasks` count from their due time.

    The question for the contact holds up a sequence's next step, as its case has it, but not a
    rule's own tasks: those are owed whoever the person is.
    """
    found: dict[tuple[int, str], str] = {}
    for subject, standing in open_tasks.items():
        for task in standing:
            if task["step"] == CHOOSE_CONTACT.id:
                continue
            if not task["is_firing"] or task["due_at"] <= now:
                found.setdefault((subject, task["owner_id"] or ""), task["id"])
    return found


def _rep_days(
    tenant: Tenant, due: SequenceOf[tuple[str, int]], now: Business
) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for owner, at in due:
        found[owner, local_date(Business(at), tenant.calendar(owner, now).zone)] += 1
    return found


def _span(rows: SequenceOf[Row]) -> tuple[int, int]:
    """The instants between which these touches fall due, a day wider for the zones."""
    return min(r["due_at"] for r in rows) - DAY, max(r["due_at"] for r in rows) + DAY
