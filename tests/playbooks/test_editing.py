"""Edits of a playbook's text change what they are for, and not a letter besides."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.playbooks.editing import EditError, append, drop, move, put, written
from app.playbooks.loader import load_text
from app.playbooks.presets import preset_ids, preset_text

TEXT = """\
# ours, since spring
playbook: ours
title: 'Ours'   # as the board calls it
rules:
  - id: sent
    when: {stage_entered: proposal}  # not qualified
    then: [{enrol: chase}]
    limit: 50

  # the second one
  - id: told
    when: {no_activity_for: 7d}
    then:
      - notify: {who: manager, template: t}
sequences:
- id: chase
  steps:
    - {id: one, at: 1d, task: call, template: t}
    # only after a week
    - id: two
      at: 7d
      task: call
      template: t
    - id: three
      at: 9d
      email: t
templates:
  t:
    decides: Is it decided?
    body: |
      Ask.

      Then wait.
"""
STEPS = ("sequences", 0, "steps")


def value(text: str, path: tuple[Any, ...]) -> Any:
    node: Any = YAML(typ="safe", pure=True).load(text)
    for part in path:
        node = node[part]
    return node


def changed(before: str, after: str) -> list[str]:
    """The lines that differ, each with - or +."""
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in list(told)[2:] if not line.startswith("@@")]


@pytest.mark.parametrize(
    ("path", "new", "lines"),
    [
        (("title",), "Our own", ["-title: 'Ours'   # as the board calls it",
                                 "+title: Our own   # as the board calls it"]),
        (("rules", 0, "limit"), 20, ["-    limit: 50", "+    limit: 20"]),
        (("rules", 0, "when", "stage_entered"), ["proposal", "won"], [
            "-    when: {stage_entered: proposal}  # not qualified",
            "+    when: {stage_entered: [proposal, won]}  # not qualified"]),
        ((*STEPS, 0, "at"), "2d", [
            "-    - {id: one, at: 1d, task: call, template: t}",
            "+    - {id: one, at: 2d, task: call, template: t}"]),
        ((*STEPS, 0, "priority"), "high", [
            "-    - {id: one, at: 1d, task: call, template: t}",
            "+    - {id: one, at: 1d, task: call, template: t, priority: high}"]),
        ((*STEPS, 1, "subject"), "Call: now", ['+      subject: "Call: now"']),
        (("templates", "t", "body"), "One.\n\n- Two\n", [
            "-      Ask.", "+      One.", "-      Then wait.", "+      - Two"]),
        (("rules", 1, "then"), [{"enrol": "chase"}], [
            "-    then:", "-      - notify: {who: manager, template: t}",
            "+    then: [{enrol: chase}]"]),
        (("rules", 0, "limit"), None, ["-    limit: 50"]),
        ((*STEPS, 0, "at"), None, [
            "-    - {id: one, at: 1d, task: call, template: t}",
            "+    - {id: one, task: call, template: t}"]),
        ((*STEPS, 0, "template"), None, [
            "-    - {id: one, at: 1d, task: call, template: t}",
            "+    - {id: one, at: 1d, task: call}"]),
    ],
)  # fmt: skip
def test_a_value_is_cut_in(path: tuple[Any, ...], new: Any, lines: list[str]) -> None:
    after = put(TEXT, path, new)
    assert changed(TEXT, after) == lines
    if new is not None:
        assert value(after, path) == new


def test_a_key_that_is_new_stands_where_it_belongs() -> None:
    after = put(TEXT, (*STEPS, 1, "priority"), "low", ("id", "at", "task", "priority", "template"))
    assert changed(TEXT, after) == ["+      priority: low"]
    assert list(value(after, (*STEPS, 1))) == ["id", "at", "task", "priority", "template"]
    assert put(TEXT, ("rules", 1, "limit"), None) == TEXT, "what is not there needs no taking out"


def test_items_are_added_taken_out_and_moved_with_their_comments() -> None:
    step = {"id": "extra", "at": "3d", "task": "todo", "template": "t"}
    after = append(TEXT, STEPS, step, after=0)
    assert [row["id"] for row in value(after, STEPS)] == ["one", "extra", "two", "three"]
    assert [line[0] for line in changed(TEXT, after)] == ["+"] * 4
    assert [row["id"] for row in value(append(TEXT, STEPS, step), STEPS)][-1] == "extra"
    gone = drop(TEXT, (*STEPS, 2))
    assert changed(TEXT, gone) == ["-    - id: three", "-      at: 9d", "-      email: t"]
    moved = move(TEXT, (*STEPS, 2), -1)
    assert [row["id"] for row in value(moved, STEPS)] == ["one", "three", "two"]
    assert "# only after a week\n    - id: two" in moved
    assert move(moved, (*STEPS, 1), 1) == TEXT
    assert move(TEXT, (*STEPS, 0), -1) == TEXT
    assert "# the second one\n  - id: told" in move(TEXT, ("rules", 0), 1)
    both = append(TEXT, ("rules", 0, "then"), {"enrol": "more"})
    assert value(both, ("rules", 0, "then")) == [{"enrol": "chase"}, {"enrol": "more"}]
    assert value(move(both, ("rules", 0, "then", 0), 1), ("rules", 0, "then", 0, "enrol")) == "more"


def test_what_has_no_place_is_refused() -> None:
    for edit in (
        lambda: put(TEXT, ("sequences", 4, "title"), "x"),
        lambda: drop(TEXT, ("rules", 7)),
        lambda: drop(TEXT, ("templates", "t")),
        lambda: append(TEXT, ("title",), "x"),
        lambda: put("a: [", ("a",), 1),
    ):
        with pytest.raises(EditError):
            edit()


@pytest.mark.parametrize(
    "text",
    ["3d", "yes", "no", "1", "1.5", "null", "~", "a: b", "a #b", "- a", "'x'", '"y"', "{a}", "[b]",
     "", " lead", "trail ", "ümlaut", "off", "0x1f", "2026-12-24", "@x", "`x`", "%x", "x:", "!x",
     "a, b", "&a", "*a", "| x", "tab\tx", "back\\slash"],
)  # fmt: skip
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    assert YAML(typ="safe", pure=True).load(f"a: {written(text)}")["a"] == text
    assert value(put(TEXT, ("title",), text), ("title",)) == text
    assert value(put(TEXT, (*STEPS, 0, "subject"), text), (*STEPS, 0, "subject")) == text


@pytest.mark.parametrize("name", preset_ids()[::5])
def test_a_value_of_a_preset_can_be_changed_alone(name: str) -> None:
    """Words of steps and texts are written to another value and back again."""
    text = preset_text(name)
    whole = YAML(typ="safe", pure=True).load(text)
    places = [
        (*path, key)
        for path, step in touches(whole)
        for key in ("at", "subject") if isinstance(step.get(key), str)
    ][:3] + [("templates", one, "decides") for one in list(whole["templates"])[:1]]  # fmt: skip
    for path in places:
        old = value(text, path)
        after = put(text, path, "99d" if path[-1] == "at" else "Another: word")
        assert len(changed(text, after)) == 2, path
        assert put(after, path, old).replace('"', "").replace("'", "") == text.replace(
            '"', "").replace("'", ""), path  # fmt: skip
    load_text(put(text, ("title",), "A title"), "x.yaml", trusting=True)


def touches(whole: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    found: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def look(node: Any, path: tuple[Any, ...]) -> None:
        if isinstance(node, dict):
            if "task" in node or "email" in node:
                found.append((path, node))
            for key, value in node.items():
                look(value, (*path, key))
        elif isinstance(node, list):
            for number, value in enumerate(node):
                look(value, (*path, number))

    look(whole, ())
    return found
