"""What the conditions of a whole playbook ask of the past: over how many days engagement counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.decisions.conditions import days_asked
from app.model.flow import Branch, OutcomeOf, Seen
from app.model.playbook import Condition, Playbook


def engagement_asked(playbooks: Iterable[Playbook]) -> frozenset[int]:
    """Over how many days engagement is counted for their rules, branches and paces."""
    return frozenset(
        days
        for playbook in playbooks
        for condition in _conditions(playbook)
        for days in days_asked(condition)
    )


def _conditions(playbook: Playbook) -> Iterator[Condition | None]:
    for rule in playbook.rules:
        yield rule.condition
    for sequence in playbook.sequences.values():
        for pace in sequence.pace:
            yield pace.condition
        for node in sequence.flow:
            if isinstance(node, Branch) and not isinstance(node.test, Seen | OutcomeOf):
                yield node.test
