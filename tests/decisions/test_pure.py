"""The core reads no clock, draws nothing at random, does no I/O and knows only the records."""

import ast
from pathlib import Path

import pytest

import app.decisions

SOURCES = sorted(Path(app.decisions.__file__).parent.rglob("*.py"))
LIBRARY = {
    "__future__",
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "datetime",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "typing",
    "zoneinfo",
}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic"}
INPUT = {"open", "print", "input"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_pure(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert module in LIBRARY or module.startswith(("app.model", "app.decisions")), module
        assert not isinstance(node, ast.Import), "import names from a module of LIBRARY"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCKS, f"line {node.lineno} reads a clock"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in INPUT, f"line {node.lineno} does I/O"
