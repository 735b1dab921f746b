"""Making rulings, and putting them into the ledger."""

from __future__ import annotations

from typing import Any

from app.decisions.timing import write_at
from app.model.decisions import DueTouch, Explanation, Ruling, Verdict
from app.model.guard import GuardFacts
from app.model.record import changer
from app.model.time import Business
from app.model.vocabulary import Priority

URGENT = Priority.HIGH

_instants_and_owner = changer(DueTouch, "owed_at", "due_at", "owner_id")
_of_touch = changer(GuardFacts, "touch")


def is_urgent(touch: DueTouch) -> bool:
    """Whether it is a task of an urgent rule, which waits neither for other tasks nor for room in
    the rep's day; consent, stop, hours and absence bind it like any other."""
    return touch.is_firing and touch.rule is not None and touch.rule.rule.urgent is not None


def drop(check: str, code: str, **values: Any) -> Ruling:
    """The touch is over."""
    return Ruling(Verdict.DROP, check, code, values=values)


def defer(check: str, code: str, until: Business | None = None, **values: Any) -> Ruling:
    """Not now; again at `until`, or when what the code names has cleared."""
    return Ruling(Verdict.DEFER, check, code, until, values=values)


def move(facts: GuardFacts, check: str, code: str, due: Business, **values: Any) -> Ruling:
    """The task gets another due time: written now if its time to be written has come, else later.

    The tasks of a `create_tasks` rule are written with future due times anyway, so only their due
    time moves.
    """
    values["due_at"] = due
    if facts.touch.is_firing:
        return Ruling(Verdict.DO, check, code, values=values)
    written = write_at(due, facts.touch.step.lead, facts.calendar)
    if written <= facts.now:
        return Ruling(Verdict.DO, check, code, values=values)
    return Ruling(Verdict.DEFER, check, code, written, values=values)


def apply_ruling(facts: GuardFacts, ruling: Ruling) -> GuardFacts:
    """The facts with the due time and the owner that a verdict gives the touch."""
    due, owner = ruling.values.get("due_at"), ruling.to
    if due is None and owner is None:
        return facts
    touch = facts.touch
    moved = _instants_and_owner(
        touch,
        ruling.values.get("owed_at", touch.owed_at),
        touch.due_at if due is None else due,
        touch.owner_id if owner is None else owner,
    )
    return _of_touch(facts, moved)


def explain_ruling(touch: DueTouch, ruling: Ruling, now: Business) -> Explanation:
    """The ledger's line about a verdict on a touch."""
    values: dict[str, Any] = {"check": ruling.check, "step": touch.step.id, **ruling.values}
    if ruling.until is not None:
        values["until"] = ruling.until
    if ruling.to is not None:
        values["to"] = ruling.to
    acts = ruling.verdict in (Verdict.DO, Verdict.HAND_TO)
    scope = f"touch:{touch.id}"
    return Explanation(
        touch.subject, scope, ruling.verdict.value, ruling.code, now, acts, values
    )
