"""What control steps make of an enrolment's way: what was reached, what it waits for, what it saw.

Going on is the affair of `app.decisions.walking`; this only reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.decisions.dates import FIELD
from app.decisions.matching import waits_for
from app.model.decisions import EnrolmentView
from app.model.flow import Beat, Branch, Control, Node, Passage, Seen, Wait
from app.model.playbook import Step, When
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind

TIMER = "flow:"
"""Prefix of the timer at which an enrolment's waiting step is looked at; its id follows."""


def timer_of(enrolment: str) -> str:
    return f"{TIMER}{enrolment}"


def has_flow(enrolment: EnrolmentView) -> bool:
    """Whether control steps steer it."""
    return enrolment.sequence is not None and bool(enrolment.sequence.flow)


def noticed(
    enrolment: EnrolmentView, event: Signal, subject: SubjectView
) -> dict[str, Passage] | None:
    """What the signal means for steps that wait for it, will ask about it, or hang on the date that
    it changes: step id → what is known of it now. None where it concerns none; whatever happens may
    change the pace of a sequence that has one. The signal that began the enrolment answers nothing.
    """
    sequence = enrolment.sequence
    if sequence is None or not sequence.flow or event.at < enrolment.anchor_at:
        return None
    found: dict[str, Passage] = {}
    paced = False
    for node in sequence.flow:
        passage = enrolment.passages.get(node.id, Passage(node.id))
        if isinstance(node, Step) or passage.passed_at is not None:
            continue
        if isinstance(node, Beat):
            paced = True
            continue
        when = asks(node)
        if _hangs_on(node, when, event):
            found[node.id] = passage
        elif when is not None and waits_for(when, event, subject.type):
            latest = Business(max(event.at, passage.seen_at or 0))
            found[node.id] = replace(passage, kind=kind_of(node), seen_at=latest)
    return found if found or paced else None


def _hangs_on(node: Control, when: When | None, event: Signal) -> bool:
    """Whether it begins, or ends, on the date that the signal changes."""
    if event.kind is not SignalKind.FIELD_CHANGED:
        return False
    field = event.data.get("field")
    if when is not None and when.kind is SignalKind.DATE and when.field == field:
        return True
    return node.anchor == f"{FIELD}{field}"


def asks(node: Node) -> When | None:
    """The signal that a step waits for or asks about; None where it does neither."""
    if isinstance(node, Wait):
        return node.until
    if isinstance(node, Branch) and isinstance(node.test, Seen):
        return node.test.when
    return None


def reached(enrolment: EnrolmentView) -> Iterator[Node]:
    """The steps on the way so far, in order, up to the control step that was not passed yet."""
    sequence = enrolment.sequence
    for node in sequence.nodes if sequence is not None else enrolment.steps:
        if not taken(node, enrolment.passages):
            continue
        yield node
        if not isinstance(node, Step) and not is_passed(enrolment.passages.get(node.id)):
            return


def touches_reached(enrolment: EnrolmentView) -> tuple[Step, ...]:
    """The touches among them; all where nothing steers the sequence."""
    if not has_flow(enrolment):
        return enrolment.steps
    return tuple(node for node in reached(enrolment) if isinstance(node, Step))


def waiting(enrolment: EnrolmentView) -> tuple[Control, Passage] | None:
    """The control step at which it stands, with what is known of it."""
    if not has_flow(enrolment):
        return None
    for node in reached(enrolment):
        passage = enrolment.passages.get(node.id)
        if isinstance(node, Step) or passage is None or is_passed(passage):
            continue
        if passage.until_at is not None:
            return node, passage
    return None


def taken(node: Node, passages: Mapping[str, Passage]) -> bool:
    known = ((passages.get(control), arm) for control, arm in node.under)
    return all(is_passed(one) and one is not None and one.arm == arm for one, arm in known)


def is_passed(passage: Passage | None) -> bool:
    return passage is not None and passage.passed_at is not None


def kind_of(node: Control) -> str:
    return type(node).__name__.lower()


def name_of(node: Control) -> str:
    """The step that a line of the ledger is about: what comes before a touch is told as its."""
    return node.step if isinstance(node, Beat) else node.id
