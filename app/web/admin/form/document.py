"""A playbook's text as a form: what stands in it, and what somebody changed written back.

Only values whose fields changed are written, each as a cut in the text (`app.playbooks.editing`),
so comments, order and quotes of everything else stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.playbooks.editing import put
from app.playbooks.loader import parsed
from app.playbooks.problems import PlaybookError
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.playbooks.values import EXIT_NAMES
from app.web.admin.fields import Field, Options, given
from app.web.admin.form import momentum, rules, sequences, texts, touches
from app.web.admin.form.places import at
from app.web.admin.form.shape import (
    Box,
    Button,
    Form,
    Item,
    Known,
    Piece,
    number,
    path_of,
    pieces_in,
)

HEAD = ("playbook", "title", "description", "needs", "momentum", "rules", "sequences", "templates")
_NEED = ("field", "type", "what")
_TYPES: Options = (
    ("date", "a day"), ("instant", "a day with its time"), ("number", "a number"),
    ("text", "a text"), ("bool", "yes or no"),
)  # fmt: skip


def document_of(text: str) -> Any:
    """The text's document, with the lines of its keys; None where it cannot be read as one."""
    try:
        return parsed(text, "")
    except PlaybookError:
        return None


def known_of(document: Raw, known: Known) -> Known:
    """With what the playbook itself names."""
    found = [mapping(one) for one in items(document.get("sequences"))]
    return replace(
        known, templates=list(mapping(document.get("templates"))),
        sequences=[(str(one.get("id", "")), plain(one.get("title")) or str(one.get("id", "")))
                   for one in found],
    )  # fmt: skip


def form_of(document: Raw, known: Known) -> Form:
    """The form of what stands in a document, mistakes and all."""
    known = known_of(document, known)
    words = mapping(document.get("templates"))
    used = texts.users_of(document)
    listed = [mapping(one) for one in items(document.get("rules"))]
    state = mapping(document.get("momentum"))
    alone = len(listed) + bool(state) == 1
    return Form(
        head=[
            Field("title", "Title", "text", plain(document.get("title"))),
            Field("description", "What it is for, in a sentence or two", "area",
                  plain(document.get("description")).strip(), rows=3),
            _needs(document.get("needs")),
        ],
        momentum=momentum.momentum_part(state, known, removable=not alone) if state else None,
        rules=[rules.rule_part(one, ("rules", i), known, removable=not alone)
               for i, one in enumerate(listed)],
        sequences=[sequences.sequence_part(mapping(one), ("sequences", i), known)
                   for i, one in enumerate(items(document.get("sequences")))],
        templates=[
            texts.text_part(str(name), mapping(text), used.get(str(name), []),
                            removable=not used.get(str(name)))
            for name, text in words.items()
        ],
    )  # fmt: skip


def _needs(needs: Any) -> Box:
    found: list[Item] = []
    for i, row in enumerate(items(needs)):
        need, place = mapping(row), f"needs.{i}"
        found.append(Box("", [
            Field(f"{place}.field", "Name", "text", plain(need.get("field")),
                  hint="such as deal.contract_end", starts=True),
            Field(f"{place}.type", "What it holds", "choice", plain(need.get("type")), _TYPES),
            Field(f"{place}.what", "What it is, in words", "text", plain(need.get("what"))),
        ], style="row", buttons=[Button(f"remove:{place}", "Remove", plain(need.get("field")),
                                        danger=True)]))  # fmt: skip
    return Box("Fields of your CRM that it needs", found, style="more", set=bool(found),
               hint="Fields that the account has to be told of before the playbook can be saved: "
               "the one in your CRM for each is chosen under Settings.",
               buttons=[Button("add-need:needs", "Add a field")])  # fmt: skip


# --- what is typed -------------------------------------------------------------------------------


def changed_in(form: Form, typed: Any) -> dict[str, str]:
    """Field's name → what it holds now, of those that somebody changed."""
    return {
        one.name: said for one in form.fields()
        if (said := given(typed, one)) is not None and said != one.value.strip()
    }  # fmt: skip


def applied(text: str, document: Raw, form: Form, typed: Any) -> str:
    """The text with every field that somebody changed. Raises EditError."""
    changed = changed_in(form, typed)
    values = {one.name: one.value for one in form.fields()} | changed
    pieces = list(pieces_in(form.items()))
    owned = {field.name for _, fields in pieces for field in fields}
    gone: list[Path] = []
    turned = [piece for piece, fields in pieces if {f.name for f in fields} & changed.keys()]
    for piece in sorted(turned, key=lambda one: not one.whole):
        if not _within(piece.path, gone):
            text = _put(text, piece, values)
            if piece.whole:
                gone.append(piece.path)
    touched: set[Path] = set()
    for one in form.fields():
        path = path_of(one.name)
        if one.name not in changed or one.name in owned or _within(path, gone):
            continue
        # A second word of one thing is written by what the first has made of it.
        owner = path[:-1]
        stands = at(document_of(text) if owner in touched else document, owner)
        text = _written(text, path, stands, values[one.name])
        touched.add(owner)
    return text


def _within(path: Path, gone: list[Path]) -> bool:
    return any(path[: len(one)] == one for one in gone)


def _put(text: str, piece: Piece, values: dict[str, str]) -> str:
    return put(text, piece.path, piece.read(values), piece.order)


_NUMBERS = ("limit", "priority", "max_active", "times", "percent")
_FLAGS = ("exclusive",)


def _written(text: str, path: Path, stands: Any, value: str) -> str:
    """One field's value at its place; several words of the file may stand behind a field. stands:
    what the field belongs to, as it is now."""
    owner, key = path[:-1], str(path[-1])
    if key == "~exits":
        off = {name: "off" for name in EXIT_NAMES if name not in value.split("\n")}
        return put(text, (*owner, "exits"), off or None, sequences.ORDER)
    if path[0] == "templates":
        # A text that ends its last line keeps doing so; fields lose what surrounds them.
        body = value + "\n" if key == "body" and "\n" in value else value
        return put(text, path, body or None, texts.ORDER)
    if path[0] == "sequences" and key == "role":
        return put(text, owner, {"role": value} if value else None, sequences.ORDER)
    if path[0] == "momentum" and stands is None and value:
        return put(text, owner, {key: value}, momentum.ORDER)
    if _of_step(path):
        return touches.write(text, owner, key, mapping(stands), value)
    if key in _FLAGS:
        return put(text, path, True if value else None, sequences.ORDER)
    if key in _NUMBERS:
        return put(text, path, number(value), _order(path))
    return put(text, path, value or None, _order(path))


def _of_step(path: Path) -> bool:
    """Whether the field is of a step itself, not of what a wait or a branch asks."""
    owner = path[:-1]
    lists = ("steps", "create_tasks", "then", "else")
    listed = len(owner) > 1 and isinstance(owner[-1], int) and owner[-2] in lists
    return listed and ("steps" in path or "create_tasks" in path)


def _order(path: Path) -> tuple[str, ...]:
    """The order in which the keys beside the last one of the path stand."""
    if len(path) == 1:
        return HEAD
    if path[0] == "momentum":
        return momentum.order_of(path)
    if len(path) == 3:
        return rules.ORDER if path[0] == "rules" else sequences.ORDER
    return ()
