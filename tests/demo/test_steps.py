"""The steps that the checker knows are those of the prose, text by text and day by day."""

from __future__ import annotations

import re
from collections import Counter

from demo.processes import ROOT
from demo.steps import ALL, CHOOSE, DASH, Step, step_of

_ROW = re.compile(r"^\| `([\w-]+)`(?: \(sequence\))? \| ([^|]+) \| ([^|]+) \| \w+ \| ([^|]+) \|$")
_TYPES = {"call": "CALL", "e-mail": "EMAIL", "to-do": "TODO", "sequence": "EMAIL"}


_CHECKED = (
    "proposal", "inbound-lead", "post-meeting", "idle-deal", "proposal-stage-map",
    "proposal-sequence", "renewal", "comeback",
)  # fmt: skip
"""Presets whose steps the checker tells apart; it never sees an account with others in force."""


def prose() -> list[tuple[str, str, str, str]]:
    """(step id, due, type, text) of every row of their tables in docs/presets.md."""
    text = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
    parts = [text.split(f"\n## `{name}`")[1].split("\n## ")[0] for name in _CHECKED]
    lines = [line for part in parts for line in part.splitlines()]
    found = [match.groups() for line in lines if (match := _ROW.match(line))]
    return [
        (id, due.strip(), _TYPES[task.partition(",")[0].strip()], subject.strip())
        for id, due, task, subject in found
    ]


def due_of(step: Step) -> str:
    if step.days < 0:
        return f"{-step.days}d before the end"
    if step.days:
        return f"{step.days}d"
    return f"{step.hours}h" if step.hours else ""


def test_every_step_of_the_prose_is_known_and_no_other() -> None:
    told = {(id, type, text) for id, _, type, text in prose()}
    known = {(step.id, step.type, step.text) for step in ALL if step is not CHOOSE}
    assert told == known


def test_the_days_are_those_of_the_prose() -> None:
    for id, due, _, text in prose():
        step = step_of(text)
        assert step is not None
        assert due_of(step) == (due if due[0].isdigit() else ""), id


def test_no_two_steps_share_a_text() -> None:
    assert [text for text, n in Counter(step.text for step in ALL).items() if n > 1] == []


def test_a_record_name_may_follow_the_text() -> None:
    for step in ALL:
        assert step_of(step.text) is step
        assert step_of(f"{step.text}{DASH}Roof — second offer") is step
    assert step_of("Buy milk") is None
