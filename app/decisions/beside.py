"""What may run beside what, and when the same may run again.

A subject is in a sequence once at a time. An exclusive one runs alone. Of those that have a
priority only the highest acts: a lower one does not begin beside it, and one that runs already is
ended, or pauses until the higher one is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import Cause, RuleContext
from app.decisions.exits import exits_of
from app.decisions.timing import owed_at
from app.model.decisions import Decision, EndEnrolment, EnrolmentView, Explanation
from app.model.playbook import ActiveRule, Sequence
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason

Bar = tuple[str, Mapping[str, Any]]


def bar(
    sequence: Sequence, active: ActiveRule, cause: Cause, context: RuleContext, now: Business
) -> Bar | None:
    """Why the sequence does not begin now, as (code, values); None if it may."""
    found = clash(sequence, active, cause, context, restarts=sequence.again.restart)
    if found is not None:
        other = next(one for one in context.running if one.id == found[1])
        return found[0], {"enrolment": other.id, **_ranks(sequence, other)}
    past = context.past.get(sequence.key)
    if not past or cause.anchor in past:
        return None
    if sequence.again.once:
        return Code.ONCE_IN_SEQUENCE, {"definition": sequence.key}
    ended = context.last_ended.get(sequence.key)
    if sequence.again.after is None or ended is None:
        return None
    until = owed_at(ended, sequence.again.after, context.calendar)
    if until <= now:
        return None
    return Code.COOLING_DOWN, {
        "definition": sequence.key,
        "last_ended_at": ended,
        "after": str(sequence.again.after),
        "until": until,
    }


def clash(
    sequence: Sequence,
    active: ActiveRule,
    cause: Cause,
    context: RuleContext,
    *,
    restarts: bool = False,
) -> tuple[str, str] | None:
    """The running enrolment that forbids another, as (code, its id).

    restarts: one of the same sequence forbids nothing, because it gives way; see `give_way`.
    """
    for other in context.running:
        if not _counts(other, active, cause):
            continue
        if other.definition == sequence.key and other.anchor == cause.anchor:
            return None  # this very decision, taken before: the same id, not a clash
        if other.definition == sequence.key and not restarts:
            return Code.ALREADY_ENROLLED, other.id
        if other.sequence is None or other.definition == sequence.key:
            continue
        if other.sequence.exclusive:
            return Code.EXCLUSIVE_RUNNING, other.id
        if sequence.exclusive:
            return Code.OTHERS_RUNNING, other.id
        if other.state is EnrolmentState.ACTIVE and outranks(other.sequence, sequence):
            return Code.OUTRANKED_BY, other.id
    return None


def give_way(
    sequence: Sequence, active: ActiveRule, cause: Cause, context: RuleContext, now: Business
) -> Decision:
    """What ends so that the sequence may begin: an earlier run of it, and those below it where it
    says so. What only pauses goes on by itself; nothing is stored about it."""
    found = [
        (other, reason)
        for other in context.running
        if _counts(other, active, cause)
        and (reason := _yields(other, sequence, cause)) is not None
    ]
    ends = tuple(EndEnrolment(one.id, one.subject, reason, now) for one, reason in found)
    return Decision(ends, tuple(_lines(found, sequence, cause, now)))


def _yields(other: EnrolmentView, sequence: Sequence, cause: Cause) -> StopReason | None:
    if other.sequence is None or other.anchor == cause.anchor:
        return None
    if other.definition == sequence.key:
        return StopReason.RESTARTED if sequence.again.restart else None
    if sequence.lower == "end" and outranks(sequence, other.sequence):
        return StopReason.OUTRANKED
    return None


def _lines(
    found: list[tuple[EnrolmentView, StopReason]],
    sequence: Sequence,
    cause: Cause,
    now: Business,
) -> Iterator[Explanation]:
    for other, reason in found:
        values: dict[str, Any] = {"cause": cause.anchor}
        if reason is StopReason.OUTRANKED and other.sequence is not None:
            values |= {
                "other": sequence.key,
                "other_priority": sequence.priority,
                "priority": other.sequence.priority,
            }
        yield other.told("ended", reason.value, now, values)


def outranks(one: Sequence, other: Sequence) -> bool:
    """Whether one goes before the other; those without a priority stand beside everything."""
    return (
        one.priority is not None and other.priority is not None and one.priority > other.priority
    )


def _ranks(sequence: Sequence, other: EnrolmentView) -> dict[str, Any]:
    if other.sequence is None or not outranks(other.sequence, sequence):
        return {}
    return {
        "other": other.definition,
        "other_priority": other.sequence.priority,
        "priority": sequence.priority,
    }


def _counts(other: EnrolmentView, active: ActiveRule, cause: Cause) -> bool:
    """What only watches and what acts do not see each other."""
    shadow = other.mode is Mode.SHADOW
    return shadow is (active.mode is Mode.SHADOW) and not _is_over(other, cause)


def _is_over(other: EnrolmentView, cause: Cause) -> bool:
    """Whether an enrolment has ended, or ends by the very stage entry that is being decided on."""
    if other.state is EnrolmentState.ENDED:
        return True
    leaves = other.anchor_stage is not None and StopReason.STAGE_LEFT in exits_of(other)
    return cause.entry and leaves and other.anchor != cause.anchor
