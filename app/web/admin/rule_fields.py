"""The fields of one rule in the editor's form, and what each writes into the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from app.model.condition import Op
from app.model.vocabulary import ReplyClass, StageKind
from app.playbooks import phrases
from app.playbooks.editing import put
from app.playbooks.fields import CONDITION_FIELDS
from app.playbooks.raw import Path, Raw, mapping, plain
from app.playbooks.values import Closed, Created
from app.web.admin.fields import Field, Options
from app.web.admin.step_fields import dotted, text_field

ORDER = ("id", "title", "when", "if", "then", "again", "settle", "limit", "scope", "urgent")
OPS = get_args(Op)
SPARE = 1
"""Empty rows for conditions more."""

_LISTED: Mapping[str, Sequence[str]] = {
    "stage_entered": [kind.value for kind in StageKind if kind is not StageKind.IGNORED],
    "closed": [kind.value for kind in Closed],
    "subject_created": [kind.value for kind in Created],
    "replied": [kind.value for kind in ReplyClass],
}
"""Signals that may name some of a few words; none of them named means any."""
_DELAYS = ("no_activity_for", "no_next_step", "unowned")
_BY_YAML = ("stalled", "event", "surge", "date", "field_changed", "recycled")
"""Signals whose value has a form of its own, which the file's text alone can change."""


def fields_of(rule: Raw, path: Path) -> list[Field]:
    """What is asked of a rule beside what it does."""
    return [
        text_field(path, "title", "Title", plain(rule.get("title"))),
        *signal_fields(rule.get("when"), (*path, "when")),
        *condition_fields(rule.get("if"), (*path, "if")),
        Field(dotted((*path, "again")), "How often", "choice", plain(rule.get("again")),
              [("", "as the signal says"), *phrases.AGAIN.items()], starts=True),
        text_field(path, "settle", "Settle time", plain(rule.get("settle")),
              "how long a stage must last to count; empty: as the settings say"),
        Field(dotted((*path, "limit")), "Beginnings in an hour before it asks an admin", "number",
              plain(rule.get("limit")), placeholder="no limit"),
    ]  # fmt: skip


def signal_fields(when: Any, path: Path, *, may_be_empty: bool = False) -> list[Field]:
    """What is waited for. A signal that only the text can change is a choice among others: taking
    another puts that one in its place."""
    kind = phrases.signal_of(when)
    simple = [name for name in phrases.SIGNALS if name not in _BY_YAML or name == kind]
    options: Options = [(name, phrases.SIGNALS[name]) for name in simple]
    if may_be_empty or not kind:
        options = [("", "nothing"), *options]
    told = phrases.signal(when) if kind in _BY_YAML or _complex(when) else ""
    found = [Field(dotted((*path, "~signal")), "When", "choice", kind, options, told)]
    value = mapping(when).get(kind)
    if kind in _LISTED and not _complex(when):
        listed = [] if value == "any" else value if isinstance(value, list) else [value]
        chosen = "\n".join(plain(one) for one in cast(list[Any], listed))
        words = [(word, word.replace("_", " ")) for word in _LISTED[kind]]
        found.append(Field(dotted((*path, "~words")), "Which; none ticked means any", "many",
                           chosen, words))  # fmt: skip
    elif kind in _DELAYS:
        found.append(text_field(path, kind, "For how long", plain(value), "such as 7d"))
    return found


