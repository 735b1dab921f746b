"""The rows of a figure's table as HTML.

Written here and not in a template: a page of reps has thousands of cells, and a template calls half
a dozen functions for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import url_for
from markupsafe import Markup, escape

from app.feedback.figures import Behind, Column, Figure
from app.web import access
from app.web.formats import percent, took, when

Address = Callable[[Behind | None, int], str | None]
"""Where the records behind a count are listed, looking back so many days."""

_WORDS = ("text", "tag", "when", "record")


def linked(text: str, where: str | None) -> str:
    """Words of ours or escaped ones, which lead to the records behind them if there are any."""
    return f'<a href="{escape(where)}">{text}</a>' if where else text


def _share(value: Mapping[str, Any], where: str | None) -> str:
    if not value["n"]:
        return "–"
    counted = f"{value['hits']:,} of {value['n']:,}"
    if value["rate"] is None:
        return f"{linked(counted, where)}<br><small>too few yet</small>"
    between = f"{percent(value['low'])} to {percent(value['high'])}"
    return f"{linked(percent(value['rate']), where)} <small>{counted}<br>{between}</small>"


def _part(value: Mapping[str, Any], where: str | None) -> str:
    rate = "" if value["rate"] is None else f", {value['rate']:.0%}"
    hits = linked(f"{value['hits']:,}", where)
    return f"{hits} <small>of {value['n']:,}{rate}</small>"


def _tag(value: str, _: str | None) -> str:
    shade = " bad" if value == "under 2 %" else " manual" if "not sure" in value else ""
    return f'<span class="tag{shade}">{escape(value)}</span>'


def _edit(value: Mapping[str, str], _: str | None) -> str:
    """The way to an edit that was prepared, for those who may make it."""
    if access.viewer().role != "admin":
        return "<small>an admin can prepare it</small>"
    where = url_for("editor.edit", playbook=value["playbook"], advice=value["advice"])
    return linked("Prepare it", where)


def _record(value: Mapping[str, str], _: str | None) -> str:
    """A record by its name, here and in the CRM."""
    name = escape(value["name"] or value["id"])
    here = url_for("pages.subject", type=value["type"], crm_id=value["id"])
    if not value["url"]:
        return linked(name, here)
    return (
        f'{linked(name, here)} <a href="{escape(value["url"])}" target="_blank" rel="noopener" '
        f'title="{name} in the CRM"><small>CRM</small></a>'
    )


_KINDS: Mapping[str, Callable[[Any, str | None], str]] = {
    "share": _share,
    "part": _part,
    "count": lambda value, where: linked(f"{value:,}", where),
    "change": lambda value, _: f"{value:+,}" if value else "0",
    "ms": lambda value, _: took(value),
    "when": lambda value, _: when(value),
    "edit": _edit,
    "record": _record,
    "money": lambda value, _: f"{value:,.0f}",
    "tag": _tag,
}


def cell(kind: str, value: Any, where: str | None) -> str:
    """What stands in a cell, by the kind of its column."""
    if value is None:
        return "–"
    write = _KINDS.get(kind)
    return linked(escape(value), where) if write is None else write(value, where)


def table_rows(figure: Figure, address: Address, days: int) -> Markup:
    """All rows of a figure's table."""
    written: list[str] = []
    for line in figure.lines:
        written.append("<tr>")
        for place, column in enumerate(figure.columns):
            behind = line.links.get(column.key) or (line.behind if not place else None)
            text = cell(column.kind, line.cells.get(column.key), address(behind, days))
            if not place:
                written.append(f'<th scope="row">{text}</th>')
            else:
                written.append(f'<td class="{_classes(column, line.levels)}">{text}</td>')
        written.append("</tr>\n")
    return Markup("".join(written))


def _classes(column: Column, levels: Mapping[str, int]) -> str:
    level = levels.get(column.key)
    words = ("" if column.kind in _WORDS else "n", f"heat-{level}" if level else "")
    return " ".join(filter(None, words))
