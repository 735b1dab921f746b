"""Records that go and come back: deleted, restored, and people who must not come back."""

from __future__ import annotations

from typing import Any

from app.lanes.observe import Observer
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind
from app.signals.contacts import PersonFact, contact_values
from app.store import mirror


class LifeObserver:
    """The part of observing that concerns the ends of records; its findings are the observer's."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def deleted(self, type: str, crm_id: str, at: int) -> None:
        """A record is gone: its enrolments end, or those of the person who is gone."""
        observer = self._observer
        found, snapshot = observer.found, observer.snapshot
        cause = f"deleted:{type}:{crm_id}:{at}"
        if type == "contact":
            row = snapshot.people.get(crm_id) or contact_values({}, 0)
            known: dict[str, Any] = {name: row[name] for name in mirror.CONTACT_COLUMNS}
            found.contacts[crm_id] = {**known, "deleted": True}
            snapshot.lay_over_contact(crm_id, {"deleted": True})
            observer.facts([PersonFact(SignalKind.DELETED, at, cause)], [crm_id], [])
        subject_id = observer.subject_of(type, crm_id)
        if subject_id is not None and not snapshot.rows[subject_id]["deleted"]:
            found.change(subject_id, snapshot, {"deleted": True})
            observer.signal(Signal(SignalKind.DELETED, subject_id, Business(at), cause))
