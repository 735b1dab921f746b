"""What each class of reply does by itself, as data.

A live rule that waits for a class by name (`when: {replied: [positive]}`) gives the task in place
of the one here; the rest holds all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.model.in_force import built_in
from app.model.playbook import Step
from app.model.replies import LETTERS, USUAL_CHOICES, Said, said_of
from app.model.time import MINUTE, Delay, Unit, parse_delay
from app.model.vocabulary import (
    ANSWER,
    Priority,
    ReplyClass,
    SignalKind,
    StopReason,
    TaskType,
)

AWAY = "out_of_office"
LATER = "asked_for_later"
PROMISED = "promised_an_answer"
IN_CHARGE = "a_person_is_in_charge"
"""Reasons of holds. Only the last has no end: a person says when automatic steps may go on."""

DATED = frozenset({AWAY, LATER, PROMISED})
"""Reasons that a later word of the person themselves ends."""


LEAD = "lead"
"""Key in the signal's data: whether this is the one of the person's records that gets the task."""

REPLY_AT = "reply_at"
"""Key in the signal's data: when the reply came that it is about."""

SAME_MS = 15 * MINUTE
"""So far apart may lie the word about a reply and the mail itself, where the word comes first."""


@dataclass(frozen=True, slots=True)
class Effect:
    """ends: why running sequences end; None: they go on.

    hold: the reason for which everything waits, None for none. counts: from which day the date
    lets it go on: `on` the day, or on the working day `after` it. otherwise: how long it waits
    where no date is known; None: until a person lifts it. restart: the running step moves to the
    hold's end and the rest keeps its distance; else everything keeps its distance to today.
    task: id of the step that a person gets. dated: due on the date, and only if there is one;
    `alone`: only if nothing goes on by itself. recycle: brought back so long after, or on the date.
    suppress: the person is not addressed any more. forgets: nothing brings the subject back.
    """

    ends: StopReason | None = None
    hold: str | None = None
    counts: Literal["on", "after"] = "after"
    otherwise: Delay | None = None
    restart: bool = False
    task: str | None = None
    dated: bool = False
    alone: bool = False
    recycle: Delay | None = None
    suppress: str | None = None
    forgets: bool = False


_WEEK = Delay(5, Unit.WD)

EFFECTS: Mapping[ReplyClass, Effect] = {
    ReplyClass.POSITIVE: Effect(StopReason.REPLIED, task="answer-interest"),
    ReplyClass.QUESTION: Effect(StopReason.HUMAN, IN_CHARGE, task="answer-question"),
    ReplyClass.OBJECTION: Effect(StopReason.HUMAN, IN_CHARGE, task="answer-objection"),
    ReplyClass.FRUSTRATED: Effect(StopReason.HUMAN, IN_CHARGE, task="answer-complaint"),
    ReplyClass.NOT_NOW: Effect(
        None, LATER, "on", Delay(30, Unit.D), task="call-as-agreed", dated=True
    ),
    ReplyClass.PROMISE: Effect(
        None, PROMISED, "after", _WEEK, restart=True, task="ask-for-answer", dated=True, alone=True
    ),
    ReplyClass.OPT_OUT: Effect(
        StopReason.OPTED_OUT, suppress=StopReason.OPTED_OUT.value, task="record-opt-out"
    ),
    ReplyClass.OUT_OF_OFFICE: Effect(None, AWAY, "after", _WEEK),
    ReplyClass.LEFT_COMPANY: Effect(
        StopReason.LEFT_COMPANY, suppress=StopReason.LEFT_COMPANY.value, task="find-successor"
    ),
    ReplyClass.BOUNCE: Effect(StopReason.BOUNCED),
    ReplyClass.BOOKED: Effect(StopReason.MEETING_BOOKED),
    ReplyClass.UNCLASSIFIED: Effect(),
}

CLOSE, CALL = "close", "call"

CHOICES: Mapping[str, Effect] = {
    CLOSE: Effect(StopReason.FILE_CLOSED, task="close-the-file", forgets=True),
    CALL: Effect(StopReason.REPLIED, task="call-now"),
}
"""What a letter does, by what it means; else it is a delay after which to come back."""


def effect_of(said: Said) -> Effect:
    """What was said, as an effect. A letter means what the mail that asked for it says."""
    letter = LETTERS.get(said.kind)
    if letter is None:
        return EFFECTS[said.kind]
    means = said.means or USUAL_CHOICES[letter]
    return CHOICES.get(means) or Effect(StopReason.PUT_OFF, recycle=parse_delay(means))


def no_end(said: Mapping[str, Any], at: int) -> Said | None:
    """What was said of a reply that comes in at `at`, where it was said before the mail came and is
    no end; None where any reply would end what runs."""
    if abs(at - int(said[REPLY_AT])) > SAME_MS:
        return None
    meant = said_of(said)
    effect = effect_of(meant)
    return meant if effect.ends is None and effect.hold is not None else None


_AT_ONCE = Delay(0, Unit.MIN)
ASK_DATE = "ask-date"


def _task(id: str, task: TaskType, subject: str, priority: Priority = Priority.HIGH) -> Step:
    return Step(id, None, task, subject, id, priority, lead=_AT_ONCE)


STEPS: Mapping[str, Step] = {
    step.id: step
    for step in (
        Step(
            "answer-interest", Delay(5, Unit.MIN), TaskType.CALL, "Answer the interested reply now",
            "answer-interest", Priority.HIGH, lead=_AT_ONCE,
        ),
        _task("answer-question", TaskType.TODO, "Take over: the prospect asks a question"),
        _task("answer-objection", TaskType.TODO, "Take over: the prospect objects"),
        _task("answer-complaint", TaskType.TODO, "Take over: the prospect is annoyed"),
        _task("call-as-agreed", TaskType.CALL, "Call as agreed"),
        _task("ask-for-answer", TaskType.CALL, "Ask for the answer that was promised"),
        _task("close-the-file", TaskType.TODO, "Review: the prospect asked to close the file",
              Priority.MEDIUM),
        _task("call-now", TaskType.CALL, "Call now: the prospect asked for it"),
        _task("record-opt-out", TaskType.TODO, "Record in the CRM that the contact opted out"),
        _task("find-successor", TaskType.TODO, "Find the new contact", Priority.MEDIUM),
        _task(ASK_DATE, TaskType.TODO, "Which day did the prospect mean?"),
    )
}  # fmt: skip
"""The tasks that replies give, by id, each with a built-in text of the same id."""

ANSWERING = built_in(ANSWER, SignalKind.REPLY_CLASSIFIED, tuple(STEPS.values()))
"""The rule that gives them; it stands in no playbook."""
