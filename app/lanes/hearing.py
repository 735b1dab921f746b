"""What records of the CRM say of replies: a property that a workflow or a rep sets, and a mail in
which somebody wrote one letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from app.decisions.exits import NO_END
from app.decisions.reply_table import no_end
from app.decisions.timing import local_date
from app.lanes.context import Tenant
from app.lanes.heard import Heard, event_of
from app.lanes.snapshot import Snapshot
from app.model.replies import MACHINES, Said
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import ReplyClass
from app.signals.reply_dates import read_date
from app.signals.reply_mail import choice_of
from app.store.sets import loads
from connectors.contract import CrmRecord, Event

REPLY_CLASS, REPLY_DATE = "reply_class", "reply_date"
"""Names under which an admin maps properties of deals or contacts that say what a reply means."""

THE_CRM, THE_MAIL = "The CRM", "The mail itself"


def property_events(
    tenant: Tenant, record: CrmRecord, row: Mapping[str, Any], now: Business
) -> list[Event]:
    """What a record's mapped properties newly say; nothing where they say what they said.

    row: of our mirror; what was never read before is where it stood, not news.
    """
    if REPLY_CLASS not in tenant.kept(record.type):
        return []
    known = loads(row["fields"])
    if REPLY_CLASS not in known:
        return []
    names = (REPLY_CLASS, REPLY_DATE)
    was = tuple(known.get(name) for name in names)
    word, day = (record.fields.get(name, known.get(name)) for name in names)
    if not word or (word, day) == was:
        return []
    said = _said(str(word), day, date.fromisoformat(local_date(now, tenant.zone)))
    key = f"{record.type}:{record.id}:{record.updated_at}:{word}:{day}"
    return [event_of(Heard(record.type, record.id, said, now), key)]


def as_reply(signal: Signal, snapshot: Snapshot) -> tuple[dict[str, Any], Signal | None]:
    """What a reply that comes in changes of its subject, and the signal that it is; None where it
    was said already to be a machine's, which is no reply, no activity, and not to be taken for one
    again."""
    values: dict[str, Any] = {"last_reply_at": signal.at}
    meant = _said_before(signal, snapshot)
    if meant is None:
        return values, signal
    if meant.kind in MACHINES:
        return {**values, "machine_reply_at": signal.at}, None
    return values, replace(signal, data={**signal.data, NO_END: meant.kind.value})


def _said_before(signal: Signal, snapshot: Snapshot) -> Said | None:
    """What was said of this reply before the mail came, where that is no end."""
    linked = snapshot.links.get(signal.subject, ())
    for contact in [signal.contact] if signal.contact else [one for one, _, _ in linked]:
        said = (snapshot.people.get(contact) or {}).get("reply_said")
        meant = no_end(loads(said), signal.at) if said else None
        if meant is not None:
            return meant
    return None


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
