"""Splits the text of a query into tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.salesforce.soql.tree import Malformed

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<span>[A-Za-z_]+:\d+)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<sign><=|>=|!=|<>|[=<>(),:])
    """,
    re.VERBOSE,
)
_ESCAPES = {
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f",
    '"': '"', "'": "'", "\\": "\\",
}  # fmt: skip


class Token(NamedTuple):
    """One token; ``at`` is its place in the text. The last one of a text has the kind "end"."""

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        return self.text.upper()


def split(text: str) -> list[Token]:
    """The tokens of a query; raises :class:`Malformed` at what is none."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Malformed(f"unexpected token: '{text[at : at + 20]}' at column {at + 1}")
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, found.group(), at))
        at = found.end()
    tokens.append(Token("end", "<EOF>", len(text)))
    return tokens


def unquoted(text: str) -> str:
    r"""What a quoted string says. ``\_`` and ``\%`` stay: they mean something to LIKE."""
    said, inside = "", text[1:-1]
    at = 0
    while at < len(inside):
        if inside[at] != "\\":
            said += inside[at]
            at += 1
            continue
        mark = inside[at + 1]
        if mark in "_%":
            said += "\\" + mark
        elif mark in _ESCAPES:
            said += _ESCAPES[mark]
        else:
            raise Malformed(f"Illegal string literal: invalid escape '\\{mark}'")
        at += 2
    return said
