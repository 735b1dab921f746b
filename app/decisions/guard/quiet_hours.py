"""Hours of the person's own day: decent ones for calls and mail, and the window a step names."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import move
from app.decisions.timing import shift
from app.decisions.zones import from_local, to_local, utc_offset
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.records import BY_ACCOUNT, BY_REP, Place
from app.model.time import DAY, MINUTE, Business
from app.model.vocabulary import TaskType

_CHECK = "quiet_hours"
_ENOUGH = 30 * MINUTE
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
    where = _where(facts, hours)
    if _decent(at, where.zones, hours):
        return None
    placed = place(at, facts)
    if placed == at:
        return None
    window = facts.touch.step.window
    code = Code.WINDOW if window == TaskType.EMAIL else Code.QUIET_HOURS
    return move(facts, _CHECK, code, placed, zone=where.zones, by=where.by, window=window)


def place_of(facts: GuardFacts) -> Place:
    """Where the person is, by the surest word that is of use.

    In a country of several zones the hours must be decent in all of them. Where they never are in
    all at once (an hour for mail across the United States), the word is of no use for this step and
    the next surest counts; the rep's own zone, or the installation's, stands at the end.
    """
    return _where(facts, _hours(facts))


def _where(facts: GuardFacts, hours: Window | None) -> Place:
    instant = acts_at(facts)
    for known in facts.contact.places if facts.contact is not None else ():
        if hours is None or _meet(known.zones, hours, instant):
            return known
    by = BY_REP if facts.owner is not None and facts.owner.zone else BY_ACCOUNT
    return Place(by, (facts.zone,))


def _meet(zones: tuple[str, ...], hours: Window, instant: Business) -> bool:
    """Whether the hours of all the zones have at least half an hour in common."""
    if len(zones) == 1:
        return True
    offsets = [utc_offset(instant, zone) for zone in zones]
    start, end = hours
    return (end - start) * MINUTE - (max(offsets) - min(offsets)) >= _ENOUGH


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
    zones, at = _where(facts, hours).zones, due
    for _ in range(_TRIES):
        at = shift(_next_decent(at, zones, hours), facts.calendar)
        if _decent(at, zones, hours):
            return at
    return _next_decent(due, zones, hours) if _binding(facts) else shift(due, facts.calendar)


def _binding(facts: GuardFacts) -> bool:
    """Whether the touch reaches the person just then; a draft waits for whoever sends it."""
    step = facts.touch.step
    return step.native is not None or step.task is TaskType.CALL


def binds(facts: GuardFacts) -> bool:
    """Whether it matters where the person is: the step has hours of their day."""
    return _hours(facts) is not None


def _hours(facts: GuardFacts) -> Window | None:
    """The person's hours for this channel and step, in minutes of their day; None: any."""
    settings, step = facts.settings, facts.touch.step
    if settings.windows_off:
        return settings.mail_hours if step.native is not None else None
    if step.window == TaskType.EMAIL:
        return settings.email_hours
    if step.native is not None:
        return settings.mail_hours
    return settings.call_hours if step.task is TaskType.CALL else None


def _decent(instant: Business, zones: tuple[str, ...], hours: Window) -> bool:
    """Whether the instant lies in the hours in every one of the zones."""
    start, end = hours[0] * MINUTE, hours[1] * MINUTE
    return all(start <= to_local(instant, zone) % DAY < end for zone in zones)


def _next_decent(instant: Business, zones: tuple[str, ...], hours: Window) -> Business:
    """The first instant from then on at which the hours have begun everywhere and ended nowhere.

    Each zone in turn puts it off to its own next beginning; that it ends is the hours' having
    something in common, as `place_of` has seen to. A change of the clocks in one of them may take
    that away for a day.
    """
    at = instant
    for _ in range(_TRIES):
        if _decent(at, zones, hours):
            return at
        at = max(_next_in(at, zone, hours) for zone in zones)
    return at


def _next_in(instant: Business, zone: str, hours: Window) -> Business:
    if _decent(instant, (zone,), hours):
        return instant
    day, time_of_day = divmod(to_local(instant, zone), DAY)
    start = hours[0] * MINUTE
    return Business(from_local((day + (time_of_day >= start)) * DAY + start, zone))
