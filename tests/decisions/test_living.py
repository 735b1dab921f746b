"""Any mixture of signals, edits, pauses, holds, owners, absences, outages and changes of the
clocks, played through the decisions: the invariants hold, and each of them can fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.decisions import (
    comparing,
    exits,
    firing,
    guard,
    placing,
    rescheduling,
    rules,
    sequences,
    starting,
    timing,
    walking,
)
from app.decisions.flow import waiting
from app.decisions.guard import admission, mode_and_stop
from app.model.calendar import NINE_TO_FIVE, WorkCalendar
from app.model.decisions import (
    Decision,
    DueTouch,
    EndEnrolment,
    Explanation,
    NotePassages,
    Ruling,
    Verdict,
)
from app.model.flow import Branch, OutcomeOf, Wait
from app.model.guard import GuardFacts, GuardSettings
from app.model.playbook import (
    ActiveRule,
    CreateTasks,
    Enrol,
    LatePolicy,
    Playbook,
    Rule,
    Sequence,
    Step,
    When,
)
from app.model.records import ContactView, PersonView, SubjectView
from app.model.time import DAY, HOUR, MINUTE, Business, Delay, Unit, parse_delay
from app.model.vocabulary import (
    Again,
    Mode,
    NewSteps,
    Priority,
    SignalKind,
    StageKind,
    SubjectType,
    TaskType,
)
from demo.calendars import calendar
from tests.decisions import living_desk
from tests.decisions.build import at, step
from tests.decisions.living_checks import NAMES, Checks
from tests.decisions.living_desk import HOME
from tests.decisions.living_words import Worded

ZONES = (
    HOME, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham",
    "America/St_Johns", "America/Santiago", "Asia/Kolkata",
)  # fmt: skip
"""Both hemispheres; Lord Howe moves its clocks by half an hour, Santiago at midnight, Chatham lies
12:45 ahead, Kathmandu 5:45, St. John's 3:30 behind."""

CADENCE = Sequence(
    "cadence",
    "pb",
    (
        step("questions", "3d", priority=Priority.HIGH),
        step("timeline", "5d", task=TaskType.EMAIL, window="email"),
        step("decision", "2d", anchor="previous_done"),
        step("inside", "10d", task=TaskType.TODO),
        step("close", "14d", task=TaskType.EMAIL, late=LatePolicy("skip", parse_delay("5d"))),
    ),
)
CHECK_IN = Sequence(
    "check-in", "pb", (step("ring", "4h"), step("write", "1wd", task=TaskType.EMAIL))
)
RULES = (
    Rule(
        "sent", "pb", When(SignalKind.STAGE_ENTERED, stages=frozenset({StageKind.PROPOSAL})),
        (Enrol("cadence"),), again=Again.EVERY_ENTRY, settle=parse_delay("5min"),
    ),
    Rule(
        "met", "pb", When(SignalKind.STAGE_ENTERED, stages=frozenset({StageKind.MEETING_DONE})),
        (CreateTasks((step("recap", "4h", task=TaskType.EMAIL), step("next", "2d"))),),
        again=Again.EVERY_ENTRY,
    ),
    Rule(
        "quiet", "pb", When(SignalKind.NO_ACTIVITY, after=parse_delay("7d")), (Enrol("check-in"),),
        again=Again.EVERY_SIGNAL,
    ),
)  # fmt: skip
AGAIN = replace(
    CADENCE,
    steps=(
        step("questions", "3d", priority=Priority.HIGH),
        step("timeline", "8d", task=TaskType.EMAIL, window="email"),
        step("extra", "6d"),
        step("decision", "1d", anchor="previous_done"),
        step("close", "14d", task=TaskType.EMAIL, late=LatePolicy("skip", parse_delay("5d"))),
    ),
)
"""A step moved, one gone, one new, and the step that waits waits for another."""

MET = replace(RULES[1], then=(CreateTasks((step("recap", "1d"), step("third", "4d"))),))
_WAY = (
    step("questions", "2d", priority=Priority.HIGH),
    Wait("heard", When(SignalKind.MEETING_HELD), parse_delay("4d")),
    step("timeline", "1d", anchor="previous_done", task=TaskType.EMAIL, under=(("heard", "else"),)),
    step("thank", "4h", anchor="previous_done", task=TaskType.TODO, under=(("heard", "then"),)),
    Branch("done", OutcomeOf("questions", frozenset({"completed"})), parse_delay("2d")),
    step("decision", "1d", anchor="previous_done", under=(("done", "then"),)),
    step("close", "14d", task=TaskType.EMAIL),
)
STEERED = replace(
    CADENCE, steps=tuple(one for one in _WAY if isinstance(one, Step)), flow=_WAY
)


