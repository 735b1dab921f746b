"""What a playbook asks of the CRM beyond what is read of every record."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from app.decisions import conditions
from app.decisions.dates import FIELD
from app.decisions.event_counting import EVENT_FIELD
from app.model.engagement import engagement_days
from app.model.events import QUOTED
from app.model.flow import Branch, Node, OutcomeOf, Seen, Wait
from app.model.playbook import Condition, Need, Playbook, Rule, Sequence, When
from app.model.vocabulary import SignalKind
from app.playbooks.event_values import COUNTED_SIGNALS
from app.playbooks.fields import CONDITION_FIELDS, DATE_FIELDS, QUOTE_DATES, plain_field

_BUILT_IN = frozenset((*CONDITION_FIELDS, *DATE_FIELDS))
_BUILT_IN_PLAIN = frozenset(plain_field(name) for name in _BUILT_IN)


def missing(playbook: Playbook, fields: Collection[str]) -> list[Need]:
    """What it needs that is not mapped, by name; fields: names that the installation has mapped.

    A field that the file uses without declaring it under `needs` comes without a type and meaning.
    """
    said = {need.field: need for need in playbook.needs}
    names = sorted({*said, *needs(playbook)})
    return [said.get(name, Need(name, "", "")) for name in names if name not in fields]


def natives_of(playbook: Playbook) -> list[str]:
    """Names of the CRM's own sequences that it starts. It works without them: a task stands in."""
    steps = (step for sequence in playbook.sequences.values() for step in sequence.steps)
    return sorted({step.native.name for step in steps if step.native is not None})


def events_of(when: When) -> frozenset[str]:
    """Events of the customer's tools on which a signal rests. Those whose absence is waited for do
    not count: without them the rule acts all the same."""
    return frozenset(name for name in when.events if name not in COUNTED_SIGNALS)


def lacking(rule: Rule, arrived: Collection[str]) -> list[str]:
    """The events of which at least one has to have come before the rule can act; empty where any
    came, or where something else than an event sets it off too.

    arrived: names of the events that ever came.
    """
    when = rule.when
    other = any(name in COUNTED_SIGNALS for name in when.events)
    if other and when.count < 2:
        return []
    wanted = events_of(when)
    if when.kind is SignalKind.DATE and f"deal.{when.field}" in QUOTE_DATES:
        wanted = frozenset({QUOTED[0]})  # which alone brings such a date
    return sorted(wanted) if wanted and not wanted & set(arrived) and not other else []


def needs(playbook: Playbook) -> set[str]:
    """Names of the fields that an installation has to map for it, such as `deal.contract_end`.

    Texts are not asked: a token without a value leaves a draft out, and the rest still works.
    """
    found = {name for rule in playbook.rules for name in _of_rule(rule)}
    for sequence in playbook.sequences.values():
        found.update(_of_sequence(sequence))
    return found


def _of_rule(rule: Rule) -> Iterator[str]:
    yield from _of_when(rule.when)
    yield from _of_condition(rule.condition)
    yield from _of_steps(rule.tasks)


def _of_condition(condition: Condition | None) -> Iterator[str]:
    for name in conditions.needs(condition):
        asked = name.startswith(EVENT_FIELD) or engagement_days(name) is not None
        if name not in _BUILT_IN and not asked:
            yield name


def _of_sequence(sequence: Sequence) -> Iterator[str]:
    yield from _of_steps(sequence.nodes)
    for node in sequence.flow:
        yield from _of_control(node)
    for pace in sequence.pace:
        yield from _of_condition(pace.condition)
    if sequence.goal is not None:
        yield from _of_when(sequence.goal)


def _of_when(when: When) -> Iterator[str]:
    for field in (when.field, when.near):
        if field is not None and field not in _BUILT_IN_PLAIN:
            yield f"deal.{field}"


def _of_control(node: Node) -> Iterator[str]:
    if isinstance(node, Wait):
        yield from _of_when(node.until)
    elif isinstance(node, Branch):
        if isinstance(node.test, Seen):
            yield from _of_when(node.test.when)
        elif not isinstance(node.test, OutcomeOf):
            yield from _of_condition(node.test)


def _of_steps(steps: tuple[Node, ...]) -> Iterator[str]:
    for step in steps:
        name = step.anchor.removeprefix(FIELD)
        if name != step.anchor and name not in _BUILT_IN_PLAIN:
            yield f"deal.{name}"
