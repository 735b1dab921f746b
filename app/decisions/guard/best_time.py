"""The hour at which a person has answered before, within what the step allows anyway.

For each band of two hours of the person's own day, and each weekday, answers are counted and shrunk
towards an even spread: the posterior mean of a multinomial under a symmetric Dirichlet prior
(Gelman et al., Bayesian Data Analysis, 3rd ed., 3.4), which is (count + prior) / (n + priors). With
the same n everywhere only the numerators matter, and hour and weekday are taken as independent of
each other, as a few answers cannot show more. So one answer at a time never outweighs many, and a
person of whom little is known has no better time than the channel's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.decisions.codes import Code
from app.decisions.guard.quiet_hours import acts_at, place, place_of
from app.decisions.guard.ruling import URGENT, move
from app.decisions.timing import shift
from app.decisions.zones import from_local, local_day, to_local
from app.model.decisions import Ruling
from app.model.guard import CHANNELS, GuardFacts
from app.model.records import PersonDeed
from app.model.time import DAY, HOUR, Business

LOOK_BACK_MS = 365 * DAY
"""How far back is looked. Habits of longer ago are somebody else's by now."""

ENOUGH = 5
"""Answers below which nothing is said."""

AGREE = 3
"""Answers that must lie in a band before it is a habit."""

BETTER = 1.25
"""A time is changed for one that is at least so many times as likely."""

BAND = 2
"""Hours of a band."""

_PRIOR = 1.6
"""Pseudo-answers of each band and of each weekday: eight, spread over ten hours or five days."""

_THURSDAY = 3  # weekday of day number 0


@dataclass(frozen=True, slots=True)
class Habit:
    """When somebody answers. hours: first hour of a band → answers in it; begun: in that first hour
    alone. days: weekday → answers. what: whether they are all answers, or mail opened too."""

    n: int
    what: str
    hours: Counter[int]
    begun: Counter[int]
    days: Counter[int]

    def likely(self, instant: Business, zone: str) -> float:
        """How likely an answer then is; only comparisons mean anything."""
        local = to_local(instant, zone)
        hour, weekday = local % DAY // HOUR, (local // DAY + _THURSDAY) % 7
        return (self.hours[hour] + _PRIOR) * (self.days[weekday] + _PRIOR)

    def order(self, instant: Business, zone: str) -> tuple[float, int, int]:
        """The likelier goes first; of two bands with the same answers the one that they begin; of
        these the earlier."""
        hour = to_local(instant, zone) % DAY // HOUR
        return self.likely(instant, zone), self.begun[hour], -instant


def check(facts: GuardFacts) -> Ruling | None:
    """The due time moves to the likeliest of the hours that the step may have: never earlier, never
    outside the person's and the rep's hours, no more than the setting's days later, and on its own
    day where the late policy would leave it out. Where too little is known it stays."""
    known = _known(facts)
    if known is None or known[1].n < ENOUGH:
        return None
    zone, habit = known
    due = acts_at(facts)
    best = max(_candidates(due, facts, zone, habit), key=lambda at: habit.order(at, zone))
    if best == due or habit.likely(best, zone) < BETTER * habit.likely(due, zone):
        return None
    hour = to_local(best, zone) % DAY // HOUR
    return move(
        facts, "best_time", Code.BEST_TIME, best, hits=habit.hours[hour], of=habit.n,
        what=habit.what, since=f"{hour}:00", till=f"{hour + BAND}:00", zone=zone,
    )  # fmt: skip


def too_few(facts: GuardFacts) -> int | None:
    """How many answers are known of a person whose best time is asked for, where they are too few
    to say one; None where it is not asked for, or they are enough."""
    known = _known(facts)
    return known[1].n if known is not None and known[1].n < ENOUGH else None


def asked(facts: GuardFacts) -> bool:
    """Whether a better time is looked for: the account wants it, the step reaches the person, and
    nothing is urgent about it: not due at once, not within a day of its cause."""
    settings, step = facts.settings, facts.touch.step
    return (
        settings.best_time_days is not None
        and not settings.windows_off
        and not step.note
        and (step.native is not None or step.task in CHANNELS)
        and step.priority is not URGENT
        and step.late.action != "now"
        and step.at is not None
        and step.at.approximate_ms() >= DAY
    )


def _known(facts: GuardFacts) -> tuple[str, Habit] | None:
    """The zone of their clock and their habit; None where it is not asked for, or it is not known
    in which of several zones they live."""
    if facts.contact is None or not asked(facts):
        return None
    zone, *others = place_of(facts).zones
    return None if others else (zone, habit_of(facts.contact.deeds, zone))


def habit_of(deeds: Sequence[PersonDeed], zone: str) -> Habit:
    """By answers alone where there are enough, else by whatever they did with mail besides."""
    answers = [one.at for one in deeds if one.answer]
    only = len(answers) >= ENOUGH or len(answers) == len(deeds)
    times = answers if only else [one.at for one in deeds]
    hours: Counter[int] = Counter()
    begun: Counter[int] = Counter()
    days: Counter[int] = Counter()
    for at in times:
        local = to_local(at, zone)
        hour = local % DAY // HOUR
        hours.update(range(max(0, hour - BAND + 1), hour + 1))
        begun[hour] += 1
        days[(local // DAY + _THURSDAY) % 7] += 1
    return Habit(len(times), "answers" if only else "answers and opened mails", hours, begun, days)


def _candidates(
    due: Business, facts: GuardFacts, zone: str, habit: Habit
) -> list[Business]:
    """The time that stands, and beginnings of the hours of habit that are allowed after it."""
    step, last = facts.touch.step, facts.settings.best_time_days or 0
    begun = local_day(max(facts.touch.owed_at, facts.touch.planned_at), zone)
    first = max(begun, local_day(shift(facts.touch.owed_at, facts.calendar), zone))
    until = max(local_day(due, zone), first + (0 if step.late.action == "skip" else last))
    hours = [hour for hour, answers in habit.hours.items() if answers >= AGREE]
    found = [due]
    for day in range(local_day(due, zone), until + 1):
        for hour in hours:
            at = Business(from_local(day * DAY + hour * HOUR, zone))
            if at > due and place(at, facts) == at:
                found.append(at)
    return found
