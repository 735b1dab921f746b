"""A playbook's page says what its file says, along its time and in words."""

from __future__ import annotations

from typing import Any

import pytest

from app.playbooks.loader import load_text
from app.playbooks.presets import preset, preset_ids
from app.web.playbook_view import Line, changes, differences, timeline

FLOW = """
playbook: ways
rules:
  - id: sent
    title: It was sent
    when: {stage_entered: proposal}
    if: {field: deal.amount, op: ">", value: 5000}
    then: [{enrol: way}, {notify: {who: manager, template: t}}]
sequences:
  - id: way
    steps:
      - {id: one, task: email, at: 1wd, subject: First, template: t, priority: high}
      - id: answer
        wait: {until: {opened: any}, timeout: 3d}
        then:
          - {id: two, after: previous_done, task: call, subject: Call them, template: t}
        else:
          - {id: three, at: 2h, after: previous_done, task: todo, subject: Think, template: t}
templates:
  t: {decides: Is it yes?, body: Ask.}
"""


def lines(text: str) -> list[Line]:
    return timeline(load_text(text, "x.yaml"))[0]["lines"]


@pytest.mark.parametrize("id", preset_ids())
def test_every_preset_can_be_shown_whole(id: str) -> None:
    playbook = preset(id)
    shown = timeline(playbook)
    assert [rule["key"] for rule in shown] == [rule.key for rule in playbook.rules]
    for rule in shown:
        assert rule["when"]
        assert rule["lines"] or all(rule["does"])
        assert all(line.when and line.kind and line.what for line in rule["lines"])


def test_a_rule_is_told_in_words() -> None:
    (rule,) = timeline(load_text(FLOW, "x.yaml"))
    told: dict[str, Any] = {key: rule[key] for key in ("title", "when", "if", "does")}
    assert told == {
        "title": "It was sent", "when": "stage entered (proposal)", "if": "amount > 5000",
        "does": ["tells the manager"],
    }  # fmt: skip


def test_steps_stand_in_their_order_with_the_way_that_leads_to_them() -> None:
    assert [(ln.when, ln.kind, ln.what, ln.way, ln.depth) for ln in lines(FLOW)] == [
        ("after 1 working day", "e-mail", "First", "", 0),
        ("at once after the step before", "wait", "until opened, at most 3 days", "", 0),
        ("at once after the step before", "call", "Call them", "then", 1),
        ("2 hours after the step before", "to do", "Think", "else", 1),
    ]
    first = lines(FLOW)[0]
    assert (first.decides, first.text, first.urgent) == ("Is it yes?", "Ask.", True)


def test_what_a_version_changed() -> None:
    old, new = FLOW, FLOW.replace("1wd", "2wd")
    changed = [line for line in differences(old, new) if line[0] in "+-"]
    assert [sign for sign, _ in changed] == ["-", "+"]
    assert "at: 2wd" in changed[1][1]
    rows = [{"version": 2, "source": new}, {"version": 1, "source": old}]
    assert (changes(rows, "2") or {})["version"] == 2
    assert changes(rows, "1") is None, "the first one has none before it"
    assert changes(rows, "x") is None
