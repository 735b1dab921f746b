"""Calls only at decent hours of the person's own day."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import move
from app.decisions.timing import shift
from app.decisions.zones import from_local, to_local
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.time import DAY, MINUTE, Business
from app.model.vocabulary import TaskType

_CHECK = "quiet_hours"
_TRIES = 14  # both days begin once a day; a fortnight covers weekends and holidays


def check(facts: GuardFacts) -> Ruling | None:
    """The due time of a call task moves to where the person's call hours and the rep's working
    hours meet. Where they never do, the person's hours win: the rep may work early, the prospect
    is not woken."""
    if facts.touch.step.task is not TaskType.CALL or facts.settings.windows_off:
        return None
    due = facts.touch.due_at
    if _decent(due, facts):
        return None
    return move(facts, _CHECK, Code.QUIET_HOURS, place(due, facts), zone=facts.zone)


def place(due: Business, facts: GuardFacts) -> Business:
    """The first instant from `due` on in working time and, for a call, in the person's hours."""
    if facts.settings.windows_off:
        return due
    if facts.touch.step.task is not TaskType.CALL:
        return shift(due, facts.calendar)
    at = due
    for _ in range(_TRIES):
        at = shift(_next_decent(at, facts), facts.calendar)
        if _decent(at, facts):
            return at
    return _next_decent(due, facts)


def _decent(instant: Business, facts: GuardFacts) -> bool:
    start, end = facts.settings.call_hours
    return start * MINUTE <= to_local(instant, facts.zone) % DAY < end * MINUTE


def _next_decent(instant: Business, facts: GuardFacts) -> Business:
    if _decent(instant, facts):
        return instant
    day, time_of_day = divmod(to_local(instant, facts.zone), DAY)
    start = facts.settings.call_hours[0] * MINUTE
    return Business(from_local((day + (time_of_day >= start)) * DAY + start, facts.zone))
