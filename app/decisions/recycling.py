"""What was put off to a date comes back on it: a signal of its own, which rules can wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import RuleContext
from app.model.decisions import (
    Action,
    ArmTimer,
    Decision,
    EnrolmentView,
    Explanation,
    SetProperty,
)
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, Momentum, SignalKind, StopReason

TIMER = "recycle:"
"""Prefix of the timer that brings a subject back; the id of the enrolment that ended follows."""

MOMENTUM = "momentum"


def put_off(enrolment: EnrolmentView, until: Business) -> tuple[Action, ...]:
    """Lay the subject of an enrolment that ends aside until a date."""
    return lay_aside(enrolment.subject, enrolment.id, enrolment.definition, until)


def lay_aside(
    subject: int, enrolment: str, definition: str, until: Business
) -> tuple[Action, ...]:
    """Lay a subject aside until a date: its momentum says so, a timer brings it back."""
    data = {"enrolment": enrolment, "definition": definition}
    return (
        SetProperty(subject, MOMENTUM, Momentum.RECYCLE.value),
        ArmTimer(subject, f"{TIMER}{enrolment}", until, data),
    )


def come_back(
    data: Mapping[str, Any], due_at: Business, context: RuleContext, now: Business
) -> tuple[Decision, Signal | None]:
    """The date has come: the signal, unless the matter is closed or has gone on by itself.

    Somebody who is being followed up again already has not been waiting for this date; nor has
    whoever was laid aside for their momentum and has another one since.
    """
    subject, enrolment = context.subject, str(data["enrolment"])
    running = [
        other.id
        for other in context.running
        if other.sequence is not None
        and other.state is EnrolmentState.ACTIVE
        and other.mode is not Mode.SHADOW
    ]
    scope = f"enrolment:{enrolment}"
    warmed = bool(data.get(MOMENTUM)) and subject.momentum != Momentum.RECYCLE.value
    if subject.deleted or subject.closed or running or warmed:
        code = Code.GONE_ON if running or warmed else Code.SUBJECT_CLOSED
        if subject.deleted:
            code = StopReason.DELETED.value
        values = {"stage": subject.stage_kind.value, "enrolments": running}
        line = Explanation(subject.id, scope, "not_recycled", code, now, values=values)
        return Decision((), (line,)), None
    sequence = str(data["definition"]).partition("/")[2]
    signal = Signal(
        SignalKind.RECYCLED, subject.id, due_at, f"{TIMER}{enrolment}", data={"sequence": sequence}
    )
    warm = SetProperty(subject.id, MOMENTUM, Momentum.WARM.value)
    values = {"sequence": sequence}
    line = Explanation(subject.id, scope, "recycled", Code.CAME_BACK, now, True, values)
    return Decision((warm,), (line,)), signal
