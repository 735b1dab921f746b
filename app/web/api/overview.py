"""Who am I, where does the installation stand, what happened, is it healthy."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.lanes.holdout import compared
from app.web import access, connection, doctoring, summaries
from app.web.answers import answer, services

blueprint = Blueprint("api_overview", __name__)


@blueprint.get("/session")
@access.require()
def session() -> Response:
    """The viewer and the token that changing requests must carry."""
    who = access.viewer()
    return answer(
        {
            "csrf": access.csrf_token(),
            "installation": who.installation_id,
            "owner_id": who.owner_id or None,
            "name": who.name,
            "role": who.role,
            "edits": who.edits,
            "approves": who.approves,
        }
    )


@blueprint.get("/status")
@access.require("admin", "manager")
def status() -> Response:
    """Import progress, what is followed and confirmed, rules by mode, what waits."""
    with services().store.read() as conn:
        return answer(summaries.status(conn, access.viewer()))


@blueprint.get("/result")
@access.require("admin", "manager")
def result() -> Response:
    """What happened per stage, rule, stop reason, touch state and rep."""
    parts, who = services(), access.viewer()
    with parts.store.read() as conn:
        found = summaries.result(conn, who, parts.clocks.business())
        return answer({**found, **doctoring.shown(doctoring.findings(conn, who))})


@blueprint.get("/holdout")
@access.require("admin", "manager")
def holdout() -> Response:
    """What following up was worth: those followed up beside those held out, rule by rule."""
    parts, who = services(), access.viewer()
    with parts.store.read() as conn:
        return answer(compared(conn, who.installation_id, parts.clocks.business()))


@blueprint.get("/health")
@access.require("admin")
def health() -> Response:
    """Connection, calls to the CRM, what waits and since when, refusals."""
    parts = services()
    parts.connectors.flush_calls()
    with parts.store.read() as conn:
        return answer(
            connection.health(
                conn, access.viewer(), parts.clocks.business(), parts.clocks.wall()
            )
        )


@blueprint.get("/doctor")
@access.require("admin")
def doctor() -> Response:
    """What is missing or wrong and what to do next; with `?live=true` the CRM account is asked."""
    who = access.viewer()
    if request.args.get("live") == "true":
        return answer(doctoring.shown(doctoring.live(who)))
    with services().store.read() as conn:
        return answer(doctoring.shown(doctoring.findings(conn, who)))
