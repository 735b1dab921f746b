"""What a reply that was told apart does: it ends, holds or hands over, and gives a person a task.

`reply_table` says which class does what; this carries it out on one subject. A class may come long
after the mail that it is about, which has ended by then what any reply ends: where it turns out to
be no end, that goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition
from app.decisions.context import RuleContext, gate
from app.decisions.dates import instant_of
from app.decisions.ending import ANCHOR
from app.decisions.exits import exits_of
from app.decisions.placing import plan
from app.decisions.putting_off import goes_on
from app.decisions.recycling import TIMER, lay_aside
from app.decisions.reply_holds import hold, is_theirs, lift, wait, wait_until
from app.decisions.reply_table import (
    ANSWERING,
    ASK_DATE,
    EFFECTS,
    LEAD,
    REPLY_AT,
    STEPS,
    Effect,
    effect_of,
)
from app.decisions.timing import owed_at, shift
from app.decisions.who import choose_contact
from app.model.decisions import (
    Action,
    Decision,
    DisarmTimer,
    EndEnrolment,
    EnrolmentView,
    Explanation,
    StartEnrolment,
    SuppressContact,
)
from app.model.ids import enrolment_id
from app.model.playbook import Step
from app.model.replies import MACHINES, ReplyGround, Said, said_of
from app.model.signals import Signal
from app.model.time import Business, Delay
from app.model.vocabulary import (
    ANSWER,
    EnrolmentState,
    Mode,
    ReplyClass,
    SignalKind,
    StopReason,
)

_ON_A_DATE = frozenset({ASK_DATE, *(e.task for e in EFFECTS.values() if e.dated and e.task)})

_BY_EXIT = frozenset({StopReason.REPLIED, StopReason.MEETING_BOOKED})
"""Ends that a file can turn off; the others are for the person's sake."""


def answer(signal: Signal, context: RuleContext, ground: ReplyGround, now: Business) -> Decision:
    """What the class of a reply does to what runs for `context.subject`, and the task it gives."""
    said = said_of(signal.data)
    effect = effect_of(said)
    read = Decision((), (_read(signal, said, now),))
    if said.kind is ReplyClass.UNCLASSIFIED or context.subject.deleted:
        return read
    parts = [read]
    if said.kind not in MACHINES:
        parts += [lift(signal, effect, ground, now), _replace(context, now)]
    if effect.ends is not None:
        parts.append(_end(signal, effect, effect.ends, context, now))
    if effect.recycle is not None:
        parts.append(_recycle(signal, said, effect.recycle, context, ground, now))
    if effect.forgets:
        parts.append(Decision(tuple(DisarmTimer(signal.subject, n) for n in ground.recycled)))
    held, waits = None, list[Decision]()
    if effect.hold is not None:
        held = wait_until(said, effect, context, now)
        parts.append(hold(signal, effect.hold, held, now))
        waits = list(wait(signal, effect, held, context, ground, now)) if held else []
        parts += waits
    if effect.suppress is not None and signal.contact is not None:
        parts.append(Decision((SuppressContact(signal.contact, effect.suppress, now),)))
    runs = any(goes_on(one) and is_theirs(one, signal) for one in context.running)
    goes = runs or any(part.actions for part in waits)
    parts += _tasks(signal, said, effect, held, goes, context, now)
    return _together(parts)


def _together(parts: Sequence[Decision]) -> Decision:
    return Decision(
        tuple(action for part in parts for action in part.actions),
        tuple(line for part in parts for line in part.explanations),
    )


def _read(signal: Signal, said: Said, now: Business) -> Explanation:
    code = Code.REPLY_READ
    values: dict[str, Any] = {
        "class": said.kind.value.replace("_", " "), "by": said.by, "cause": signal.cause,
        "contact": signal.contact,
    }  # fmt: skip
    if said.date is not None:
        code, values["day"] = Code.REPLY_READ_DATED, said.date
    elif said.kind is ReplyClass.UNCLASSIFIED and said.words:
        code, values["words"] = Code.REPLY_UNKNOWN, said.words
    elif said.words and not said.readings:
        code, values["words"] = Code.REPLY_NO_DATE, said.words
    elif said.readings:
        code, values["words"] = Code.REPLY_DATE_UNREAD, said.words
        values["readings"] = list(said.readings)
    return Explanation(signal.subject, "reply", "read", code, now, True, values)


# --- ends ----------------------------------------------------------------------------------------


def _end(
    signal: Signal, effect: Effect, reason: StopReason, context: RuleContext, now: Business
) -> Decision:
    """End the sequences that it ends. One person's leaving ends nothing of their colleagues'."""
    actions: list[Action] = []
    lines: list[Explanation] = []
    for one in context.running:
        if one.sequence is None or not _concerned(one, signal, effect):
            continue
        if reason in _BY_EXIT and reason not in exits_of(one):
            continue
        if reason is StopReason.REPLIED and _begun_by(one, signal):
            continue
        actions.append(EndEnrolment(one.id, one.subject, reason, now))
        values = {"cause": signal.cause, "signal": signal.kind.value, "signal_at": signal.at}
        lines.append(one.told("ended", reason.value, now, values))
    return Decision(tuple(actions), tuple(lines))


