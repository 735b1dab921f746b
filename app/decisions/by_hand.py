"""A person enrols a record: by a rule in force, but without waiting for its signal.

They stand in for the signal and for the rep's word that a rule in manual mode asks for, and for
nothing else: scope, condition, exclusivity, limits and, for each step, the guard hold as ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.context import Cause, RuleContext, closed_to, explain, refusal
from app.decisions.firing import begin_sequence, sequence_of
from app.model.decisions import Decision
from app.model.playbook import ActiveRule, Enrol, Sequence
from app.model.time import Business
from app.model.vocabulary import Mode, StopReason

_BEGINS = frozenset({Mode.LIVE, Mode.MANUAL})


def offered(rules: Iterable[ActiveRule]) -> dict[str, tuple[ActiveRule, Sequence]]:
    """Sequence key → the rule by which a person may begin it, and the version in force of it."""
    found: dict[str, tuple[ActiveRule, Sequence]] = {}
    for active in rules:
        if active.mode not in _BEGINS or active.paused_at is not None:
            continue
        for action in active.rule.then:
            sequence = sequence_of(active, action) if isinstance(action, Enrol) else None
            if sequence is not None:
                found.setdefault(sequence.key, (active, sequence))
    return found


def begin_by_hand(
    active: ActiveRule,
    sequence: Sequence,
    anchor: str,
    who: str,
    context: RuleContext,
    now: Business,
) -> Decision:
    """Enrol the context's subject, or say why not. anchor: of the request, so that asking twice
    begins once; delays count from now."""
    subject = context.subject
    refused = closed_to(active, context)
    if refused is not None:
        return refusal(active, context, refused[0], now, refused[1])
    if subject.control == "stop":
        return refusal(active, context, StopReason.CONTROL.value, now)
    if subject.closed and subject.stage_kind not in active.rule.when.stages:
        return refusal(active, context, Code.SUBJECT_CLOSED, now, {"stage": subject.stage_kind})
    zone = context.calendar.zone
    if not compile_condition(active.rule.condition, context.roles)(subject, now, zone):
        read = values_read(active.rule.condition, subject, context.roles, zone)
        return refusal(active, context, Code.CONDITION_FALSE, now, {"read": read})
    begun = replace(active, mode=Mode.LIVE)
    # What follows a closing stands on it; without, the guard would take the deal for closed.
    cause = Cause(anchor, now, stage=subject.stage_id if subject.closed else None)
    made = begin_sequence(begun, sequence.id, cause, context, now)
    if not made.actions:
        return made
    values = {"who": who, "definition": sequence.key}
    line = explain(active, context, "by_hand", Code.BEGUN_BY_HAND, now, True, values)
    return Decision(made.actions, (*made.explanations, line))
