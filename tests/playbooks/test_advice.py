"""What is odd about a playbook without mistakes, with its place in the file."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from app.installations.settings import parse
from app.playbooks.advice import Limits, advise, limits_of
from app.playbooks.loader import advice_on, load_text
from app.playbooks.presets import preset, preset_ids

NONE = Limits(None, None, None)


def text(rules: str, sequences: str = "") -> str:
    parts = ["playbook: p", "rules:", indent(dedent(rules).strip(), "  ")]
    if sequences:
        parts += ["sequences:", indent(dedent(sequences).strip(), "  ")]
    return "\n".join([*parts, "templates: {t: {decides: Is it?, body: Ask.}}"]) + "\n"


def odd(source: str, limits: Limits = NONE) -> dict[str, str]:
    """Field → what is said of it."""
    found = advice_on(load_text(source, "p.yaml"), source, "p.yaml", limits)
    assert all(one.line and one.suggestion for one in found)
    return {one.field: one.message for one in found}


GO = "- {id: go, when: {stage_entered: proposal}, then: [{enrol: s}]}"


def sequence(steps: str, more: str = "", id: str = "s") -> str:
    rows = "\n".join(
        f"    - {{id: {id}{at}, at: {at}, task: call, template: t, subject: {id} on {at}}}"
        for at in steps.split()
    )
    return f"- id: {id}\n{indent(more, '  ')}\n  steps:\n{rows}\n"


def test_a_cap_below_the_sequences_own_frequency_is_said_with_the_number() -> None:
    source = text(GO, sequence("1d 2d 3d 9d"))
    assert odd(source, Limits(3, 4, None)) == {}
    assert odd(source, Limits(2, None, None)) == {
        "sequences[0].steps": "3 steps reach one person within 7 days, and the settings allow 2: "
        "the later ones will be put off"
    }
    (said,) = odd(source, Limits(None, 3, None)).values()
    assert "4 steps reach one person within 30 days" in said


def test_steps_that_reach_nobody_do_not_count() -> None:
    source = text(GO, sequence("1d 2d 3d").replace("task: call", "task: todo"))
    assert odd(source, Limits(1, 1, None)) == {}


def test_more_tasks_on_a_day_than_a_rep_gets() -> None:
    tasks = "".join(
        f"\n      - {{id: a{n}, at: 1d, task: todo, template: t, subject: A{n}}}" for n in range(3)
    )
    rule = f"- id: go\n  when: {{stage_entered: proposal}}\n  then:\n    - create_tasks:{tasks}"
    assert odd(text(rule), Limits(None, None, 3)) == {}
    (field,) = odd(text(rule), Limits(None, None, 2))
    assert field == "rules[0].then[0].create_tasks"


@pytest.mark.parametrize(("stages", "behind"), [("qualified", True), ("[new, won]", False)])
def test_a_goal_that_lies_behind(stages: str, behind: bool) -> None:
    found = odd(text(GO, sequence("1d", f"goal: {{stage_entered: {stages}}}")))
    assert ("sequences[0].goal" in found) is behind


BACK = "\n- {id: back, when: {recycled: s}, then: [{enrol: %s}]%s}"


def test_a_loop_by_a_rule_that_waits_for_the_return() -> None:
    steps = sequence("1d", "end: {recycle: 90d}")
    assert "s → s" in odd(text(GO + BACK % ("s", ""), steps))["sequences[0].id"]
    assert odd(text(GO + BACK % ("s", ", again: once"), steps)) == {}
    asks = ", if: {field: deal.amount, op: '>=', value: 1000}"
    assert odd(text(GO + BACK % ("s", asks), steps)) == {}


def test_a_longer_loop_names_its_way() -> None:
    both = sequence("1d", "end: {recycle: 90d}") + sequence("1d", "end: {next: s}", "b")
    found = odd(text(GO + BACK % ("b", ""), both))
    assert "s → b → s" in found["sequences[0].id"]
    assert "b → s → b" in found["sequences[1].id"]


def test_a_return_on_a_step_before_the_last() -> None:
    steps = sequence("1d 2d").replace("s on 1d}", "s on 1d, then: {recycle: 90d}}")
    assert set(odd(text(GO, steps))) == {"sequences[0].steps[0].then"}


def test_what_follows_an_end_that_cannot_be() -> None:
    found = odd(text(GO, sequence("1d", "end: {goal_reached: archive}")))
    assert set(found) == {"sequences[0].end"}


@pytest.mark.parametrize("name", preset_ids())
def test_nothing_is_odd_about_the_presets_in_a_new_account(name: str) -> None:
    assert advise(preset(name), limits_of(parse({}))) == []
