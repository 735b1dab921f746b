"""The manager's pages: figures with their charts, and the records behind each count."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from app.feedback.figures import Chart
from app.lanes.measuring import SPANS
from app.store import activities
from app.web import access, board, summaries
from app.web.answers import services
from app.web.cells import table_rows
from app.web.framing import page as rendered

blueprint = Blueprint("dashboard", __name__)

WIDE, HIGH, EDGE = 640, 150, 36
"""Of a line chart's picture; its border has room for the words at it."""


@blueprint.get("/dashboard")
@access.require("admin", "manager")
def first() -> Any:
    """The page to begin with."""
    return redirect(url_for("dashboard.page", page="today"))


@blueprint.get("/dashboard/<page>")
@access.require("admin", "manager")
def page(page: str) -> Any:
    """One page of figures."""
    days = board.asked_days()
    figures, at = board.shown(board.asked_page(page), days)
    with services().store.read() as conn:
        return rendered(
            "dashboard.html", conn, page=page, days=days, spans=SPANS, titles=board.TITLES,
            figures=figures, at=at, address=board.address, line_of=line_of, table_rows=table_rows,
            past_open=activities.past_open(conn, access.viewer().installation_id),
        )  # fmt: skip


@blueprint.get("/dashboard/records")
@access.require("admin", "manager")
def records() -> Any:
    """The records behind a count, those with the largest value first."""
    found = board.asked_records()
    with services().store.read() as conn:
        names = summaries.owner_names(conn, access.viewer().installation_id)
        more = None
        if found["next"] is not None:
            asked = {**request.args.to_dict(flat=False), "skip": [str(found["next"])]}
            more = url_for("dashboard.records", **asked)  # type: ignore[arg-type]
        return rendered(
            "dashboard_records.html", conn, found=found, names=names, more=more
        )


def line_of(chart: Chart) -> dict[str, Any]:
    """A line chart's points in the units of its picture; the whole height is 100 %."""
    step = (WIDE - 2 * EDGE) / max(1, len(chart.points) - 1)
    points = [
        (round(EDGE + number * step, 1), round(HIGH - EDGE - value * (HIGH - 2 * EDGE), 1), text)
        for number, (_, value, text) in enumerate(chart.points)
    ]
    return {"wide": WIDE, "high": HIGH, "edge": EDGE, "points": points,
            "path": " ".join(f"{x},{y}" for x, y, _ in points)}  # fmt: skip
