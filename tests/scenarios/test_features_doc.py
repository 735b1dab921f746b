"""The page of features claims what tests show, no more and no less."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "features.md"
COUNTS = {
    "T": 26, "X": 9, "S": 9, "C": 8, "W": 7, "G": 7, "B": 6, "I": 5, "K": 6, "M": 6, "L": 12,
    "P": 30,
}  # fmt: skip
"""How many rows each part of the catalogue has."""

_CELL = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A line of the page. where, shown: files named in it."""

    name: str
    where: list[str]
    shown: set[str]
    state: str


def page() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"[A-Z]\d\d", cells[0]):
            key, name, where, shown, state = cells
            assert key not in rows, f"{key} stands twice"
            rows[key] = Row(name, _CELL.findall(where), set(_CELL.findall(shown)), state)
    return rows


def marks() -> dict[str, set[str]]:
    """row → files with a test that carries its mark."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.feature":
                (row,) = (ast.literal_eval(argument) for argument in node.args)
                found[row].add(path.relative_to(TESTS).as_posix())
    return found


ROWS, MARKS = page(), marks()
KEYS = [f"{part}{number:02}" for part, count in COUNTS.items() for number in range(1, count + 1)]


def test_every_row_stands_on_the_page() -> None:
    assert sorted(ROWS) == sorted(KEYS)
    assert len(KEYS) == 131
    assert all(row.name for row in ROWS.values())


@pytest.mark.parametrize("key", KEYS)
def test_a_row_says_what_its_tests_show(key: str) -> None:
    row = ROWS[key]
    claim, _, rest = row.state.partition(":")
    assert claim in ("works", "in part", "not built")
    if claim == "works":
        assert not rest
        assert MARKS[key], "a row that works has a test with its mark"
    if claim == "in part":
        assert rest.strip(), "say what is there and what is not"
    if claim == "not built":
        assert not MARKS[key], "a row with a test is not unbuilt"
    assert row.shown == MARKS[key]


def test_no_test_is_marked_with_a_row_that_does_not_exist() -> None:
    assert set(MARKS) <= set(KEYS)


def test_what_the_page_names_exists() -> None:
    named = {place for row in ROWS.values() for place in row.where if "/" in place.strip("/")}
    assert [place for place in sorted(named) if not (ROOT / place).exists()] == []
