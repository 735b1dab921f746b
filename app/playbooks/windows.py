"""Steps whose window never opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.playbooks import schema as form
from app.playbooks.finding import Finding, Location
from app.playbooks.items import touches
from app.playbooks.momentum import placed_rules
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.step_schema import StepYaml


def window_findings(playbook: PlaybookYaml, closed: Mapping[str, str]) -> Iterator[Finding]:
    """A step whose window never opens for anybody would be put off for ever."""
    for place, step in steps_of(playbook):
        if step.window is not None and step.window in closed:
            yield Finding(
                (*place, "window"),
                f"window `{step.window}` can never be met: {closed[step.window]}",
                "change the hours in the settings, or leave the window out",
            )


def steps_of(playbook: PlaybookYaml) -> Iterator[tuple[Location, StepYaml]]:
    """Every touch, of sequences and of `create_tasks`, with its place in the file."""
    for number, sequence in enumerate(playbook.sequences):
        yield from touches(("sequences", number, "steps"), sequence.steps)
    for placed in placed_rules(playbook):
        for index, action in enumerate(placed.rule.then):
            if isinstance(action, form.CreateTasksAction):
                yield from touches((*placed.then, index, "create_tasks"), action.create_tasks)
