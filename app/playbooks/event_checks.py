"""What rules on events may ask, and what an urgent rule may do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.decisions.event_counting import EVENT_FIELD
from app.model.events import CUSTOM, spec
from app.playbooks import schema as form
from app.playbooks.event_schema import EventYaml
from app.playbooks.event_words import ANYTHING
from app.playbooks.finding import Finding, Location
from app.playbooks.momentum import Placed, placed_rules
from app.playbooks.playbook_schema import PlaybookYaml


def event_fields(when: form.WhenYaml) -> frozenset[str]:
    """`event.…` fields that a rule on this signal may ask; `ANYTHING` where any word will do."""
    if when.form_submitted is not None:
        return frozenset({f"{EVENT_FIELD}form"})
    if when.event is None:
        return frozenset()
    names = when.event.name if isinstance(when.event, EventYaml) else when.event
    found = {f"{EVENT_FIELD}{field}" for name in names for field in spec(name).fields}
    if any(name.startswith(CUSTOM) for name in names):
        found.add(ANYTHING)
    return frozenset(found)


def told_fields(playbook: PlaybookYaml) -> frozenset[str]:
    """`event.…` tokens of texts: what the events of this playbook's rules may say.

    Of a made up event any word that the texts name; it is said in the task where it is missing.
    """
    rules = [one.rule for one in placed_rules(playbook)]
    found = frozenset(name for rule in rules for name in event_fields(rule.when))
    if ANYTHING not in found:
        return found
    texts = [text for one in playbook.templates.values() for text in (one.body, one.email_subject)]
    return found | frozenset(
        word for text in texts for word in re.findall(r"event\.[a-z][a-z0-9_]{0,47}", text or "")
    )


def urgent_findings(placed: Placed, rule: form.RuleYaml) -> Iterator[Finding]:
    """An urgent rule's tasks are due now and of high priority, so they can say neither."""
    if rule.urgent is None:
        return
    tasks = [
        (index, action)
        for index, action in enumerate(rule.then)
        if isinstance(action, form.CreateTasksAction)
    ]
    if not tasks:
        yield Finding(
            (*placed.id[:-1], "urgent"),
            "an urgent rule creates a task",
            "add create_tasks to its `then`",
        )
    for index, action in tasks:
        for place, step in enumerate(action.create_tasks):
            where: Location = (*placed.then, index, "create_tasks", place)
            if step.at is not None:
                yield Finding((*where, "at"), "an urgent task is due now", "leave `at` out")
            if step.priority not in (None, "high"):
                yield Finding(
                    (*where, "priority"), "an urgent task is of high priority",
                    "leave `priority` out",
                )  # fmt: skip