def book(version: int, rules: tuple[Rule, ...], *sequences: Sequence) -> tuple[ActiveRule, ...]:
    found = {one.id: one for one in sequences}
    whole = Playbook("pb", "Test", rules, found, {})
    return tuple(
        ActiveRule(
            one, whole, version, Mode.LIVE, 0, one.settle.approximate_ms() if one.settle else 0,
            found,
        )
        for one in rules
    )  # fmt: skip


BOOKS = {
    1: book(1, RULES, CADENCE, CHECK_IN),
    2: book(2, (RULES[0], MET, RULES[2]), AGAIN, CHECK_IN),
    3: book(3, RULES, STEERED, replace(CHECK_IN, steps=CHECK_IN.steps[1:])),
}
STARTS = (
    "2026-03-05 10:00", "2026-03-27 16:30", "2026-04-01 15:00", "2026-09-03 10:00",
    "2026-09-24 11:00", "2026-10-22 11:00", "2026-10-29 16:00", "2026-06-01 09:00",
)  # fmt: skip
"""Before the days on which clocks change, north and south; and one before none."""

REPS = ("ada", "ben", "chi")
KINDS = (StageKind.QUALIFIED, StageKind.MEETING_DONE, StageKind.PROPOSAL, StageKind.PROPOSAL)
WORDS = ("by", "to", "pause", "pause", "skip", "jump")
MISHAPS = ("won", "lost", "deleted", "bounced", "opted out", "stop", "go on")
CONTROLS = ("run", "run", "run", "pause", "pause", "stop", "hold", "hold", "release")
ANY = st.integers(0, 50)
SUBJECTS, CONTACTS = st.integers(1, 3), st.sampled_from(("c1", "c2"))


def new_life(begins: int, zones: dict[str, str]) -> Worded:
    people = {
        owner: PersonView(owner, zone=zone, cover_id=None) for owner, zone in zones.items() if owner
    }
    calendars = {owner: WorkCalendar(zone, NINE_TO_FIVE) for owner, zone in zones.items()}
    contacts = (ContactView("c1", zone="Europe/Berlin"), ContactView("c2", zone="America/Chicago"))
    limits = GuardSettings(cap_7_days=3, cap_30_days=7, rep_daily_tasks=2, installation_zone=HOME)
    life = Worded(BOOKS[1], people, calendars, contacts, limits, begins)
    life.books = dict(BOOKS)
    for id, owner, contact in ((1, "ada", 0), (2, "ben", 1), (3, "chi", 0)):
        created = Business(begins - 30 * DAY)
        view = SubjectView(
            id, SubjectType.DEAL, f"d{id}", ("deal", f"d{id}"), owner_id=owner,
            contacts=(contacts[contact],), created_at=created, last_activity_at=Business(begins),
        )  # fmt: skip
        life.create(view)
    return life


def _begin(machine: Any, start: str, where: int, version: int) -> None:
    zones = {owner: ZONES[(where + n) % len(ZONES)] for n, owner in enumerate(REPS)}
    zones[""] = HOME
    machine.life = new_life(at(start), zones)
    machine.life.save(version, BOOKS[version])
    machine.calendars = {owner: calendar(zone, []) for owner, zone in zones.items()}
    machine.checks = Checks(machine.life, machine.calendars, machine.seen)


