"""Rows of the mirror as the records that decisions read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.model.records import BY_PHONE, ContactView, Place, SubjectView
from app.model.time import Business
from app.model.vocabulary import Momentum, StageKind, SubjectType
from app.store.sets import loads

Row = Mapping[Any, Any]


def subject_view(
    row: Row, contact: Row | None, kind: StageKind, people: tuple[ContactView, ...]
) -> SubjectView:
    """A row of `subjects`. contact: its row of `contacts`, where it is one, whose fields it has
    beside its own.

    kind: of its stage, as the installation confirmed it.
    """
    raw, theirs = row["fields"], (contact.get("fields") or "{}") if contact is not None else "{}"
    own: Mapping[str, Any] = {} if raw == "{}" else loads(raw)
    return SubjectView(
        id=row["id"],
        type=SubjectType(row["type"]),
        crm_id=row["crm_id"],
        first_seen=(row["first_type"], row["first_id"]),
        name=row["name"],
        pipeline=row["pipeline_id"],
        stage_id=row["stage_id"],
        stage_kind=kind,
        stage_entered_at=row["stage_entered_at"],
        owner_id=row["owner_id"],
        amount=row["amount"],
        currency=row["currency"],
        created_at=row["created_at"],
        control=row["control"],
        pause_until=row["pause_until_at"],
        last_activity_at=row["last_activity_at"],
        last_reply_at=_by_a_person(row),
        last_meeting_at=row["last_meeting_at"],
        next_meeting_at=row["next_meeting_at"],
        deleted=bool(row["deleted"]),
        contacts=people,
        fields=own if theirs == "{}" else {**loads(theirs), **own},
        momentum=row["momentum"] or Momentum.WARM.value,
        next_activity_at=row["next_activity_at"],
        momentum_at=row["momentum_at"],
        owner_at=row["owner_at"],
    )


def _by_a_person(row: Row) -> Business | None:
    """When somebody last replied; a machine's answer is none."""
    latest = row["last_reply_at"]
    return None if latest is not None and latest == row.get("machine_reply_at") else latest


def person_view(
    contact_id: str,
    row: Row | None,
    primary: bool,
    labels: tuple[str, ...],
    suppressed: str | None,
) -> ContactView:
    """A row of `contacts` on a subject; None where the contact was never read."""
    row = row or {}
    raw = row.get("fields") or "{}"
    fields: Mapping[str, Any] = {} if raw == "{}" else loads(raw)
    return ContactView(
        crm_id=contact_id,
        name=row.get("name") or "",
        email=row.get("email") or "",
        zone=row.get("zone"),
        # A contact that was never read has no row: its consent is unknown, which is None.
        opted_out=row.get("opted_out"),
        bounced=bool(row.get("bounced")),
        control=row.get("control") or "run",
        primary=primary,
        # A role that the contact has wherever it stands counts like a label on this record.
        labels=(*labels, *(fields.get("buying_roles") or ())),
        last_two_way_at=row.get("last_two_way_at"),
        suppressed=suppressed,
        fields=fields,
        in_sequence=row.get("in_sequence"),
        nearby=nearby(row),
    )


def nearby(row: Row) -> tuple[Place, ...]:
    """Where a contact may be by what is not the CRM's own word on it, the surest first."""
    phone, company = row.get("phone_zones"), row.get("company_zones")
    if not phone and not company:
        return ()
    known = ((BY_PHONE, phone), (row.get("company_by"), company))
    return tuple(Place(by, tuple(zones.split())) for by, zones in known if by and zones)
