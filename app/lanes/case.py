"""A claimed touch with everything that the guard and the renderer need, loaded for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field, replace
from typing import Any

from app.actions import drafts
from app.actions.rendering import BUILT_IN, Rendered, TaskTexts, template_of
from app.actions.tasks import brief, new_task, texts_for
from app.decisions.asking import CHOOSE_CONTACT
from app.decisions.assigning import stand_ins
from app.decisions.codes import Code
from app.decisions.guard.caps import channel_of
from app.decisions.native import DUTIES, as_task
from app.decisions.timing import local_date
from app.decisions.who import choose_contact
from app.lanes.beside import Alongside, beside
from app.lanes.caseload import Loaded, load_rows
from app.lanes.contending import in_the_way, outranked, twin
from app.lanes.context import Lanes, Tenant
from app.model.calendar import WorkCalendar
from app.model.decisions import DueTouch, Ruling
from app.model.guard import Counters, GuardFacts, Others, Window
from app.model.playbook import ActiveRule, Playbook, Sequence, Step, Template
from app.model.records import ContactView, PersonView, SubjectView
from app.model.time import Business
from app.model.vocabulary import QUESTION, EnrolmentState, Mode
from connectors.contract import NewTask

Row = Mapping[Any, Any]

_NO_OTHERS = Others()


@dataclass(slots=True)
class _Ground:
    """What the touches of one enrolment and person share, looked up once for all of them."""

    enrolment: Row
    playbook: Playbook | None
    steps: Mapping[str, Step]
    rule: ActiveRule | None
    sequence: Sequence | None
    mode: Mode
    state: EnrolmentState
    subject: SubjectView
    contact: ContactView | None
    contact_id: str | None
    owner_id: str | None
    owner: PersonView | None
    calendar: WorkCalendar
    zone: str
    open_tasks: Iterable[Row]
    holds: Mapping[str, Any]
    person: str | None
    twins: tuple[ContactView, ...]
    earlier: str | None
    contact_touches: Window
    others: Others
    running_native: str | None
    outranked: tuple[str, int] | None
    alongside: Alongside
    texts: dict[str | None, TaskTexts] = field(default_factory=dict[str | None, TaskTexts])


@dataclass(slots=True)
class Case:
    """row: of `touches` as claimed. handed, moved: rulings that gave it to somebody, or let it be
    done at its time. cleared: of a duty that is over. before: the mail that it answers."""

    row: Row
    facts: GuardFacts
    counters: Counters
    ground: _Ground
    handed: Ruling | None = None
    moved: Ruling | None = None
    rendered: Rendered | None = None
    cleared: bool = False
    before: Template | None = None

    @property
    def is_duty(self) -> bool:
        """Whether it clears up what we did ourselves, so that nothing may hold it back."""
        return self.row["step"] in DUTIES

    @property
    def is_native(self) -> bool:
        """Whether it is an enrolment in the CRM's own sequence, and no task."""
        return self.facts.touch.step.native is not None

    @property
    def is_note(self) -> bool:
        """Whether it is a note on the record, and nobody's work."""
        return self.facts.touch.step.note

    @property
    def id(self) -> str:
        return self.row["id"]

    @property
    def enrolment(self) -> Row:
        return self.ground.enrolment

    @property
    def playbook(self) -> Playbook | None:
        """The version that the enrolment keeps."""
        return self.ground.playbook

    def give(self, tenant: Tenant, to: str | None, by: str, now: Business) -> None:
        """The task is for this person, by this ground, and judged as theirs."""
        self.row = {**self.row, "assignee": to, "assigned_by": by}
        self.facts = _facts(tenant, self.row, self.ground, self.counters, now)

    @property
    def owner_id(self) -> str | None:
        """Who gets the task, after any hand-over."""
        return self.facts.touch.owner_id

    def template(self) -> Template | None:
        if self.playbook is None:
            return BUILT_IN.get(self.facts.touch.step.template)
        return template_of(self.playbook, self.facts.touch.step)

    def task(self, tenant: Tenant) -> NewTask:
        """The task to create, its text rendered."""
        self.rendered = self._with_brief(self.render(tenant), tenant)
        if self.is_note:  # its instant is the one at which it is written
            touch = replace(self.facts.touch, due_at=self.facts.now)
            return new_task(touch, self.rendered, self.facts.subject, self.owner_id)
        return new_task(self.facts.touch, self.rendered, self.facts.subject, self.owner_id)

    def _with_brief(self, rendered: Rendered, tenant: Tenant) -> Rendered:
        """What whoever stands in has to know first."""
        handed = self.handed
        if handed is None or handed.code != Code.COVERED:
            return rendered
        absent = tenant.calendars.people[handed.values["whose"]]
        return brief(rendered, absent, handed.values["back_at"], self.facts.calendar.zone)

    def render(self, tenant: Tenant) -> Rendered:
        texts = self.ground.texts.get(self.owner_id)
        if texts is None:
            texts = self.ground.texts[self.owner_id] = self._texts(tenant)
        made = texts.of(self.facts.touch.step, self.template(), self.before)
        own = self.row.get("draft")
        return made if not own else made._replace(body=drafts.write(made.body, own), problem="")

    def _texts(self, tenant: Tenant) -> TaskTexts:
        subject = self.facts.subject
        stage = tenant.stages.get(subject.stage_id)
        ground, zone = self.ground, self.facts.calendar.zone
        people = [] if self.facts.touch.contact else [c.name or c.email for c in subject.contacts]
        return texts_for(
            subject,
            self.facts.contact,
            tenant.calendars.people.get(self.owner_id or ""),
            stage.label if stage else "",
            zone,
            people,
            beside(tenant, ground.alongside, ground.open_tasks, ground.enrolment, zone),
        )


