"""The control step at which a follow-up waits, put off together with its touches.

A wait's time-out, a branch's delay and the time before a paced step count from when each begins. To
put one off is to let it begin later: so what is left of its time stays as it was, and behind it
nothing comes in a burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.decisions.dates import FIELD
from app.decisions.flow import timer_of, waiting
from app.decisions.timing import owed_at
from app.decisions.zones import local_day
from app.model.calendar import WorkCalendar
from app.model.decisions import Action, ArmTimer, EnrolmentView, NotePassages
from app.model.flow import Passage
from app.model.time import Business, Delay, Unit


def put_off_wait(
    one: EnrolmentView,
    delay: Delay,
    calendar: WorkCalendar,
    not_before: int = 0,
) -> tuple[Action, ...]:
    """Let the step at which it waits begin so much later, and be looked at no earlier than
    `not_before`. Nothing where it waits at none, or for a date of the record, which stays."""
    found = waiting(one)
    if found is None or found[0].anchor.startswith(FIELD):
        return ()
    passage = found[1]
    looked_at = passage.until_at
    assert looked_at is not None
    begins = owed_at(_begins(passage), delay, calendar)
    until = owed_at(looked_at, delay, calendar)
    short = max(0, not_before - until)
    later = replace(
        passage,
        begun_at=None if passage.begun_at is None else Business(begins + short),
        until_at=Business(until + short),
        from_at=Business(begins + short),
    )
    return _noted(one, later)


def resume_wait(
    one: EnrolmentView, since: Business, calendar: WorkCalendar, now: Business
) -> tuple[Action, ...]:
    """The time since `since` does not count for the step at which it waits, as far as it had begun
    to wait by then; else the time since the step before it was over."""
    found = waiting(one)
    if found is None:
        return ()
    begun = found[1].begun_at or one.last_done_at or since
    start = Business(min(max(since, begun), now))
    days = local_day(now, calendar.zone) - local_day(start, calendar.zone)
    return put_off_wait(one, Delay(days, Unit.D), calendar)


def waits_until(one: EnrolmentView) -> Business | None:
    """When the step at which it waits is looked at, if nothing comes before."""
    found = waiting(one)
    return None if found is None else found[1].until_at


def waits_in(actions: Sequence[Action]) -> dict[str, Business]:
    """step id → until when it waits, by these actions: for the ledger."""
    return {
        passage.step: passage.until_at
        for action in actions
        if isinstance(action, NotePassages)
        for passage in action.passages
        if passage.until_at is not None
    }


def _begins(passage: Passage) -> Business:
    begins = passage.begun_at if passage.begun_at is not None else passage.until_at
    assert begins is not None
    return begins


def _noted(one: EnrolmentView, passage: Passage) -> tuple[Action, ...]:
    assert passage.until_at is not None
    return (
        NotePassages(one.id, one.subject, (passage,)),
        ArmTimer(one.subject, timer_of(one.id), passage.until_at, {"enrolment": one.id}),
    )
