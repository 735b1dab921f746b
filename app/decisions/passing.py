"""What a control step decides when it is reached: by which arm it goes on, or what it awaits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.dates import date_of, distance
from app.decisions.lasting import last_activity
from app.decisions.timing import owed_at
from app.model.calendar import WorkCalendar
from app.model.decisions import EnrolmentView
from app.model.flow import (
    DONE,
    ELSE,
    THEN,
    Branch,
    Control,
    OutcomeOf,
    Passage,
    Seen,
    SetMomentum,
    Since,
    Split,
    Wait,
)
from app.model.playbook import When
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import SignalKind, TouchState

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Reached:
    """Where and when a control step is reached.

    begins: when; later than now where it waits already and was put off. over_at: when the step
    before it was over. entry_at: what `entry` counts from.
    finished: ids of the touches that are over. passages: what is known of the control steps.
    """

    enrolment: EnrolmentView
    subject: SubjectView
    calendar: WorkCalendar
    now: Business
    begins: Business
    over_at: Business
    entry_at: Business
    finished: frozenset[str]
    passages: Mapping[str, Passage]


@dataclass(frozen=True, slots=True)
class Passed:
    """It goes on by an arm. at: when, as a fact of the story. values: for the ledger."""

    arm: str
    at: Business
    code: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Waits:
    """It is looked at again at `until`, if what it waits for does not come before."""

    until: Business
    values: Mapping[str, Any]


def decide_control(node: Control, at: Reached) -> Passed | Waits:
    """What the step decides on the record as it is now."""
    if isinstance(node, Wait):
        return _wait(node, at)
    if isinstance(node, Branch):
        return _branch(node, at)
    if isinstance(node, Split):
        arm = cohort(node, at.enrolment.definition, at.subject)
        return Passed(arm, at.begins, Code.DREW_COHORT, {"cohort": arm})
    assert isinstance(node, SetMomentum)
    return Passed(DONE, at.begins, Code.MOMENTUM_SET, {"value": node.value.value})


def cohort(split: Split, definition: str, subject: SubjectView) -> str:
    """The cohort that a subject falls into, the same whenever it is asked.

    The id under which the subject was first seen is hashed, with the sequence and the step as salt:
    two splits of a sequence draw apart, and a subject that comes again stays in its cohort.
    """
    name = "|".join((definition, split.id, *subject.first_seen))
    draw = int.from_bytes(sha256(name.encode()).digest()[:8], "big") % _PERCENT
    for arm, percent in split.shares:
        if draw < percent:
            return arm
        draw -= percent
    return split.shares[-1][0]


def words(when: When) -> str:
    """What is waited for, for the ledger and for people: `replied`, `stage entered (proposal)`."""
    if when.kind is SignalKind.NO_ACTIVITY:
        return f"silent for {when.after}"
    if when.kind is SignalKind.DATE:
        return f"{distance(when.after)} {when.field}"
    named = sorted([*(one.value for one in when.stages), *(one.value for one in when.replies)])
    named = named or ([when.field] if when.field else [])
    kind = when.kind.value.replace("_", " ")
    return f"{kind} ({', '.join(named)})" if named else kind


def _wait(node: Wait, at: Reached) -> Passed | Waits:
    what = words(node.until)
    came = _came(node.until, node.since, at.passages.get(node.id), at)
    gives_up = owed_at(at.begins, node.timeout, at.calendar)
    again = gives_up
    if came is None:
        reached = _lazily(node.until, at)
        if reached is not None:
            reached = max(reached, at.begins) if at.begins > at.now else reached
        if reached is not None and reached <= at.now:
            came = reached
        elif reached is not None:
            again = min(gives_up, reached)
    if came is not None:
        values = {"what": what, "at": came}
        passed = max(came, at.begins) if at.begins <= at.now else came
        return Passed(THEN, passed, Code.SIGNAL_CAME, values)
    if gives_up <= at.now:
        return Passed(ELSE, gives_up, Code.SIGNAL_MISSING, {"what": what, "until": gives_up})
    return Waits(again, {"what": what, "until": gives_up})


def _lazily(when: When, at: Reached) -> Business | None:
    """When a silence or a date that is waited for is reached; None for signals, which come."""
    if when.kind is SignalKind.NO_ACTIVITY:
        last = last_activity(at.subject, at.now)
        return None if last is None else owed_at(last, when.after, at.calendar)
    if when.kind is SignalKind.DATE:
        date = date_of(at.subject.fields, when.field or "", at.calendar.zone)
        return None if date is None else owed_at(date, when.after, at.calendar)
    return None


def _came(
    when: When, since: Since, passage: Passage | None, at: Reached
) -> Business | None:
    """When such a signal last came; what the record itself tells counts besides what was seen,
    which begins with the enrolment only."""
    after = at.entry_at if since == "entry" else at.over_at
    known = [passage.seen_at if passage else None, _on_record(when, at.subject)]
    found = [instant for instant in known if instant is not None and instant > after]
    return max(found, default=None)


def _on_record(when: When, subject: SubjectView) -> Business | None:
    if when.kind is SignalKind.REPLIED and not when.replies:
        return subject.last_reply_at
    if when.kind is SignalKind.MEETING_HELD:
        return subject.last_meeting_at
    if when.kind is SignalKind.STAGE_ENTERED and subject.stage_kind in when.stages:
        return subject.stage_entered_at
    return None


def _branch(node: Branch, at: Reached) -> Passed:
    test = node.test
    if isinstance(test, Seen):
        came = _came(test.when, test.since, at.passages.get(node.id), at)
        said: dict[str, Any] = {"read": {words(test.when): "came" if came else "did not come"}}
        return _taken(came is not None, at, said)
    if isinstance(test, OutcomeOf):
        result = result_of(test.step, at.enrolment, at.finished)
        return _taken(result in test.results, at, {"read": {test.step: result}})
    subject = as_of(at.subject, at.enrolment.contact)
    zone = at.calendar.zone
    met = compile_condition(test)(subject, at.now, zone)
    return _taken(met, at, {"read": values_read(test, subject, (), zone)})


def _taken(met: bool, at: Reached, values: Mapping[str, Any]) -> Passed:
    return Passed(THEN if met else ELSE, at.begins, Code.BRANCHED, values)


def as_of(subject: SubjectView, contact: str | None) -> SubjectView:
    """`contact.…` asks about the person whom the follow-up is for, whomever a rule would choose."""
    if contact is None:
        return subject
    people = tuple(replace(one, primary=one.crm_id == contact) for one in subject.contacts)
    return replace(subject, contacts=people)


def result_of(step: str, enrolment: EnrolmentView, finished: frozenset[str]) -> str:
    """How a touch stands, as `StepResult`; the latest of that step where there were several."""
    rows = [row for row in enrolment.touches if row["step"] == step]
    row = max(rows, key=lambda one: one["occurrence"], default=None)
    if row is not None and row["state"] == TouchState.PERFORMED.value:
        outcome = row["outcome"]
        if outcome in ("completed", "deleted", "finished", "unenrolled"):
            return outcome
        return "open" if outcome in (None, "open", "running") else "dropped"
    return "dropped" if step in finished else "open"
