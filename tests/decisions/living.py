"""Follow-ups as they live, by the decisions alone: records, people and tasks in memory.

`Life` is what happens to them: people act, time passes, the app sleeps and wakes. Records are
changed before anyone decides, as when they are read again after a signal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from app.decisions.rules import arm, decide, waits_for
from app.decisions.sequences import advance
from app.model.ids import stage_anchor
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import ACTIVITY, SignalKind, StageKind
from tests.decisions.living_desk import Desk
from tests.decisions.living_runs import Touch


class Life(Desk):
    """All subjects of one small installation, and what people do."""

    # --- people act --------------------------------------------------------------------------

    def create(self, view: SubjectView) -> None:
        self.views[view.id] = view
        for table in (self.runs, self.holds, self._past, self._last_fired, self._armed):
            table[view.id] = {}
        self._firings[view.id] = Counter()
        self.truth.entries[view.id], self.truth.answers[view.id] = [], []

    def enter(self, subject: int, kind: StageKind, *, forward: bool = True) -> None:
        stage = f"st-{kind.value}"
        self.truth.entries[subject].append((self.now, stage))
        self._change(subject, stage_id=stage, stage_kind=kind, stage_entered_at=self.now)
        cause = stage_anchor(stage, self.now)
        self._tell(SignalKind.STAGE_ENTERED, subject, cause, stage=kind, forward=forward)
        if kind in (StageKind.WON, StageKind.LOST):
            self._tell(SignalKind.CLOSED, subject, cause, stage=kind)

    def reply(self, subject: int) -> None:
        self.truth.answers[subject].append(self.now)
        self._change(subject, last_reply_at=self.now, last_activity_at=self.now)
        self._tell(SignalKind.REPLIED, subject, f"email:{self.now}")

    def meet(self, subject: int) -> None:
        self._change(subject, last_meeting_at=self.now, last_activity_at=self.now)
        self._tell(SignalKind.MEETING_HELD, subject, f"meeting:{self.now}")

    def opt_out(self, contact: str) -> None:
        self.truth.opted_out.setdefault(contact, self.now)
        self._contact(contact, SignalKind.OPTED_OUT, opted_out=True)

    def bounce(self, contact: str) -> None:
        self.truth.bounced.setdefault(contact, self.now)
        self._contact(contact, SignalKind.BOUNCED, bounced=True)

    def control(self, subject: int, value: str, until: int | None = None) -> None:
        self.truth.stopped.discard(subject)
        self.truth.paused.pop(subject, None)
        if value == "stop":
            self.truth.stopped.add(subject)
        elif value == "pause":
            self.truth.paused[subject] = until or 1 << 60
        self._change(subject, control=value, pause_until=until)
        self._tell(
            SignalKind.CONTROL_CHANGED, subject, f"control:{self.now}", data={"control": value}
        )
        self._ask_again(subject)

    def hold(self, subject: int, until: int) -> None:
        self.truth.held[subject] = until
        self.holds[subject]["out_of_office"] = Business(until)

    def release(self, subject: int) -> None:
        self.truth.held.pop(subject, None)
        self.holds[subject].clear()
        self._ask_again(subject)

    def own(self, subject: int, owner: str) -> None:
        """Another owner; open tasks that nobody touched go along."""
        before = self.views[subject].owner_id
        self._change(subject, owner_id=owner)
        for touch in self._touches(subject, "open"):
            if touch.owner == before and not touch.edited:
                touch.owner = owner
        self._tell(SignalKind.OWNER_CHANGED, subject, f"owner:{self.now}")
        self._ask_again(subject)

    def delete(self, subject: int) -> None:
        self.truth.deleted.add(subject)
        self._change(subject, deleted=True)
        self._tell(SignalKind.DELETED, subject, f"deleted:{self.now}")

    def away(self, owner: str, until: int) -> None:
        self.truth.away[owner] = (self.now, until)
        self.people[owner] = replace(self.people[owner], absences=((self.now, until),))

    def stop_everything(self, stopped: bool) -> None:
        self.truth.all_stopped = stopped
        self.settings = replace(self.settings, stopped=stopped)
        if not stopped:
            for subject in self.views:
                self._ask_again(subject)

    def open_tasks(self) -> list[Touch]:
        return [touch for subject in self.views for touch in self._touches(subject, "open")]

    def finish(self, touch: Touch, *, deleted: bool = False) -> None:
        """A rep completes the task, or throws it away."""
        touch.state, touch.over_at = "deleted" if deleted else "done", self.now
        subject = touch.run.begun.subject
        if not deleted:
            self._change(subject, last_activity_at=self.now)
        self._tell(
            SignalKind.TASK_DELETED if deleted else SignalKind.TASK_COMPLETED,
            subject, f"task:{touch.planned.id}",
            data={"enrolment": touch.run.begun.id, "step": touch.planned.step.id},
        )  # fmt: skip
        self._ask_again(subject)

    def say_again(self, which: int) -> None:
        """What was told already comes once more, by another path."""
        if self._said and not self.asleep:
            self._heard(self._said[which % len(self._said)])
            self._drain()

    # --- time --------------------------------------------------------------------------------

    def sleep(self) -> None:
        """From now on nothing is heard and nothing done; people and time go on."""
        self.asleep = True

    def wake(self) -> None:
        self.asleep = False
        untold, self._untold = self._untold, []
        for signal in untold:
            self._heard(signal)
        self._drain()

    def pass_time(self, until: int) -> None:
        while not self.asleep and self.heap and self.heap[0][0] <= until:
            self.now = Business(max(self.now, self.heap[0][0]))
            self._drain()
        self.now = Business(max(self.now, until))
        if not self.asleep:
            self._drain()

    def jump(self, by: int) -> None:
        """The clock goes on, or back, at once; what fell due between is due by then."""
        self._latest = self.latest
        self.now = Business(self.now + by)
        if not self.asleep:
            self._drain()

    # --- what is heard -----------------------------------------------------------------------

    def _change(self, subject: int, **fields: Any) -> None:
        self.views[subject] = replace(self.views[subject], **fields)

    def _contact(self, contact: str, kind: SignalKind, **fields: Any) -> None:
        self.contacts[contact] = replace(self.contacts[contact], **fields)
        for subject, view in self.views.items():
            if any(one.crm_id == contact for one in view.contacts):
                people = tuple(self.contacts[one.crm_id] for one in view.contacts)
                self._change(subject, contacts=people)
                self._tell(kind, subject, f"{kind.value}:{contact}:{self.now}", contact=contact)

    def _tell(self, kind: SignalKind, subject: int, cause: str, **more: Any) -> None:
        signal = Signal(kind, subject, self.now, cause, **more)
        self._said.append(signal)
        if self.asleep:
            self._untold.append(signal)
            return
        self._heard(signal)
        self._drain()

    def _heard(self, signal: Signal) -> None:
        subject = signal.subject
        view, calendar = self.views[subject], self._calendar(subject)
        for run in list(self.runs[subject].values()):
            self._take(subject, advance(run.view, signal, view, calendar, self.now))
        made = decide(signal, self._context(subject), self.now)
        told = {line.scope for line in made.explanations}
        for active in self.rules:
            scope = f"rule:{active.rule.key}"
            if waits_for(active.rule.when, signal, view.type) and scope not in told:
                self.unexplained.append(f"{scope} said nothing of {signal.cause}")
        self._take(subject, made)
        if signal.kind in ACTIVITY or signal.kind is SignalKind.STAGE_ENTERED:
            self._take(subject, arm(self._context(subject), self.now))
