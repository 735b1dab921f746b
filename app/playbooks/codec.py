"""Playbooks as JSON, for the store and for forms.

The JSON has the very keys of the YAML file: one schema to read both, and a version stored years
ago is read by the same checks as a file written today. `momentum` stands in it as the rules that it
is short for.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from app.model.ending import REVIEW, End
from app.model.playbook import (
    AllOf,
    AnyOf,
    Condition,
    CreateTasks,
    Enrol,
    Hold,
    Notify,
    NotOf,
    Playbook,
    Rule,
    RuleAction,
    Scope,
    Sequence,
    SetField,
    Stop,
    When,
)
from app.model.time import Delay
from app.model.vocabulary import EXITS, LASTING, SignalKind, StopReason
from app.playbooks.build import build
from app.playbooks.distances import backwards
from app.playbooks.loader import problems_of
from app.playbooks.nesting import Writers, items_of
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.problems import PlaybookError
from app.playbooks.step_codec import Json, assign_of, placed_of, said, step_of, text_of


def from_json(data: Json) -> Playbook:
    """The playbook that `to_json` wrote. Raises PlaybookError where the data has another form."""
    try:
        return build(PlaybookYaml.model_validate(data))
    except ValidationError as error:
        raise PlaybookError(problems_of(error, str(data.get("playbook", "")), None)) from error


def json_schema() -> Json:
    """JSON Schema (2020-12) of a playbook file, for completion and checks in editors."""
    schema = PlaybookYaml.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Followthrough playbook",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def to_json(playbook: Playbook) -> Json:
    """Plain JSON types; what a file may leave out is left out. `from_json` gives it back equal."""
    return said(
        {
            "playbook": playbook.id,
            "title": playbook.title,
            "description": playbook.description,
            "needs": [asdict(need) for need in playbook.needs],
            "rules": [_rule(rule) for rule in playbook.rules],
            "sequences": [
                _sequence(item, playbook)
                for item in playbook.sequences.values()
                if not item.id.endswith(REVIEW)
            ],
            "templates": {
                name: said(
                    {
                        "decides": text.decides,
                        "email_subject": text.email_subject,
                        "choices": dict(text.choices),
                        "body": text.body,
                    },
                    keep=("body",),
                )
                for name, text in playbook.templates.items()
            },
        }
    )


def _rule(rule: Rule) -> Json:
    return said(
        {
            "id": rule.id,
            "title": rule.title,
            "when": _when(rule.when),
            "if": _condition(rule.condition) if rule.condition is not None else None,
            "then": [_action(action) for action in rule.then],
            "again": rule.again.value,
            "settle": text_of(rule.settle),
            "limit": rule.limit,
            "scope": _scope(rule.scope),
            "urgent": {"hold": str(rule.urgent)} if rule.urgent is not None else None,
        }
    )


def _scope(scope: Scope) -> Json:
    sets = {"pipelines": scope.pipelines, "teams": scope.teams, "reps": scope.reps}
    return said({key: sorted(names) for key, names in sets.items()})


def _when(when: When) -> Json:
    named = sorted(stage.value for stage in when.stages) or sorted(when.subject_types)
    named = named or sorted(when.sequences) or sorted(one.value for one in when.replies) or "any"
    value: Any = str(when.after) if when.kind in LASTING else named
    if when.span is not None:
        value = {"count": when.count, "within": str(when.span)}
    if when.momentum is not None:
        value = {"momentum": when.momentum, "for": str(when.after)}
        if when.by_prospect:
            value["by"] = "prospect"
    if when.field is not None:
        value = f"deal.{when.field}" if when.kind is SignalKind.FIELD_CHANGED else _date(when)
    if when.kind is SignalKind.EVENT:
        value = _event(when)
    elif when.kind is SignalKind.SURGE:
        value = _surge(when)
    absent = sorted({*(kind.value for kind in when.unless), *when.unless_events})
    more = {"unless": absent, "within": text_of(when.within), "enters": when.enters}
    return said({when.kind.value: value, **more})


def _event(when: When) -> Json | list[str]:
    if when.count == 1:
        return sorted(when.events)
    return {"name": sorted(when.events), "count": when.count, "within": text_of(when.span)}


def _surge(when: When) -> Json:
    near = None
    if when.near is not None:
        near = {"field": f"deal.{when.near}", "within": text_of(when.near_within)}
    return said(
        {
            "of": sorted(when.events),
            "count": when.count,
            "persons": when.persons,
            "within": text_of(when.span),
            "near": near,
        }
    )


def _date(when: When) -> Json:
    return {"field": f"deal.{when.field}", **_side(when.after)}


def _side(distance: Delay | None) -> Json:
    """On which side of a date, as the file says it; nothing on the day itself."""
    if distance is None or not distance.amount:
        return {}
    if distance.amount < 0:
        return {"before": str(backwards(distance))}
    return {"after": str(distance)}


def _condition(condition: Condition) -> Json:
    if isinstance(condition, AllOf):
        return {"all": [_condition(part) for part in condition.parts]}
    if isinstance(condition, AnyOf):
        return {"any": [_condition(part) for part in condition.parts]}
    if isinstance(condition, NotOf):
        return {"not": _condition(condition.part)}
    compared = {"field": condition.field, "op": condition.op}
    if condition.of:
        compared["of"] = condition.of
    return compared if condition.value is None else {**compared, "value": condition.value}


def _action(action: RuleAction) -> Json:
    if isinstance(action, CreateTasks):
        return {"create_tasks": [step_of(step) for step in action.steps]}
    if isinstance(action, Enrol):
        return {"enrol": action.sequence}
    if isinstance(action, Stop):
        return {"stop": sorted(action.sequences) or "any"}
    if isinstance(action, Notify):
        return {"notify": {"who": action.who, "template": action.template}}
    if isinstance(action, SetField):
        value = {"field": action.field, "value": action.value, "for": text_of(action.returns)}
        return {"set": said(value)}
    if isinstance(action, Hold):
        return {"hold": {"reason": action.reason, "for": str(action.duration)}}
    return {"reassign": action.to}


def _sequence(sequence: Sequence, playbook: Playbook) -> Json:
    again = sequence.again
    return said(
        {
            "id": sequence.id,
            "title": sequence.title,
            "goal": _when(sequence.goal) if sequence.goal is not None else None,
            "exits": _exits(sequence),
            "on_deal": sequence.on_deal,
            "exclusive": sequence.exclusive or None,
            "end": {why.value: _end(end, playbook) for why, end in sequence.ends},
            "again": "once" if again.once else {"after": str(again.after)} if again.after else None,
            "if_running": "restart" if again.restart else None,
            "priority": sequence.priority,
            "lower": sequence.lower if sequence.priority is not None else None,
            "max_active": sequence.max_active,
            "pace": [
                {"if": _condition(one.condition), "times": one.times} for one in sequence.pace
            ],
            "for": {"role": sequence.role} if sequence.role else None,
            "steps": items_of(sequence.nodes, Writers(step_of, _when, _condition, placed_of)),
        }
    )


def _end(end: End, playbook: Playbook) -> Json | str:
    if end.to == "next":
        return said({"next": end.sequence, "after": text_of(end.after)})
    if end.to == "recycle":
        return {"recycle": str(end.after)}
    if end.to == "archive":
        return "archive"
    step = playbook.sequences[end.sequence].steps[0]
    task = {
        "template": step.template,
        "at": text_of(step.at),
        "task": step.task.value,
        "subject": step.subject,
        "priority": step.priority.value,
        "assign": assign_of(step.assign),
    }
    return {"review": said(task)}


def _exits(sequence: Sequence) -> dict[str, bool]:
    """The `exits` that a file would have to say: those that are off."""
    off = {reason: False for reason in EXITS if reason not in sequence.exits}
    return {StopReason(reason).value: switch for reason, switch in off.items()}