class Living(RuleBasedStateMachine):
    """What people do and what time does, in any order."""

    seen: ClassVar[Counter[str]] = Counter()

    @initialize(
        start=st.sampled_from(STARTS), where=st.integers(0, len(ZONES) - 1),
        version=st.sampled_from((1, 2, 3, 3)),
    )  # fmt: skip
    def begin(self, start: str, where: int, version: int) -> None:
        _begin(self, start, where, version)

    def _alive(self, subject: int) -> bool:
        return subject not in self.life.truth.deleted

    @rule(subject=SUBJECTS, kind=st.sampled_from(KINDS), forward=st.booleans())
    def enter(self, subject: int, kind: StageKind, forward: bool) -> None:
        entries = self.life.truth.entries[subject]
        same_instant = entries and entries[-1][0] == self.life.now
        if self._alive(subject) and not same_instant:
            self.life.enter(subject, kind, forward=forward)

    @rule(subject=SUBJECTS, contact=CONTACTS, what=st.sampled_from(MISHAPS), sure=st.integers(0, 3))
    def mishap(self, subject: int, contact: str, what: str, sure: int) -> None:
        life = self.life
        if what == "go on":
            life.stop_everything(stopped=False)
        elif sure:
            return
        elif what == "stop":
            life.stop_everything(stopped=True)
        elif what in ("won", "lost") and self._alive(subject):
            life.enter(subject, StageKind(what))
        elif what == "deleted" and self._alive(subject):
            life.delete(subject)
        elif what == "bounced":
            life.bounce(contact)
        elif what == "opted out":
            life.opt_out(contact)

    @rule(subject=SUBJECTS, what=st.sampled_from(("met", "met", "replied", "again")), which=ANY)
    def heard(self, subject: int, what: str, which: int) -> None:
        if what == "again":
            self.life.say_again(which)
        elif self._alive(subject):
            (self.life.meet if what == "met" else self.life.reply)(subject)

    @rule(subject=SUBJECTS, value=st.sampled_from(CONTROLS), days=st.integers(0, 9))
    def wait(self, subject: int, value: str, days: int) -> None:
        """A rep's word on a record, or a reason to wait that is no rep's."""
        if value == "hold":
            self.life.hold(subject, self.life.now + (days + 1) * DAY)
        elif value == "release":
            self.life.release(subject)
        elif self._alive(subject):
            until = self.life.now + days * DAY if value == "pause" and days else None
            self.life.control(subject, value, until)

    @rule(
        subject=SUBJECTS, owner=st.sampled_from(REPS), zone=st.sampled_from(ZONES),
        what=st.sampled_from(("owns", "is away", "moves")), days=st.integers(1, 12),
    )  # fmt: skip
    def rep(self, subject: int, owner: str, zone: str, what: str, days: int) -> None:
        if what == "is away":
            self.life.away(owner, self.life.now + days * DAY)
        elif what == "moves":
            self.life.relocate(owner, WorkCalendar(zone, NINE_TO_FIVE))
            self.calendars[owner] = calendar(zone, [])
        elif self._alive(subject):
            self.life.own(subject, owner)

    @rule(which=ANY, what=st.sampled_from(("done", "deleted", "edited")), days=st.integers(0, 3))
    def work(self, which: int, what: str, days: int) -> None:
        tasks = self.life.open_tasks()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        if what != "edited":
            self.life.finish(task, deleted=what == "deleted")
        elif not task.edited:
            self.life.edit(task, days)

    @rule(hours=st.integers(1, 60))
    def some_hours(self, hours: int) -> None:
        self.life.pass_time(self.life.now + hours * HOUR + MINUTE)

    @rule(days=st.integers(3, 15))
    def weeks(self, days: int) -> None:
        """Reps do what is asked, a day after it stands there."""
        for _ in range(days):
            self.life.pass_time(self.life.now + DAY)
            for task in self.life.open_tasks():
                if (task.written_at or 0) <= self.life.now - DAY:
                    self.life.finish(task)

    @rule(days=st.integers(1, 16))
    def some_days(self, days: int) -> None:
        self.life.pass_time(self.life.now + days * DAY)

    @rule(what=st.sampled_from(("sleeps", "jumps", "goes back")), days=ANY)
    def trouble(self, what: str, days: int) -> None:
        """The app sleeps while people go on; or the machine's clock was wrong, and the time between
        was never lived."""
        if self.life.asleep:
            self.life.wake_in_any_order(days)
        elif what == "sleeps":
            self.life.sleep()
        else:
            self.life.jump((days % 9) * (DAY if what == "jumps" else -MINUTE))

    @rule(
        version=st.sampled_from(sorted(BOOKS)), new_steps=st.sampled_from(NewSteps),
        what=st.sampled_from(("save", "move", "move")),
    )  # fmt: skip
    def versions(self, version: int, new_steps: NewSteps, what: str) -> None:
        if what == "save":
            self.life.save(version, BOOKS[version])
            return
        for run in self.life.runs_ahead():
            self.life.migrate(run, version, new_steps)

    @rule(
        key=st.sampled_from([one.key for one in RULES]), shift=st.booleans(), sure=st.integers(0, 2)
    )
    def pause_or_resume_rule(self, key: str, shift: bool, sure: int) -> None:
        for waits in list(self.life.truth.rules_paused):
            self.life.resume_rule(waits, shift=shift)
        if not sure:
            self.life.pause_rule(key)

    @rule(which=ANY, word=st.sampled_from(WORDS), amount=st.integers(0, 30))
    def ask(self, which: int, word: str, amount: int) -> None:
        runs = self.life.runs_ahead()
        stand = [run for run in runs if waiting(run.view)]
        chosen = stand if stand and which % 3 else runs
        if chosen:
            self.life.ask(chosen[which % len(chosen)], word, amount)

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "checks"):
            self.checks.whole()


