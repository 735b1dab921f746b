"""A claimed touch with everything that the guard and the renderer need, loaded for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.actions.rendering import Rendered, template_of
from app.actions.tasks import render
from app.decisions.starting import CHOOSE_CONTACT
from app.decisions.timing import local_date
from app.decisions.who import choose_contact
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.model.decisions import DueTouch, Ruling
from app.model.guard import Counters, GuardFacts
from app.model.playbook import Playbook, Step, Template
from app.model.time import DAY, Business
from app.model.vocabulary import EnrolmentState, Mode
from app.store import counts, holds, running, tasks

Row = Mapping[Any, Any]

@dataclass(slots=True)
class Case:
    """row: of `touches` as claimed. handed: the ruling that gave it to somebody else."""

    row: Row
    facts: GuardFacts
    counters: Counters
    enrolment: Row
    playbook: Playbook | None
    handed: Ruling | None = None
    rendered: Rendered | None = None

    @property
    def id(self) -> str:
        return self.row["id"]

    @property
    def owner_id(self) -> str | None:
        """Who gets the task, after any hand-over."""
        return self.facts.touch.owner_id

    def template(self) -> Template | None:
        if self.playbook is None:
            return None
        return template_of(self.playbook, self.facts.touch.step)

    def render(self, tenant: Tenant) -> Rendered:
        subject = self.facts.subject
        stage = tenant.stages.get(subject.stage_id)
        people = [] if self.facts.touch.contact else [c.name or c.email for c in subject.contacts]
        return render(
            self.facts.touch,
            self.template(),
            subject,
            self.facts.contact,
            tenant.calendars.people.get(self.owner_id or ""),
            stage.label if stage else "",
            self.facts.calendar.zone,
            people,
        )


def load_cases(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Row], now: Business
) -> list[Case]:
    """Cases of claimed touches, in the order in which they are to be admitted."""
    subjects = {row["subject_id"] for row in rows}
    day = local_date(now, tenant.zone)
    with lanes.store.read() as conn:
        snapshot = Snapshot(tenant, conn, subjects, now, with_running=False)
        enrolments = running.by_id(conn, {row["enrolment_id"] for row in rows})
        open_tasks = tasks.open_of_subjects(conn, subjects)
        held = holds.of(conn, tenant.id, subjects, now)
        contacts = {row["contact_id"] for row in rows if row["contact_id"]}
        touched = (
            counts.contact_counts(
                conn, tenant.id, contacts, _days_before(day, 7), _days_before(day, 30)
            )
            if tenant.settings.cap_7_days or tenant.settings.cap_30_days
            else {}
        )
        rep_days = (
            _rep_days(tenant, counts.due_between(conn, tenant.id, *_span(rows)), now)
            if tenant.settings.rep_daily_tasks
            else {}
        )
    counters = Counters(
        rep_day=rep_days,
        person=touched,
        open_tasks=_open(open_tasks, now) if tenant.settings.merge else {},
    )
    return [
        _case(tenant, row, snapshot, enrolments, counters, open_tasks, held, now)
        for row in rows
        if row["enrolment_id"] in enrolments and row["subject_id"] in snapshot.rows
    ]


def _case(
    tenant: Tenant,
    row: Row,
    snapshot: Snapshot,
    enrolments: Mapping[str, Row],
    counters: Counters,
    open_tasks: Mapping[int, Sequence[Row]],
    held: Mapping[int, Mapping[str, Any]],
    now: Business,
) -> Case:
    enrolment = enrolments[row["enrolment_id"]]
    subject = snapshot.subject(row["subject_id"])
    contact = snapshot.contact(row["contact_id"])
    if row["contact_id"] is None:
        # Nobody could be chosen when this was decided; a rep may have said who it is since.
        contact = choose_contact(subject, tenant.settings.roles).contact
    owner_id = tenant.owner_or_default(subject.owner_id)
    owner = tenant.calendars.people.get(owner_id or "")
    version, definition = enrolment["version_id"], enrolment["definition"]
    touch = DueTouch(
        id=row["id"],
        enrolment=row["enrolment_id"],
        definition=definition,
        rule=tenant.rule(enrolment["rule"]),
        subject=row["subject_id"],
        contact=contact.crm_id if contact else row["contact_id"],
        owner_id=owner_id,
        step=step_of(tenant, row, enrolment),
        owed_at=row["owed_at"],
        due_at=row["due_at"],
        planned_at=row["planned_at"],
        priority=row["priority"],
        mode=Mode(enrolment["mode"]),
        enrolment_state=EnrolmentState(enrolment["state"]),
        is_firing=enrolment["is_firing"],
        anchor_stage=enrolment["anchor_stage"],
        sequence=None if enrolment["is_firing"] else tenant.sequence(version, definition),
    )
    facts = GuardFacts(
        touch=touch,
        subject=subject,
        contact=contact,
        owner=owner,
        calendar=tenant.calendar(owner_id, now),
        settings=tenant.guard,
        now=now,
        holds=held.get(row["subject_id"], {}),
        contact_touches=counters.person.get(row["contact_id"] or "", (0, 0)),
        rep_tasks_today=counters.rep_day.get(
            (owner_id or "", local_date(row["due_at"], tenant.calendar(owner_id, now).zone)), 0
        ),
        open_task=_in_the_way(row, enrolment, open_tasks.get(row["subject_id"], ()), owner_id, now),
        zone=(contact.zone if contact else None) or tenant.calendar(owner_id, now).zone,
    )
    return Case(row, facts, counters, enrolment, tenant.playbooks.get(version))


def step_of(tenant: Tenant, row: Row, enrolment: Row) -> Step:
    """The step as its enrolment's version has it; the built-in question where none was chosen."""
    steps = tenant.steps(enrolment["version_id"], enrolment["definition"], enrolment["is_firing"])
    return next((step for step in steps if step.id == row["step"]), CHOOSE_CONTACT)


def _open(
    open_tasks: Mapping[int, Sequence[Row]], now: Business
) -> dict[tuple[int, str], str]:
    """(subject, rep) → the due open task; tasks of one `create_tasks` count from their due time."""
    found: dict[tuple[int, str], str] = {}
    for subject, standing in open_tasks.items():
        for task in standing:
            if not task["is_firing"] or task["due_at"] <= now:
                found.setdefault((subject, task["owner_id"] or ""), task["id"])
    return found


def _in_the_way(
    row: Row, enrolment: Row, tasks: Sequence[Row], owner_id: str | None, now: Business
) -> str | None:
    for task in tasks:
        if (task["owner_id"] or "") != (owner_id or ""):
            continue
        if task["is_firing"] and (task["due_at"] > now or enrolment["is_firing"]):
            continue
        if enrolment["is_firing"] and task["enrolment_id"] == row["enrolment_id"]:
            continue
        return task["id"]
    return None


def _rep_days(
    tenant: Tenant, due: Sequence[tuple[str, int]], now: Business
) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for owner, at in due:
        found[owner, local_date(Business(at), tenant.calendar(owner, now).zone)] += 1
    return found


def _span(rows: Sequence[Row]) -> tuple[int, int]:
    """The instants between which these touches fall due, a day wider for the zones."""
    return min(r["due_at"] for r in rows) - DAY, max(r["due_at"] for r in rows) + DAY


def _days_before(day: str, number: int) -> str:
    return (date.fromisoformat(day) - timedelta(days=number)).isoformat()
