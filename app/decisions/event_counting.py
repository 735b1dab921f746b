"""How often something happened lately, and with how many people: rules on repeated events and on a
surge of them.

Events count once each, by their cause. What an earlier firing of the rule rested on counts no more,
so that ten visits are three reasons to call and not eight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, needs
from app.decisions.context import RuleContext
from app.decisions.dates import date_of
from app.decisions.timing import owed_at
from app.model.playbook import ActiveRule, When
from app.model.records import Happened
from app.model.signals import Signal
from app.model.vocabulary import EnrolmentState, SignalKind

EVENT_FIELD = "event."
"""Prefix of a condition's field that asks what the event says."""

COUNTED = frozenset({SignalKind.EVENT, SignalKind.SURGE})


def names_it(when: When, signal: Signal) -> bool:
    """Whether a signal is among those that a rule on events or on a surge counts."""
    if when.kind is SignalKind.EVENT:
        return signal.kind is SignalKind.EVENT and signal.data.get("name") in when.events
    return name_of(signal) in when.events


def name_of(signal: Signal) -> str:
    """What a signal is called where several kinds are counted together."""
    if signal.kind is SignalKind.EVENT:
        return str(signal.data.get("name"))
    return signal.kind.value


def said(signal: Signal) -> Mapping[str, Any] | None:
    """What an event says, for conditions and texts; None for signals that say nothing."""
    if signal.kind is SignalKind.EVENT:
        return signal.data.get("event") or {}
    if signal.kind is SignalKind.FORM_SUBMITTED:
        return {"form": signal.data.get("form") or None}
    return None


def with_event(context: RuleContext, signal: Signal) -> RuleContext:
    """The context in which conditions may ask what the event says."""
    event = said(signal)
    if event is None:
        return context
    return replace(context, subject=replace(context.subject, event=event))


def anchored(context: RuleContext, anchor: str) -> RuleContext:
    """The same for an event that is known by the anchor of what it began."""
    if not anchor.startswith(("event:", "form:")):
        return context
    event = next((one.data for one in context.happened if one.cause == anchor), {})
    return replace(context, subject=replace(context.subject, event=event))


def short_of(
    active: ActiveRule, signal: Signal, context: RuleContext
) -> tuple[str, Mapping[str, Any]] | None:
    """Why the signal is not enough for a rule that counts: (code, values); None if it is."""
    when = active.rule.when
    if when.kind not in COUNTED:
        return None
    for other in context.running:
        # Tasks of an earlier firing that nobody has done yet are followed up by being done.
        if (
            other.definition == active.rule.key
            and other.state is not EnrolmentState.ENDED
            and other.anchor != signal.cause
        ):
            return Code.STILL_RUNNING, {"enrolment": other.id}
    if when.near is not None:
        far = _too_far(when, signal, context)
        if far is not None:
            return far
    if when.count < 2 and when.persons < 2:
        return None
    counted = _counted(active, signal, context)
    people = {one.contact for one in counted if one.contact}
    if len(counted) >= when.count and len(people) >= when.persons:
        return None
    return Code.TOO_FEW, {
        "count": len(counted),
        "wanted": when.count,
        "persons": len(people),
        "wanted_persons": when.persons,
        "span": str(when.span),
    }


def _too_far(
    when: When, signal: Signal, context: RuleContext
) -> tuple[str, Mapping[str, Any]] | None:
    at = date_of(context.subject.fields, when.near or "", context.calendar.zone)
    values = {"field": when.near, "date": context.subject.fields.get(when.near or "")}
    if at is None:
        return Code.DATE_UNKNOWN, values
    if not signal.at <= at <= owed_at(signal.at, when.near_within, context.calendar):
        return Code.NOT_NEAR, {**values, "span": str(when.near_within)}
    return None


def _counted(active: ActiveRule, signal: Signal, context: RuleContext) -> list[Happened]:
    """What happened within the rule's span before the signal, the signal itself included."""
    when, span = active.rule.when, active.rule.when.span
    since = signal.at - span.approximate_ms() if span is not None else 0
    fired = context.last_fired.get(active.rule.key, -1)
    condition = active.rule.condition
    asks = any(field.startswith(EVENT_FIELD) for field in needs(condition))
    test = compile_condition(condition, context.roles)
    found: dict[str, Happened] = {}
    for one in context.happened:
        if not since <= one.at <= signal.at or one.at <= fired or one.name not in when.events:
            continue
        # An event that the rule's condition would not take is not one of those that it counts.
        told = replace(context.subject, event=one.data) if asks else context.subject
        if asks and not test(told, signal.at, context.calendar.zone):
            continue
        found[one.cause] = one
    if signal.cause not in found:
        found[signal.cause] = Happened(
            name_of(signal), signal.at, signal.cause, signal.contact, said(signal) or {}
        )
    return list(found.values())


def came_since(when: When, signal: Signal, context: RuleContext) -> dict[str, Any] | None:
    """The event whose absence the rule waits for and that came after its signal; None if none."""
    for one in context.happened:
        later = one.at > signal.at or (one.at == signal.at and one.cause != signal.cause)
        if later and one.name in when.unless_events:
            return {"signal": one.name, "at": one.at}
    return None


def lookback_ms(when: When) -> int:
    """How far back a rule on events looks, from the instant at which it is decided."""
    spans = [when.span] if when.kind in COUNTED and when.span is not None else []
    if when.unless_events and when.within is not None:
        spans.append(when.within)
    # Working days stretch over weekends and holidays.
    return sum(2 * span.approximate_ms() for span in spans)
