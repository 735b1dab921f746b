"""Edits of a playbook's text that leave everything else in it as it is, to the letter.

A form that reads a file into its fields and writes a file out of them loses what it has no field
for: comments, the order of keys, quotes, and whatever a newer version of the format can say. So an
edit here is a cut in the text, at the place where the YAML parser says that the value stands; the
rest is not written again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.playbooks.raw import Path, items

_PLAIN = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_ .@/%'’()+?!-]*$")


class EditError(Exception):
    """The edit has no place in the text; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class _At:
    """A value's place. key: the node of its key, None for an item of a list. parent: what it stands
    in, with its place among the parent's entries."""

    node: Node
    key: Node | None
    parent: Node | None
    index: int


def put(text: str, path: Path, value: Any, order: Sequence[str] = ()) -> str:
    """The text with this value at the path; None takes the key out. A key that is new stands behind
    those that come before it in `order`, else last. Raises EditError where the way to it is cut."""
    if value is None:
        return drop(text, path) if _find(text, path) is not None else text
    at = _find(text, path)
    if at is None:
        return _add(text, path, value, order)
    inside = _in_flow(at.parent)
    column = at.key.start_mark.column if at.key is not None else at.node.start_mark.column
    said = written(value, flow=inside, column=column)
    end = _end(text, at.node)
    if at.key is None:
        return text[: at.node.start_mark.index] + said + text[end:]
    return f"{text[: at.key.end_mark.index]}: {said}{text[end:]}"


def drop(text: str, path: Path) -> str:
    """The text without a key or an item of a list."""
    at = _must(text, path)
    parent, whole = at.parent, _siblings(at.parent)
    if parent is None:
        raise EditError("the whole playbook cannot be taken out")
    if len(whole) == 1:
        raise EditError(f"{'.'.join(map(str, path))} is the only one in its place")
    start, end = _span(text, at)
    if _in_flow(parent):
        if at.index + 1 < len(whole):
            return text[:start] + text[whole[at.index + 1][0].start_mark.index :]
        return text[: _end(text, whole[at.index - 1][1])] + text[end:]
    if at.key is not None and at.index == 0:
        return text[:start] + text[whole[1][0].start_mark.index :]
    begins, ends = _lines(text, at)
    return text[:begins] + text[ends:]


def move(text: str, path: Path, by: int) -> str:
    """The text with an item of a list one place on (`by` 1) or back (-1); as it is at the ends."""
    at = _must(text, path)
    rows = _siblings(at.parent)
    other = at.index + by
    if at.key is not None or not 0 <= other < len(rows):
        return text
    low, high = sorted((at.index, other))
    one = _must(text, (*path[:-1], low))
    two = _must(text, (*path[:-1], high))
    cut = _span if _in_flow(at.parent) else _own_lines
    (start, middle), (then, end) = cut(text, one), cut(text, two)
    first, second = text[start:middle], text[then:end]
    if not second.endswith("\n") and first.endswith("\n"):
        second, first = second + "\n", first[:-1]
    return text[:start] + second + text[middle:then] + first + text[end:]


def append(text: str, path: Path, item: Any, after: int | None = None) -> str:
    """The text with an item more in a list: behind the item of this number, else at its end. A list
    that is not there yet is made."""
    at = _find(text, path)
    if at is None:
        return _add(text, path, [item], ())
    if not isinstance(at.node, SequenceNode):
        raise EditError(f"{'.'.join(map(str, path))} is no list")
    rows = cast(list[Node], at.node.value)
    if not rows:
        return put(text, path, [item])
    number = len(rows) - 1 if after is None else after
    if at.node.flow_style:
        end = _end(text, rows[number])
        return f"{text[:end]}, {written(item, flow=True)}{text[end:]}"
    row = _must(text, (*path, number))
    _, ends = _lines(text, row)
    dash = " " * (_dash(text, row.node) - _line_start(text, _dash(text, row.node)))
    lines = _block(item, dash)
    if ends and text[ends - 1 : ends] != "\n":
        lines = "\n" + lines.rstrip("\n")
    return text[:ends] + lines + text[ends:]


# --- finding -------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _root(text: str) -> Node:
    """The text's nodes, which nobody changes; one edit looks for several places in a text."""
    try:
        found: Any = YAML().compose(text)
    except (YAMLError, ValueError) as error:
        raise EditError("the text is not YAML") from error
    if not isinstance(found, MappingNode):
        raise EditError("the text is no playbook")
    return found


def _find(text: str, path: Path) -> _At | None:
    at = _At(_root(text), None, None, 0)
    for part in path:
        found = _step(at.node, part)
        if found is None:
            return None
        at = found
    return at


def _must(text: str, path: Path) -> _At:
    at = _find(text, path)
    if at is None:
        raise EditError(f"there is no {'.'.join(map(str, path))}")
    return at


def _step(node: Node, part: int | str) -> _At | None:
    for index, (key, value) in enumerate(_siblings(node)):
        if part == index if isinstance(node, SequenceNode) else key.value == part:
            return _At(value, None if isinstance(node, SequenceNode) else key, node, index)
    return None


