"""Hours of the person's own day: decent ones for calls and mail, and the window a step names."""

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

Window = tuple[int, int]


def check(facts: GuardFacts) -> Ruling | None:
    """The due time moves to where the person's hours for the step and the rep's working hours meet.

    Where they never do, the person's hours win for a call and for mail that leaves by itself: the
    rep may work early, the prospect is not woken. A draft with a window keeps to the rep's: it can
    be written at any hour. A sequence of the CRM mails at once, so it waits even where due times
    are taken as they fall.
    """
    hours = _hours(facts)
    if hours is None:
        return None
    at = acts_at(facts)
    if _decent(at, facts, hours):
        return None
    placed = place(at, facts)
    if placed == at:
        return None
    window = facts.touch.step.window
    code = Code.WINDOW if window == TaskType.EMAIL else Code.QUIET_HOURS
    return move(facts, _CHECK, code, placed, zone=facts.zone, window=window)


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
    return _next_decent(due, facts, hours) if _binding(facts) else shift(due, facts.calendar)


def _binding(facts: GuardFacts) -> bool:
    """Whether the touch reaches the person just then; a draft waits for whoever sends it."""
    step = facts.touch.step
    return step.native is not None or step.task is TaskType.CALL


def _hours(facts: GuardFacts) -> tuple[int, int] | None:
    """The person's hours for this channel and step, in minutes of their day; None: any."""
    settings, step = facts.settings, facts.touch.step
    if settings.windows_off:
        return settings.mail_hours if step.native is not None else None
    if step.window == TaskType.EMAIL:
        return settings.email_hours
    if step.native is not None:
        return settings.mail_hours
    return settings.call_hours if step.task is TaskType.CALL else None


def _decent(instant: Business, facts: GuardFacts, hours: tuple[int, int]) -> bool:
    start, end = hours
    return start * MINUTE <= to_local(instant, facts.zone) % DAY < end * MINUTE


def _next_decent(instant: Business, facts: GuardFacts, hours: tuple[int, int]) -> Business:
    if _decent(instant, facts, hours):
        return instant
    day, time_of_day = divmod(to_local(instant, facts.zone), DAY)
    start = hours[0] * MINUTE
    return Business(from_local((day + (time_of_day >= start)) * DAY + start, facts.zone))
