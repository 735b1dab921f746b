"""The table of refusals is whole: nothing is refused beside it, and every row was seen refused."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from sandbox import document
from sandbox.refusals.table import PARTS, TABLE
from sandbox.settings import Settings
from sandbox.world.records import VENDORS
from tests.sandbox.hubspot import test_refusals as hubspot
from tests.sandbox.pipedrive import test_refusals as pipedrive
from tests.sandbox.salesforce import test_refusals as salesforce

ROOT = Path(__file__).parents[3]


@functools.cache
def parsed(folder: str) -> list[tuple[Path, ast.Module]]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        yield from parsed(folder)


FOLDERS = tuple(f"sandbox/{vendor}" for vendor in VENDORS)


def strings(*folders: str) -> set[str]:
    return {
        node.value
        for _, tree in trees(*folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def marked() -> set[str]:
    """Rows that tests are marked with; a fixture holds those tests to having met them."""
    found = {case.row for rows in (hubspot.ROWS, pipedrive.ROWS, salesforce.ROWS) for case in rows}
    for _, tree in trees("tests/sandbox"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name == "pytest.mark.refusal":
                found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
            elif name == "row" and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    return found


def test_ids_are_told_apart() -> None:
    assert len(TABLE) == sum(len(rows) for _, rows in PARTS)


def test_every_row_is_raised_by_some_code() -> None:
    assert set(TABLE) - strings(*FOLDERS) == set()


def test_every_row_was_refused_to_a_plain_client() -> None:
    assert set(TABLE) - marked() == set()


def test_no_test_shows_a_row_that_is_not_there() -> None:
    assert marked() - set(TABLE) == set()


def test_nothing_is_refused_beside_the_table() -> None:
    """Only the makers of bodies construct a refusal; all others name a row."""
    beside = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees(*FOLDERS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("ApiError")
        and not any(keyword.arg == "rows" for keyword in node.keywords)
    ]
    assert beside == []


def test_rows_name_what_there_is() -> None:
    known = Settings().as_dict()
    for row in TABLE.values():
        assert row.rule.endswith(".")
        assert row.source
        assert row.status >= 207
        assert not row.setting or row.setting in known, row.id


def test_the_page_shows_the_tables_as_they_are() -> None:
    text = document.PAGE.read_text(encoding="utf-8")
    assert document.rendered(text) == text, "run: python -m sandbox.document"
    assert all(f"`{row}`" in text for row in TABLE)
    assert all(f"`{name}`" in text for name in Settings().as_dict())
