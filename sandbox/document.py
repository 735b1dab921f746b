"""`python -m sandbox.document`: writes the tables of docs/sandbox.md anew from what they describe.

A test compares; after a change to the table of refusals or to the settings, run this.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from sandbox import settings
from sandbox.refusals import Refusal
from sandbox.refusals.table import PARTS
from sandbox.settings import OTHER_POSITIONS, Settings
from sandbox.world.people_acts import VERBS, Acts
from sandbox.world.people_admin import ADMIN_VERBS, Admin

PAGE = Path(__file__).parents[1] / "docs" / "sandbox.md"

_BLOCK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    safe = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in safe)


def _answer(row: Refusal) -> str:
    parts = [str(row.status), row.category, row.code, row.sub_category]
    return " ".join(f"`{part}`" if part != parts[0] else part for part in parts if part)


def refusals() -> str:
    """Every refusal, part by part."""
    shown: list[str] = []
    for heading, rows in PARTS:
        cells = [
            (
                f"`{row.id}`",
                row.rule,
                _answer(row),
                row.source,
                row.confidence + (f", `{row.setting}`" if row.setting else ""),
            )
            for row in rows
        ]
        head = ("Row", "Rule", "Answer to what breaks it", "Source", "Known how")
        shown.append(f"### {heading}\n\n{table(head, cells)}")
    return "\n\n".join(shown)


def meanings() -> dict[str, str]:
    """setting → what its docstring says; settings without one say nothing."""
    (body,) = [
        node.body
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    found: dict[str, str] = {}
    for field, said in zip(body, [*body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = ""
            if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
                text = " ".join(str(said.value.value).split()).replace("``", "`")
            found[field.target.id] = text
    return found


def positions() -> str:
    """The points that no document of the vendor settles, with both positions."""
    defaults, said = Settings().as_dict(), meanings()
    rows = [
        (f"`{name}`", f"`{defaults[name]}`", f"`{other}`", said[name].removeprefix("[U] "))
        for name, other in OTHER_POSITIONS.items()
    ]
    return table(("Setting", "Default", "Other position", "What it decides"), rows)


def dials() -> str:
    """All other settings."""
    said = meanings()
    rows = [
        (f"`{name}`", f"`{default}`", said[name])
        for name, default in Settings().as_dict().items()
        if name not in OTHER_POSITIONS
    ]
    return table(("Setting", "Default", "Meaning"), rows)


def deeds() -> str:
    """What `/sandbox/act` understands."""
    rows: list[tuple[str, str, str]] = []
    for people, verbs in ((Acts, VERBS), (Admin, ADMIN_VERBS)):
        for verb in verbs:
            method = getattr(people, verb)
            takes = list(inspect.signature(method).parameters.values())[1:]
            names = [f"`{one.name}`{'' if one.default is one.empty else '?'}" for one in takes]
            said = " ".join((inspect.getdoc(method) or "").split("\n\n")[0].split())
            rows.append((f"`{verb}`", ", ".join(names), said))
    return table(("Verb", "Takes (`?`: may be left out)", "What happens"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "deeds": deeds,
    "refusals": refusals,
    "positions": positions,
    "dials": dials,
}


def rendered(text: str) -> str:
    """The page with each of its tables made anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]]()}\n\n{m[3]}", text)


def main() -> int:
    """Write the page."""
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