def condition_fields(asked: Any, path: Path) -> list[Field]:
    """Comparisons that all, or any, must hold, each three fields; none where the condition is
    nested, as then only the text can change it."""
    shape = shape_of(asked)
    if shape is None:
        return []
    word, rows = shape
    found: list[Field] = []
    if len(rows) > 1:
        both = [("all", "all of these hold"), ("any", "any of these holds")]
        found.append(Field(dotted((*path, "~all")), "If", "choice", word, both))
    for number, row in enumerate([*rows, *[{}] * SPARE]):
        place = (*path, f"~{number}")
        label = ("and" if word == "all" else "or") if number else "this" if rows[1:] else "If"
        found += [
            Field(dotted((*place, "field")), label, "text", plain(row.get("field")),
                  placeholder="deal.amount", listed="condition-fields", starts=True),
            Field(dotted((*place, "op")), "compared", "choice", plain(row.get("op")),
                  [("", ""), *((op, phrases.operator(op)) for op in OPS)]),
            Field(dotted((*place, "value")), "with", "text", shown(row.get("value"))),
        ]  # fmt: skip
    return found


def shape_of(asked: Any) -> tuple[str, list[Raw]] | None:
    """all or any, and the comparisons; None for a condition that is nested."""
    given = mapping(asked)
    if not given:
        return "all", []
    if "field" in given:
        return "all", [given]
    for word in ("all", "any"):
        parts = given.get(word)
        if isinstance(parts, list):
            rows = [mapping(part) for part in cast(list[Any], parts)]
            return (word, rows) if all("field" in row for row in rows) else None
    return None


def write_signal(
    text: str, path: Path, when: Any, kind: str, order: Sequence[str] = ORDER
) -> str:
    """Another signal in place of the one that stood there, with a value to begin with."""
    if not kind:
        return put(text, path, None)
    value: Any = "7d" if kind in _DELAYS else "any"
    if kind == "stage_entered":
        value = StageKind.PROPOSAL.value
    beside = {key: given for key, given in mapping(when).items() if key in ("unless", "within")}
    return put(text, path, {kind: value, **(beside if kind not in _DELAYS else {})}, order)


def write_words(text: str, path: Path, when: Any, value: str) -> str:
    """The words that a signal names; none is any."""
    kind = phrases.signal_of(when)
    words = value.split("\n") if value else []
    said: Any = words[0] if len(words) == 1 else words or "any"
    return put(text, (*path, kind), said)


def write_condition(text: str, path: Path, asked: Any, typed: Mapping[str, str]) -> str:
    """The comparisons as the form now has them. typed: field's name → its text, of all of them."""
    word, rows = shape_of(asked) or ("all", [])
    said: list[dict[str, Any]] = []
    for number, row in enumerate([*rows, *[{}] * SPARE]):
        base = dotted((*path, f"~{number}"))
        field = typed.get(f"{base}.field", plain(row.get("field"))).strip()
        if not field:
            continue
        op = typed.get(f"{base}.op", plain(row.get("op"))) or "=="
        value = typed.get(f"{base}.value", shown(row.get("value")))
        one: dict[str, Any] = {"field": field, "op": op}
        if op not in ("known", "unknown"):
            kept = "value" in row and value == shown(row.get("value"))
            one["value"] = row["value"] if kept else read_value(value, op)
        said.append(one)
    joined = typed.get(dotted((*path, "~all")), word)
    if not said:
        return put(text, path, None)
    return put(text, path, said[0] if len(said) == 1 else {joined: said}, ORDER)


def shown(value: Any) -> str:
    """A condition's value as its field holds it."""
    if isinstance(value, list):
        return ", ".join(shown(one) for one in cast(list[Any], value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value)


def read_value(text: str, op: str) -> Any:
    """What somebody typed, as the file would read it; a list for operators that ask for one."""
    if op in ("in", "not_in"):
        return [_scalar(part) for part in text.split(",") if part.strip()]
    return _scalar(text)


def _scalar(text: str) -> Any:
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text.strip()
    return value if isinstance(value, str | int | float | bool) else text.strip()


def known_fields(mapped: Mapping[str, str]) -> list[str]:
    """What a condition may ask, for completion."""
    return [*CONDITION_FIELDS, *sorted(mapped)]


def _complex(when: Any) -> bool:
    return isinstance(mapping(when).get(phrases.signal_of(when)), Mapping)
