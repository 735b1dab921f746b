"""The deal panel inside a CRM: a card's signed requests, and the page in the CRM's own frame.

A card that can draw for itself (HubSpot's) asks for JSON. Whatever it cannot draw it opens as a
page in a frame, by a link that works once and at once, since a frame of another site brings no
session along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import Blueprint, redirect, render_template, request, url_for

from app.installations import signing
from app.store import calls
from app.web import access, deal_panel
from app.web.answers import Refusal, answer, body, services
from connectors.contract import BadSignature, SignedCards, SignedFrames

blueprint = Blueprint("cards", __name__)


@blueprint.get("/card/<crm>/<type>/<crm_id>")
def card(crm: str, type: str, crm_id: str) -> Any:
    """The panel for the CRM user who looks at the card, with `open`, the panel as a page."""
    return _answered(crm, lambda: _panel(type, crm_id))


@blueprint.post("/card/<crm>/<type>/<crm_id>")
def act(crm: str, type: str, crm_id: str) -> Any:
    """What that user does, as `POST /api/panel` takes it. A card's proxy asks again where an answer
    is lost, so the card sends a `request_id`."""
    return _answered(crm, lambda: deal_panel.do(type, crm_id, body()))


def _answered(crm: str, make: Callable[[], Mapping[str, Any]]) -> Any:
    """The answer, or the refusal, as 200: of any other status HubSpot's proxy shows the card only
    that there was one. What nobody signed is refused as ever."""
    who = _asker(crm)
    try:
        access.vouched(crm, who)
        return answer(make())
    except Refusal as refusal:
        return answer(
            {"error": refusal.code, "message": refusal.message, "next": refusal.action}
        )


def _asker(crm: str) -> Any:
    parts = services()
    wall = parts.clocks.wall()
    try:
        vendor = parts.connectors.vendor(crm)
    except KeyError:
        vendor = None
    if not isinstance(vendor, SignedCards):
        raise Refusal(404, "crm", f"There are no cards of ours in {crm!r}.",
                      "Check the address in the card.")
    headers = cast(Mapping[str, str], request.headers)
    # As for webhooks: what is signed is the public address, whatever a proxy made of it.
    query = request.query_string.decode("latin-1")
    url = f"{parts.config.url}{request.path}" + (f"?{query}" if query else "")
    try:
        return vendor.verify_card(request.method, url, headers, request.get_data(), wall)
    except BadSignature as error:
        with parts.store.write() as conn:
            calls.refuse(conn, "card_signature", wall)
        raise Refusal(
            401, "card_signature", error.message,
            "Only the CRM's own servers may ask here. The secret must be the app's client secret, "
            "and FOLLOWTHROUGH_URL the address that the card calls.",
        ) from error


def _panel(type: str, crm_id: str) -> dict[str, Any]:
    parts, who = services(), access.viewer()
    found = deal_panel.shown(type, crm_id)
    wall = parts.clocks.wall()
    link = signing.for_frame(parts.store, parts.config, who.installation_id, who.owner_id, wall)
    return {**found, "open": f"{link}/{type}/{crm_id}"}


@blueprint.get("/frame/<crm>")
def framed(crm: str) -> Any:
    """The panel in a frame that the CRM opens itself (Pipedrive's), by an address that says for
    whom. Elsewhere it opens nothing: there it may be a stranger who leads somebody here."""
    parts = services()
    wall = parts.clocks.wall()
    try:
        vendor = parts.connectors.vendor(crm)
    except KeyError:
        vendor = None
    if not isinstance(vendor, SignedFrames):
        raise Refusal(404, "crm", f"There are no frames of ours in {crm!r}.",
                      "Check the address of the panel.")
    try:
        if request.headers.get("Sec-Fetch-Dest", "iframe") != "iframe":
            raise BadSignature("This address opens in a frame of the CRM's only.")
        found = vendor.verify_frame(request.url, wall)
    except BadSignature as error:
        with parts.store.write() as conn:
            calls.refuse(conn, "frame_signature", wall)
        raise Refusal(401, "frame_signature", error.message, "Open the record in the CRM again.") \
            from error
    who = access.vouched(crm, found.asker)
    access.sign_in(who.installation_id, who.owner_id, who.who, framed=True)
    return redirect(url_for("pages.panel", type=found.type, crm_id=found.id))


@blueprint.get("/frame/<token>/<type>/<crm_id>")
def enter(token: str, type: str, crm_id: str) -> Any:
    """Sign in inside the CRM's frame and go to the panel. Outside of a frame the link only offers
    to sign in, as others do: there it may be a stranger who leads somebody here."""
    if request.headers.get("Sec-Fetch-Dest", "iframe") != "iframe":
        return render_template("signin.html", token=token)
    parts = services()
    link = signing.use(parts.store, token, parts.clocks.wall())
    if link is None:
        raise Refusal(410, "frame_used", "This view of the panel was opened before, or too long "
                      "ago.", "Close it and open it from the card again.")
    access.sign_in(link.installation_id, link.owner_id, link.email, framed=True)
    return redirect(url_for("pages.panel", type=type, crm_id=crm_id))
