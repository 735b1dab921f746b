"""A rep's daily budget, at most one due open task of ours per subject and rep, none twice."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer, drop, is_urgent, move
from app.decisions.timing import is_too_late, next_working_day, shift
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.ids import touch_id
from app.model.time import Business
from app.model.vocabulary import ANSWER, LASTING, SignalKind

_CHECK = "rep_budget_and_merge"

_SAME_NEWS = LASTING | {
    SignalKind.OWNER_CHANGED, SignalKind.REPLIED, SignalKind.OPENED, SignalKind.CLICKED,
    SignalKind.FORM_SUBMITTED, SignalKind.SURGE,
}  # fmt: skip


def check(facts: GuardFacts) -> Ruling | None:
    """Against what had been counted when the facts were read. What the CRM does by itself is no
    task of the rep's."""
    if facts.touch.step.native is not None:
        return None
    if facts.twin is not None and _says_the_same(facts):
        return drop(_CHECK, Code.STANDS_ALREADY, open_task=facts.twin)
    if is_urgent(facts.touch):
        return None
    return merges(facts, facts.open_task) or over_budget(facts, facts.rep_tasks_today)


def _says_the_same(facts: GuardFacts) -> bool:
    """Whether a rule that acts again asks for what it asked for before. A silence, a record that
    changes hands, a prospect who shows interest is the same news however often it comes, as long as
    nobody has taken it up. Two meetings are two, and so are their recaps."""
    rule = facts.touch.rule
    return rule is not None and rule.rule.when.kind in _SAME_NEWS


def merges(facts: GuardFacts, open_task: str | None) -> Ruling | None:
    """A wait until the open task is completed or resolved.

    Tasks of one `create_tasks` count from their due time, and never wait for each other: the rule
    asked for all of them. A task that is the open one itself waits for nothing.
    """
    touch = facts.touch
    if open_task is None or not facts.settings.merge or open_task == touch.id:
        return None
    if touch.definition == ANSWER:
        return None  # what a prospect waits for does not queue up behind our own schedule
    if touch.is_firing and (touch.due_at > facts.now or _siblings(facts, open_task)):
        return None
    return defer(_CHECK, Code.MERGE, open_task=open_task)


def _siblings(facts: GuardFacts, open_task: str) -> bool:
    """Ids are derived, so a sibling is known by deriving it; asked only when something is open."""
    rule = facts.touch.rule
    if rule is None:
        return False
    return any(
        touch_id(facts.touch.enrolment, step.id) == open_task for step in rule.rule.tasks
    )


def over_budget(facts: GuardFacts, count: int) -> Ruling | None:
    """The next working day if the rep's day is full; count: tasks of ours due for the rep on it."""
    budget = facts.settings.rep_daily_tasks
    if not budget or count < budget:
        return None
    return to_day(facts, next_working_day(due_day(facts), facts.calendar), count)


def to_day(facts: GuardFacts, due: Business, count: int) -> Ruling:
    """A due time on a day with room; over, where by then the step is later than it allows.

    That counts from the day on which it would have been due: moving it from full day to full day
    must not make a step young again that expires.
    """
    touch, budget = facts.touch, facts.settings.rep_daily_tasks
    first = shift(touch.owed_at, facts.calendar)
    if is_too_late(first, touch.step.late, facts.calendar, due):
        return drop(_CHECK, Code.TOO_LATE, was_due_at=first, budget=budget, count=count)
    return move(facts, _CHECK, Code.REP_BUDGET, due, budget=budget, count=count)


def due_day(facts: GuardFacts) -> Business:
    """When the rep has to do it: the due time, or now for what was due before."""
    return max(facts.touch.due_at, facts.now)
