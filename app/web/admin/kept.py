"""What stands in a playbook and has no field in the form: kept as it is, and changed as YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from app.playbooks import phrases
from app.web.admin.rule_fields import shape_of

Raw = Mapping[str, Any]

_SIMPLE = frozenset({"enrol", "create_tasks", "notify"})
_OF_RULE = ("scope", "urgent")
_OF_SEQUENCE = ("end", "again", "if_running", "lower", "on_deal")
_OF_STEP = {"then": "what comes after it", "sequence": "the CRM's sequence"}
_WORDS = {
    "needs": "data that it needs",
    "momentum": "momentum",
    "if_running": "what a signal does while it runs",
    "on_deal": "what happens when it becomes a deal",
    "lower": "what it does to lower ones",
    "end": "what comes after its end",
    "again": "when it may begin again",
    "urgent": "its urgency",
    "scope": "whom it is for",
}


def kept(document: Raw) -> list[tuple[int, str]]:
    """(line, what it is), in the order of the file. document: as ruamel reads it, with its lines.
    """
    return sorted(_kept(document))


def _kept(document: Raw) -> Iterator[tuple[int, str]]:
    for key in ("needs", "momentum"):
        if key in document:
            yield _line(document, key), _WORDS[key]
    for rule in _items(document.get("rules")):
        yield from _rule(rule, f"rule {rule.get('id')}")
    for sequence in _items(document.get("sequences")):
        name = f"sequence {sequence.get('id')}"
        for key in _OF_SEQUENCE:
            if key in sequence:
                yield _line(sequence, key), f"{name}: {_WORDS[key]}"
        yield from _steps(sequence.get("steps"), name)
    for name, text in _mapping(document.get("templates")).items():
        if "choices" in _mapping(text):
            yield _line(_mapping(text), "choices"), f"text {name}: what one letter means"


def _rule(rule: Raw, name: str) -> Iterator[tuple[int, str]]:
    for key in _OF_RULE:
        if key in rule:
            yield _line(rule, key), f"{name}: {_WORDS[key]}"
    if rule.get("if") and shape_of(rule["if"]) is None:
        yield _line(rule, "if"), f"{name}: a nested condition"
    when = _mapping(rule.get("when"))
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
        if kind in ("wait", "branch", "split", "set"):
            yield _line(step, kind), f"{name}: {phrases.question(step)}"
            for way in ("then", "else"):
                yield from _steps(step.get(way), owner)
            for share in _items(step.get("split")):
                yield from _steps(share.get("steps"), owner)
            continue
        for key, what in _OF_STEP.items():
            if key in step:
                yield _line(step, key), f"{name}: {what}"


def _line(owner: Any, key: str) -> int:
    """Line of a key, from 1; 0 where it is not known."""
    try:
        return int(owner.lc.key(key)[0]) + 1
    except (AttributeError, KeyError):
        return 0


def _items(value: Any) -> list[Any]:
    rows = cast(list[Any], value) if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, Mapping)]


def _mapping(value: Any) -> Raw:
    return cast(Raw, value) if isinstance(value, Mapping) else {}
