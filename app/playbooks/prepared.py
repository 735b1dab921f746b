"""Edits that the figures ask for, made in a playbook's text for a person to look at and save.

An edit is named by a key, such as `drop:<sequence or rule>:<step>`; nothing here says whether it is
wise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from ruamel.yaml import YAML

from app.model.time import Delay, parse_delay
from app.playbooks.editing import EditError, drop, put
from app.playbooks.raw import Path, Raw, items, mapping

_OPEN = "deal.stage_kind"


def prepared(text: str, key: str) -> str:
    """The text with the edit. Raises EditError where it has no place there (any more)."""
    kind, _, rest = key.partition(":")
    maker = _KINDS.get(kind)
    if maker is None:
        raise EditError(f"there is no edit called {kind!r}")
    document = mapping(YAML(typ="safe", pure=True).load(text))
    return maker(text, document, rest.split(":"))


def _dropped(text: str, document: Raw, words: list[str]) -> str:
    """Without one step, and without a text that only this step named."""
    part, step = _two(words)
    path = _step(document, part, step)
    return _tidied(drop(text, path), document)


def _stopped(text: str, document: Raw, words: list[str]) -> str:
    """Without the step and all that stand behind it."""
    part, step = _two(words)
    path = _step(document, part, step)
    rows = len(items(_at(document, path[:-1])))
    for number in range(rows - 1, int(path[-1]) - 1, -1):
        text = drop(text, (*path[:-1], number))
    return _tidied(text, document)


def _sooner(text: str, document: Raw, words: list[str]) -> str:
    """A rule on silence acts after half the time, a day at the least."""
    for number, rule in enumerate(items(document.get("rules"))):
        when = mapping(mapping(rule).get("when"))
        if mapping(rule).get("id") == words[0] and "no_activity_for" in when:
            delay = parse_delay(str(when["no_activity_for"]))
            half = Delay(max(1, delay.amount // 2), delay.unit)
            if half == delay:
                raise EditError(f"the rule {words[0]} acts after {delay} already")
            return put(text, ("rules", number, "when", "no_activity_for"), str(half))
    raise EditError(f"there is no rule {words[0]} on silence any more")


def _asked(text: str, document: Raw, words: list[str]) -> str:
    """The rules on silence ask for this kind of stage, too."""
    kind, before = words[0], text
    for number, rule in enumerate(items(document.get("rules"))):
        if "no_activity_for" not in mapping(mapping(rule).get("when")):
            continue
        asked = mapping(mapping(rule).get("if"))
        if asked.get("field") == _OPEN and asked.get("op") == "in":
            kinds = [str(one) for one in items(asked.get("value"))]
            if kind not in kinds:
                text = put(text, ("rules", number, "if", "value"), [*kinds, kind])
    if text == before and "no_activity_for" not in text:
        raise EditError("the playbook has no rule on silence")
    return text


_KINDS: Mapping[str, Callable[[str, Raw, list[str]], str]] = {
    "drop": _dropped, "stop": _stopped, "sooner": _sooner, "silence": _asked,
}  # fmt: skip


def _two(words: list[str]) -> tuple[str, str]:
    if len(words) != 2:
        raise EditError("the edit names no step")
    return words[0], words[1]


def _step(document: Raw, part: str, step: str) -> Path:
    """Where a step of a sequence, or of what a rule creates, stands; on whichever way."""
    for key in ("sequences", "rules"):
        for number, one in enumerate(items(document.get(key))):
            if mapping(one).get("id") != part:
                continue
            for path, found in _items(one, (key, number)):
                if found.get("id") == step and path[-2] != key:
                    return path
    raise EditError(f"there is no step {step} in {part} any more")


def _items(node: Any, path: Path) -> Iterator[tuple[Path, Raw]]:
    """Every mapping that stands in a list."""
    if isinstance(node, Mapping):
        for name, value in cast(Raw, node).items():
            yield from _items(value, (*path, name))
    for number, value in enumerate(items(node)):
        if isinstance(value, Mapping):
            yield (*path, number), cast(Raw, value)
        yield from _items(value, (*path, number))


def _at(document: Any, path: Path) -> Any:
    for part in path:
        document = document[part]
    return document


def _tidied(text: str, before: Raw) -> str:
    """Without texts that were named before and are not now."""
    after = mapping(YAML(typ="safe", pure=True).load(text))
    for name in sorted(_named(before) - _named(after)):
        if name in mapping(after.get("templates")):
            text = drop(text, ("templates", name))
    return text


def _named(node: Any) -> set[str]:
    """Texts that anything in the playbook names."""
    found: set[str] = set()
    if isinstance(node, Mapping):
        for name, value in cast(Raw, node).items():
            if name in ("template", "email", "note") and isinstance(value, str):
                found.add(value)
            elif name != "templates":
                found |= _named(value)
    for one in items(node):
        found |= _named(one)
    return found