def load_cases(
    lanes: Lanes, tenant: Tenant, rows: SequenceOf[Row], now: Business
) -> list[Case]:
    """Cases of claimed touches, in the order in which they are to be admitted."""
    return cases_of(tenant, rows, load_rows(lanes, tenant, rows, now), now)


def cases_of(
    tenant: Tenant, rows: SequenceOf[Row], loaded: Loaded, now: Business
) -> list[Case]:
    """Cases of touches whose rows are read already."""
    grounds: dict[tuple[str, str | None], _Ground] = {}
    cases: list[Case] = []
    for row in rows:
        if row["enrolment_id"] not in loaded.enrolments:
            continue
        if row["subject_id"] not in loaded.snapshot.rows:
            continue
        key = (row["enrolment_id"], row["contact_id"])
        ground = grounds.get(key)
        if ground is None:
            ground = grounds[key] = _ground(tenant, row, loaded, now)
        facts = _facts(tenant, row, ground, loaded.counters, now)
        cases.append(
            Case(row, facts, loaded.counters, ground, cleared=row["id"] in loaded.cleared,
                 before=loaded.threads.get(row["id"]))
        )
    return cases


def _ground(tenant: Tenant, row: Row, loaded: Loaded, now: Business) -> _Ground:
    enrolment = loaded.enrolments[row["enrolment_id"]]
    subject = loaded.snapshot.subject(row["subject_id"])
    event = loaded.events.get(row["enrolment_id"])
    if event is not None:
        subject = replace(subject, event=event)
    contact = loaded.snapshot.contact(row["contact_id"])
    if row["contact_id"] is None:
        # Nobody could be chosen when this was decided; a rep may have said who it is since.
        contact = choose_contact(subject, tenant.settings.roles).contact
    owner_id = tenant.owner_or_default(subject.owner_id)
    calendar = tenant.calendar(owner_id, now)
    person = loaded.twins.person(row["contact_id"])
    version, definition = enrolment["version_id"], enrolment["definition"]
    steps = tenant.steps(version, definition, enrolment["is_firing"])
    return _Ground(
        enrolment=enrolment,
        playbook=tenant.playbooks.get(version),
        steps={step.id: step for step in reversed(steps)},
        rule=tenant.rule(enrolment["rule"]),
        sequence=None if enrolment["is_firing"] else tenant.sequence(version, definition),
        mode=Mode(enrolment["mode"]),
        state=EnrolmentState(enrolment["state"]),
        subject=subject,
        contact=contact,
        contact_id=contact.crm_id if contact else row["contact_id"],
        owner_id=owner_id,
        owner=tenant.calendars.people.get(owner_id or ""),
        calendar=calendar,
        zone=calendar.zone,
        open_tasks=loaded.open_tasks.get(row["subject_id"], ()),
        holds=_held(loaded, row),
        person=person,
        twins=loaded.twins.views(row["contact_id"], loaded.snapshot),
        earlier=loaded.twins.earlier(row, enrolment, loaded.snapshot),
        contact_touches=loaded.counters.person.get(person or "", (0, 0)),
        others=loaded.others.get(person or "", _NO_OTHERS),
        running_native=loaded.sequences.get(row["enrolment_id"]),
        outranked=outranked(tenant, enrolment, loaded.running.get(row["subject_id"], ())),
        alongside=loaded.alongside,
    )