def _begun_by(one: EnrolmentView, signal: Signal) -> bool:
    """Whether this very reply began it, as what comes after the end that it was."""
    return one.anchor.startswith(ANCHOR) and one.started_at >= int(signal.data[REPLY_AT])


def _replace(context: RuleContext, now: Business) -> Decision:
    """What an earlier reply put on a date is replaced by what they say now."""
    ends = [
        EndEnrolment(one.id, one.subject, StopReason.REPLIED, now)
        for one in context.running
        if one.definition == ANSWER and not one.planned.isdisjoint(_ON_A_DATE)
    ]
    return Decision(tuple(ends))


def _concerned(one: EnrolmentView, signal: Signal, effect: Effect) -> bool:
    if effect.suppress is None or None in (one.contact, signal.contact):
        return True
    return one.contact == signal.contact


def _recycle(
    signal: Signal,
    said: Said,
    otherwise: Delay,
    context: RuleContext,
    ground: ReplyGround,
    now: Business,
) -> Decision:
    """Bring the subject back on the date, or after the usual time. What had put it off before is
    taken over: there is one coming back, not two."""
    day = instant_of(said.date, context.calendar.zone)
    until = shift(max(day, now), context.calendar) if day is not None else None
    until = until or owed_at(now, otherwise, context.calendar)
    last = next((one for one in context.running if one.sequence is not None), None)
    if last is not None:
        enrolment, definition = last.id, last.definition
    else:
        data: Mapping[str, object] = next(iter(ground.recycled.values()), {})
        own = enrolment_id(
            context.installation_key, context.subject.first_seen, ANSWER, signal.cause
        )
        enrolment = str(data.get("enrolment") or own)
        definition = str(data.get("definition") or ANSWER)
    others = [
        DisarmTimer(signal.subject, name)
        for name in ground.recycled
        if name != f"{TIMER}{enrolment}"
    ]
    values = {"until": until, "cause": signal.cause}
    line = Explanation(
        signal.subject, f"enrolment:{enrolment}", "put_off", Code.COMES_BACK, now, True, values
    )
    laid = lay_aside(signal.subject, enrolment, definition, until)
    return Decision((*others, *laid), (line,))


# --- tasks ---------------------------------------------------------------------------------------


def _tasks(
    signal: Signal,
    said: Said,
    effect: Effect,
    held: Business | None,
    goes: bool,
    context: RuleContext,
    now: Business,
) -> Iterator[Decision]:
    if not signal.data.get(LEAD, True):
        return
    unsure = bool(said.readings) or (said.kind is ReplyClass.NOT_NOW and said.date is None)
    if unsure:
        yield _give(signal, STEPS[ASK_DATE], now, context, now)
    if effect.task is None or (effect.dated and said.date is None and not effect.alone):
        return
    if (effect.alone and goes) or _ruled(said.kind, context, now):
        return
    at = held if effect.dated and held is not None else now
    yield _give(signal, STEPS[effect.task], at, context, now)


def _ruled(kind: ReplyClass, context: RuleContext, now: Business) -> bool:
    """Whether a rule in force takes care of this class by name, for this subject."""
    subject, zone = context.subject, context.calendar.zone
    return any(
        active.mode in (Mode.LIVE, Mode.MANUAL)
        and active.rule.when.kind is SignalKind.REPLIED
        and kind in active.rule.when.replies
        and gate(active, context) is None
        and compile_condition(active.rule.condition, context.roles)(subject, now, zone)
        for active in context.rules
    )


def _give(
    signal: Signal, step: Step, at: Business, context: RuleContext, now: Business
) -> Decision:
    subject = context.subject
    anchor = f"{signal.cause}:{step.id}"
    if anchor in context.past.get(ANSWER, frozenset()):
        return Decision()
    key = enrolment_id(context.installation_key, subject.first_seen, ANSWER, anchor)
    (planned,) = plan(at, (step,), context.calendar, now, key)
    # It stands in the CRM at once, with its date: a rep who promised something wants to see it.
    touches = (replace(planned, write_at=now),)
    contact, reason = signal.contact, "who_replied"
    if contact is None:
        choice = choose_contact(subject, context.roles)
        contact, reason = choice.contact.crm_id if choice.contact else None, choice.reason
    begun = StartEnrolment(
        id=key,
        subject=subject.id,
        rule=ANSWERING,
        definition=ANSWER,
        sequence=None,
        steps=(step,),
        anchor=anchor,
        anchor_at=at,
        started_at=now,
        contact=contact,
        choice=reason,
        state=EnrolmentState.ACTIVE,
        mode=Mode.LIVE,
        touches=touches,
        # On a closed record the stage is what the task stands on: the guard lets it be.
        anchor_stage=subject.stage_id if subject.closed else None,
    )
    values = {"task": step.subject, "due_at": touches[0].due_at, "anchor": anchor}
    line = Explanation(
        subject.id, f"rule:{ANSWER}", "fired", Code.REPLY_ANSWERED, now, True, values
    )
    return Decision((begun,), (line,))
