"""What the fields of a condition are, for whoever does not know their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.model.events import EVENTS, QUOTE_STATES
from app.model.vocabulary import Momentum, StageKind, SubjectType

_OF_RECORD = {
    "name": "name of the {}",
    "amount": "amount of the {}, in the company's currency",
    "currency": "currency of the {}'s amount, such as EUR",
    "stage": "stage of the {}, by the CRM's own id",
    "stage_kind": "kind of stage in which the {} stands",
    "stage_entered_at": "when the {} entered its stage",
    "pipeline": "pipeline of the {}, by the CRM's own id",
    "owner": "owner of the {}, by the CRM's own id",
    "created_at": "when the {} was created",
    "last_activity_at": "when anybody last did something on the {}",
    "last_reply_at": "when they last replied",
    "next_meeting_at": "when the next meeting is",
    "contacts": "how many people are on the {}",
    "momentum": "momentum of the {}: hot, warm or recycle (laid aside)",
    "close_date": "day on which the {} is expected to close",
    "quote_status": "how the quote stands that was sent last on the {}",
    "quote_expires": "day to which that quote is valid; empty unless it is open",
    "quote_sent_at": "when that quote went out",
}
_OF_PERSON = {
    "name": "name of the person",
    "email": "e-mail address of the person",
    "zone": "time zone of the person, such as Europe/Berlin",
    "opted_out": "whether the person has opted out: true or false",
    "bounced": "whether the person's address bounces: true or false",
    "control": "what a rep set for the person: run, pause or stop",
}

CLOSED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("deal.stage_kind", "subject.stage_kind"), tuple(map(str, StageKind))),
    **dict.fromkeys(("deal.momentum", "subject.momentum"), tuple(map(str, Momentum))),
    "subject.type": tuple(kind.value for kind in SubjectType),
    "deal.quote_status": QUOTE_STATES,
}
"""Fields of which only some words are possible."""


def words_of(field: str) -> str:
    """`deal.amount` → "amount of the deal, …"; empty for what the account itself has mapped."""
    owner, _, name = field.partition(".")
    if field == "subject.type":
        return "what the record is: a deal, a lead or a contact"
    if owner == "engagement" and name:
        return f"how many things they did in the last {name}"
    if owner == "event" and name:
        return f"what the event says under “{name}”"
    if owner == "contact":
        return _OF_PERSON.get(name, "")
    if owner in ("deal", "subject"):
        return _OF_RECORD.get(name, "").format("deal" if owner == "deal" else "record")
    return ""


def event_fields() -> list[str]:
    """`event.…` of all standard events, for completion."""
    return sorted({f"event.{name}" for one in EVENTS.values() for name in one.fields})
