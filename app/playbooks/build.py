"""From the checked form of a file to the frozen playbook that decisions work on."""

from __future__ import annotations

from collections.abc import Iterator

from app.decisions.dates import FIELD
from app.model.ending import Assign
from app.model.pace import Pace
from app.model.playbook import (
    INSTEAD,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    CreateTasks,
    Enrol,
    Hold,
    LatePolicy,
    NativeSequence,
    Need,
    Notify,
    NotOf,
    Playbook,
    Reassign,
    Rule,
    RuleAction,
    Scope,
    Sequence,
    SetField,
    Step,
    Stop,
    Template,
    When,
)
from app.model.time import Delay, Unit
from app.model.vocabulary import (
    EXITS,
    Again,
    Priority,
    SignalKind,
    StageKind,
    StopReason,
    TaskType,
)
from app.playbooks import schema as form
from app.playbooks.control_schema import ControlYaml
from app.playbooks.distances import backwards
from app.playbooks.end_build import end_of, return_of, review_id
from app.playbooks.end_schema import by_reason
from app.playbooks.event_build import counts, urgent, urgently
from app.playbooks.event_values import Absent
from app.playbooks.fields import plain_field
from app.playbooks.momentum import placed_rules
from app.playbooks.nesting import Makers, nodes_of
from app.playbooks.pace_build import with_beats
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.step_schema import (
    AnchorFieldYaml,
    AssignToYaml,
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


def build(source: PlaybookYaml) -> Playbook:
    """The playbook. `source` must have passed `checks.check`: references are followed unasked."""
    templates = {
        name: Template(
            name, text.decides, text.body, text.email_subject or "",
            tuple(sorted((text.choices or {}).items())),
        )
        for name, text in source.templates.items()
    }
    return Playbook(
        id=source.playbook,
        title=source.title or source.playbook.replace("-", " ").capitalize(),
        rules=tuple(
            _rule(source.playbook, placed.rule, templates) for placed in placed_rules(source)
        ),
        sequences={
            one.id: one
            for item in source.sequences
            for one in (
                _sequence(source.playbook, item, templates),
                *_reviews(source.playbook, item, templates),
            )
        },
        templates=templates,
        description=(source.description or "").strip(),
        needs=tuple(Need(need.field, need.type, need.what) for need in source.needs),
    )


def _rule(playbook: str, rule: form.RuleYaml, templates: dict[str, Template]) -> Rule:
    scope = rule.scope or form.ScopeYaml()
    then = tuple(_action(action, templates) for action in rule.then)
    if rule.urgent is not None:
        then = tuple(map(urgently, then))
    return Rule(
        id=rule.id,
        playbook=playbook,
        when=_when(rule.when),
        then=then,
        condition=condition_of(rule.if_) if rule.if_ is not None else None,
        again=rule.again or Again.STAGE_ENTRY,
        settle=rule.settle,
        limit=rule.limit,
        scope=Scope(frozenset(scope.pipelines), frozenset(scope.teams), frozenset(scope.reps)),
        title=rule.title or rule.id.replace("-", " ").capitalize(),
        urgent=urgent(rule.urgent),
    )


def _when(when: form.WhenYaml) -> When:
    key = next(key for key in form.SIGNAL_KEYS if getattr(when, key) is not None)
    counted = counts(when)
    field = when.date.field if when.date is not None else when.field_changed
    stages = when.stage_entered or [StageKind(way.value) for way in when.closed or ()]
    return When(
        kind=SignalKind(key),
        stages=frozenset(stages),
        subject_types=frozenset(kind.value for kind in when.subject_created or ()),
        after=_distance(when.date) if when.date is not None else _lasting(when),
        unless=frozenset(one.kind for one in when.unless or () if isinstance(one, Absent)),
        unless_events=frozenset(
            one for one in when.unless or () if not isinstance(one, Absent)
        ),
        within=when.within,
        field=plain_field(field) if field is not None else None,
        sequences=frozenset(when.recycled or ()),
        replies=frozenset(when.replied or ()),
        momentum=when.stalled.momentum if when.stalled is not None else None,
        by_prospect=when.stalled is not None and when.stalled.by == "prospect",
        enters=when.enters,
        **counted,
    )


def _lasting(when: form.WhenYaml) -> Delay | None:
    if when.stalled is not None:
        return when.stalled.for_
    return when.no_activity_for or when.no_next_step or when.unowned


def _distance(date: form.DateYaml) -> Delay | None:
    return backwards(date.before) if date.before is not None else date.after


def condition_of(source: form.ConditionYaml) -> Condition:
    """The condition that a file, or a form with the same words, describes."""
    if isinstance(source, form.AllYaml):
        return AllOf(tuple(condition_of(part) for part in source.all))
    if isinstance(source, form.AnyYaml):
        return AnyOf(tuple(condition_of(part) for part in source.any))
    if isinstance(source, form.NotYaml):
        return NotOf(condition_of(source.not_))
    return Compare(source.field, source.op, source.value, source.of or "")


def _action(action: form.ActionYaml, templates: dict[str, Template]) -> RuleAction:
    if isinstance(action, form.CreateTasksAction):
        return CreateTasks(tuple(_step(step, templates) for step in action.create_tasks))
    if isinstance(action, form.EnrolAction):
        return Enrol(action.enrol)
    if isinstance(action, form.StopAction):
        return Stop(frozenset(() if action.stop == "any" else action.stop))
    if isinstance(action, form.NotifyAction):
        return Notify(action.notify.who, action.notify.template)
    if isinstance(action, form.SetAction):
        return SetField(action.set.field, action.set.value, action.set.for_)
    if isinstance(action, form.HoldAction):
        return Hold(action.hold.reason, action.hold.for_)
    return Reassign(action.reassign)


def _sequence(playbook: str, source: form.SequenceYaml, templates: dict[str, Template]) -> Sequence:
    switched = source.exits or {}
    makers = Makers(lambda step: _step(step, templates), _when, condition_of, _anchor, _delay)
    paces = tuple(Pace(condition_of(one.if_), one.times) for one in source.pace)
    nodes = tuple(with_beats(tuple(nodes_of(source.steps, makers)), paces))
    steps = tuple(node for node in nodes if isinstance(node, Step))
    return Sequence(
        id=source.id,
        playbook=playbook,
        steps=steps,
        goal=_when(source.goal) if source.goal is not None else None,
        exits=frozenset(reason for reason in EXITS if switched.get(reason.value, True)),
        on_deal=source.on_deal or "end",
        exclusive=source.exclusive,
        flow=nodes if len(steps) < len(nodes) else (),
        title=source.title or source.id.replace("-", " ").capitalize(),
        ends=tuple(
            (StopReason(name), end_of(source.id, StopReason(name), end))
            for name, end in by_reason(source.end).items()
        ),
        again=return_of(source),
        priority=source.priority,
        lower=source.lower or "pause",
        max_active=source.max_active,
        pace=paces,
        role=source.for_.role if source.for_ is not None else "",
    )


def _reviews(
    playbook: str, source: form.SequenceYaml, templates: dict[str, Template]
) -> Iterator[Sequence]:
    """The built-in sequences of one task each that look at what has ended."""
    for name, end in by_reason(source.end).items():
        if isinstance(end, str) or end.review is None:
            continue
        review = end.review
        step = form.StepYaml.model_construct(
            id="review",
            at=review.at,
            task=review.task or TaskType.TODO,
            template=review.template,
            subject=review.subject,
            priority=review.priority,
            assign=review.assign,
        )
        title = source.title or source.id.replace("-", " ").capitalize()
        yield Sequence(
            id=review_id(source.id, StopReason(name)),
            playbook=playbook,
            steps=(_step(step, templates),),
            title=f"{title}: review",
        )


def _delay(step: StepYaml | ControlYaml) -> Delay | None:
    """The delay of a step; negative where it counts back from a date."""
    return backwards(step.at) if step.at is not None and step.before is not None else step.at


def _step(step: form.StepYaml, templates: dict[str, Template]) -> Step:
    if step.sequence is not None:
        return _native(step, step.sequence, templates)
    if step.note is not None:
        title = f"Note: {templates[step.note].decides}"
        return Step(step.id, None, TaskType.TODO, title, step.note, note=True)
    task, template = step.task or TaskType.EMAIL, step.email or step.template or ""
    return Step(
        id=step.id,
        at=_delay(step),
        task=task,
        subject=step.subject or f"{_CHANNEL_WORDS[task]}: {templates[template].decides}",
        template=template,
        priority=step.priority or Priority.MEDIUM,
        anchor=_anchor(step),
        lead=step.lead,
        window=step.window,
        late=_late(step),
        recycle=step.then.recycle if step.then is not None else None,
        assign=_assign(step),
        steady=step.pace == "steady",
    )


def _assign(step: form.StepYaml) -> Assign:
    if isinstance(step.assign, AssignToYaml):
        name = step.assign.rep or step.assign.team or ""
        return Assign("rep" if step.assign.rep is not None else "team", name)
    return Assign(step.assign or "owner")


def _native(step: form.StepYaml, sequence: NativeYaml, templates: dict[str, Template]) -> Step:
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
        anchor=_anchor(step),
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


def _anchor(step: StepYaml | ControlYaml, unsaid: str = "entry") -> str:
    """What a step counts from; unsaid: where the file leaves it open."""
    if step.before is not None:
        return f"{FIELD}{plain_field(step.before.field)}"
    if isinstance(step.after, AnchorFieldYaml):
        return f"{FIELD}{plain_field(step.after.field)}"
    return step.after or unsaid


def _late(step: form.StepYaml) -> LatePolicy:
    if isinstance(step.late, SkipYaml):
        return LatePolicy("skip", step.late.skip_after)
    return LatePolicy(step.late or "shift")
