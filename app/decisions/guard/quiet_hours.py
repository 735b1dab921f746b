"""Calls, and mail that leaves by itself, only at decent hours of the person's own day."""

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
    is not woken. A sequence of the CRM mails at once, so it waits even where due times are taken
    as they fall."""
    hours = _hours(facts)
    if hours is None:
        return None
    at = acts_at(facts)
    if _decent(at, facts, hours):
        return None
    return move(facts, _CHECK, Code.QUIET_HOURS, place(at, facts), zone=facts.zone)


def acts_at(facts: GuardFacts) -> Business:
    """When the touch has its effect: a task at its due time, whenever it is written; an enrolment
    in a sequence of the CRM at the instant at which it is made, however late that is."""
    due = facts.touch.due_at
    return due if facts.touch.step.native is None else max(due, facts.now)


def place(due: Business, facts: GuardFacts) -> Business:
    """The first instant from `due` on in working time and in the hours that the person has for it.
    """
    hours = _hours(facts)
    if hours is None:
        return due if facts.settings.windows_off else shift(due, facts.calendar)
    at = due
    for _ in range(_TRIES):
        at = shift(_next_decent(at, facts, hours), facts.calendar)
        if _decent(at, facts, hours):
            return at
    return _next_decent(due, facts, hours)


def _hours(facts: GuardFacts) -> tuple[int, int] | None:
    """The person's hours for this channel, in minutes of their day; None: any."""
    settings, step = facts.settings, facts.touch.step
    if step.native is not None:
        return settings.mail_hours
    if step.task is TaskType.CALL and not settings.windows_off:
        return settings.call_hours
    return None


def _decent(instant: Business, facts: GuardFacts, hours: tuple[int, int]) -> bool:
    start, end = hours
    return start * MINUTE <= to_local(instant, facts.zone) % DAY < end * MINUTE


def _next_decent(instant: Business, facts: GuardFacts, hours: tuple[int, int]) -> Business:
    if _decent(instant, facts, hours):
        return instant
    day, time_of_day = divmod(to_local(instant, facts.zone), DAY)
    start = hours[0] * MINUTE
    return Business(from_local((day + (time_of_day >= start)) * DAY + start, facts.zone))
