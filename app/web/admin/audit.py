"""Who changed what, as a page."""

from __future__ import annotations

from flask import Blueprint, request

from app.web import access
from app.web.answers import services
from app.web.api.audit import changes
from app.web.framing import page

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@access.require("admin")
def show() -> str:
    """The latest changes, of everybody and of every kind unless the address says otherwise."""
    with services().store.read() as conn:
        return page("admin/audit.html", conn, found=changes(conn), asked=request.args)