class Steered(RuleBasedStateMachine):
    """Fewer things happen, most of them to follow-ups that wait: those are met more often so."""

    seen: ClassVar[Counter[str]] = Living.seen

    @initialize(start=st.sampled_from(STARTS), where=st.integers(0, len(ZONES) - 1))
    def begin(self, start: str, where: int) -> None:
        _begin(self, start, where, 3)

    _alive = Living._alive
    enter, some_hours, some_days, weeks = (
        Living.enter, Living.some_hours, Living.some_days, Living.weeks,
    )  # fmt: skip
    work, ask, pause, holds = (
        Living.work, Living.ask, Living.pause_or_resume_rule, Living.holds,
    )  # fmt: skip


def play(examples: int, machine: type[RuleBasedStateMachine] = Living, **more: Any) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=60, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), **more,
        ),
    )  # fmt: skip


def test_the_invariants_hold_whatever_happens() -> None:
    Living.seen.clear()
    play(50)
    play(20, Steered)
    assert {name for name in NAMES if not Living.seen[name]} == set(), "a check looked at nothing"


# --- each of them can fail ------------------------------------------------------------------------

Patch = pytest.MonkeyPatch


def without(*checks: str) -> Callable[[Patch], None]:
    """The guard lacks these checks."""

    def change(patch: Patch) -> None:
        left = tuple(pair for pair in guard.CHECKS if pair[0] not in checks)
        assert len(left) == len(guard.CHECKS) - len(checks)
        patch.setattr(guard, "CHECKS", left)

    return change


def instead(module: ModuleType | type, name: str, replacement: Any) -> Callable[[Patch], None]:
    """One function of the decisions does something else."""
    return lambda patch: patch.setattr(module, name, replacement)


def both(*changes: Callable[[Patch], None]) -> Callable[[Patch], None]:
    def change(patch: Patch) -> None:
        for one in changes:
            one(patch)

    return change


def forgetful(active: ActiveRule, cause: Any, context: Any, *rest: Any) -> Decision:
    return starting.start(active, cause, replace(context, past={}), *rest)


def elapsed(anchor: int, delay: Delay | None, _: WorkCalendar) -> Business:
    return Business(anchor + (delay.approximate_ms() if delay else 0))


def early(anchor: int, delay: Delay | None, cal: WorkCalendar) -> Business:
    return Business(timing.owed_at(Business(anchor), delay, cal) - 5 * DAY)


def deaf(seen: Callable[[DueTouch], DueTouch]) -> Callable[[Patch], None]:
    """Whether it runs is asked of another touch than the one that is due."""

    def check(facts: GuardFacts) -> Ruling | None:
        return mode_and_stop.check(replace(facts, touch=seen(facts.touch)))

    table = tuple((name, check if name == "mode_and_stop" else one) for name, one in guard.CHECKS)
    return lambda patch: patch.setattr(guard, "CHECKS", table)


def never_paused(touch: DueTouch) -> DueTouch:
    return replace(touch, rule=touch.rule and replace(touch.rule, paused_at=None))


UNHEARD = {kind: why for kind, why in exits.CANDIDATES.items() if kind is not SignalKind.REPLIED}


def silent_end(enrolment: Any, reason: Any, event: Any, now: Any, goal: bool = False) -> Decision:
    return Decision((EndEnrolment(enrolment.id, enrolment.subject, reason, now, goal),))


def nothing(*_: Any, **__: Any) -> Decision:
    return Decision()


def never(*_: Any, **__: Any) -> None:
    return None


