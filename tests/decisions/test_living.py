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

from app.decisions import exits, firing, guard, placing, rules, sequences, starting, timing
from app.decisions.guard import admission
from app.model.calendar import NINE_TO_FIVE, WorkCalendar
from app.model.decisions import Decision, EndEnrolment, Explanation, Ruling, Verdict
from app.model.guard import GuardSettings
from app.model.playbook import (
    ActiveRule,
    CreateTasks,
    Enrol,
    LatePolicy,
    Playbook,
    Rule,
    Sequence,
    When,
)
from app.model.records import ContactView, PersonView, SubjectView
from app.model.time import DAY, HOUR, MINUTE, Business, Delay, parse_delay
from app.model.vocabulary import Again, Mode, Priority, SignalKind, StageKind, SubjectType, TaskType
from demo.calendars import calendar
from tests.decisions import living_desk
from tests.decisions.build import at, step
from tests.decisions.living import Life
from tests.decisions.living_checks import NAMES, Checks
from tests.decisions.living_desk import HOME

ZONES = {"ada": HOME, "ben": "America/New_York", "chi": "Australia/Lord_Howe", "": HOME}
"""Lord Howe moves its clocks by half an hour."""

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
BOOK = Playbook("pb", "Test", RULES, {"cadence": CADENCE, "check-in": CHECK_IN}, {})
STARTS = ("2026-03-20 10:00", "2026-03-27 16:30", "2026-10-22 11:00", "2026-06-01 09:00")
KINDS = (StageKind.QUALIFIED, StageKind.MEETING_DONE, StageKind.PROPOSAL, StageKind.PROPOSAL)
CONTROLS = ("run", "run", "pause", "stop")
SUBJECTS, CONTACTS = st.integers(1, 3), st.sampled_from(("c1", "c2"))


def new_life(begins: int) -> Life:
    people = {
        owner: PersonView(owner, zone=zone, cover_id=None) for owner, zone in ZONES.items() if owner
    }
    calendars = {owner: WorkCalendar(zone, NINE_TO_FIVE) for owner, zone in ZONES.items()}
    contacts = (ContactView("c1", zone="Europe/Berlin"), ContactView("c2", zone="America/Chicago"))
    limits = GuardSettings(cap_7_days=3, cap_30_days=7, rep_daily_tasks=2, installation_zone=HOME)
    book = tuple(
        ActiveRule(
            one, BOOK, 1, Mode.LIVE, 0, one.settle.approximate_ms() if one.settle else 0,
            BOOK.sequences,
        )
        for one in RULES
    )  # fmt: skip
    life = Life(book, people, calendars, contacts, limits, begins)
    for id, owner, contact in ((1, "ada", 0), (2, "ben", 1), (3, "chi", 0)):
        created = Business(begins - 30 * DAY)
        view = SubjectView(
            id, SubjectType.DEAL, f"d{id}", ("deal", f"d{id}"), owner_id=owner,
            contacts=(contacts[contact],), created_at=created, last_activity_at=Business(begins),
        )  # fmt: skip
        life.create(view)
    return life


class Living(RuleBasedStateMachine):
    """What people do and what time does, in any order."""

    seen: ClassVar[Counter[str]] = Counter()

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: str) -> None:
        self.life = new_life(at(start))
        calendars = {owner: calendar(zone, []) for owner, zone in ZONES.items()}
        self.checks = Checks(self.life, calendars, self.seen)

    def _alive(self, subject: int) -> bool:
        return subject not in self.life.truth.deleted

    @rule(subject=SUBJECTS, kind=st.sampled_from(KINDS), forward=st.booleans())
    def enter(self, subject: int, kind: StageKind, forward: bool) -> None:
        entries = self.life.truth.entries[subject]
        same_instant = entries and entries[-1][0] == self.life.now
        if self._alive(subject) and not same_instant:
            self.life.enter(subject, kind, forward=forward)

    @rule(subject=SUBJECTS, won=st.booleans(), sure=st.integers(0, 4))
    def close(self, subject: int, won: bool, sure: int) -> None:
        if self._alive(subject) and not sure:
            self.life.enter(subject, StageKind.WON if won else StageKind.LOST)

    @rule(subject=SUBJECTS)
    def reply(self, subject: int) -> None:
        if self._alive(subject):
            self.life.reply(subject)

    @rule(contact=CONTACTS, sure=st.integers(0, 3), bounce=st.booleans())
    def refuse(self, contact: str, sure: int, bounce: bool) -> None:
        if not sure:
            (self.life.bounce if bounce else self.life.opt_out)(contact)

    @rule(subject=SUBJECTS, value=st.sampled_from(CONTROLS), days=st.integers(0, 9))
    def control(self, subject: int, value: str, days: int) -> None:
        if self._alive(subject):
            until = self.life.now + days * DAY if value == "pause" and days else None
            self.life.control(subject, value, until)

    @rule(subject=SUBJECTS, days=st.integers(1, 9))
    def hold(self, subject: int, days: int) -> None:
        self.life.hold(subject, self.life.now + days * DAY)

    @rule(subject=SUBJECTS)
    def release(self, subject: int) -> None:
        self.life.release(subject)

    @rule(subject=SUBJECTS, owner=st.sampled_from(("ada", "ben", "chi")))
    def own(self, subject: int, owner: str) -> None:
        if self._alive(subject):
            self.life.own(subject, owner)

    @rule(owner=st.sampled_from(("ada", "ben", "chi")), days=st.integers(1, 12))
    def away(self, owner: str, days: int) -> None:
        self.life.away(owner, self.life.now + days * DAY)

    @rule(subject=SUBJECTS, sure=st.integers(0, 9))
    def delete(self, subject: int, sure: int) -> None:
        if self._alive(subject) and not sure:
            self.life.delete(subject)

    @rule(which=st.integers(0, 50), deleted=st.booleans())
    def finish(self, which: int, deleted: bool) -> None:
        tasks = self.life.open_tasks()
        if tasks:
            self.life.finish(tasks[which % len(tasks)], deleted=deleted)

    @rule(sure=st.integers(0, 3))
    def stop_everything(self, sure: int) -> None:
        self.life.stop_everything(not sure)

    @rule(which=st.integers(0, 50))
    def say_again(self, which: int) -> None:
        self.life.say_again(which)

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

    @rule(sure=st.integers(0, 2))
    def outage(self, sure: int) -> None:
        if self.life.asleep:
            self.life.wake()
        elif not sure:
            self.life.sleep()

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "checks"):
            self.checks.whole()


def play(examples: int, **more: Any) -> None:
    run_state_machine_as_test(
        Living,
        settings=settings(
            max_examples=examples, stateful_step_count=60, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), **more,
        ),
    )  # fmt: skip


def test_the_invariants_hold_whatever_happens() -> None:
    Living.seen.clear()
    play(60)
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


def instead(module: ModuleType, name: str, replacement: Any) -> Callable[[Patch], None]:
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
    "the stop switch is not asked": ("wishes: written while ev", without("mode_and_stop")),
    "a rep's word is not asked": ("wishes: written (after a rep|while a rep)", without("control")),
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


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_breakage_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said, change = MUTATIONS[name]
    change(monkeypatch)
    with pytest.raises(AssertionError, match=f"^({said})"):
        play(400, derandomize=True, phases=(Phase.generate,))


def test_every_check_has_a_breakage() -> None:
    said = " ".join(said for said, _ in MUTATIONS.values())
    assert {name for name in NAMES if name not in said} == set()


@pytest.mark.long
def test_the_invariants_hold_for_very_many_lives() -> None:
    play(5_000)
