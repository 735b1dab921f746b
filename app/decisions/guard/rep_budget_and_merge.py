"""A rep's daily budget, at most one due open task of ours per subject and rep, none twice."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer, drop, is_urgent, move
from app.decisions.timing import is_too_late, next_working_day, shift
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.ids import touch_id
from app.model.playbook import Step
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
    again = says_again(facts, facts.twin)
    if again is not None:
        return again
    if is_urgent(facts.touch):
        return None
    return merges(facts, facts.open_task) or over_budget(facts, facts.rep_tasks_today)


def same_words(definition: str, step: Step, other: str, others: Step) -> bool:
    """Whether two rules' tasks ask a rep for the same: by one step, or, in one playbook, by steps
    that are alike, as those of all that makes a lead hot."""
    if definition == other and step.id == others.id:
        return True
    return step == others and definition.partition("/")[0] == other.partition("/")[0]


def says_again(facts: GuardFacts, twin: str | None) -> Ruling | None:
    """A drop where the rule asks for what an open task asks for already, and it is no other news.

    A silence, a record that changes hands, a prospect who shows interest is the same news however
    often it comes, as long as nobody has taken it up, and so is whatever makes a lead hot. Two
    meetings are two, and so are their recaps.
    """
    rule = facts.touch.rule
    if twin is None or rule is None:
        return None
    when = rule.rule.when
    if when.kind not in _SAME_NEWS and when.enters is None:
        return None
    return drop(_CHECK, Code.STANDS_ALREADY, open_task=twin)


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
