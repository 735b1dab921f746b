"""One thing that somebody should know, in words that end with what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["wrong", "attention", "note"]
"""wrong: something does not work. attention: it works less well than it could, or somebody has to
decide. note: good to know, nothing to do."""

_WEIGHT: dict[Level, int] = {"wrong": 2, "attention": 1, "note": 0}


@dataclass(frozen=True, slots=True)
class Finding:
    """code: a stable word. what: what is so; why: what comes of it; next: what to do.

    about: the account it is about, empty for the server.
    """

    code: str
    level: Level
    what: str
    why: str
    next: str
    about: str = ""


class About:
    """Makes findings about one account."""

    def __init__(self, name: str) -> None:
        self._name = name

    def wrong(self, code: str, what: str, why: str, next: str) -> Finding:
        return Finding(code, "wrong", what, why, next, self._name)

    def attention(self, code: str, what: str, why: str, next: str) -> Finding:
        return Finding(code, "attention", what, why, next, self._name)

    def note(self, code: str, what: str, why: str, next: str) -> Finding:
        return Finding(code, "note", what, why, next, self._name)


def exit_status(findings: Iterable[Finding]) -> int:
    """0 where there is nothing to do, 1 with something to look at, 2 where something is wrong."""
    return max((_WEIGHT[one.level] for one in findings), default=0)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The wrong first, notes last; otherwise as they were found."""
    return sorted(findings, key=lambda one: -_WEIGHT[one.level])
