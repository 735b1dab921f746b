"""The manager's figures as JSON and CSV, and the records behind each count."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web import access, board
from app.web.answers import answer

blueprint = Blueprint("api_dashboard", __name__)


@blueprint.get("/dashboard/<page>")
@access.require("admin", "manager")
def figures(page: str) -> Response:
    """All figures of a page, each with definition, sample, rows and their records."""
    days = board.asked_days()
    found, at = board.shown(board.asked_page(page), days)
    return answer(
        {"page": page, "days": days, "at": at, "figures": [board.as_json(f, days) for f in found]}
    )


@blueprint.get("/dashboard/<page>/<figure>.csv")
@access.require("admin", "manager")
def table(page: str, figure: str) -> Response:
    """One table, for a spreadsheet."""
    found = board.figure_of(board.asked_page(page), figure, board.asked_days())
    return Response(
        board.as_csv(found), mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{page}-{figure}.csv"'},
    )  # fmt: skip


@blueprint.get("/dashboard-records")
@access.require("admin", "manager")
def records() -> Response:
    """The records behind a count, a hundred at a time."""
    return answer(board.asked_records())