def _siblings(node: Node | None) -> list[tuple[Node, Node]]:
    """The entries of a mapping as (key, value), of a list as (item, item)."""
    if isinstance(node, MappingNode):
        return cast(list[tuple[Node, Node]], node.value)
    if isinstance(node, SequenceNode):
        return [(item, item) for item in cast(list[Node], node.value)]
    return []


def _end(text: str, node: Node) -> int:
    """Where a value's own text ends: what follows a block (blank lines, comments) is not of it."""
    if isinstance(node, ScalarNode):
        end = node.end_mark.index
        return len(text[:end].rstrip()) if node.style in ("|", ">") else end
    rows = _siblings(node)
    if _in_flow(node) or not rows:
        return int(node.end_mark.index)
    return _end(text, rows[-1][1])


def _span(text: str, at: _At) -> tuple[int, int]:
    """From the key, or the item, to the end of the value."""
    first = at.key if at.key is not None else at.node
    return int(first.start_mark.index), _end(text, at.node)


def _lines(text: str, at: _At) -> tuple[int, int]:
    """The whole lines of a key or an item of a block, with the comment in the last of them."""
    start, end = _span(text, at)
    begins = _line_start(text, start if at.key is not None else _dash(text, at.node))
    newline = text.find("\n", end)
    return begins, len(text) if newline < 0 else newline + 1


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _dash(text: str, item: Node) -> int:
    """Where the dash of an item of a block list stands."""
    return text.rindex("-", 0, int(item.start_mark.index))


def _own_lines(text: str, at: _At) -> tuple[int, int]:
    """The lines of an item with the comment right above it, which goes where it goes."""
    begins, ends = _lines(text, at)
    while begins:
        above = _line_start(text, begins - 1)
        if not text[above:begins].lstrip().startswith("#"):
            break
        begins = above
    return begins, ends


def _in_flow(node: Node | None) -> bool:
    """Whether what stands in this node is written with brackets and commas."""
    return node is not None and bool(getattr(node, "flow_style", False))


# --- writing -------------------------------------------------------------------------------------


def written(value: Any, *, flow: bool = True, column: int = 0) -> str:
    """A value as YAML. column: of the key that it belongs to, for texts of several lines."""
    if isinstance(value, str):
        return _text(value, flow, column)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        given = cast(Mapping[str, Any], value)
        return "{" + ", ".join(f"{key}: {written(part)}" for key, part in given.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(written(part) for part in cast(list[Any], value)) + "]"
    return str(value)


def _text(value: str, flow: bool, column: int) -> str:
    if "\n" in value and not flow and not value.startswith((" ", "\n")) and value.strip():
        style = "|" if value.endswith("\n") and not value.endswith("\n\n") else "|-"
        if not value.endswith("\n\n"):
            pad = " " * (column + 2)
            lines = (f"{pad}{line}" if line else "" for line in value.rstrip("\n").split("\n"))
            return f"{style}\n" + "\n".join(lines)
    if _PLAIN.match(value) and value == value.strip() and _reads_as(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _reads_as(value: str) -> bool:
    """Whether the text without quotes is read as this very text, and not as a number or a word."""
    try:
        return YAML(typ="safe", pure=True).load(f"[{value}]") == [value]
    except YAMLError:
        return False


def _block(item: Any, indent: str) -> str:
    """An item of a block list, each of its keys on a line."""
    if not isinstance(item, Mapping):
        return f"{indent}- {written(item)}\n"
    given = cast(Mapping[str, Any], item)
    lines = [
        f"{indent}{'- ' if not number else '  '}{key}: "
        f"{written(value, flow=False, column=len(indent) + 2)}\n"
        for number, (key, value) in enumerate(given.items())
    ]
    return "".join(lines)


def _add(text: str, path: Path, value: Any, order: Sequence[str]) -> str:
    """A key that is not there yet."""
    parent = _must(text, path[:-1]).node
    key = path[-1]
    if not isinstance(parent, MappingNode) or not isinstance(key, str):
        raise EditError(f"there is no {'.'.join(map(str, path))}")
    rows = _siblings(parent)
    if not rows:
        raise EditError(f"{'.'.join(map(str, path[:-1]))} is empty")
    before = order[: order.index(key)] if key in order else None
    place = max((i for i, (name, _) in enumerate(rows) if before is None or name.value in before),
                default=0)  # fmt: skip
    end = _end(text, rows[place][1])
    if parent.flow_style:
        return f"{text[:end]}, {key}: {written(value)}{text[end:]}"
    column = int(rows[0][0].start_mark.column)
    newline = text.find("\n", end)
    cut = len(text) if newline < 0 else newline + 1
    head = text[:cut] if text[:cut].endswith("\n") else text[:cut] + "\n"
    return head + " " * column + f"{key}: {_valued(value, column)}\n" + text[cut:]


def _valued(value: Any, column: int) -> str:
    """A value behind its key: a list of mappings as a block, anything else in its line."""
    rows = items(value)
    if rows and all(isinstance(row, Mapping) for row in rows):
        return "\n" + "".join(_block(row, " " * (column + 2)) for row in rows).rstrip("\n")
    return written(value, flow=False, column=column)
