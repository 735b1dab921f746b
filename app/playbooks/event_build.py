"""From the checked form of what rules say about events to what decisions work on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.model.events import SURGING
from app.model.playbook import CreateTasks, RuleAction
from app.model.time import Delay, Unit
from app.model.vocabulary import Priority
from app.playbooks import schema as form
from app.playbooks.checks import plain_field
from app.playbooks.event_schema import EventYaml, UrgentYaml
from app.playbooks.event_values import COUNTED_SIGNALS

URGENT_FOR = Delay(1, Unit.D)
"""How long an urgent rule holds the record's other follow-ups where it does not say."""


def urgent(given: UrgentYaml | bool | None) -> Delay | None:
    """For how long an urgent rule holds the rest; None: it is not urgent."""
    if given is None:
        return None
    return given.hold if isinstance(given, UrgentYaml) else URGENT_FOR


def urgently(action: RuleAction) -> RuleAction:
    """High priority is what sends a task to cover while its rep is away."""
    if not isinstance(action, CreateTasks):
        return action
    return CreateTasks(tuple(replace(step, priority=Priority.HIGH) for step in action.steps))


def counts(when: form.WhenYaml) -> dict[str, Any]:
    """What a rule on events or on a surge counts."""
    if isinstance(when.event, EventYaml):
        event = when.event
        return {"events": frozenset(event.name), "count": event.count, "span": event.within}
    if when.event is not None:
        return {"events": frozenset(when.event)}
    seen = when.opened or when.clicked
    if isinstance(seen, form.CountYaml):
        return {"count": seen.count, "span": seen.within}
    if when.surge is None:
        return {}
    surge, near = when.surge, when.surge.near
    return {
        "events": frozenset(surge.of or (*COUNTED_SIGNALS, *SURGING)),
        "count": surge.count,
        "persons": surge.persons,
        "span": surge.within,
        "near": plain_field(near.field) if near is not None else None,
        "near_within": near.within if near is not None else None,
    }
