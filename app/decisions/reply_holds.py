"""Waiting because of a reply: for whom, until when, and what moves with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.decisions.codes import Code
from app.decisions.context import RuleContext
from app.decisions.dates import instant_of
from app.decisions.ending import ANCHOR, TIMER
from app.decisions.putting_off import days_apart, first_ahead, goes_on, put_off, resume
from app.decisions.reply_table import AWAY, DATED, REPLY_AT, Effect
from app.decisions.timing import next_working_day, owed_at, shift
from app.model.decisions import (
    Decision,
    DisarmTimer,
    EndEnrolment,
    EnrolmentView,
    Explanation,
    HoldContact,
    HoldSubject,
    LiftHolds,
)
from app.model.replies import ReplyGround, Said
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import StopReason


def wait_until(said: Said, effect: Effect, context: RuleContext, now: Business) -> Business | None:
    """When it may go on; None until a person says so."""
    calendar = context.calendar
    day = instant_of(said.date, calendar.zone)
    if day is not None:
        begins = Business(max(day, now))
        after = effect.counts == "after"
        return next_working_day(begins, calendar) if after else shift(begins, calendar)
    if effect.otherwise is None:
        return None
    return shift(owed_at(now, effect.otherwise, calendar), calendar)


def lift(signal: Signal, effect: Effect, ground: ReplyGround, now: Business) -> Decision:
    """Whoever writes is back, and what they said before is replaced by what they say now."""
    standing = {*ground.holds, *ground.of_person} & DATED - {effect.hold or ""}
    if not standing:
        return Decision()
    action = LiftHolds(signal.subject, signal.contact, frozenset(standing))
    return Decision((action,), (_hold_line(signal, Code.HOLD_OVER, sorted(standing), None, now),))


def hold(signal: Signal, reason: str, until: Business | None, now: Business) -> Decision:
    code = Code.HELD_UNTIL if until is not None else Code.HELD_BY_PERSON
    line = _hold_line(signal, code, [reason], until, now)
    if signal.contact is not None and reason in DATED:
        return Decision((HoldContact(signal.contact, reason, until),), (line,))
    return Decision((HoldSubject(signal.subject, reason, until),), (line,))


def _hold_line(
    signal: Signal, code: str, reasons: Sequence[str], until: Business | None, now: Business
) -> Explanation:
    values = {"reasons": [one.replace("_", " ") for one in reasons], "until": until}
    return Explanation(signal.subject, "reply", "held", code, now, True, values)


def held_until(
    ground: ReplyGround, now: Business, without: frozenset[str] = frozenset()
) -> Business:
    """The end of all holds with an end that stand; `now` where none does."""
    ends = [
        until
        for holds in (ground.holds, ground.of_person)
        for reason, until in holds.items()
        if until is not None and reason not in without
    ]
    return Business(max((now, *ends)))


def wait(
    signal: Signal,
    effect: Effect,
    until: Business,
    context: RuleContext,
    ground: ReplyGround,
    now: Business,
) -> Iterator[Decision]:
    """Everything for this person waits: what runs moves, what the reply had ended goes on."""
    calendar = context.calendar
    replaced = frozenset({AWAY}) if effect.hold == AWAY else DATED
    ends = Business(max(held_until(ground, now, replaced), until))
    was = held_until(ground, now)
    mine = [one for one in context.running if goes_on(one) and is_theirs(one, signal)]
    for one in mine:
        if effect.restart:
            first = first_ahead(one, ground.placed) or ends
            days = max(0, days_apart(first, ends, calendar))
        else:
            days = days_apart(was, ends, calendar)
        yield put_off(one, ground.placed, days, ends, calendar, now)
    at = Business(int(signal.data.get(REPLY_AT) or signal.at))
    for one in ground.ended:
        after = [other for other in context.running if other.anchor == f"{ANCHOR}{one.id}"]
        if not is_theirs(one, signal) or _barred(one, after, context):
            continue
        start = (first_ahead(one, ground.placed) or ends) if effect.restart else at
        days = max(0, days_apart(start, ends, calendar))
        made = resume(one, ground.placed, days, ends, calendar, now)
        yield made
        if made.actions:
            yield _instead(one, after, now)


def _barred(
    one: EnrolmentView, after: Sequence[EnrolmentView], context: RuleContext
) -> bool:
    """Whether what runs by now leaves no place for what the reply had ended; what came after it
    gives way to it."""
    others = [other for other in context.running if goes_on(other) and other not in after]
    return any(
        other.definition == one.definition
        or (other.sequence is not None and other.sequence.exclusive)
        for other in others
    )


def _instead(one: EnrolmentView, after: Sequence[EnrolmentView], now: Business) -> Decision:
    """What was to come after the end, or has begun, is over: the end was none."""
    ends = tuple(
        EndEnrolment(other.id, other.subject, StopReason.PREVIOUS_GOES_ON, now) for other in after
    )
    lines = tuple(
        other.told("ended", StopReason.PREVIOUS_GOES_ON.value, now, {"previous": one.id})
        for other in after
    )
    return Decision((DisarmTimer(one.subject, f"{TIMER}{one.id}"), *ends), lines)


def is_theirs(one: EnrolmentView, signal: Signal) -> bool:
    return None in (one.contact, signal.contact) or one.contact == signal.contact
