"""From the checked form of a file to the frozen playbook that decisions work on."""

from __future__ import annotations

from collections.abc import Iterator

from app.model.pace import Pace
from app.model.playbook import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    CreateTasks,
    Enrol,
    Hold,
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
from app.model.time import Delay
from app.model.vocabulary import (
    EXITS,
    Again,
    SignalKind,
    StageKind,
    StopReason,
    TaskType,
)
from app.playbooks import schema as form
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
from app.playbooks.step_build import anchor_of, delay_of, step_of


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
        return CreateTasks(tuple(step_of(step, templates) for step in action.create_tasks))
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
    makers = Makers(lambda step: step_of(step, templates), _when, condition_of, anchor_of, delay_of)
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
            steps=(step_of(step, templates),),
            title=f"{title}: review",
        )