def _held(loaded: Loaded, row: Row) -> Mapping[str, Any]:
    """Reasons to wait, the subject's and the person's."""
    mine = loaded.holds.get(row["subject_id"], {})
    theirs = loaded.of_person.get(row["contact_id"] or "")
    return {**mine, **theirs} if theirs else mine


def _facts(
    tenant: Tenant, row: Row, ground: _Ground, counters: Counters, now: Business
) -> GuardFacts:
    owner_id, owner, calendar = ground.owner_id, ground.owner, ground.calendar
    if row["assigned_by"] not in (None, "owner"):
        owner_id = row["assignee"]
        owner = tenant.calendars.people.get(owner_id or "")
        calendar = tenant.calendar(owner_id, now)
    touch = DueTouch(
        id=row["id"],
        enrolment=row["enrolment_id"],
        definition=ground.enrolment["definition"],
        rule=ground.rule,
        subject=row["subject_id"],
        contact=ground.contact_id,
        owner_id=owner_id,
        step=_step(ground, row),
        owed_at=row["owed_at"],
        due_at=row["due_at"],
        planned_at=row["planned_at"],
        priority=row["priority"],
        mode=ground.mode,
        enrolment_state=ground.state,
        is_firing=ground.enrolment["is_firing"],
        anchor_stage=ground.enrolment["anchor_stage"],
        sequence=ground.sequence,
        step_gone=_is_gone(ground, row),
    )
    budget = counters.rep_day
    return GuardFacts(
        touch=touch,
        subject=ground.subject,
        contact=ground.contact,
        owner=owner,
        calendar=calendar,
        settings=tenant.guard,
        now=now,
        holds=ground.holds,
        contact_touches=ground.contact_touches,
        channel_touches=counters.of_kind(ground.person, channel_of(touch.step)),
        others=ground.others,
        rep_tasks_today=(
            budget.get((owner_id or "", local_date(row["due_at"], calendar.zone)), 0)
            if budget
            else 0
        ),
        open_task=in_the_way(row, ground.enrolment, ground.open_tasks, owner_id, now),
        twin=twin(tenant, touch, ground.open_tasks),
        zone=ground.zone,
        running_native=ground.running_native,
        outranked=ground.outranked,
        twins=ground.twins,
        person=ground.person,
        earlier=ground.earlier,
        stand_ins=stand_ins(owner, tenant.calendars.people, tenant.settings.default_owner),
    )


def _is_gone(ground: _Ground, row: Row) -> bool:
    """Its enrolment was moved to a version without the step while the touch was on its way."""
    built_in = row["step"] in DUTIES or ground.enrolment["definition"] == QUESTION
    return row["step"] not in ground.steps and not built_in


def _step(ground: _Ground, row: Row) -> Step:
    """The step as the enrolment's version has it, or as a task where that stands in for it; a
    built-in one where the version has none of that id."""
    step = ground.steps.get(row["step"])
    if step is not None:
        return as_task(step) if row["instead"] else step
    duty = DUTIES.get(row["step"])
    if duty is None:
        return CHOOSE_CONTACT
    return replace(duty, subject=row["shown_subject"] or duty.subject)
