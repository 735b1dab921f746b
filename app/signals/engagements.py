"""E-mails, calls and meetings that other people or tools put into the CRM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.model.time import HOUR
from app.model.vocabulary import SignalKind
from app.signals.contacts import PersonFact

ASK_AFTER_MS = 2 * HOUR
"""A meeting that ended without an outcome is asked about, never taken for a no-show."""

_OUTCOMES = {
    "held": SignalKind.MEETING_HELD,
    "no_show": SignalKind.MEETING_MISSED,
    "cancelled": SignalKind.MEETING_CANCELLED,
}


_MISSED = frozenset({"no_answer", "busy", "left_voicemail", "missed"})
"""Outcomes of a call to which nobody answered. What was said to somebody else is a call that was
answered; with a wrong number nothing was missed."""


def unanswered(fields: Mapping[str, Any]) -> bool:
    """Whether nobody answered a call of a rep's."""
    how = fields.get("disposition") or fields.get("status")
    return how in _MISSED and fields.get("direction") != "in"


def email_facts(record_id: str, fields: Mapping[str, Any]) -> list[PersonFact]:
    """An incoming e-mail is a reply; one that a rep sent is activity."""
    at = fields.get("at") or 0
    if fields.get("direction") == "in":
        data = {"email": record_id, "subject": fields.get("subject") or ""}
        return [PersonFact(SignalKind.REPLIED, at, f"reply:{at}", data)]
    return [PersonFact(SignalKind.REP_ACTIVITY, at, f"email:{record_id}", {"what": "email"})]


def call_facts(record_id: str, fields: Mapping[str, Any]) -> list[PersonFact]:
    """A call is activity, whoever answered; one of a rep's that nobody answered is missed besides.
    """
    at = fields.get("at") or 0
    data = {"what": "call", "owner": fields.get("owner")}
    facts = [PersonFact(SignalKind.REP_ACTIVITY, at, f"call:{record_id}", data)]
    if unanswered(fields):
        how = fields.get("disposition") or fields.get("status")
        missed = {**data, "call": record_id, "how": how}
        facts.append(PersonFact(SignalKind.CALL_MISSED, at, f"missed:{record_id}", missed))
    return facts


def meeting_facts(
    record_id: str,
    known: Mapping[str, Any] | None,
    fields: Mapping[str, Any],
    created_at: int,
    updated_at: int,
) -> list[PersonFact]:
    """Booked when first seen open; held, missed or cancelled when its outcome turns so."""
    outcome = fields.get("outcome")
    start = fields.get("start_at") or created_at
    before = known.get("outcome") if known else None
    facts: list[PersonFact] = []
    data = {"meeting": record_id, "start_at": start, "title": fields.get("title") or ""}
    if known is None and outcome in (None, "scheduled", "rescheduled"):
        facts.append(
            PersonFact(SignalKind.MEETING_BOOKED, created_at, f"booked:{record_id}", data)
        )
    kind = _OUTCOMES.get(outcome or "")
    if kind is not None and outcome != before:
        at = max(updated_at, start)
        facts.append(PersonFact(kind, at, f"{outcome}:{record_id}", data))
    return facts


def outcome_due(fields: Mapping[str, Any]) -> int | None:
    """When to ask what came of a meeting: two hours after its end, if nobody has said."""
    if fields.get("outcome") not in (None, "scheduled"):
        return None
    end = fields.get("end_at") or fields.get("start_at")
    return end + ASK_AFTER_MS if end else None
