"""A version before somebody approves it: what it changes, its texts, what is odd, what it would do.
"""

from __future__ import annotations

from flask import Blueprint

from app.web import access
from app.web.answers import services
from app.web.api.reviews import looked_at
from app.web.framing import page

blueprint = Blueprint("reviews", __name__)


@blueprint.get("/playbooks/<playbook>/review")
@access.require("admin", "manager")
def show(playbook: str) -> str:
    """The newest version, or that of `?version=`, and the word on it."""
    with services().store.read() as conn:
        return page(
            "admin/review.html", conn, playbook=playbook, review=looked_at(conn, playbook)
        )
