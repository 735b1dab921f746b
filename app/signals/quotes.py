"""Quotes that are records of the CRM: what they newly say, and what a deal keeps of them.

How a quote stands is read off the record; since when, off its own dates, else off its history, else
off its last change. That it expires is no change of the record: it is so once the day to which it
is valid is over and nobody has answered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.quotes import EXPIRES, LAST, SENT_AT, STATUS
from app.model.time import MINUTE, Business
from connectors.contract import CrmRecord

SENT, ACCEPTED, REJECTED, EXPIRED = "sent", "accepted", "rejected", "expired"
_DRAFT, _WITHDRAWN = "draft", "withdrawn"

_EVENTS = {
    SENT: "quote_sent",
    ACCEPTED: "quote_accepted",
    REJECTED: "quote_rejected",
    EXPIRED: "quote_expired",
    _DRAFT: "quote_withdrawn",
    _WITHDRAWN: "quote_withdrawn",
}

_SHOWN = ("title", "amount", "currency", "url")
_DATES = ("accepted_at", "signed_at", "paid_at")


@dataclass(slots=True)
class Reading:
    """What a reading of a quote comes to.

    known: what is kept of it, none of it words of a person's. event: the name of what it newly
    says; None where that is nothing. at: since when it stands as it does. expires_at: when it will
    have expired, while it is open. data: what the event says.
    """

    known: dict[str, Any]
    at: Business
    event: str | None = None
    expires_at: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_open(self) -> bool:
        return self.known["state"] == SENT


def read_quote(
    record: CrmRecord,
    known: Mapping[str, Any] | None,
    deals: Iterable[str],
    end: int | None,
    now: int,
    begun: int | None,
) -> Reading | None:
    """Compare a quote with what was known of it. None where this is an older reading than that: a
    CRM that answers late would else have a quote that is out taken back, and sent once more.

    end: when the day is over to which it is valid; None where none is said. begun: since when this
    account's quotes are read; None while they are not. What was so before is remembered and no
    news, and so is whatever a quote older than that says at first sight where the CRM does not tell
    since when.
    """
    if known and record.updated_at < known["seen"] and known["state"] != _WITHDRAWN:
        return None
    fields = record.fields
    state = _state(fields, end, now)
    at, is_told = _since(record, state, end, known["seen"] if known else 0)
    before = known["state"] if known else None
    sent_at = known["sent_at"] if known else None
    found = Reading(
        {
            "state": state,
            "expires": fields.get("expires"),
            "seen": max(known["seen"] if known else 0, record.updated_at),
            "sent_at": at if state == SENT and before != SENT and before != EXPIRED else sent_at,
            "deals": sorted(deals),
        },
        at,
        expires_at=end if state == SENT else None,
        data={name: fields[name] for name in _SHOWN if fields.get(name) is not None},
    )
    since = at if is_told else record.created_at
    if _speaks(state, before) and (known is not None or (begun is not None and since >= begun)):
        found.event = _EVENTS[state]
    return found


def quote_gone(known: Mapping[str, Any], at: int) -> Reading:
    """A quote that somebody deleted."""
    found = Reading({**known, "state": _WITHDRAWN, "seen": at}, Business(at))
    if _speaks(_WITHDRAWN, known["state"]):
        found.event = _EVENTS[_WITHDRAWN]
    return found


def _speaks(state: str, before: str | None) -> bool:
    """Whether a new state is an event. What was never out is not taken back; a longer validity is
    no second sending."""
    if state == before:
        return False
    if state == SENT:
        return before != EXPIRED
    if state in (_DRAFT, _WITHDRAWN):
        return before == SENT
    return state != EXPIRED or before in (SENT, None)


def _state(fields: Mapping[str, Any], end: int | None, now: int) -> str:
    word = fields.get("lifecycle") or fields.get("status") or _DRAFT
    if fields.get("signed") or fields.get("paid") or any(fields.get(name) for name in _DATES):
        return ACCEPTED
    return EXPIRED if word == SENT and end is not None and end <= now else word


def _since(record: CrmRecord, state: str, end: int | None, seen: int) -> tuple[Business, bool]:
    """Since when it stands so, and whether the CRM says it; else that is its last change.

    seen: its last change as known before. What the history tells of the time before that did not
    bring about anything new: a property did whose history is not read.
    """
    if state == ACCEPTED:
        for name in _DATES:
            if record.fields.get(name):
                return Business(record.fields[name]), True
    if state == EXPIRED and end is not None:
        return Business(end), True
    since = None
    for version in reversed(record.history.get("status", ())):
        if version.value != state:
            break
        since = version.at
    if since is not None and since + MINUTE >= seen:
        return since, True
    return record.updated_at, False


def kept_of(
    quote: str, found: Reading, fields: Mapping[str, Any], own: Collection[str] = ()
) -> dict[str, Any]:
    """What changes in what a deal keeps of its quotes. fields: the deal's, as known. own: names of
    those that the account has mapped; where one is a name of ours, theirs stands.

    The quote that was sent last counts; an older one that is read again says nothing of how the
    deal stands.
    """
    sent_at, state = found.known["sent_at"], found.known["state"]
    if sent_at is None:
        return {}
    before, last = fields.get(LAST) or (0, quote)
    if last != quote and sent_at < before:
        return {}
    fresh = {
        STATUS: _WITHDRAWN if state == _DRAFT else state,
        EXPIRES: found.known["expires"] if state == SENT else None,
        SENT_AT: sent_at,
        LAST: [sent_at, quote],
    }
    changed = {name: value for name, value in fresh.items() if fields.get(name) != value}
    return {name: value for name, value in changed.items() if name not in own}
