"""What admins and reps say of follow-ups that run: new versions, moves to them, pauses, times."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random

from app.decisions.flow import timer_of, waiting
from app.decisions.lasting import LAZY
from app.decisions.migrating import migrate
from app.decisions.rescheduling import RescheduleError, reschedule, resume
from app.decisions.rules import arm
from app.model.calendar import WorkCalendar
from app.model.decisions import ArmTimer, Decision
from app.model.migration import Target
from app.model.playbook import ActiveRule
from app.model.rescheduling import By, Change, JumpTo, PauseUntil, Skip, To
from app.model.time import DAY, Business, Delay, Unit
from app.model.vocabulary import NewSteps, SignalKind
from tests.decisions.living import Life
from tests.decisions.living_runs import Run, Touch


class Worded(Life):
    """A life in which people also change their minds about what they were promised."""

    def save(self, version: int, rules: tuple[ActiveRule, ...]) -> None:
        """A version is in force from now on; what runs keeps its own."""
        paused = {one.rule.key: one.paused_at for one in self.rules}
        since = {one.rule.key: one.activated_at for one in self.rules}
        self.books[version] = rules
        self.rules = tuple(
            replace(
                one, version=version, paused_at=paused[one.rule.key],
                activated_at=since[one.rule.key],
            )
            for one in rules
        )  # fmt: skip

    def migrate(self, run: Run, version: int, new_steps: NewSteps) -> None:
        """One run goes by another version."""
        if run.ended or run.version == version:
            return
        name, rules = run.definition.split("/", 1)[1], self.books[version]
        sequence = rules[0].sequences.get(name) if run.sequence is not None else None
        steps = sequence.steps if sequence is not None else next(
            (one.rule.tasks for one in rules if one.rule.id == name), ()
        )
        target = Target(version, version, run.version, sequence, steps)
        subject = run.begun.subject
        view, calendar = self.views[subject], self._calendar(subject)
        made = migrate(run.view, target, new_steps, view, calendar, self.now, "otto")
        self._take(subject, made.decision)
        self.truth.put_off.pop(run.begun.id, None)  # its times are the version's now
        if not self.asleep:
            self._drain()

    def pause_rule(self, key: str) -> None:
        """Nothing of the rule is begun or written until it is resumed."""
        self.truth.rules_paused.setdefault(key, self.now)
        self._change_rule(key, paused_at=self.truth.rules_paused[key])

    def resume_rule(self, key: str, *, shift: bool) -> None:
        """shift: the time of the pause does not count; else what is late is judged as late."""
        since = self.truth.rules_paused.pop(key, None)
        if since is None:
            return
        for subject, runs in self.runs.items():
            for run in runs.values():
                if shift and run.begun.rule.rule.key == key:
                    calendar = self._calendar(subject)
                    made = resume(run.view, Business(since), calendar, self.now, "otto")
                    self._take(subject, made)
        self._change_rule(key, paused_at=None, activated_at=self.now)
        for subject in self.views:
            self._ask_again(subject)
            if any(one.rule.when.kind in LAZY for one in self.rules if one.rule.key == key):
                self._take(subject, arm(self._context(subject), self.now))
        if not self.asleep:
            self._drain()

    def _change_rule(self, key: str, **values: int | None) -> None:
        since = values["paused_at"]
        for run in self.runs_ahead():
            if run.begun.rule.rule.key == key:
                run.held_since = None if since is None else Business(since)
                if since is None:
                    self._look_again(run)
        self.rules = tuple(
            replace(one, **values) if one.rule.key == key else one  # type: ignore[arg-type]
            for one in self.rules
        )

    def _look_again(self, run: Run) -> None:
        """What stood at a step that waits is looked at in its time again."""
        for passage in run.passages.values():
            if passage.until_at is not None and passage.passed_at is None:
                data = {"enrolment": run.begun.id}
                timer = ArmTimer(
                    run.begun.subject, timer_of(run.begun.id), passage.until_at, data
                )
                self._take(run.begun.subject, Decision((timer,)))

    def ask(self, run: Run, word: str, amount: int) -> None:
        """A person's word on one run's times; what does not fit it changes nothing."""
        change: Change
        if word in ("skip", "jump"):
            names = [step.id for step in run.steps]
            name = names[amount % len(names)]
            change = Skip(name) if word == "skip" else JumpTo(name)
        elif word == "by":
            change = By(Delay(1 + amount % 9, Unit.WD if amount % 2 else Unit.D))
        else:
            at = Business(self.now + (1 + amount % 9) * DAY)
            change = To(at) if word == "to" else PauseUntil(at)
        subject = run.begun.subject
        view, calendar = self.views[subject], self._calendar(subject)
        stood = waiting(run.view)
        with suppress(RescheduleError):
            made = reschedule(run.view, change, view, calendar, self.now, "ada")
            self._take(subject, made)
            if isinstance(change, PauseUntil):
                self.truth.put_off[run.begun.id] = change.until
                if stood is not None:
                    self.truth.waits_put_off[run.begun.id, stood[0].id] = change.until
            else:
                self.truth.put_off.pop(run.begun.id, None)
        if not self.asleep:
            self._drain()

    def edit(self, touch: Touch, days: int) -> None:
        """A rep writes their own words into a task, and gives it another day."""
        touch.edited = True
        touch.due_at += days * DAY

    def relocate(self, owner: str, calendar: WorkCalendar) -> None:
        """A rep works in another zone from now on."""
        self.calendars[owner] = calendar
        self.people[owner] = replace(self.people[owner], zone=calendar.zone)

    def wake_in_any_order(self, seed: int) -> None:
        """What was told meanwhile is heard mixed up; of one record's stages each comes after those
        before it, as its history has them."""
        mixed = list(self._untold)
        Random(seed).shuffle(mixed)
        entries = {
            subject: iter([s for s in self._untold if self._is_entry(s.kind, s.subject, subject)])
            for subject in self.views
        }
        self._untold = [
            next(entries[s.subject]) if self._is_entry(s.kind, s.subject, s.subject) else s
            for s in mixed
        ]
        self.wake()

    @staticmethod
    def _is_entry(kind: SignalKind, of: int, subject: int) -> bool:
        return of == subject and kind in (SignalKind.STAGE_ENTERED, SignalKind.CLOSED)

    def runs_ahead(self) -> list[Run]:
        return [run for runs in self.runs.values() for run in runs.values()]
