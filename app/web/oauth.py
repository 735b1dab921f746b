"""Connecting a CRM account, and signing in by one-time link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response, redirect, render_template, request, session, url_for

from app.installations import connect, signing
from app.installations.connect import ConnectRefused
from app.installations.uninstalled import take_out
from app.store import calls
from app.web import access
from app.web.answers import Refusal, services
from connectors.contract import BadSignature, Vendor

blueprint = Blueprint("oauth", __name__)


@blueprint.get("/connect/<crm>")
def start(crm: str) -> Any:
    """Send the browser to the CRM's consent page."""
    parts = services()
    begun = connect.begin(parts.config, _vendor(crm))
    session["oauth"] = begun.nonce
    return redirect(begun.url)


@blueprint.get("/oauth/<crm>/callback")
def callback(crm: str) -> Any:
    """The browser comes back from consent: check that it began here, then connect."""
    parts = services()
    vendor = _vendor(crm)
    nonce = session.pop("oauth", None)
    try:
        verifier = connect.check_state(parts.config, crm, request.args.get("state", ""), nonce)
        code = _code(vendor)
        tokens = connect.exchange(parts.config, vendor, code, verifier)
        made = connect.establish(parts.store, parts.connectors, parts.clocks, crm, tokens)
    except ConnectRefused as refused:
        with parts.store.write() as conn:
            calls.refuse(conn, refused.reason, parts.clocks.wall())
        raise Refusal(400, refused.reason, refused.title, refused.action) from refused
    access.sign_in(made.installation_id, made.owner_id or "", made.email or "installer")
    parts.runtime.poke("sync", made.installation_id)
    return redirect(url_for("guide.setup"))


@blueprint.delete("/oauth/<crm>/callback")
def uninstalled(crm: str) -> Response:
    """The CRM itself says that somebody uninstalled the app; it looks at no answer."""
    parts = services()
    try:
        account, user = _vendor(crm).uninstalled(
            cast(Mapping[str, str], request.headers), request.get_data(cache=False)
        )
    except BadSignature as error:
        with parts.store.write() as conn:
            calls.refuse(conn, "uninstall_signature", parts.clocks.wall())
        raise Refusal(
            401, "uninstall_signature", error.message,
            f"Only {crm} may say so, with the client id and secret of the app as it is registered.",
        ) from None
    take_out(parts.store, parts.connectors, parts.clocks, crm, account, user)
    return Response(status=204)


def _code(vendor: Vendor) -> str:
    code = request.args.get("code", "")
    if code:
        return code
    if request.args.get("error") in ("access_denied", "user_denied"):
        raise ConnectRefused(
            "oauth_denied", "Access was not granted",
            "Nothing was connected. Start again when you are ready; the consent page lists what is "
            "read and written.",
        )
    told = vendor.consent_refused(
        request.args.get("error", ""), request.args.get("error_description", "")
    )
    if told:
        raise ConnectRefused("oauth_not_installed", "The CRM does not know the app yet", told)
    said = request.args.get("error_description") or request.args.get("error") or "no reason given"
    raise ConnectRefused(
        "oauth_error", "The CRM refused the connection",
        f"It said: {said[:300]}. Nothing was connected. Whoever connects needs the right to "
        "install apps in the CRM; start again with such a user.",
    )


def _vendor(crm: str) -> Vendor:
    try:
        return services().connectors.vendor(crm)
    except KeyError:
        raise Refusal(404, "crm", f"This server is not set up for {crm!r}.",
                      "Choose a CRM on the first page.") from None


@blueprint.get("/signin/<token>")
def offer(token: str) -> Any:
    """Offer to sign in. Only the button's POST does: mail scanners and previews open links too,
    and would otherwise use the one time up."""
    return Response(render_template("signin.html", token=token))


@blueprint.post("/signin/<token>")
def accept(token: str) -> Any:
    """Use the link up and begin a session."""
    parts = services()
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "origin", "Another site tried to sign you in here.",
                      "Open your sign-in link yourself.")
    link = signing.use(parts.store, token, parts.clocks.wall())
    if link is None:
        raise _used()
    access.sign_in(link.installation_id, link.owner_id, link.email)
    return redirect(url_for("pages.next_up" if link.role == "rep" else "pages.result"))


def _used() -> Refusal:
    return Refusal(
        410, "signin_used", "This sign-in link was used before or is too old.",
        "Each link works once. Ask an admin for a new one (People, or "
        "`bin/followthrough signin EMAIL` on the server).",
    )


@blueprint.post("/signout")
def sign_out() -> Any:
    """End the session."""
    access.check_csrf()
    access.sign_out()
    return redirect(url_for("pages.welcome"))
