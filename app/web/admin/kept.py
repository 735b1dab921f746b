"""What stands in a playbook and has no field in the form: kept as it is, and changed as YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.playbooks import phrases
from app.playbooks.raw import Raw, items, mapping
from app.web.admin.rule_fields import shape_of
from app.web.admin.step_fields import ORDER

_SIMPLE = frozenset({"enrol", "create_tasks", "notify"})
_FIELDS = frozenset({"playbook", "title", "description", "rules", "sequences", "templates"})
_OF_RULE = frozenset({"id", "title", "when", "if", "then", "again", "settle", "limit"})
_OF_SEQUENCE = frozenset(
    {"id", "title", "goal", "exits", "exclusive", "priority", "max_active", "steps"}
)
_OF_STEP = frozenset({*ORDER} - {"then", "sequence"})
_OF_TEXT = frozenset({"decides", "email_subject", "body"})
"""Keys that have a field in the form, by what they stand in."""

_WORDS = {
    "needs": "data that it needs",
    "if_running": "what a signal does while it runs",
    "on_deal": "what happens when it becomes a deal",
    "lower": "what it does to lower ones",
    "end": "what comes after its end",
    "again": "when it may begin again",
    "urgent": "its urgency",
    "scope": "whom it is for",
    "pace": "its pace",
    "for": "whom of the people it is for",
    "then": "what comes after it",
    "sequence": "the CRM's sequence",
    "choices": "what one letter means",
}
"""Key → what it is; others are told by their own word."""


def kept(document: Raw) -> list[tuple[int, str]]:
    """(line, what it is), in the order of the file. document: as ruamel reads it, with its lines.
    """
    return sorted(_kept(document))


def _kept(document: Raw) -> Iterator[tuple[int, str]]:
    yield from _beside(document, _FIELDS, "")
    for rule in _items(document.get("rules")):
        yield from _rule(rule, f"rule {rule.get('id')}")
    for sequence in _items(document.get("sequences")):
        name = f"sequence {sequence.get('id')}"
        yield from _beside(sequence, _OF_SEQUENCE, f"{name}: ")
        goal = mapping(sequence.get("goal"))
        if isinstance(goal.get(phrases.signal_of(goal)), Mapping):
            yield _line(sequence, "goal"), f"{name}: the goal's details"
        yield from _steps(sequence.get("steps"), name)
    for name, text in mapping(document.get("templates")).items():
        yield from _beside(mapping(text), _OF_TEXT, f"text {name}: ")


def _beside(owner: Raw, fields: frozenset[str], before: str) -> Iterator[tuple[int, str]]:
    """Keys without a field."""
    for key in owner:
        if key not in fields:
            yield _line(owner, key), before + _WORDS.get(key, key.replace("_", " "))


def _rule(rule: Raw, name: str) -> Iterator[tuple[int, str]]:
    yield from _beside(rule, _OF_RULE, f"{name}: ")
    if rule.get("if") and shape_of(rule["if"]) is None:
        yield _line(rule, "if"), f"{name}: a nested condition"
    when = mapping(rule.get("when"))
    if isinstance(when.get(phrases.signal_of(when)), Mapping):
        yield _line(rule, "when"), f"{name}: the signal's details"
    if any(key in when for key in ("unless", "within", "enters")):
        yield _line(rule, "when"), f"{name}: what must not come within a time"
    for action in _items(rule.get("then")):
        if not _SIMPLE & set(action):
            yield _line(rule, "then"), f"{name}: {phrases.action(action)}"
        yield from _steps(action.get("create_tasks"), name)


def _steps(steps: Any, owner: str) -> Iterator[tuple[int, str]]:
    for step in _items(steps):
        name = f"{owner}, step {step.get('id')}"
        kind = phrases.channel_of(step)
        if kind in phrases.STEERING:
            yield _line(step, kind), f"{name}: {phrases.question(step)}"
            for way in ("then", "else"):
                yield from _steps(step.get(way), owner)
            for share in _items(step.get("split")):
                yield from _steps(share.get("steps"), owner)
            continue
        yield from _beside(step, _OF_STEP, f"{name}: ")


def _line(owner: Any, key: str) -> int:
    """Line of a key, from 1; 0 where it is not known."""
    try:
        return int(owner.lc.key(key)[0]) + 1
    except (AttributeError, KeyError):
        return 0


def _items(value: Any) -> list[Any]:
    rows = items(value)
    return [row for row in rows if isinstance(row, Mapping)]
