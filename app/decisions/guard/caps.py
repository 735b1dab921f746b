"""How often one person may be addressed, over all channels, in rolling 7 and 30 days."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import CAPPED, defer
from app.decisions.timing import next_working_day
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import ANSWER


def check(facts: GuardFacts) -> Ruling | None:
    """Against what had been counted when the facts were read."""
    return over_cap(facts, facts.contact_touches)


def applies(facts: GuardFacts) -> bool:
    """Whether the touch counts against its person's caps at all."""
    step = facts.touch.step
    reaches = step.native is not None or step.task in CAPPED
    return reaches and facts.touch.contact is not None


def over_cap(facts: GuardFacts, counts: tuple[int, int]) -> Ruling | None:
    """A deferral to the next working day if one more would exceed a cap; counts: (7, 30 days).

    The window rolls by days, so each new day may free a place.
    """
    settings = facts.settings
    if not (settings.cap_7_days or settings.cap_30_days) or not applies(facts):
        return None
    if facts.touch.definition == ANSWER:
        return None  # they wrote; not to answer because they were asked too often would be odd
    for code, cap, count in (
        (Code.CAP_7_DAYS, settings.cap_7_days, counts[0]),
        (Code.CAP_30_DAYS, settings.cap_30_days, counts[1]),
    ):
        if cap and count >= cap:
            again = next_working_day(facts.now, facts.calendar)
            return defer("caps", code, again, cap=cap, count=count)
    return None
