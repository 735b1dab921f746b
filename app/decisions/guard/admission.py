"""Admission: a batch that the checks let through, counted against what is left.

Two touches that are each within a cap may exceed it together, so the counting is done one after
the other, in an order that does not depend on who claimed them: due time, priority, amount, the
time it was owed, touch id. The caller holds the installation's counters locked meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.decisions.codes import Code
from app.decisions.guard.caps import capped, channel_of, over_cap
from app.decisions.guard.rep_budget_and_merge import (
    due_day,
    merges,
    same_words,
    says_again,
    to_day,
)
from app.decisions.guard.ruling import apply_ruling, defer, is_urgent
from app.decisions.timing import HORIZON_DAYS, local_date, next_working_day
from app.model.decisions import DueTouch, Ruling, Verdict
from app.model.guard import Counters, GuardFacts, GuardSettings, Window
from app.model.vocabulary import QUESTION, Priority

PRIORITY_RANK: Mapping[Priority, int] = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}
"""`DueTouch.priority` of a step's priority."""

_DO = Ruling(Verdict.DO, "admission", Code.DO)


class _Tally:
    """The counters while a batch is admitted: copies, so that a failed batch leaves no trace."""

    def __init__(self, counters: Counters) -> None:
        self.rep_day = dict(counters.rep_day)
        self.person = dict(counters.person)
        self.channel = dict(counters.channel)
        self.open_tasks = dict(counters.open_tasks)
        self.of_rules: dict[int, list[DueTouch]] = {}

    def borne(self, facts: GuardFacts) -> tuple[Window, Window]:
        """What the touch's person bore so far, by any channel and by the touch's own."""
        person, kind = facts.counted_as or "", channel_of(facts.touch.step)
        by_kind = self.channel.get((person, kind), (0, 0)) if kind is not None else (0, 0)
        return self.person.get(person, (0, 0)), by_kind

    def touched(self, facts: GuardFacts) -> None:
        """One touch more of its person."""
        kind, person = channel_of(facts.touch.step), facts.counted_as
        if person is not None and kind is not None:
            all, by_kind = self.borne(facts)
            self.person[person] = (all[0] + 1, all[1] + 1)
            self.channel[person, kind] = (by_kind[0] + 1, by_kind[1] + 1)

    def twin(self, touch: DueTouch) -> str | None:
        """The task of the batch by which a rule asked the same of the subject just before."""
        return next(
            (
                one.id
                for one in self.of_rules.get(touch.subject, ())
                if one.enrolment != touch.enrolment
                and same_words(one.definition, one.step, touch.definition, touch.step)
            ),
            None,
        )

    def result(self) -> Counters:
        return Counters(self.rep_day, self.person, self.open_tasks, self.channel)


def admit(candidates: Sequence[GuardFacts], counters: Counters) -> tuple[list[Ruling], Counters]:
    """A verdict for each candidate, in the order given, and the counters with what was reserved.

    candidates: touches that `judge` would do, with its due time and owner applied
    (`apply_ruling`). What is deferred reserves nothing.
    """
    rulings = [_DO] * len(candidates)
    tally = _Tally(counters)
    counted = [i for i, facts in enumerate(candidates) if _limited(facts.settings)]
    counted.sort(key=lambda i: _order(candidates[i]))
    for index in counted:
        rulings[index] = _admit(candidates[index], tally)
    return rulings, tally.result()


def _limited(settings: GuardSettings) -> bool:
    """Whether anything is counted; most of the speed of an installation without limits."""
    return bool(
        settings.merge or settings.rep_daily_tasks or capped(settings)
    )


def _order(facts: GuardFacts) -> tuple[int, int, float, int, str]:
    """What a rep's day has room for: of what is due at one instant, as after days off, the urgent
    before the rest, and then the larger amount; an unknown one counts as none.

    Late steps of one sequence are all due now; they still come in the order they were owed.
    """
    touch = facts.touch
    amount = facts.subject.amount or 0.0
    return touch.due_at, touch.priority, -amount, touch.owed_at, touch.id


def _admit(facts: GuardFacts, tally: _Tally) -> Ruling:
    touch = facts.touch
    if touch.step.note:
        return _DO
    refused = over_cap(facts, *tally.borne(facts))
    if refused is not None:
        return refused
    if touch.step.native is not None:
        tally.touched(facts)
        return _DO
    refused = says_again(facts, tally.twin(touch)) if facts.settings.merge else None
    if refused is not None:
        return refused
    slot = (touch.subject, touch.owner_id or "")
    urgent = is_urgent(touch)
    refused = None if urgent else merges(facts, tally.open_tasks.get(slot))
    if refused is not None:
        return refused
    ruling = _DO if urgent else _find_day(facts, tally)
    if ruling.verdict is not Verdict.DO:
        return ruling
    facts = apply_ruling(facts, ruling)
    if facts.settings.rep_daily_tasks:
        day = _day_key(facts)
        tally.rep_day[day] = tally.rep_day.get(day, 0) + 1
    tally.touched(facts)
    if touch.is_firing:
        tally.of_rules.setdefault(touch.subject, []).append(touch)
    if touch.definition != QUESTION and (
        not touch.is_firing or facts.touch.due_at <= facts.now
    ):
        tally.open_tasks.setdefault(slot, touch.id)
    return ruling


def _find_day(facts: GuardFacts, tally: _Tally) -> Ruling:
    """DO on its own day, or moved to the first working day on which the rep has room."""
    budget = facts.settings.rep_daily_tasks
    if not budget:
        return _DO
    owner, zone = facts.touch.owner_id or "", facts.calendar.zone
    due = due_day(facts)
    full = count = tally.rep_day.get((owner, local_date(due, zone)), 0)
    for _ in range(HORIZON_DAYS):
        if count < budget:
            break
        due = next_working_day(due, facts.calendar)
        count = tally.rep_day.get((owner, local_date(due, zone)), 0)
    if count >= budget:  # a year ahead is full: ask again, rather than pile up on its last day
        return defer("admission", Code.REP_BUDGET, due, budget=budget, count=count)
    return _DO if full < budget else to_day(facts, due, full)


def _day_key(facts: GuardFacts) -> tuple[str, str]:
    return facts.touch.owner_id or "", local_date(due_day(facts), facts.calendar.zone)
