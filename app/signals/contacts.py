"""Contacts: consent, bounces, forms and replies, told as what changed for the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.installations.whereabouts import zones_of_phone
from app.model.vocabulary import SignalKind
from app.store.sets import dumps, loads

STAMPS: Mapping[str, SignalKind] = {
    "opened_at": SignalKind.OPENED,
    "clicked_at": SignalKind.CLICKED,
}
"""Fields that say when a person last did something with a mail → the signal that they moved. Of
several such deeds between two readings only the last is seen."""


@dataclass(slots=True)
class PersonFact:
    """A fact about a person, which becomes a signal for each of their subjects."""

    kind: SignalKind
    at: int
    cause: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])


def contact_values(
    fields: Mapping[str, Any], created_at: int, kept: Sequence[str] = ()
) -> dict[str, Any]:
    """Columns of `contacts` for a contact as read. kept: mapped fields beyond the columns."""
    first, last = fields.get("first_name") or "", fields.get("last_name") or ""
    return {
        "name": f"{first} {last}".strip(),
        "email": (fields.get("email") or "").strip().lower(),  # one person may be there twice
        "zone": fields.get("zone"),
        # An unset consent property is a contact that never opted out; a property that the CRM
        # would not show us is missing altogether, and then nobody may be contacted.
        "opted_out": bool(fields["opted_out"]) if "opted_out" in fields else None,
        "bounced": bool(fields.get("bounced")),
        "control": fields.get("control") or "run",
        "owner_id": fields.get("owner"),
        "created_at": fields.get("created_at") or created_at,
        "last_reply_at": fields.get("last_reply_at"),
        "form_submitted_at": fields.get("form_submitted_at"),
        "fields": dumps({name: fields.get(name) for name in kept}) if kept else "{}",
        "deleted": False,
        "in_sequence": (fields.get("sequence") or "unknown") if fields.get("in_sequence") else None,
        "contacted": _count(fields.get("contacted")),
        "contacted_first": None,  # known to whoever compares with what was read before
        "contacted_at": fields.get("last_contacted_at"),
        "phone_zones": zones_of_phone(fields.get("phone")),
    }


def contacted_since(row: Mapping[str, Any] | None, fresh: dict[str, Any]) -> int:
    """How often the CRM counts the person as contacted since our mirror's row, by anybody.

    Sets `contacted_first` of the fresh values: where we began to count. Our own tasks are no
    contact in the CRM's sense, so nothing of ours is in the difference but what reps logged.
    """
    known = row["contacted"] if row is not None else None
    if fresh["contacted"] is None:
        fresh["contacted"] = known  # the property is not shown; what was read still holds
    if known is None:
        fresh["contacted_first"] = fresh["contacted"]
        return 0
    fresh["contacted_first"] = row["contacted_first"] if row is not None else None
    return max(0, fresh["contacted"] - known)


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def contact_facts(
    contact_id: str,
    row: Mapping[str, Any] | None,
    fresh: dict[str, Any],
    fields: Mapping[str, Any],
    updated_at: int,
) -> list[PersonFact]:
    """What changed for this person since our mirror's row. row None: not known before."""
    facts: list[PersonFact] = []

    def was(column: str) -> Any:
        return row[column] if row is not None else None

    if fresh["opted_out"] and not was("opted_out"):
        facts.append(PersonFact(SignalKind.OPTED_OUT, updated_at, f"opt_out:{contact_id}"))
    if fresh["bounced"] and not was("bounced"):
        facts.append(PersonFact(SignalKind.BOUNCED, updated_at, f"bounce:{contact_id}"))
    submitted = fresh["form_submitted_at"]
    if submitted and submitted > (was("form_submitted_at") or 0):
        data = {"form": fields.get("form_name") or ""}
        facts.append(
            PersonFact(SignalKind.FORM_SUBMITTED, submitted, f"form:{contact_id}:{submitted}", data)
        )
    replied = fresh["last_reply_at"]
    if replied and replied > (was("last_reply_at") or 0):
        facts.append(PersonFact(SignalKind.REPLIED, replied, f"reply:{replied}"))
    facts.extend(_mail_seen(contact_id, row, fields))
    if "control" not in fields:
        fresh["control"] = was("control") or "run"  # the property is gone, not the rep's word
    if fresh["control"] != (was("control") or "run"):
        facts.append(
            PersonFact(
                SignalKind.CONTROL_CHANGED,
                updated_at,
                f"control:{contact_id}:{updated_at}",
                {"control": fresh["control"], "of": "contact"},
            )
        )
    return facts


def _mail_seen(
    contact_id: str, row: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> list[PersonFact]:
    """Stamps of mail that moved. What was never read before has not moved."""
    known = loads(row["fields"]) if row is not None else {}
    return [
        PersonFact(kind, at, f"{kind.value}:{contact_id}:{at}")
        for name, kind in STAMPS.items()
        if name in known and (at := fields.get(name)) and at > (known[name] or 0)
    ]
