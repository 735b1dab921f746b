"""A condition in the editor's form: comparisons, and groups of them in groups, to any depth.

A group asks whether all, any, none or not all of its parts hold, which is what `all`, `any` and
`not` of the file can say together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from app.model.condition import Op
from app.playbooks import phrases
from app.playbooks.field_words import CLOSED, event_fields, words_of
from app.playbooks.fields import CONDITION_FIELDS, DATE_FIELDS
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.web.admin.fields import Field
from app.web.admin.form.shape import Box, Button, Item, Piece, Typed, choices, dotted, listed, named

OPS = get_args(Op)
_ALONE = ("known", "unknown")
_LISTS = ("in", "not_in")
_JOINS = {
    "all": "all of these hold",
    "any": "any of these holds",
    "none": "none of these holds",
    "not_all": "not all of these hold",
}
NEW: Raw = {"field": "deal.amount", "op": "known"}
"""A comparison to begin with."""
_SECOND: Raw = {"field": "deal.close_date", "op": "known"}

_VALUES = {
    "within": "such as 30d, or -30d for the past",
    "older_than": "such as 30d",
    "further_than": "such as 30d",
    **dict.fromkeys(_LISTS, "several, with commas between them"),
    **dict.fromkeys(_ALONE, "nothing to compare with"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. at: where it stands in the file, from the condition on."""

    raw: Raw
    at: Path = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Parts and what is asked of them, a word of `_JOINS`."""

    word: str
    parts: tuple[Node, ...]
    at: Path = ()


Node = Row | Group


def tree(asked: Any) -> Group:
    """What the file asks; a comparison alone is a group of one."""
    if not mapping(asked):
        return Group("all", ())
    found = _node(asked, ())
    return found if isinstance(found, Group) else Group("all", (found,))


def _node(asked: Any, at: Path) -> Node:
    given = mapping(asked)
    for word in ("all", "any"):
        if isinstance(given.get(word), list):
            rows = enumerate(items(given[word]))
            return Group(word, tuple(_node(row, (*at, word, i)) for i, row in rows), at)
    if "not" not in given:
        return Row(given, at)
    inner = _node(given["not"], (*at, "not"))
    if isinstance(inner, Group) and inner.word in ("all", "any"):
        return replace(inner, word="not_all" if inner.word == "all" else "none", at=at)
    return Group("none", (inner,), at)


def value_of(node: Node) -> Any:
    """The condition as the file says it; None where nothing is asked."""
    if isinstance(node, Row):
        return dict(node.raw) or None
    parts = [said for part in node.parts if (said := value_of(part)) is not None]
    if not parts:
        return None
    word = "all" if node.word in ("all", "not_all") else "any"
    joined: Any = parts[0] if len(parts) == 1 else {word: parts}
    return {"not": joined} if node.word in ("none", "not_all") else joined


# --- fields --------------------------------------------------------------------------------------


def condition_box(
    asked: Any, path: Path, order: Sequence[str], label: str = "Only if", hint: str = "",
    *, required: bool = False,
) -> Box:  # fmt: skip
    """The whole condition. required: its last comparison cannot be taken out."""
    root = tree(asked)
    fixed = required and len(root.parts) == 1
    box = _group_box(root, path, path, label, fixed=fixed)
    hint = hint or "" if root.parts else hint or "nothing is asked: it holds for every record"
    piece = Piece(path, lambda typed: value_of(_read(root, path, typed)), order)
    return replace(box, hint=hint, piece=piece)


def _group_box(group: Group, base: Path, name: Path, label: str, *, fixed: bool = False) -> Box:
    found: list[Item] = []
    if len(group.parts) > 1 or group.word in ("none", "not_all") or name != base:
        place = named(base, *group.at)
        words = list(_JOINS.items())
        found.append(Field(named(name, "~all"), "It is asked whether", "choice", group.word, words,
                           places=[place]))  # fmt: skip
    for number, part in enumerate(group.parts):
        there = (*name, f"~{number}")
        if isinstance(part, Group):
            found.append(_group_box(part, base, there, "A group of conditions"))
        else:
            found.append(_row_box(part, base, there, fixed=fixed))
    here = dotted(name)
    more = [Button(f"add-condition:{here}", "Add a condition")]
    if group.parts:
        more.append(Button(f"add-group:{here}", "Add a group of conditions"))
    if name != base:
        more.append(Button(f"remove-condition:{here}", "Remove this group", danger=True))
    return Box(label, found, style="group", buttons=more)


def _row_box(row: Row, base: Path, name: Path, *, fixed: bool) -> Box:
    raw, place = row.raw, (*base, *row.at)
    field, op = plain(raw.get("field")), plain(raw.get("op"))
    found = [
        Field(named(name, "field"), "What is looked at", "text", field, hint=words_of(field),
              placeholder="deal.amount", listed="condition-fields", starts=True,
              places=[named(place, "field")]),
        Field(named(name, "op"), "how", "choice", op, [(o, phrases.operator(o)) for o in OPS],
              places=[named(place, "op")]),
        _value_field(row, named(name, "value"), (named(place, "value"), dotted(place))),
    ]  # fmt: skip
    if field.startswith("engagement.") or raw.get("of"):
        found.append(Field(named(name, "of"), "of whom", "text", plain(raw.get("of")),
                           hint="a role on the record, such as Champion; empty: everybody",
                           places=[named(place, "of")]))  # fmt: skip
    gone = Button(f"remove-condition:{dotted(name)}", "Remove", f"the condition on {field}", True)
    return Box("", found, style="row", buttons=[] if fixed else [gone])


def _value_field(row: Row, name: str, places: Sequence[str]) -> Field:
    """What is compared with; a comparison that does not fit together is told here."""
    raw = row.raw
    op, words = plain(raw.get("op")), CLOSED.get(plain(raw.get("field")))
    if words and op in _LISTS:
        chosen = "\n".join(shown(one) for one in items(raw.get("value")))
        return Field(name, "these", "many", chosen, choices(words), places=places)
    if words and op in ("==", "!="):
        return Field(name, "with", "choice", shown(raw.get("value")), choices(words),
                     places=places)  # fmt: skip
    return Field(name, "with", "text", shown(raw.get("value")), hint=_VALUES.get(op, ""),
                 places=places)  # fmt: skip


# --- what is typed -------------------------------------------------------------------------------


def _read(node: Node, name: Path, typed: Typed) -> Node:
    if isinstance(node, Row):
        return Row(_row_read(node.raw, name, typed))
    parts = (_read(part, (*name, f"~{i}"), typed) for i, part in enumerate(node.parts))
    return Group(typed.get(named(name, "~all"), node.word), tuple(parts))


def _row_read(raw: Raw, name: Path, typed: Typed) -> Raw:
    field = typed[named(name, "field")].strip()
    if not field:
        return {}
    op = typed[named(name, "op")]
    said: dict[str, Any] = {"field": field, "op": op}
    of = typed.get(named(name, "of"), "")
    if of:
        said["of"] = of
    if op not in _ALONE:
        said["value"] = _value_read(raw, typed[named(name, "value")], op)
    return said


def _value_read(raw: Raw, text: str, op: str) -> Any:
    stands = raw.get("value")
    same = text == (shown(stands) if "\n" not in text else "\n".join(map(shown, items(stands))))
    if "value" in raw and same and (op in _LISTS) == isinstance(stands, list):
        return stands
    return read_value(text, op)


def shown(value: Any) -> str:
    """A condition's value as its field holds it."""
    if isinstance(value, list):
        return ", ".join(shown(one) for one in items(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value)


def read_value(text: str, op: str) -> Any:
    """What somebody typed, as the file would read it; a list for operators that ask for one."""
    if op in _LISTS:
        return [_scalar(part) for part in listed(text)]
    return _scalar(text.split("\n")[0])


def _scalar(text: str) -> Any:
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text.strip()
    return value if isinstance(value, str | int | float | bool) else text.strip()


def known_fields(mapped: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a condition may ask, with what it is, for completion."""
    engaged = [f"engagement.{days}d" for days in (7, 14, 30)]
    names = [*CONDITION_FIELDS, *DATE_FIELDS, *engaged, *sorted(mapped), *event_fields()]
    return [(name, words_of(name)) for name in dict.fromkeys(names)]


# --- what buttons do -----------------------------------------------------------------------------


def grown(asked: Any, way: Sequence[int], *, group: bool) -> Any:
    """The condition with a comparison, or a group of two, more in the group at the way's end."""
    new: Node = Group("any", (Row(NEW), Row(_SECOND))) if group else Row(NEW)
    return value_of(_grown(tree(asked), way, new))


def _grown(node: Node, way: Sequence[int], new: Node) -> Node:
    if isinstance(node, Row):
        return node
    if not way:
        return replace(node, parts=(*node.parts, new))
    parts = (
        _grown(part, way[1:], new) if i == way[0] else part for i, part in enumerate(node.parts)
    )
    return replace(node, parts=tuple(parts))


def cut(asked: Any, way: Sequence[int]) -> Any:
    """The condition without what stands at the way's end; None where nothing is left."""
    return value_of(_cut(tree(asked), way))


def _cut(node: Node, way: Sequence[int]) -> Node:
    if isinstance(node, Row):
        return node
    if len(way) == 1:
        return replace(node, parts=tuple(p for i, p in enumerate(node.parts) if i != way[0]))
    parts = (_cut(part, way[1:]) if i == way[0] else part for i, part in enumerate(node.parts))
    return replace(node, parts=tuple(parts))
