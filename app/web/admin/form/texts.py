"""A text in the editor's form, and which steps and rules name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.playbooks.reply_values import LETTERS
from app.web.admin.fields import Field, Options
from app.web.admin.form.shape import Box, Part, Piece, Typed, dotted, named

ORDER = ("decides", "email_subject", "choices", "body")
_MEANS: Options = (
    ("", "it means nothing"),
    ("call", "call them"),
    ("close", "leave it at that"),
    ("later", "come back later"),
)


def text_part(name: str, text: Raw, used: list[str], *, removable: bool) -> Part:
    """One text."""
    path: Path = ("templates", name)
    fields = [
        Field(named(path, "decides"), "The one decision that it is to bring", "text",
              plain(text.get("decides"))),
        Field(named(path, "email_subject"), "Subject, of a mail", "text",
              plain(text.get("email_subject"))),
        Field(named(path, "body"), "Text", "area", plain(text.get("body")).strip(),
              rows=min(18, 3 + plain(text.get("body")).count("\n"))),
        _choices(text, path),
    ]  # fmt: skip
    return Part(dotted(path), name, plain(text.get("decides")), fields, used_by=used,
                removable=removable)  # fmt: skip


def _choices(text: Raw, path: Path) -> Box:
    given, place = mapping(text.get("choices")), (*path, "choices")
    fields: list[Field] = []
    for letter in LETTERS:
        means = plain(given.get(letter))
        kind = means if means in ("", "call", "close") else "later"
        stands = () if kind == "later" else (named(place, letter),)
        fields.append(Field(named(place, f"~{letter}"), f"Whoever answers {letter} wants us to",
                            "choice", kind, _MEANS, redraw=True, starts=True,
                            places=stands))  # fmt: skip
        if kind == "later":
            fields.append(Field(named(place, f"~{letter}-after"), "after", "text", means,
                                hint="such as 90d", places=[named(place, letter)]))  # fmt: skip

    def read(typed: Typed) -> object:
        found: dict[str, str] = {}
        for letter in LETTERS:
            kind = typed[named(place, f"~{letter}")]
            late = typed.get(named(place, f"~{letter}-after"), "90d")
            if kind:
                found[letter] = late if kind == "later" else kind
        return found or None

    return Box("To be answered by one letter", fields, style="more", set=bool(given),
               hint="For a last mail: the prospect answers with one letter, and it is done.",
               piece=Piece(place, read, ORDER))  # fmt: skip


def users_of(document: Raw) -> dict[str, list[str]]:
    """Text → the steps and rules that name it."""
    found: dict[str, list[str]] = {}

    def look(node: Any, owner: str) -> None:
        if isinstance(node, Mapping):
            item = cast(Raw, node)
            owner = str(item.get("id", owner))
            for key, value in item.items():
                if key in ("template", "email", "note") and isinstance(value, str):
                    found.setdefault(value, []).append(owner)
                else:
                    look(value, owner)
        for one in items(node):
            look(one, owner)

    for key in ("momentum", "rules", "sequences"):
        look(document.get(key), key)
    return found