MUTATIONS: dict[str, tuple[str, Callable[[Patch], None]]] = {
    "what was acted on is forgotten": (
        "once",
        both(instead(rules, "_before_anything", never), instead(firing, "start", forgetful)),
    ),
    "days count backwards": ("local_days|after_anchor", instead(placing, "owed_at", early)),
    "a day has 24 hours": ("local_days", instead(placing, "owed_at", elapsed)),
    "nobody looks at the clock on the wall": (
        "within_hours",
        both(
            instead(placing, "shift", lambda at, _: at),
            without("working_days", "quiet_hours", "late"),
        ),
    ),
    "consent is not asked": ("consent", without("consent")),
    "the stop switch is not asked": (
        "wishes: written while (ev|its rule)", without("mode_and_stop")
    ),
    "a rep's word is not asked": ("wishes: written (after a rep|while a rep)", without("control")),
    "a rule's pause is not asked": (
        "wishes: written while its rule is paused", deaf(never_paused)
    ),
    "steps that a version took out stay": (
        "version",
        both(
            instead(comparing.Comparison, "_removed", lambda _: []),
            deaf(lambda touch: replace(touch, step_gone=False)),
        ),
    ),
    "what is over moves with a version": (
        "kept", instead(comparing, "is_open", lambda _: True)
    ),
    "a pause of one follow-up is too short": (
        "put_off",
        both(
            instead(rescheduling._Asked, "_at", lambda _, row, touch, at: touch),
            instead(rescheduling._Asked, "_days", lambda *_: Delay(0, Unit.D)),
        ),
    ),
    "a step that waits is not put off": (
        "waits: it gave up before",
        instead(
            rescheduling, "put_off_wait", lambda one, *_: (NotePassages(one.id, one.subject, ()),)
        ),
    ),
    "time goes on for what waits in a pause": (
        "waits: it gave up while", instead(walking, "clock_of", lambda _, now: now)
    ),
    "holds are not asked": ("wishes: written while it is held", without("holds")),
    "stages are left unseen": (
        "reason",
        both(instead(sequences, "stop_reason", never), without("still_true")),
    ),
    "answers are unheard": (
        "reason: the prospect",
        both(instead(exits, "CANDIDATES", UNHEARD), without("answered_since")),
    ),
    "caps are not counted": ("caps", instead(admission, "over_cap", never)),
    "a rep's day has no end": (
        "budget", instead(admission, "_find_day", lambda *_: Ruling(Verdict.DO, "x", "do"))
    ),
    "nothing waits for an open task": ("merge", instead(admission, "merges", never)),
    "absences are not asked": ("present", without("absence")),
    "an end says nothing": ("explained: an end", instead(sequences, "_end", silent_end)),
    "a refusal says nothing": ("explained: .*said nothing", instead(rules, "refusal", nothing)),
    "the guard's no is not told": (
        "explained: (dropped|waiting)",
        instead(guard, "explain_ruling", lambda t, r, now: Explanation(0, "", "", "", now)),
    ),
    "what is over brings up nothing": (
        "nothing_lost",
        both(instead(living_desk, "progress", nothing), instead(sequences, "progress", nothing)),
    ),
}  # fmt: skip


OF_TIMES = {
    "a step that waits is not put off", "time goes on for what waits in a pause",
    "a rule's pause is not asked", "a pause of one follow-up is too short",
}  # fmt: skip
RARE = {
    "a rep's day has no end", "steps that a version took out stay",
    "a step that waits is not put off", "time goes on for what waits in a pause",
    "a day has 24 hours", "a rule's pause is not asked", "holds are not asked",
    "answers are unheard",
}  # fmt: skip
"""Those that take many lives to be met."""

LIVES = {False: 400, True: 1_500}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] if name in RARE else []) for name in MUTATIONS],
)
def test_a_breakage_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said, change = MUTATIONS[name]
    change(monkeypatch)
    machine = Steered if name in OF_TIMES else Living
    with pytest.raises(AssertionError, match=f"^({said})"):
        play(LIVES[name in RARE], machine, derandomize=True, phases=(Phase.generate,))


def test_every_check_has_a_breakage() -> None:
    said = " ".join(said for said, _ in MUTATIONS.values())
    assert {name for name in NAMES if name not in said} == set()


@pytest.mark.long
def test_the_invariants_hold_for_very_many_lives() -> None:
    play(4_000)
    play(1_000, Steered)
