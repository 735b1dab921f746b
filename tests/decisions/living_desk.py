"""Follow-ups in memory: what was decided is carried out, and what falls due is judged.

It stands in for the lanes: keeps timers and due touches in a heap, asks exits, guard and admission,
and does what they answer. What people did stands apart in `Truth`, in the test's own words, so that
`living_checks` reads nothing that a decision wrote about them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import Any

from app.decisions import guard
from app.decisions.exits import PERSONAL
from app.decisions.rules import RuleContext, timed
from app.decisions.sequences import progress
from app.decisions.starting import as_view
from app.decisions.timing import local_date
from app.decisions.zones import local_day
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    ArmTimer,
    Decision,
    DisarmTimer,
    DueTouch,
    EndEnrolment,
    EnrolmentView,
    Explanation,
    HoldSubject,
    PlannedTouch,
    PlanTouches,
    Ruling,
    StartEnrolment,
    Verdict,
)
from app.model.guard import Counters, GuardFacts, GuardSettings
from app.model.playbook import ActiveRule
from app.model.records import ContactView, PersonView, SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Mode

HOME = "Europe/Amsterdam"


@dataclass
class Truth:
    """What people did, and when. Stage entries, answers and closings by subject; consent and
    wishes by contact and subject."""

    entries: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    answers: dict[int, list[int]] = field(default_factory=dict)
    opted_out: dict[str, int] = field(default_factory=dict)
    bounced: dict[str, int] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    paused: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    away: dict[str, tuple[int, int]] = field(default_factory=dict)
    all_stopped: bool = False


@dataclass(eq=False)
class Touch:
    """A touch of a run. state: planned, waiting, open, done, dropped or over (with its run)."""

    planned: PlannedTouch
    run: Run
    made_at: int
    due_at: int
    state: str = "planned"
    why: str = ""
    written_at: int | None = None
    owner: str = ""
    contact: str | None = None


@dataclass(eq=False)
class Run:
    begun: StartEnrolment
    view: EnrolmentView
    touches: dict[str, Touch] = field(default_factory=dict)
    ended: str = ""


class Desk:
    """All subjects of one small installation; what happens to them is `living.Life`'s."""

    def __init__(
        self,
        rules: tuple[ActiveRule, ...],
        people: dict[str, PersonView],
        calendars: dict[str, WorkCalendar],
        contacts: tuple[ContactView, ...],
        settings: GuardSettings,
        begins: int,
    ) -> None:
        self.rules, self.people, self.calendars = rules, people, calendars
        self.settings = settings
        self.now = Business(begins)
        self.asleep = False
        self.truth = Truth()
        self.ledger: list[Explanation] = []
        self.written: list[Touch] = []
        self.unexplained: list[str] = []
        self.contacts = {contact.crm_id: contact for contact in contacts}
        self.views: dict[int, SubjectView] = {}
        self.runs: dict[int, dict[str, Run]] = {}
        self.every: list[Run] = []
        self.holds: dict[int, dict[str, Business | None]] = {}
        self._past: dict[int, dict[str, frozenset[str]]] = {}
        self._firings: dict[int, Counter[str]] = {}
        self._last_fired: dict[int, dict[str, Business]] = {}
        self._armed: dict[int, dict[str, tuple[Business, dict[str, Any]]]] = {}
        self.heap: list[tuple[int, int, int, Any]] = []
        self._number = count()
        self._untold: list[Signal] = []
        self._said: list[Signal] = []

    def _context(self, subject: int) -> RuleContext:
        return RuleContext(
            installation_key="hubspot:1",
            subject=self.views[subject],
            rules=self.rules,
            calendar=self._calendar(subject),
            running=[run.view for run in self.runs[subject].values()],
            past=self._past[subject],
            firings=self._firings[subject],
            last_fired=self._last_fired[subject],
            armed=frozenset(self._armed[subject]),
        )

    def _calendar(self, subject: int) -> WorkCalendar:
        return self.calendars[self.views[subject].owner_id or ""]

    # --- what was decided --------------------------------------------------------------------

    def _take(self, subject: int, decision: Decision) -> None:
        self.ledger.extend(decision.explanations)
        for action in decision.actions:
            match action:
                case StartEnrolment():
                    self._start(subject, action)
                case EndEnrolment():
                    self._end(subject, action)
                case PlanTouches():
                    self._plan(self.runs[subject][action.enrolment], action.touches)
                case ArmTimer():
                    self._armed[subject][action.rule] = (action.due_at, dict(action.data))
                    self._push(action.due_at, 0, (subject, action.rule))
                case DisarmTimer():
                    self._armed[subject].pop(action.rule, None)
                case HoldSubject():
                    self.holds[subject][action.reason] = action.until_at
                case _:
                    raise AssertionError(f"the playbook of this test owes no {action}")

    def _start(self, subject: int, begun: StartEnrolment) -> None:
        rule = begun.rule.rule.key
        past = self._past[subject]
        past[begun.definition] = past.get(begun.definition, frozenset()) | {begun.anchor}
        self._firings[subject][rule] += 1
        self._last_fired[subject][rule] = self.now
        run = self.runs[subject][begun.id] = Run(begun, as_view(begun))
        self.every.append(run)
        self._plan(run, begun.touches)

    def _plan(self, run: Run, touches: tuple[PlannedTouch, ...]) -> None:
        for one in touches:
            touch = Touch(one, run, self.now, one.due_at)
            run.touches[one.step.id] = touch
            self._push(one.write_at, 1, touch)
        run.view = replace(run.view, planned=run.view.planned | {t.step.id for t in touches})

    def _end(self, subject: int, end: EndEnrolment) -> None:
        run = self.runs[subject].pop(end.enrolment, None)
        if run is None:
            return
        run.ended = end.reason.value
        for touch in run.touches.values():
            if touch.state in ("planned", "waiting", "open"):
                touch.state = "over"
        self._ask_again(subject)

    def _over(self, touch: Touch) -> None:
        run = touch.run
        done = run.view.finished | {touch.planned.step.id}
        run.view = replace(run.view, finished=done, last_done_at=self.now)

    def _push(self, at: int, order: int, what: Any) -> None:
        heappush(self.heap, (max(at, self.now), order, next(self._number), what))

    def _touches(self, subject: int, state: str) -> list[Touch]:
        runs = self.runs[subject].values()
        return [touch for run in runs for touch in run.touches.values() if touch.state == state]

    def _ask_again(self, subject: int) -> None:
        """Something cleared: whatever waits on the subject is judged once more."""
        for touch in self._touches(subject, "waiting"):
            touch.state = "planned"
            self._push(self.now, 1, touch)
        if not self.asleep:
            self._drain()

    # --- what falls due ----------------------------------------------------------------------

    def _drain(self) -> None:
        while self.heap and self.heap[0][0] <= self.now:
            if self.heap[0][1] == 0:
                subject, rule = heappop(self.heap)[3]
                self._timer(subject, rule)
                continue
            batch: list[Touch] = []
            while self.heap and self.heap[0][0] <= self.now and self.heap[0][1] == 1:
                batch.append(heappop(self.heap)[3])
            self._dispatch([t for t in dict.fromkeys(batch) if t.state == "planned"])

    def _timer(self, subject: int, rule: str) -> None:
        due, data = self._armed[subject].get(rule, (None, {}))
        if due is None or due > self.now:
            return
        del self._armed[subject][rule]
        active = next(one for one in self.rules if one.rule.key == rule)
        self._take(subject, timed(active, data, self._context(subject), self.now))

    def _dispatch(self, batch: list[Touch]) -> None:
        passed: list[tuple[Touch, GuardFacts]] = []
        for touch in batch:
            facts = self._facts(touch)
            ruling = guard.judge(facts)[0]
            if ruling.verdict in (Verdict.DO, Verdict.HAND_TO):
                passed.append((touch, guard.apply_ruling(facts, ruling)))
            else:
                self._put_aside(touch, facts, ruling)
        rulings, _ = guard.admit([facts for _, facts in passed], self._counters())
        for (touch, facts), ruling in zip(passed, rulings, strict=True):
            if ruling.verdict is Verdict.DO:
                self._write(touch, guard.apply_ruling(facts, ruling), ruling)
            else:
                self._put_aside(touch, facts, ruling)

    def _facts(self, touch: Touch) -> GuardFacts:
        begun, view = touch.run.begun, self.views[touch.run.begun.subject]
        owner = view.owner_id or ""
        contact = self.contacts.get(begun.contact or "")
        due = DueTouch(
            id=touch.planned.id,
            enrolment=begun.id,
            definition=begun.definition,
            rule=begun.rule,
            subject=begun.subject,
            contact=begun.contact,
            owner_id=owner,
            step=touch.planned.step,
            owed_at=touch.planned.owed_at,
            due_at=Business(touch.due_at),
            planned_at=Business(touch.made_at),
            priority=guard.PRIORITY_RANK[touch.planned.step.priority],
            mode=Mode.LIVE,
            enrolment_state=touch.run.view.state,
            is_firing=begun.sequence is None,
            anchor_stage=begun.anchor_stage,
            sequence=begun.sequence,
        )
        return GuardFacts(
            touch=due,
            subject=view,
            contact=contact,
            owner=self.people[owner],
            calendar=self.calendars[owner],
            settings=self.settings,
            now=self.now,
            holds=self.holds[begun.subject],
            zone=(contact.zone if contact else None) or self.calendars[owner].zone,
        )

    def _counters(self) -> Counters:
        today = local_day(self.now, HOME)
        person: dict[str, tuple[int, int]] = {}
        rep_day: Counter[tuple[str, str]] = Counter()
        for touch in self.written:
            written = touch.written_at or 0
            if touch.contact and touch.planned.step.task in PERSONAL:
                week, month = person.get(touch.contact, (0, 0))
                day = local_day(Business(written), HOME)
                person[touch.contact] = (week + (day > today - 7), month + (day > today - 30))
            due = Business(max(touch.due_at, written))
            rep_day[touch.owner, local_date(due, self.calendars[touch.owner].zone)] += 1
        slots: dict[tuple[int, str], str] = {}
        for touch in self.open_tasks():
            if touch.run.begun.sequence is not None or touch.due_at <= self.now:
                slots.setdefault((touch.run.begun.subject, touch.owner), touch.planned.id)
        return Counters(rep_day, person, slots)

    def _put_aside(self, touch: Touch, facts: GuardFacts, ruling: Ruling) -> None:
        self.ledger.append(guard.explain_ruling(facts.touch, ruling, self.now))
        touch.why = ruling.code
        touch.due_at = ruling.values.get("due_at", touch.due_at)
        if ruling.verdict is Verdict.DROP:
            touch.state = "dropped"
            subject, run = touch.run.begun.subject, touch.run
            step = touch.planned.step.id
            calendar = self._calendar(subject)
            view = self.views[subject]
            made = progress(run.view, view, calendar, self.now, done=step, done_at=self.now)
            self._over(touch)
            self._take(subject, made)
        elif ruling.until is None:
            touch.state = "waiting"
        else:
            assert ruling.until > self.now, f"nothing_lost: {ruling} waits for the past"
            self._push(ruling.until, 1, touch)

    def _write(self, touch: Touch, facts: GuardFacts, ruling: Ruling) -> None:
        self.ledger.append(guard.explain_ruling(facts.touch, ruling, self.now))
        touch.state, touch.written_at = "open", self.now
        touch.due_at = facts.touch.due_at
        touch.owner, touch.contact = facts.touch.owner_id or "", facts.touch.contact
        self.written.append(touch)
        check = self.on_write
        if check is not None:
            check(touch)

    on_write: Any = None
    """Called with each touch in the instant in which it is written."""
