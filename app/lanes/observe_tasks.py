"""Tasks as read: what reps made of ours, and others' as activity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.decisions.timing import end_of_due_day
from app.lanes.observe import Observer
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Outcome, SignalKind, TouchState
from app.signals.activities import task_done
from app.signals.contacts import PersonFact
from app.signals.tasks import task_change
from app.store.sets import loads
from connectors.contract import CrmRecord


class TaskObserver:
    """The part of observing that concerns tasks; its findings are the observer's."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def read(self, records: Iterable[CrmRecord]) -> None:
        """Our tasks as reps left them, and others' tasks as activity once completed."""
        for record in records:
            stored = self._observer.snapshot.objects.get(("task", record.id))
            if stored is None or stored["touch_id"] is None:
                self._foreign_task(record)
                continue
            touch = self._observer.snapshot.touches.get(stored["touch_id"])
            if touch is None:  # a manager's digest: whatever becomes of it is nothing about a deal
                continue
            change = task_change(
                loads(stored["known"]), loads(stored["pending"]), record.fields, record.history
            )
            self._observer.found.objects["task"].append(
                {
                    "crm_id": record.id,
                    "touch_id": stored["touch_id"],
                    "known": change.known,
                    "pending": change.pending,
                }
            )
            if not change.touched:
                continue
            if change.edited:
                self._edited(touch, change.edited, record)
            if not change.completed:
                continue
            at = change.completed_at or record.updated_at
            done = task_done(record.id, at, record.fields.get("owner") or touch["owner_id"])
            self._observer.found.did([done], [touch["subject_id"]])
            if touch["outcome"] == Outcome.OPEN.value:
                self._close(touch, Outcome.COMPLETED, at, "completed_by_rep")
                self._observer.signal(
                    Signal(
                        SignalKind.TASK_COMPLETED, touch["subject_id"], Business(at),
                        f"task:{touch['id']}", contact=touch["contact_id"],
                        data={"touch": touch["id"], "step": touch["step"],
                              "enrolment": touch["enrolment_id"]},
                    )
                )  # fmt: skip
            elif touch["outcome"] == Outcome.LEFT.value:
                # Left to the rep when its sequence ended: no step follows, but somebody did
                # something about the deal, which is not silent any more.
                self._observer.signal(
                    Signal(
                        SignalKind.REP_ACTIVITY, touch["subject_id"], Business(at),
                        f"task:{touch['id']}", contact=touch["contact_id"], data={"what": "task"},
                    )
                )  # fmt: skip

    def _foreign_task(self, record: CrmRecord) -> None:
        touch_id = record.fields.get("touch_id")
        if touch_id:
            touch = self._observer.snapshot.touches.get(touch_id)
            if touch is not None and touch["state"] != TouchState.PERFORMED.value:
                self._observer.found.unadopted.add(record.id)
            return
        if record.fields.get("status") == "completed" and record.associations is not None:
            at = record.fields.get("completed_at") or record.updated_at
            fact = PersonFact(SignalKind.REP_ACTIVITY, at, f"task:{record.id}", {"what": "task"})
            linked = record.associations
            contacts, deals = linked.get("contact", []), linked.get("deal", [])
            self._observer.facts([fact], contacts, deals)
            done = task_done(record.id, at, record.fields.get("owner"))
            self._observer.found.did([done], self._observer.subjects_of(contacts, deals))

    def _edited(self, touch: Any, names: list[str], record: CrmRecord) -> None:
        due = record.fields.get("due_at") or touch["due_at"]
        owner = record.fields.get("owner") or touch["owner_id"]
        overdue = touch["overdue_at"]
        if "due_at" in names and touch["outcome"] == Outcome.OPEN.value:
            calendar = self._observer.tenant.calendar(owner, self._observer.now)
            overdue = end_of_due_day(Business(due), calendar)
        self._observer.found.edits.append(
            {"key": touch["id"], "due_at": due, "owner_id": owner, "overdue_at": overdue}
        )
        self._observer.signal(
            Signal(
                SignalKind.TASK_EDITED, touch["subject_id"], Business(record.updated_at),
                f"edit:{touch['id']}:{record.updated_at}", contact=touch["contact_id"],
                data={"touch": touch["id"], "step": touch["step"], "fields": names},
            )
        )  # fmt: skip

    def deleted(self, task_id: str, at: int) -> None:
        """Archived by somebody: our own resolution, or a rep's word that the step is over."""
        stored = self._observer.snapshot.objects.get(("task", task_id))
        if stored is None or stored["touch_id"] is None:
            return
        touch = self._observer.snapshot.touches.get(stored["touch_id"])
        if touch is None or touch["outcome"] != Outcome.OPEN.value:
            return
        if "archived" in loads(stored["pending"]):
            return
        self._close(touch, Outcome.DELETED, at, "deleted_by_rep")
        self._observer.signal(
            Signal(
                SignalKind.TASK_DELETED, touch["subject_id"], Business(at),
                f"task:{touch['id']}", contact=touch["contact_id"],
                data={"touch": touch["id"], "step": touch["step"],
                      "enrolment": touch["enrolment_id"]},
            )
        )  # fmt: skip

    def _close(self, touch: Any, outcome: Outcome, at: int, why: str) -> None:
        self._observer.found.closes.append(
            {"key": touch["id"], "outcome": outcome.value, "outcome_at": at, "outcome_why": why}
        )
        self._observer.snapshot.close_touch(touch["id"], outcome.value, at)
