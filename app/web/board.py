"""Figures for the viewer: counted as they may see them, as JSON, as CSV, as addresses of records.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote_plus

from flask import g, request, url_for

from app.feedback.board import TITLES, figures
from app.feedback.figures import Behind, Column, Figure, Line
from app.lanes.keeping import behind, look
from app.lanes.measuring import DEFAULT_DAYS, PAGES, SOURCES, SPANS, filters
from app.model.time import HOUR
from app.web import access
from app.web.answers import Refusal, services, wrong

Cells = Mapping[str, Any]

RECORDS_AT_ONCE = 100

_WORDS = frozenset(
    {"owner_id", "stage_id", "pipeline_id", "definition", "step", "what", "how", "ended", "fate",
     "state", "cause"}
)
"""Dimensions whose values are words; those of all others are numbers."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def asked_page(page: str) -> str:
    """A page by its name. Raises Refusal where there is none."""
    if page not in PAGES:
        raise Refusal(404, "not_found", f"There is no page of figures called {page!r}.",
                      f"Choose one of: {', '.join(PAGES)}.")  # fmt: skip
    return page


def asked_days() -> int:
    """How far the figures of this request look back. Raises Refusal for another span."""
    text = request.args.get("days", str(DEFAULT_DAYS))
    if text not in map(str, SPANS):
        raise wrong("days", f"{text!r} is no span that is reckoned",
                    f"Write one of {', '.join(map(str, SPANS))}.")  # fmt: skip
    return int(text)


def shown(page: str, days: int) -> tuple[Sequence[Figure], int]:
    """The figures of a page as the viewer may see them, and the instant up to which they count."""
    who, parts = access.viewer(), services()
    with parts.store.read() as conn:
        owners = access.owners_seen(conn, who)
    counted, old = look(
        parts.store, who.installation_id, page, days, parts.clocks.business(),
        parts.clocks.wall(), owners,
    )  # fmt: skip
    if old:
        parts.runtime.poke("upkeep", who.installation_id)
    return figures(page, counted), counted.at


def figure_of(page: str, key: str, days: int) -> Figure:
    """One figure of a page. Raises Refusal where there is none."""
    found, _ = shown(page, days)
    for figure in found:
        if figure.key == key:
            return figure
    raise Refusal(404, "not_found", f"There is no figure {key!r} on the page {page!r}.",
                  f"Choose one of: {', '.join(one.key for one in found)}.")  # fmt: skip


# --- records behind ------------------------------------------------------------------------------


def address(behind: Behind | None, days: int) -> str | None:
    """Where the records behind a count are listed."""
    if behind is None:
        return None
    # A page has a thousand of them: each asked of the router would take longer than all the rest.
    if "records_at" not in g:
        g.records_at = url_for("dashboard.records")
    words = [f"source={_quoted(behind.source)}&days={days}"]
    for key, value in behind.where.items():
        several = cast(Sequence[Any], value) if isinstance(value, list | tuple) else (value,)
        words += [f"{_quoted(key)}={'' if one is None else _quoted(str(one))}" for one in several]
    return f"{g.records_at}?{'&'.join(words)}"


@lru_cache(maxsize=4096)
def _quoted(word: str) -> str:
    """A word as it stands in an address; a page asks for the same ones a thousand times."""
    return quote_plus(word)


def asked_records() -> dict[str, Any]:
    """The records that a request asks for, and the instant up to which they were counted. Raises
    Refusal for a source or filter that is not."""
    parts, who, days = services(), access.viewer(), asked_days()
    source = request.args.get("source", "")
    if source not in SOURCES:
        raise wrong("source", f"{source!r} is nothing that is counted",
                    f"Write one of {', '.join(sorted(SOURCES))}.")  # fmt: skip
    known = filters(source)
    where: dict[str, Any] = {}
    for name in request.args:
        if name in ("source", "days", "skip"):
            continue
        if name not in known:
            raise wrong(name, f"{source} is not counted by that",
                        f"It is counted by {', '.join(sorted(known))}.")  # fmt: skip
        where[name] = [_read(name, text) for text in request.args.getlist(name)]
    skip = max(0, request.args.get("skip", 0, int))
    with parts.store.read() as conn:
        owners = access.owners_seen(conn, who)
    stored = behind(
        parts.store, who.installation_id, source, days, where, owners, RECORDS_AT_ONCE, skip,
        parts.clocks.business(), parts.clocks.wall(),
    )  # fmt: skip
    if stored.old:
        parts.runtime.poke("upkeep", who.installation_id)
    return {
        "source": source,
        "days": days,
        "where": where,
        "at": stored.at,
        "records": stored.rows[source],
        "skip": skip,
        "next": skip + RECORDS_AT_ONCE if stored.more else None,
    }


def _read(name: str, text: str) -> Any:
    if text == "":
        return None
    if name in _WORDS:
        return text
    try:
        return int(text)
    except ValueError:
        raise wrong(name, f"{text!r} is no number", "Write a whole number.") from None


# --- JSON and CSV --------------------------------------------------------------------------------


def as_json(figure: Figure, days: int) -> dict[str, Any]:
    """A figure with its definition, its rows, and where the records behind each row are."""
    return {
        "figure": figure.key,
        "title": figure.title,
        "means": figure.means,
        "sample": figure.sample,
        "of": figure.unit,
        "note": figure.note,
        "columns": [
            {"key": one.key, "label": one.label, "kind": one.kind} for one in figure.columns
        ],
        "rows": [_row(line, days) for line in figure.lines],
    }


def _row(line: Line, days: int) -> dict[str, Any]:
    links = {key: address(one, days) for key, one in line.links.items()}
    return {**line.cells, "records": address(line.behind, days), "records_of": links}


def as_csv(figure: Figure) -> str:
    """The table as a spreadsheet reads it: lengths in hours, shares as counts and rates."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([head for column in figure.columns for head in _heads(column)])
    for line in figure.lines:
        writer.writerow(
            [
                cell
                for column in figure.columns
                for cell in _flat(column, line.cells.get(column.key))
            ]
        )
    return written.getvalue()


_PARTS = {"share": ("hits", "n", "rate", "low", "high"), "part": ("hits", "n", "rate")}


def _heads(column: Column) -> list[str]:
    parts = _PARTS.get(column.kind)
    if parts:
        return [f"{column.label}: {part}" for part in parts]
    if column.kind == "record":
        return [column.label, f"{column.label}: page in the CRM"]
    return [f"{column.label} (hours)" if column.kind == "ms" else column.label]


def _flat(column: Column, value: Any) -> list[Any]:
    parts = _PARTS.get(column.kind)
    if parts:
        return [_plain((value or {}).get(part)) for part in parts]
    if column.kind == "edit":
        return [" ".join((value or {}).values())]
    if column.kind == "record":
        return [_plain((value or {}).get(part)) for part in ("name", "url")]
    if column.kind == "ms":
        return ["" if value is None else round(value / HOUR, 3)]
    if column.kind == "when":
        return ["" if value is None else datetime.fromtimestamp(value / 1000, UTC).isoformat()]
    return [_plain(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"  # a spreadsheet would run it
    return "" if value is None else value


__all__ = [
    "TITLES", "address", "as_csv", "as_json", "asked_days", "asked_page", "asked_records",
    "figure_of", "shown",
]  # fmt: skip
