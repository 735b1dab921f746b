"""Follow-ups in memory: what was decided is carried out, and what falls due is judged.

It stands in for the lanes: keeps timers and due touches in a heap, asks exits, guard and admission,
and does what they answer. What people did stands apart in `Truth`, in the test's own words, so that
`living_checks` reads nothing that a decision wrote about them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Any

from app.decisions import guard
from app.decisions.exits import PERSONAL
from app.decisions.flow import TIMER
from app.decisions.rules import RuleContext, timed
from app.decisions.sequences import progress
from app.decisions.timing import local_date
from app.decisions.zones import local_day
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    ArmTimer,
    ChangeVersion,
    CountFrom,
    Decision,
    DisarmTimer,
    DueTouch,
    EndEnrolment,
    Explanation,
    HoldSubject,
    LeaveOut,
    MoveTouches,
    NotePassages,
    PlannedTouch,
    PlanTouches,
    Ruling,
    StartEnrolment,
    Verdict,
    WithdrawTouches,
)
from app.model.guard import Counters, GuardFacts, GuardSettings
from app.model.playbook import ActiveRule
from app.model.records import ContactView, PersonView, SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode
from tests.decisions.living_runs import AHEAD, Run, Touch, Truth

HOME = "Europe/Amsterdam"


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
        self._latest = self.now
        self.asleep = False
        self.truth = Truth()
        self.ledger: list[Explanation] = []
        self.written: list[Touch] = []
        self.unexplained: list[str] = []
        self.unkept: list[str] = []
        self.books = {1: rules}
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

    @property
    def latest(self) -> Business:
        """The latest that the clock has shown: it may have been put back since."""
        return max(self._latest, self.now)

    def armed(self, subject: int) -> Mapping[str, tuple[Business, dict[str, Any]]]:
        """Timer → when it is due, with what it was set for."""
        return self._armed[subject]

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
                case MoveTouches() | WithdrawTouches() | LeaveOut():
                    self._rearrange(self.runs[subject][action.enrolment], action)
                case ChangeVersion():
                    self._change_version(self.runs[subject][action.enrolment], action.version)
                case CountFrom():
                    self.runs[subject][action.enrolment].counts_from = action.at
                case NotePassages():
                    known = self.runs[subject][action.enrolment].passages
                    for one in action.passages:
                        before = known.get(one.step)
                        if before is not None and before.passed_at is not None:
                            self.unkept.append(f"{one.step} was passed, and is decided again")
                        known[one.step] = one
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
        run = Run(begun, begun.rule.version, begun.sequence, begun.steps)
        run.passages = {one.step: one for one in begun.passages}
        self.runs[subject][begun.id] = run
        self.every.append(run)
        self._plan(run, begun.touches)

    def _plan(self, run: Run, touches: tuple[PlannedTouch, ...]) -> None:
        for one in touches:
            if one.id in run.touches:
                self.unkept.append(f"{one.step.id} is planned under an id that there is")
            touch = run.touches[one.id] = Touch(one, run, self.now, one.due_at)
            self._look(touch, one.write_at)

    def _look(self, touch: Touch, at: int) -> None:
        """The touch is judged at an instant, and not before."""
        touch.look_at = max(at, self.now)
        self._push(at, 1, touch)

    def _rearrange(self, run: Run, action: MoveTouches | WithdrawTouches | LeaveOut) -> None:
        """What is ahead moves or goes; so does a task that stands in the CRM, unless a rep has
        made it theirs."""
        if isinstance(action, LeaveOut):
            for one in action.touches:
                touch = run.touches[one.id] = Touch(one, run, self.now, one.due_at, "withdrawn")
                touch.why, touch.over_at = action.reason, self.now
        elif isinstance(action, WithdrawTouches):
            for key in action.touches:
                self._withdraw(run.touches[key], action.reason)
        else:
            for one in action.touches:
                self._move(run.touches[one.id], one)

    def _withdraw(self, touch: Touch, why: str) -> None:
        if touch.state == "open":
            touch.state = "left" if touch.edited else "archived"
        elif touch.state in AHEAD:
            touch.state = "withdrawn"
        else:
            self.unkept.append(f"{touch.planned.step.id} is {touch.state}, and is withdrawn")
        touch.why, touch.over_at = why, self.now

    def _move(self, touch: Touch, to: PlannedTouch) -> None:
        if touch.state not in (*AHEAD, "open"):
            self.unkept.append(f"{touch.planned.step.id} is {touch.state}, and is moved")
        if touch.edited:
            return
        touch.planned, touch.due_at, touch.asked = to, to.due_at, True
        if touch.state in AHEAD:
            touch.state = "planned"
            self._look(touch, to.write_at)

    def _change_version(self, run: Run, version: int) -> None:
        name = run.definition.split("/", 1)[1]
        rules = self.books[version]
        run.version = version
        if run.sequence is not None:
            run.sequence = rules[0].sequences[name]
            run.steps = run.sequence.steps
        else:
            run.steps = next(one.rule.tasks for one in rules if one.rule.id == name)

    def _end(self, subject: int, end: EndEnrolment) -> None:
        run = self.runs[subject].pop(end.enrolment, None)
        if run is None:
            return
        run.ended = end.reason.value
        for touch in run.touches.values():
            if touch.state in (*AHEAD, "open"):
                touch.state = "over"
        self._ask_again(subject)

    def _push(self, at: int, order: int, what: Any) -> None:
        heappush(self.heap, (max(at, self.now), order, next(self._number), what))

    def _touches(self, subject: int, state: str) -> list[Touch]:
        runs = self.runs[subject].values()
        return [touch for run in runs for touch in run.touches.values() if touch.state == state]

    def _ask_again(self, subject: int) -> None:
        """Something cleared: whatever waits on the subject is judged once more."""
        for touch in self._touches(subject, "waiting"):
            touch.state = "planned"
            self._look(touch, self.now)
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
            due = [t for t in dict.fromkeys(batch) if t.look_at <= self.now]
            self._dispatch([t for t in due if t.state == "planned"])

    def _timer(self, subject: int, rule: str) -> None:
        due, data = self._armed[subject].get(rule, (None, {}))
        if due is None or due > self.now:
            return
        del self._armed[subject][rule]
        if rule.startswith(TIMER):
            run = self.runs[subject].get(data["enrolment"])
            if run is not None:
                view, calendar = self.views[subject], self._calendar(subject)
                self._take(subject, progress(run.view, view, calendar, self.now))
            return
        active = next(one for one in self.rules if one.rule.key == rule)
        self._take(subject, timed(active, data, self._context(subject), self.now))

    def _dispatch(self, batch: list[Touch]) -> None:
        passed: list[tuple[Touch, GuardFacts]] = []
        for touch in batch:
            if touch.state != "planned":  # an end before it in this batch has taken it along
                continue
            facts = self._facts(touch)
            ruling = guard.judge(facts)[0]
            if ruling.verdict in (Verdict.DO, Verdict.HAND_TO):
                passed.append((touch, guard.apply_ruling(facts, ruling)))
            else:
                self._put_aside(touch, facts, ruling)
        rulings, _ = guard.admit([facts for _, facts in passed], self._counters())
        for (touch, facts), ruling in zip(passed, rulings, strict=True):
            if touch.state != "planned":
                continue
            if ruling.verdict is Verdict.DO:
                self._write(touch, guard.apply_ruling(facts, ruling), ruling)
            else:
                self._put_aside(touch, facts, ruling)

    def _facts(self, touch: Touch) -> GuardFacts:
        begun, view = touch.run.begun, self.views[touch.run.begun.subject]
        owner = view.owner_id or ""
        contact = self.contacts.get(begun.contact or "")
        steps = {step.id: step for step in touch.run.steps}
        due = DueTouch(
            id=touch.planned.id,
            enrolment=begun.id,
            definition=begun.definition,
            rule=next(r for r in self.rules if r.rule.key == begun.rule.rule.key),
            subject=begun.subject,
            contact=begun.contact,
            owner_id=owner,
            step=steps.get(touch.planned.step.id, touch.planned.step),
            owed_at=touch.planned.owed_at,
            due_at=Business(touch.due_at),
            planned_at=Business(touch.made_at),
            priority=guard.PRIORITY_RANK[touch.planned.step.priority],
            mode=Mode.LIVE,
            enrolment_state=EnrolmentState.ENDED if touch.run.ended else begun.state,
            is_firing=begun.sequence is None,
            anchor_stage=begun.anchor_stage,
            sequence=touch.run.sequence,
            step_gone=touch.planned.step.id not in steps,
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
            subject, run = touch.run.begun.subject, touch.run
            step = touch.planned.step.id
            calendar = self._calendar(subject)
            view = self.views[subject]
            made = progress(run.view, view, calendar, self.now, done=step, done_at=self.now)
            touch.state, touch.over_at = "dropped", self.now
            self._take(subject, made)
        elif ruling.until is None:
            touch.state = "waiting"
        else:
            assert ruling.until > self.now, f"nothing_lost: {ruling} waits for the past"
            self._look(touch, ruling.until)

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
