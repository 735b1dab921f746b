"""What waits for an admin's word: rules above their limit with their records, and versions."""

from __future__ import annotations

from flask import Blueprint

from app.web import access
from app.web.answers import services
from app.web.api.asking import waiting
from app.web.api.reviews import waiting as versions_waiting
from app.web.api.waiting import proposed
from app.web.framing import page

blueprint = Blueprint("approvals", __name__)


@blueprint.get("/approvals")
@access.require("admin")
def show() -> str:
    """Rules above their limit, versions, and what rules in manual mode propose to reps."""
    with services().store.read() as conn:
        return page(
            "admin/approvals.html", conn, rules=waiting(conn), proposals=proposed(conn),
            versions=versions_waiting(conn),
        )  # fmt: skip
