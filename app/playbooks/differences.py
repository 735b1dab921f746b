"""What changed between two versions of a playbook, said so that a person can decide on it.

Compared is what the versions mean (their JSON, as `app.playbooks.codec` writes it), not their
files: a comment, a quote or another order of keys is no change. Rules, sequences, steps and cohorts
are known by their ids, so a step that moved is no step removed and another added.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from app.playbooks import phrases
from app.playbooks.raw import Raw, items, mapping

Place = tuple[str, ...]
What = Literal["added", "removed", "changed", "moved"]

_ONE = {"rules": "rule", "sequences": "sequence", "steps": "step", "templates": "text",
        "create_tasks": "task", "split": "cohort", "needs": "need",
        "then": "then", "else": "else"}  # fmt: skip
_IDS = ("id", "cohort", "field")
_FIELDS = {
    "at": "when it is due",
    "if": "condition",
    "when": "signal",
    "late": "when it is late",
    "subject": "task's subject",
    "decides": "what it decides",
    "email_subject": "subject of the mail",
    "body": "text",
    "assign": "whose task it is",
    "settle": "settle time",
    "end": "what comes after",
    "again": "how often",
    "window": "hours",
    "task": "kind of task",
    "template": "text used",
}
_WHOLE = frozenset(
    {"wait", "branch", "when", "if", "goal", "exits", "end", "assign", "late", "scope", "urgent"}
)
"""Words whose value is told as one thing, whatever changed in it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """where: from the outside in, such as ("sequence chase", "step two"). field: which of its words
    changed, empty for the whole. before, after: in words; lines: of a text, each with " ", "-" or
    "+" in front."""

    where: Place
    what: What
    field: str = ""
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()


def differences(before: Raw, after: Raw) -> list[Difference]:
    """From one version to the other, in the order of the newer file."""
    return list(_keys((), before, after))


def _keys(where: Place, before: Raw, after: Raw) -> Iterator[Difference]:
    for key in dict.fromkeys([*after, *before]):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if key == "templates":
            yield from _named(where, "text", mapping(old), mapping(new))
        elif _identified(key, old) or _identified(key, new):
            yield from _rows(where, _ONE.get(key, key), old or [], new or [])
        elif key == "then":
            yield from _actions(where, items(old), items(new))
        elif key in _WHOLE or not (isinstance(old, Mapping) and isinstance(new, Mapping)):
            yield _value(where, key, old, new)
        else:
            yield from _keys((*where, key), mapping(old), mapping(new))


def _rows(where: Place, one: str, before: Any, after: Any) -> Iterator[Difference]:
    old, new = _by_id(before), _by_id(after)
    yield from _named(where, one, old, new)
    kept = [id for id in old if id in new], [id for id in new if id in old]
    if kept[0] != kept[1]:
        yield Difference(where, "moved", f"order of the {one}s", ", ".join(kept[0]),
                         ", ".join(kept[1]))


def _named(where: Place, one: str, old: Raw, new: Raw) -> Iterator[Difference]:
    for id in dict.fromkeys([*new, *old]):
        place = (*where, f"{one} {id}")
        if id not in old:
            yield Difference(place, "added", after=_said(mapping(new[id])))
        elif id not in new:
            yield Difference(place, "removed", before=_said(mapping(old[id])))
        elif old[id] != new[id]:
            yield from _keys(place, mapping(old[id]), mapping(new[id]))


def _actions(where: Place, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """What a rule does: its tasks one by one, everything else in words."""
    yield from _rows(where, "task", _tasks(before), _tasks(after))
    old, new = ([phrases.action(one) for one in done if "create_tasks" not in mapping(one)]
                for done in (before, after))  # fmt: skip
    if old != new:
        yield Difference(where, "changed", "what it does", "; ".join(old), "; ".join(new))


def _tasks(done: list[Any]) -> list[Any]:
    return [task for one in done for task in items(mapping(one).get("create_tasks"))]


def _value(where: Place, key: str, old: Any, new: Any) -> Difference:
    field = _FIELDS.get(key, key.replace("_", " "))
    before, after = _word(key, old), _word(key, new)
    if "\n" in before or "\n" in after:
        return Difference(where, "changed", field, lines=_lines(before, after))
    what: What = "added" if old is None else "removed" if new is None else "changed"
    return Difference(where, what, field, before, after)


def _lines(before: str, after: str) -> tuple[str, ...]:
    """Both texts line by line, with two lines around what changed."""
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    return tuple(line for line in list(told)[2:] if not line.startswith("@@"))


def _said(item: Raw) -> str:
    """A rule, sequence, step or text as a whole, in one line."""
    if "when" in item:
        then = "; ".join(phrases.action(one) for one in items(item.get("then")))
        return f"when {phrases.signal(item['when'])}: {then}"
    if "decides" in item:
        return str(item["decides"])
    if isinstance(item.get("steps"), list) and "percent" not in item:
        return f"{len(items(item['steps']))} steps"
    channel = phrases.channel_of(item)
    said = phrases.question(item) or str(item.get("subject") or "")
    return ", ".join(filter(None, [
        phrases.CHANNELS.get(channel, channel), said, str(item.get("at") or ""),
    ]))  # fmt: skip


def _word(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key in ("when", "goal"):
        return phrases.signal(value)
    if key == "if":
        return phrases.condition(value)
    if key == "assign":
        return phrases.assigned(value)
    if key in ("wait", "branch"):
        return phrases.question({key: value})
    return _flat(value)


def _flat(value: Any) -> str:
    """Any value in one line, as a file would say it."""
    if isinstance(value, Mapping):
        given = mapping(cast(Any, value))
        return ", ".join(f"{key}: {_flat(part)}" for key, part in given.items())
    if isinstance(value, list):
        return ", ".join(_flat(part) for part in items(cast(Any, value)))
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _identified(key: str, value: Any) -> bool:
    """Whether this is a list of things that are known by an id."""
    rows = items(value)
    return key in _ONE and bool(rows) and all(_id(row) for row in rows)


def _id(row: Any) -> str:
    given = mapping(row)
    return next((str(given[name]) for name in _IDS if name in given), "")


def _by_id(rows: Sequence[Any]) -> dict[str, Any]:
    return {_id(row): row for row in rows}
