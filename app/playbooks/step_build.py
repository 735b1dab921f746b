"""Steps, from the checked form of a file."""

from __future__ import annotations

from typing import Literal

from app.decisions.dates import FIELD
from app.model.ending import Assign
from app.model.playbook import INSTEAD, LatePolicy, NativeSequence, Step, Template
from app.model.time import Delay, Unit
from app.model.vocabulary import Priority, TaskType
from app.playbooks.control_schema import ControlYaml
from app.playbooks.distances import backwards
from app.playbooks.fields import plain_field
from app.playbooks.step_schema import (
    AnchorFieldYaml,
    AssignToYaml,
    HandOverYaml,
    NativeYaml,
    SkipYaml,
    StepYaml,
)
from app.playbooks.texts import NAME_SEPARATOR

_CHANNEL_WORDS = {
    TaskType.CALL: "Call",
    TaskType.EMAIL: "E-mail",
    TaskType.TODO: "To do",
    TaskType.LINKEDIN: "LinkedIn",
    TaskType.MEETING: "Meeting",
}


def delay_of(step: StepYaml | ControlYaml) -> Delay | None:
    """The delay of a step; negative where it counts back from a date."""
    return backwards(step.at) if step.at is not None and step.before is not None else step.at


def step_of(step: StepYaml, templates: dict[str, Template]) -> Step:
    if step.sequence is not None:
        return _native(step, step.sequence, templates)
    if step.note is not None:
        title = f"Note: {templates[step.note].decides}"
        return Step(step.id, None, TaskType.TODO, title, step.note, note=True)
    if step.hand_over is not None:
        return _hand_over(step, step.hand_over, templates)
    task, template = step.task or TaskType.EMAIL, step.email or step.template or ""
    return Step(
        id=step.id,
        at=delay_of(step),
        task=task,
        subject=step.subject or f"{_CHANNEL_WORDS[task]}: {templates[template].decides}",
        template=template,
        priority=step.priority or Priority.MEDIUM,
        anchor=anchor_of(step),
        lead=step.lead,
        window=step.window,
        late=_late(step),
        recycle=step.then.recycle if step.then is not None else None,
        assign=_assign(step.assign),
        steady=step.pace == "steady",
        thread=step.thread,
    )


def _hand_over(step: StepYaml, wanted: HandOverYaml, templates: dict[str, Template]) -> Step:
    return Step(
        id=step.id,
        at=delay_of(step),
        task=TaskType.TODO,
        subject=f"Hand over: {templates[wanted.template].decides}",
        template=wanted.template,
        anchor=anchor_of(step),
        assign=_assign(wanted.to),
        note=True,
        hands_over=True,
    )


def _assign(wanted: AssignToYaml | Literal["owner", "manager"] | None) -> Assign:
    if isinstance(wanted, AssignToYaml):
        name = wanted.rep or wanted.team or ""
        return Assign("rep" if wanted.rep is not None else "team", name)
    return Assign(wanted or "owner")


def _native(step: StepYaml, sequence: NativeYaml, templates: dict[str, Template]) -> Step:
    """An enrolment acts at its due time, so nothing is written before it."""
    crm, name = sequence.named
    if step.template is not None:
        task, instead = TaskType.EMAIL, f"E-mail: {templates[step.template].decides}"
    else:
        task, instead = TaskType.TODO, by_hand(name)
    return Step(
        id=step.id,
        at=step.at,
        task=task,
        subject=step.subject or instead,
        template=step.template or INSTEAD,
        priority=step.priority or Priority.MEDIUM,
        anchor=anchor_of(step),
        lead=Delay(0, Unit.MIN),
        window=step.window,
        late=_late(step),
        recycle=step.then.recycle if step.then is not None else None,
        native=NativeSequence(crm, name, sequence.sender),
        steady=step.pace == "steady",
    )


def by_hand(name: str) -> str:
    """The title of the to-do that stands in for a sequence without a template."""
    return f"Follow up by hand instead of the sequence {name.replace(NAME_SEPARATOR, ': ')}"


def anchor_of(step: StepYaml | ControlYaml, unsaid: str = "entry") -> str:
    """What a step counts from; unsaid: where the file leaves it open."""
    if step.before is not None:
        return f"{FIELD}{plain_field(step.before.field)}"
    if isinstance(step.after, AnchorFieldYaml):
        return f"{FIELD}{plain_field(step.after.field)}"
    return step.after or unsaid


def _late(step: StepYaml) -> LatePolicy:
    if isinstance(step.late, SkipYaml):
        return LatePolicy("skip", step.late.skip_after)
    return LatePolicy(step.late or "shift")
