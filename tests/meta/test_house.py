"""House rules that a reader relies on: docstrings, sizes, and the two clocks apart."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import BigInteger

from app.store.tables import metadata

ROOT = Path(__file__).parents[2]
MAX_LINES = 320
FOLDERS = ("app", "connectors", "imports", "sandbox", "demo", "bench")
# Declarations that are looked up, not read through; splitting them would only hide what is there.
LOOKED_UP = {"app/store/tables.py", "connectors/contract.py"}


def sources(*folders: str) -> list[Path]:
    return [path for name in folders for path in sorted((ROOT / name).rglob("*.py"))]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources(*FOLDERS)
        if (text := path.read_text(encoding="utf-8")).strip()
        and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_no_module_outgrows_its_reader() -> None:
    long = {
        name: lines
        for path in sources(*FOLDERS)
        if (name := str(path.relative_to(ROOT))) not in LOOKED_UP
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_every_package_can_be_imported_by_its_name() -> None:
    """A folder without `__init__.py` is found by chance of the working directory alone."""
    bare = {
        str(path.parent.relative_to(ROOT))
        for path in sources("app", "connectors", "imports", "sandbox", "demo")
        if not (path.parent / "__init__.py").exists()
    }
    assert bare - {"app/store/migrations/versions"} == set()


_SOUNDS_LIKE_TIME = re.compile(r"(^|_)(time|date|when|until|since|expires|lease|retry|due)(_|$)")


def test_every_instant_in_the_tables_names_its_clock() -> None:
    nameless = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, BigInteger)
        and _SOUNDS_LIKE_TIME.search(column.name)
        and not column.name.endswith(("_at", "_wall"))
    ]
    assert nameless == []


# --- no wall time in a business column, no business time in a wall column ------------------------


def names(node: ast.AST) -> set[str]:
    """Identifiers and attributes that a value is made of."""
    found = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return found | {item.attr for item in ast.walk(node) if isinstance(item, ast.Attribute)}


def pairs(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(name, value) of every assignment, keyword, dict entry and comparison of one name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from ((name, node.value) for name in _last(target))
        elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
            yield from ((name, node.comparators[0]) for name in _last(node.left))
            yield from ((name, node.left) for name in _last(node.comparators[0]))


def _last(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def mixed(source: str) -> list[str]:
    """Places where one clock's name meets the other's value."""
    found: list[str] = []
    for name, value in pairs(ast.parse(source)):
        used = names(value)
        wall = any(item == "wall" or item.endswith("_wall") for item in used)
        business = any(item == "business" or item.endswith("_at") for item in used)
        if (name.endswith("_at") and wall) or (name.endswith("_wall") and business):
            found.append(f"{name} (line {getattr(value, 'lineno', 0)})")
    return found


def test_the_two_clocks_never_meet() -> None:
    met = [
        f"{path.relative_to(ROOT)}: {place}"
        for path in sources("app")
        for place in mixed(path.read_text(encoding="utf-8"))
    ]
    assert met == []


@pytest.mark.parametrize(
    "source",
    [
        "insert(touches).values(due_at=clocks.wall())",
        "rows = [{'planned_at': now_wall}]",
        "query.where(touches.c.lease_wall < touches.c.due_at)",
        "expires_wall = clocks.business()",
        "query.where(inbox.c.retry_wall <= due_at)",
    ],
)
def test_a_meeting_of_the_clocks_is_seen(source: str) -> None:
    assert len(mixed(source)) >= 1


@pytest.mark.parametrize(
    "source",
    [
        "insert(touches).values(due_at=clocks.business(), lease_wall=clocks.wall())",
        "query.where(touches.c.due_at <= now, inbox.c.retry_wall <= wall)",
    ],
)
def test_each_clock_in_its_own_column_is_fine(source: str) -> None:
    assert mixed(source) == []
