"""What the buttons of the editor's form do to a playbook's text: add, take out, move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.model.time import DAY, parse_delay
from app.playbooks.editing import EditError, append, drop, move, put
from app.playbooks.raw import Path, Raw, items, mapping
from app.web.admin.drafting import TEMPLATE_ORDER, at, path_of

_ORDER = ("playbook", "title", "description", "needs", "momentum", "rules", "sequences")
_AFTER_D = 3
"""Days after the last step on which a new one is due, until somebody says otherwise."""
_BEGIN = "proposal"

_DECIDES = "Which one decision does this touch bring?"
_BODY = "Write here what to say, and what to ask for at the end."


def done(text: str, document: Raw, deed: str) -> str:
    """The text after one button: `up:sequences.0.steps.1`, `add-step:sequences.0.steps`. Raises
    EditError."""
    what, _, where = deed.partition(":")
    path = path_of(where)
    if what == "remove":
        return drop(text, path)
    if what in ("up", "down"):
        return move(text, path, -1 if what == "up" else 1)
    if what == "add-step":
        return _step_added(text, document, path)
    if what == "add-rule":
        return _rule_added(text, document)
    if what == "add-sequence":
        return _sequence_added(text, document)
    if what == "add-text":
        name = _free("text", mapping(document.get("templates")))
        return _template_added(text, document, name)
    raise EditError(f"there is no button {what!r}")


def _step_added(text: str, document: Raw, path: Path) -> str:
    rows = [mapping(row) for row in items(at(document, path))]
    name = _free("step", _ids(document))
    text = _template_added(text, document, name)
    return append(text, path, _task(name, _later(rows)))


def _task(name: str, at: str) -> Raw:
    """A step to begin with. name: of the step and of its text."""
    return {
        "id": name, "at": at, "task": "call", "template": name,
        "subject": "Name what is to be done",
    }  # fmt: skip


def _later(rows: list[Raw]) -> str:
    """Some days after the latest step that counts from the beginning."""
    days = [0.0]
    for row in rows:
        try:
            days.append(parse_delay(str(row.get("at"))).approximate_ms() / DAY)
        except ValueError:
            continue
    return f"{int(max(days)) + _AFTER_D}d"


def _rule_added(text: str, document: Raw) -> str:
    rules = [mapping(row) for row in items(document.get("rules"))]
    name = _free("rule", {str(rule.get("id", "")) for rule in rules})
    rule: dict[str, Any] = {"id": name, "title": "A new rule", "when": {"stage_entered": _BEGIN}}
    sequences = items(document.get("sequences"))
    if sequences:
        rule["then"] = [{"enrol": str(mapping(sequences[0]).get("id", ""))}]
        return append(text, ("rules",), rule)
    step = _free("step", _ids(document))
    text = _template_added(text, document, step)
    return append(text, ("rules",), {**rule, "then": [{"create_tasks": [_task(step, "1d")]}]})


def _sequence_added(text: str, document: Raw) -> str:
    sequences = [mapping(row) for row in items(document.get("sequences"))]
    name = _free("sequence", {str(one.get("id", "")) for one in sequences})
    step = _free("step", _ids(document))
    text = _template_added(text, document, step)
    sequence = {"id": name, "title": "A new sequence", "steps": [_task(step, "1d")]}
    if not sequences:
        return put(text, ("sequences",), [sequence], _ORDER)
    return append(text, ("sequences",), sequence)


def _template_added(text: str, document: Raw, name: str) -> str:
    said = {"decides": _DECIDES, "body": _BODY}
    if not mapping(document.get("templates")):
        return put(text, ("templates",), {name: said})
    return put(text, ("templates", name), said, TEMPLATE_ORDER)


def _ids(document: Raw) -> set[str]:
    """Every id in the playbook, and every text's name: a new step shares one with its text."""
    found = set(map(str, mapping(document.get("templates"))))

    def look(node: Any) -> None:
        if isinstance(node, Mapping):
            item = cast(Raw, node)
            found.add(str(item.get("id", "")))
            for value in item.values():
                look(value)
        for one in items(node):
            look(one)

    look(document.get("rules"))
    look(document.get("sequences"))
    return found


def _free(stem: str, taken: Any) -> str:
    return next(f"{stem}-{n}" for n in range(1, 10_000) if f"{stem}-{n}" not in taken)
