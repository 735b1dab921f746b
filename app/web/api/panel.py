"""The deal panel as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.web import access, deal_panel
from app.web.answers import answer, body, services
from app.web.queue import queue_of

blueprint = Blueprint("api_panel", __name__)


@blueprint.get("/panel/<type>/<crm_id>")
@access.require()
def panel(type: str, crm_id: str) -> Response:
    """Momentum, next touch and why, its words, what runs, history, what may be done. `?draft=0`
    leaves the words out, for which the CRM may be asked."""
    return answer(deal_panel.shown(type, crm_id, draft=request.args.get("draft") != "0"))


@blueprint.post("/panel/<type>/<crm_id>")
@access.require()
def act(type: str, crm_id: str) -> Response:
    """Do something about the record, once for each `request_id`: {"do", "request_id", …}."""
    return answer(deal_panel.do(type, crm_id, body()))


@blueprint.get("/queue")
@access.require()
def queue() -> Response:
    """What the viewer has open, in the order of what matters, with the reasons for each place."""
    parts, who = services(), access.viewer()
    with parts.store.read() as conn:
        found = queue_of(conn, who, parts.clocks.business(), touch=request.args.get("touch", ""))
    return answer(found)
