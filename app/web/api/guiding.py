"""What is left to be done until the first useful task."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web import access, guide
from app.web.answers import answer, services
from app.web.api.setup import changed

blueprint = Blueprint("api_guiding", __name__)


@blueprint.get("/setup")
@access.require("admin")
def left() -> Response:
    """The steps of setting up, each `done` or with what is `left`; `next` is the first open one."""
    with services().store.read() as conn:
        found = guide.steps(conn, access.viewer())
        lacking = guide.gaps(conn, access.viewer().installation_id)
    return answer({"steps": found, "next": guide.first_open(found), "people": lacking})


@blueprint.post("/setup/people")
@access.require("admin")
def confirm_people() -> Response:
    """Managers, hours and zones were looked at and are right."""
    with services().store.write() as conn:
        changed(conn, guide.PEOPLE_CONFIRMED, {})
        return answer({"steps": guide.steps(conn, access.viewer())})
