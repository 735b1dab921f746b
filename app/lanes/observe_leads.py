"""A contact that is a subject of its own: its mapped fields, its owner, what comes next with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind
from app.signals.fields import field_changes
from app.store.sets import loads
from connectors.contract import CrmRecord

if TYPE_CHECKING:
    from app.lanes.observe import Observer


def lead_changes(
    observer: Observer, record: CrmRecord, row: Mapping[str, Any] | None, fresh: Mapping[str, Any]
) -> list[Signal]:
    """What changed of the inquiry; nothing where the contact is no subject of its own.

    row: of `contacts` as we knew it. fresh: the same as just read.
    """
    subject_id = observer.subject_of("contact", record.id)
    subject = observer.snapshot.rows.get(subject_id) if subject_id is not None else None
    if subject_id is None or subject is None:
        return []
    signals = _fields(observer, record, row, subject_id)
    if subject["modified_at"] is None or subject["deleted"]:
        return signals
    ahead = record.fields.get("next_activity_at")
    if ahead != subject["next_activity_at"]:
        observer.found.change(subject_id, observer.snapshot, {"next_activity_at": ahead})
    if loads(subject["fields"]).get("leads"):
        return signals  # whose lead it is follows it up, not whose the person is
    return [*signals, *owner_change(observer, subject_id, fresh["owner_id"], record.updated_at)]


def owner_change(
    observer: Observer, subject_id: int, owner: str | None, at: int
) -> list[Signal]:
    """Another owner of an inquiry, noticed with a change at that instant; nothing if it is not."""
    before, owner = observer.snapshot.rows[subject_id]["owner_id"], owner or None
    if before == owner:
        return []
    changed = {"owner_id": owner, "owner_at": at}
    observer.found.change(subject_id, observer.snapshot, changed)
    cause, data = f"owner:{owner or ''}:{at}", {"from": before, "to": owner}
    return [Signal(SignalKind.OWNER_CHANGED, subject_id, Business(at), cause, data=data)]


def _fields(
    observer: Observer, record: CrmRecord, row: Mapping[str, Any] | None, subject_id: int
) -> list[Signal]:
    kept = observer.tenant.kept("contact")
    if not kept or row is None:
        return []
    known = loads(row["fields"])
    return field_changes(subject_id, known, record.fields, kept, record.updated_at)[1]
