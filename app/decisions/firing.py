"""A rule that acts: its `then` turned into actions, as its mode allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.decisions.beside import bar, give_way
from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.context import Cause, RuleContext, refusal
from app.decisions.effects import effect, hold_others
from app.decisions.starting import start
from app.model.decisions import Action, Decision, EndEnrolment, Explanation
from app.model.playbook import ActiveRule, CreateTasks, Enrol, Sequence, Stop
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode


def definitions(active: ActiveRule) -> list[str]:
    """Keys under which the rule's firings are remembered; see `RuleContext.past`."""
    keys: list[str] = []
    for action in active.rule.then:
        if isinstance(action, CreateTasks):
            keys.append(active.rule.key)
        elif isinstance(action, Enrol):
            sequence = sequence_of(active, action)
            keys.append(sequence.key if sequence else active.rule.key)
    return keys or [active.rule.key]


def sequence_of(active: ActiveRule, action: Enrol) -> Sequence | None:
    """The sequence an action names, of the version that is in force."""
    return active.sequences.get(action.sequence) or active.playbook.sequences.get(action.sequence)


def fire(
    active: ActiveRule,
    cause: Cause,
    context: RuleContext,
    now: Business,
    state: EnrolmentState | None = None,
) -> Decision:
    """All actions of a rule whose signal came and was not refused; conditions are tested here.

    state: forces the state of new enrolments (backlog); else mode and limit say it.
    """
    rule, subject = active.rule, context.subject
    if not compile_condition(rule.condition, context.roles)(subject, now, context.calendar.zone):
        values = values_read(rule.condition, subject, context.roles, context.calendar.zone)
        unknown = [name for name, value in values.items() if value is None]
        return refusal(
            active, context, Code.CONDITION_FALSE, now, {"read": values, "unknown": unknown}
        )
    wanted = state or _state(active, context)
    actions: list[Action] = []
    lines: list[Explanation] = []
    for part in _parts(active, cause, context, now, wanted):
        actions.extend(part.actions)
        lines.extend(part.explanations)
    return Decision(tuple(actions), tuple(lines))


def _parts(
    active: ActiveRule, cause: Cause, context: RuleContext, now: Business, state: EnrolmentState
) -> Iterator[Decision]:
    tasks = active.rule.tasks
    if tasks:
        begun = start(active, cause, context, now, state, None, tasks)
        yield begun
        if begun.actions and state is EnrolmentState.ACTIVE and active.mode is Mode.LIVE:
            yield hold_others(active, cause, context, now)
    for index, action in enumerate(active.rule.then):
        if isinstance(action, CreateTasks):
            continue
        if isinstance(action, Enrol):
            yield _enrol(active, action, cause, context, now, state)
            continue
        part = effect(active, index, action, cause, context, now, state)
        yield part
        if isinstance(action, Stop) and part.actions:
            # "stop these, then enrol in that": what was just stopped forbids nothing any more.
            ended = {one.enrolment for one in part.actions if isinstance(one, EndEnrolment)}
            left = [other for other in context.running if other.id not in ended]
            context = replace(context, running=left)


def _state(active: ActiveRule, context: RuleContext) -> EnrolmentState:
    if active.paused_at is not None and active.mode is not Mode.SHADOW:
        return EnrolmentState.BACKLOG
    limit = active.rule.limit
    over = limit is not None and context.recent_firings.get(active.rule.key, 0) >= limit
    if over and active.mode is not Mode.SHADOW:
        return EnrolmentState.APPROVAL
    return EnrolmentState.PROPOSED if active.mode is Mode.MANUAL else EnrolmentState.ACTIVE


def _enrol(
    active: ActiveRule,
    action: Enrol,
    cause: Cause,
    context: RuleContext,
    now: Business,
    state: EnrolmentState,
) -> Decision:
    sequence = sequence_of(active, action)
    if sequence is None:
        return refusal(
            active, context, Code.SEQUENCE_MISSING, now, {"sequence": action.sequence}
        )
    found = bar(sequence, active, cause, context, now)
    if found is not None:
        return refusal(active, context, found[0], now, {**found[1], **(cause.values or {})})
    if state is EnrolmentState.ACTIVE and active.mode is Mode.LIVE and context.places is not None:
        taken = context.places.full(sequence, context.subject.owner_id)
        if taken is not None:
            state = EnrolmentState.QUEUED
            cause = replace(cause, values={**(cause.values or {}), **taken})
    made = start(active, cause, context, now, state, sequence, sequence.steps)
    if state is not EnrolmentState.ACTIVE or not made.actions:
        return made  # what only waits takes nobody's place yet
    room = give_way(sequence, active, cause, context, now)
    return Decision(
        (*room.actions, *made.actions), (*room.explanations, *made.explanations)
    )


def begin_sequence(
    active: ActiveRule, sequence: str, cause: Cause, context: RuleContext, now: Business
) -> Decision:
    """Enrol in a sequence of the rule's playbook for another cause than the rule's signal."""
    return _enrol(active, Enrol(sequence), cause, context, now, _state(active, context))
