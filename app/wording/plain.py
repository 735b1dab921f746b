"""Templates that only fill values in, without Liquid's interpreter.

Most templates hold nothing but `{{ deal.name }}` and `{{ contact.first_name | default: 'there' }}`.
Liquid takes some eighty microseconds for such a text, which is as much as all the rest that a task
costs us; joining the pieces takes two. Whatever is more than that, and whatever goes wrong, is left
to Liquid: what this answers is what Liquid would.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import escape

from app.wording.tokens import TOKENS

Values = Mapping[str, Mapping[str, str | None]]

_LONGEST = 50_000
"""Characters up to which Liquid's own limits cannot be reached."""

_OUTPUT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_VALUE = re.compile(
    r"""\s*([a-z_]+)\.([a-z_]+)\s*(?:\|\s*default:\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*)?"""
)


class _Token(NamedTuple):
    group: str
    name: str
    default: str | None


class Plain:
    """A text with values to fill in."""

    def __init__(self, pieces: Sequence[str | _Token]) -> None:
        self._pieces = pieces

    def fill(self, values: Values) -> str | None:
        """The text with HTML-escaped values; None where Liquid has to say what is wrong.

        A value that is None or blank is missing.
        """
        parts: list[str] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            value = values[piece.group].get(piece.name) if piece.group in values else None
            if value and not value.isspace():
                parts.append(str(escape(value)))
            elif piece.default is not None:
                parts.append(piece.default)
            else:
                return None
        text = "".join(parts)
        return text if len(text) <= _LONGEST else None


def compile_plain(source: str) -> Plain | None:
    """The template as pieces; None if it is more than values and their defaults."""
    if "{%" in source:
        return None
    pieces: list[str | _Token] = []
    for index, piece in enumerate(_OUTPUT.split(source)):
        if not index % 2:
            if "{{" in piece or "}}" in piece:
                return None
            pieces.append(piece)
            continue
        found = _VALUE.fullmatch(piece)
        if found is None:
            return None
        group, name, single, double = found.groups()
        if f"{group}.{name}" not in TOKENS:
            return None  # `deal.size` means something else to Liquid
        pieces.append(_Token(group, name, single if single is not None else double))
    return Plain(pieces)
