"""Which part may import which. The arrows point down; nothing points up or sideways."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_BASE = {"model"}
_GROUND = _BASE | {"store", "connectors", "installations"}
_PARTS = {"signals", "actions", "feedback", "playbooks"}
_LANES = _GROUND | _PARTS | {"decisions", "wording"}

# What each part may import besides itself. `wording` is the language of templates: a leaf that both
# `playbooks` (checks on saving) and `actions` (fills in when due) need, since neither may import
# the other. `imports` reads pipelines out of CSV files, for the sandbox and for a backtest alike.
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "decisions": _BASE,
    "wording": _BASE,
    "store": _BASE,
    "connectors": _BASE,
    "installations": _GROUND,
    "signals": _GROUND,
    "actions": _GROUND | {"wording"},
    "feedback": _GROUND,
    "playbooks": _GROUND | {"wording", "decisions"},
    "imports": set(),
    "lanes": _LANES | {"imports"},
    "runtime": _LANES | {"lanes"},
    "web": _LANES | {"lanes", "runtime"},
    "cli": (_LANES | {"lanes", "runtime", "imports"}) - {"decisions"},
    "sandbox": {"imports"},
    "demo": set(),
}

# Pure: what a decision rests on arrives as data.
IMPURE = {
    "asyncio",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}


def part_of(module: str) -> str | None:
    """The part that a dotted module name belongs to; None for what is not ours."""
    names = module.split(".")
    if names[0] == "app":
        return names[1] if len(names) > 1 else None
    return names[0] if names[0] in ("connectors", "imports", "sandbox", "demo") else None


def imports(source: str, module: str) -> Iterator[str]:
    """Dotted names that a module imports, inside functions too; relative ones made absolute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".")[: -node.level]
                base = ".".join([*package, base] if base else package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def crossings(source: str, module: str) -> list[str]:
    """Imports of `source` that its part may not make."""
    part = part_of(module)
    assert part is not None
    return [
        f"{module} imports {name}"
        for name in imports(source, module)
        if (target := part_of(name)) is not None and target != part and target not in ALLOWED[part]
    ]


def modules() -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for folder in ("app", "connectors", "imports", "sandbox", "demo"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found.append((name, path))
    return [(name, path) for name, path in found if name != "app.__init__"]


def test_every_part_has_its_arrows() -> None:
    assert {part_of(name) for name, _ in modules()} <= set(ALLOWED)


def test_no_import_crosses_an_arrow() -> None:
    crossed = [
        crossing
        for name, path in modules()
        for crossing in crossings(path.read_text(encoding="utf-8"), name)
    ]
    assert crossed == []


def around(module: str) -> set[str]:
    """A module and the packages that are run before it."""
    names = module.split(".")
    return {".".join(names[:many]) for many in range(1, len(names) + 1)}


def circle(sources: Mapping[str, str]) -> Sequence[str]:
    """Modules of which each is needed to import the one before it, the first by the last."""
    needs: dict[str, set[str]] = {}
    for module, source in sources.items():
        name = module.removesuffix(".__init__")
        top = [
            node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        wanted = imports(ast.unparse(ast.Module(top, [])), module)
        # A package that imports its own modules is half there when they are run, as they expect.
        needs[name] = {one for each in wanted for one in around(each)} - around(name)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return error.args[1]
    return ()


def test_every_module_can_be_imported_alone() -> None:
    assert circle({name: path.read_text(encoding="utf-8") for name, path in modules()}) == ()
    through_a_package = {
        "app.web.api.__init__": "from app.web.api import panel",
        "app.web.api.panel": "from app.web import deal_panel",
        "app.web.api.subjects": "",
        "app.web.deal_panel": "from app.web.api.subjects import find",
    }
    assert set(circle(through_a_package)) == {
        "app.web.api", "app.web.api.panel", "app.web.deal_panel"
    }  # fmt: skip


def test_the_model_imports_the_standard_library_alone() -> None:
    foreign = [
        f"{name} imports {imported}"
        for name, path in modules()
        if part_of(name) == "model"
        for imported in imports(path.read_text(encoding="utf-8"), name)
        if part_of(imported) is None and imported.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []


def test_decisions_import_nothing_that_reads_the_world() -> None:
    impure = [
        f"{name} imports {imported}"
        for name, path in modules()
        if part_of(name) == "decisions"
        for imported in imports(path.read_text(encoding="utf-8"), name)
        if part_of(imported) is None
        and (
            imported.split(".")[0] in IMPURE
            or imported.split(".")[0] not in sys.stdlib_module_names
        )
    ]
    assert impure == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.model.time", "import app.store.tables"),
        ("app.decisions.rules", "from app.store import sets"),
        ("app.playbooks.loader", "def f():\n    from app.actions.rendering import render_task"),
        ("app.store.sets", "from connectors.contract import Connector"),
        ("app.lanes.ingest", "from app.runtime import clocks"),
        ("app.store.sets", "from ..lanes import ingest"),
        ("connectors.hubspot.client", "from app.installations import tokens"),
        ("sandbox.server", "import connectors"),
        ("imports.reader", "from sandbox import clock"),
        ("app.web.pages", "from imports import reader"),
        ("demo.play", "from app.model import time"),
        ("app.web.pages", "from sandbox import world"),
        ("app.cli.main", "from app.decisions import rules"),
    ],
)
def test_a_crossing_is_seen(module: str, source: str) -> None:
    assert len(crossings(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.lanes.ingest", "from app.decisions import rules\nfrom connectors import contract"),
        ("app.web.pages", "from app.decisions.explain import text"),
        ("app.store.sets", "from . import tables\nimport sqlalchemy"),
    ],
)
def test_what_the_arrows_allow_is_no_crossing(module: str, source: str) -> None:
    assert crossings(source, module) == []
