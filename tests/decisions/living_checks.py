"""What must hold however signals, people and clocks are mixed.

The arithmetic of days and hours is `demo.calendars`', which shares nothing with the app's. Every
check begins what it says with its name; `seen` counts how often each had something to look at, for
one that never has proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from app.decisions.flow import timer_of
from app.model.vocabulary import EnrolmentState, Priority, TaskType
from demo.calendars import Calendar, in_call_hours
from tests.decisions.living_runs import Touch
from tests.decisions.living_words import Worded

ADDRESSING = (TaskType.CALL, TaskType.EMAIL)


class Checks:
    """Bound to one life. calendars: owner → the same working time as the app is given."""

    def __init__(self, life: Worded, calendars: dict[str, Calendar], seen: Counter[str]) -> None:
        self._life = life
        self._calendars = calendars
        self._home = calendars[""]
        self._seen = seen
        self._keys: dict[tuple[object, ...], Touch] = {}
        self._ids: set[str] = set()
        self._placed = 0
        self._passed: set[tuple[str, str]] = set()
        self._mine: dict[str, tuple[int, object]] = {}
        life.on_write = self.written

    # --- each task, in the instant in which it is written -----------------------------------

    def written(self, touch: Touch) -> None:
        for check in (
            self._once, self._after_anchor, self._within_hours, self._consent, self._wishes,
            self._reason, self._caps, self._budget, self._merge, self._present, self._version,
            self._put_off,
        ):  # fmt: skip
            self._seen[check.__name__.removeprefix("_")] += 1
            check(touch)

    def _once(self, touch: Touch) -> None:
        """No step twice; but one that a version took out, and whose task is gone, may come back."""
        begun, id = touch.run.begun, touch.planned.id
        key = (begun.subject, begun.definition, begun.anchor, touch.planned.step.id)
        before = self._keys.get(key)
        assert before is None or before.state == "archived", f"once: {key} was written twice"
        assert id not in self._ids, f"once: {key} was written twice under one id"
        self._keys[key] = touch
        self._ids.add(id)

    def _after_anchor(self, touch: Touch) -> None:
        begun, now = touch.run.begun, self._life.latest  # a clock may have gone back since
        assert touch.due_at >= begun.anchor_at, "after_anchor: due before what it counts from"
        assert now >= begun.started_at, "after_anchor: written before it was decided"
        placed = touch.asked or touch.planned.owed_at < touch.made_at
        assert placed or touch.due_at >= touch.planned.owed_at, (
            "after_anchor: due before the unshifted instant"
        )

    def _version(self, touch: Touch) -> None:
        """It is a step of the version by which its run goes."""
        known = {step.id for step in touch.run.steps}
        assert touch.planned.step.id in known, "version: written for a step that it does not have"

    def _put_off(self, touch: Touch) -> None:
        """Nothing that was to come when a person put it all off is due before they said."""
        until = self._life.truth.put_off.get(touch.run.begun.id, 0)
        later = touch.due_at >= until or not touch.asked
        assert later, "put_off: due before the instant until which it was put off"

    def _within_hours(self, touch: Touch) -> None:
        if self._calendars[touch.owner].works_at(touch.due_at):
            return
        zone = self._life.contacts[touch.contact or ""].zone or self._calendars[touch.owner].zone
        called = touch.planned.step.task is TaskType.CALL and in_call_hours(touch.due_at, zone)
        assert called, f"within_hours: {touch.planned.step.id} is due when {touch.owner} is off"

    def _consent(self, touch: Touch) -> None:
        truth, task = self._life.truth, touch.planned.step.task
        if task not in ADDRESSING:
            return
        assert touch.contact not in truth.opted_out, "consent: addressed after the opt-out"
        assert task is not TaskType.EMAIL or touch.contact not in truth.bounced, (
            "consent: mail after a bounce"
        )

    def _wishes(self, touch: Touch) -> None:
        truth, now, subject = self._life.truth, self._life.now, touch.run.begun.subject
        assert not truth.all_stopped, "wishes: written while everything is stopped"
        assert subject not in truth.stopped, "wishes: written after a rep's stop"
        assert truth.paused.get(subject, 0) <= now, "wishes: written while a rep pauses it"
        assert truth.held.get(subject, 0) <= now, "wishes: written while it is held"
        rule = touch.run.begun.rule.rule.key
        assert rule not in truth.rules_paused, "wishes: written while its rule is paused"
        assert subject not in truth.deleted, "wishes: written for a deleted record"

    def _reason(self, touch: Touch) -> None:
        """The stage entry that caused it still stands, and nobody answered since it began."""
        begun, truth = touch.run.begun, self._life.truth
        entries = truth.entries[begun.subject]
        if begun.anchor.startswith("stage:"):
            at, stage = entries[-1]
            assert begun.anchor == f"stage:{stage}:{at}", "reason: the stage was left"
        assert not entries or entries[-1][1] not in ("st-won", "st-lost"), "reason: it is closed"
        if begun.sequence is not None:
            since = [at for at in truth.answers[begun.subject] if at > begun.started_at]
            assert not since, "reason: the prospect answered since"

    def _caps(self, touch: Touch) -> None:
        settings = self._life.settings
        if touch.planned.step.task not in ADDRESSING:
            return
        days = sorted(
            self._home.day(other.written_at or 0)
            for other in self._life.written
            if other.contact == touch.contact and other.planned.step.task in ADDRESSING
        )
        for length, most in ((7, settings.cap_7_days), (30, settings.cap_30_days)):
            within = [day for day in days if day > days[-1] - timedelta(days=length)]
            assert most is None or len(within) <= most, f"caps: {len(within)} in {length} days"

    def _budget(self, touch: Touch) -> None:
        most = self._life.settings.rep_daily_tasks
        days: Counter[tuple[str, date]] = Counter()
        for other in self._life.written:
            due = max(other.due_at, other.written_at or 0)
            days[other.owner, self._calendars[other.owner].day(due)] += 1
        due = max(touch.due_at, self._life.now)
        day = touch.owner, self._calendars[touch.owner].day(due)
        assert most is None or days[day] <= most, f"budget: {days[day]} tasks on {day}"

    def _merge(self, touch: Touch) -> None:
        if touch.run.begun.sequence is None:
            return
        for other in self._life.open_tasks():
            if other is touch or other.run.begun.subject != touch.run.begun.subject:
                continue
            due = other.run.begun.sequence is not None or other.due_at <= self._life.now
            assert other.owner != touch.owner or not due, "merge: another task of ours is open"

    def _present(self, touch: Touch) -> None:
        begins, ends = self._life.truth.away.get(touch.owner, (0, 0))
        urgent = touch.planned.step.priority is Priority.HIGH
        away = begins <= max(touch.due_at, self._life.now) < ends
        assert urgent or not away, f"present: due while {touch.owner} is away"

    # --- the whole, after each thing that happens -----------------------------------------------

    def whole(self) -> None:
        if self._life.asleep:
            return
        for check in (
            self._explained, self._nothing_lost, self._local_days, self._kept, self._waits,
        ):  # fmt: skip
            check()

    def _explained(self) -> None:
        """What was dropped, put off or ended has its line in the ledger."""
        life = self._life
        assert not life.unexplained, f"explained: {life.unexplained[0]}"
        told = {(line.scope, line.verdict) for line in life.ledger}
        for run in life.every:
            if run.ended:
                self._seen["explained"] += 1
                assert (f"enrolment:{run.begun.id}", "ended") in told, "explained: an end is not"
            assert any(scope == f"rule:{run.begun.rule.rule.key}" for scope, _ in told), (
                "explained: a beginning is not"
            )
            for touch in run.touches.values():
                verdict = {"dropped": "drop", "waiting": "defer"}.get(touch.state)
                if verdict is not None:
                    self._seen["explained"] += 1
                    line = (f"touch:{touch.planned.id}", verdict)
                    assert line in told, f"explained: {touch.state} touch is not"

    def _nothing_lost(self) -> None:
        """A run goes on while something of it stands or lies ahead, and no longer."""
        life = self._life
        ahead = {what for at, order, _, what in life.heap if order == 1 and at >= what.look_at}
        for runs in life.runs.values():
            for run in runs.values():
                assert run.view.state is EnrolmentState.ACTIVE
                self._seen["nothing_lost"] += 1
                touches = run.touches.values()
                lost = [t for t in touches if t.state == "planned" and t not in ahead]
                assert not lost, "nothing_lost: a planned touch that nothing will bring up"
                alive = [t for t in touches if t.state in ("planned", "waiting", "open")]
                waits = timer_of(run.begun.id) in life.armed(run.begun.subject)
                assert alive or waits, f"nothing_lost: {run.definition} goes on with nothing left"

    def _kept(self) -> None:
        """What is over, and what a rep made theirs, is nothing that a later word changes."""
        assert not self._life.unkept, f"kept: {self._life.unkept[0]}"
        for touch in self._life.written:
            if touch.edited or touch.state == "done":
                self._seen["kept"] += 1
                known = self._mine.setdefault(touch.planned.id, (touch.due_at, touch.planned))
                assert known == (touch.due_at, touch.planned), "kept: a rep's own task has changed"

    def _waits(self) -> None:
        """A step that waits gives up in its own time: none counts while its rule is paused, nor
        before the instant until which a person put it off."""
        truth = self._life.truth
        for run in self._life.runs_ahead():
            paused = truth.rules_paused.get(run.begun.rule.rule.key, 1 << 60)
            for step, passage in run.passages.items():
                at = passage.passed_at
                if at is None or (run.begun.id, step) in self._passed:
                    continue
                self._passed.add((run.begun.id, step))
                if passage.kind == "wait" and passage.arm == "then":
                    continue  # what was awaited came
                self._seen["waits"] += 1
                assert at <= paused, "waits: it gave up while its rule was paused"
                until = truth.waits_put_off.get((run.begun.id, step), 0)
                assert at >= until, "waits: it gave up before the time put off to"

    def _local_days(self) -> None:
        """Days keep the local time, over a change of the clocks too."""
        for run in self._life.every[self._placed :]:
            begun = run.begun
            owner = self._life.views[begun.subject].owner_id or ""
            for planned in begun.touches:
                delay = planned.step.at
                if delay is None or delay.unit.value != "d" or planned.step.anchor != "entry":
                    continue
                self._seen["local_days"] += 1
                wanted = self._calendars[owner].after_days(begun.anchor_at, delay.amount)
                assert planned.owed_at == wanted, f"local_days: {planned.step.id} is off"
        self._placed = len(self._life.every)


NAMES: Iterable[str] = (
    "once", "after_anchor", "within_hours", "consent", "wishes", "reason", "caps", "budget",
    "merge", "present", "version", "put_off", "explained", "nothing_lost", "local_days", "kept",
    "waits",
)  # fmt: skip
