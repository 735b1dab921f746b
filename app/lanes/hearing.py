"""What records of the CRM say of replies: a property that a workflow or a rep sets, and a mail in
which somebody wrote one letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from app.lanes.heard import Heard, event_of
from app.lanes.snapshot import Snapshot
from app.model.replies import Said
from app.model.time import Business
from app.model.vocabulary import ReplyClass
from app.signals.reply_dates import read_date
from app.signals.reply_mail import choice_of
from connectors.contract import CrmRecord, Event

REPLY_CLASS, REPLY_DATE = "reply_class", "reply_date"
"""Names under which an admin maps properties of deals or contacts that say what a reply means."""

THE_CRM, THE_MAIL = "The CRM", "The mail itself"


def property_event(
    type: str, record: CrmRecord, known: Mapping[str, Any], today: date, now: Business
) -> Event | None:
    """What a record's mapped properties newly say; None where they say what they said.

    known: mapped fields as last read; what was never read before is where it stood, not news.
    """
    if REPLY_CLASS not in known:
        return None
    names = (REPLY_CLASS, REPLY_DATE)
    was = tuple(known.get(name) for name in names)
    word, day = (record.fields.get(name, known.get(name)) for name in names)
    if not word or (word, day) == was:
        return None
    said = _said(str(word), day, today)
    return event_of(
        Heard(type, record.id, said, now), f"{type}:{record.id}:{record.updated_at}:{word}:{day}"
    )


def _said(word: str, day: Any, today: date) -> Said:
    name = "_".join(word.strip().lower().replace("-", " ").split())
    known = {kind.value: kind for kind in ReplyClass}
    if name not in known:
        return Said(ReplyClass.UNCLASSIFIED, words=word, by=THE_CRM)
    read = read_date(day, today)
    words = "" if day is None else str(day)
    return Said(known[name], read.day, read.readings, words, THE_CRM)


def letter_events(
    record: CrmRecord, contacts: Sequence[str], snapshot: Snapshot, now: Business
) -> Iterator[Event]:
    """A mail of one letter, as a choice of its writer's; whether anything had asked for one is seen
    when it is acted on. Nothing where the account does not let us read mail."""
    if record.fields.get("direction") != "in":
        return
    kind = choice_of(record.fields.get("text"))
    address = (record.fields.get("from_email") or "").lower()
    wrote = [
        one for one in contacts
        if len(contacts) == 1
        or (snapshot.people.get(one) or {}).get("email", "").lower() == address
    ]  # fmt: skip
    if kind is not None and len(wrote) == 1:
        said = Said(kind, by=THE_MAIL)
        heard = Heard("contact", wrote[0], said, now, only_asked=True)
        yield event_of(heard, f"email:{record.id}")
