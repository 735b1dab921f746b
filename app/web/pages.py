"""The pages: server-rendered, each a view of what the JSON API answers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from app.lanes.holdout import compared
from app.model.vocabulary import ReplyClass
from app.store import finding, reading
from app.web import access, connection, deal_panel, doctoring, navigation, summaries
from app.web.answers import services
from app.web.api.dry_run import tried
from app.web.api.leaving import previewed as previewed_leave
from app.web.api.migrating import CHOICES
from app.web.api.migrating import previewed as previewed_move
from app.web.api.playbooks import MODES, overview, triable
from app.web.api.replies import REPLY_DATED
from app.web.api.reviews import waiting
from app.web.api.settings import stored_settings
from app.web.api.subjects import find
from app.web.api.undoing import listed, previewed
from app.web.api.waiting import proposed
from app.web.framing import page as _page
from app.web.queue import queue_of
from connectors.config import NAMES
from connectors.registry import CRMS

blueprint = Blueprint("pages", __name__)


@blueprint.app_context_processor
def frame() -> dict[str, Any]:
    """What every page's frame needs."""
    who = access.viewer_or_none()
    return {
        "viewer": who,
        "csrf": access.csrf_token(),
        "navigation": navigation.entries(who.role, request.endpoint) if who else [],
        "simulated": services().config.simulation is not None,
    }


@blueprint.get("/welcome")
def welcome() -> Any:
    """Connect a CRM, or go where one is signed in."""
    offered = {crm: NAMES[crm] for crm in services().config.vendors if crm in CRMS}
    return render_template("welcome.html", crms=offered)


@blueprint.get("/")
def result() -> Any:
    """What happened: per stage, rule, stop reason, touch and rep."""
    who = access.viewer_or_none()
    if who is None:
        return redirect(url_for("pages.welcome"))
    if who.role == "rep":
        return redirect(url_for("pages.next_up"))
    parts = services()
    with parts.store.read() as conn:
        now = parts.clocks.business()
        found = summaries.result(conn, who, now)
        told = doctoring.shown(doctoring.findings(conn, who))
        return _page(
            "result.html", conn, result=found, status=summaries.standing(conn, who),
            holdout=compared(conn, who.installation_id, now), **told,
        )  # fmt: skip


@blueprint.get("/rules")
@access.require("admin", "manager")
def rules() -> Any:
    """Playbooks with their rules' modes and backlog; activate and release."""
    with services().store.read() as conn:
        found = overview(conn)
        done = listed(conn) if access.viewer().role == "admin" else []
        return _page(
            "rules.html", conn, modes=MODES, activations=done, versions=waiting(conn), **found
        )


@blueprint.get("/playbooks/<playbook>/migrate")
@access.require("admin")
def migrate(playbook: str) -> Any:
    """What moving running follow-ups to another version would do to each, and the button."""
    found = previewed_move(playbook)
    with services().store.read() as conn:
        return _page("migrate.html", conn, move=found, choices=CHOICES)


@blueprint.get("/activations/<id>")
@access.require("admin")
def activation(id: str) -> Any:
    """What undoing an activation would do, and the button."""
    found = previewed(id)
    with services().store.read() as conn:
        return _page("undo.html", conn, undo=found)


@blueprint.get("/leave")
@access.require("admin")
def leave() -> Any:
    """What leaving the account would do, the ledger to take along, and the button."""
    found = previewed_leave()
    with services().store.read() as conn:
        settings = stored_settings(conn, access.viewer().installation_id)
        return _page("leave.html", conn, leave=found, settings=settings)


@blueprint.get("/subjects")
@access.require()
def subjects() -> Any:
    """Find a record; without words, those where something is to be done next."""
    who, words = access.viewer(), request.args.get("q", "").strip()
    with services().store.read() as conn:
        owners = access.owners_seen(conn, who)
        if words:
            found = finding.search(conn, who.installation_id, words, owners)
        else:
            found = finding.ahead(conn, who.installation_id, owners)
        return _page("subjects.html", conn, q=words, found=found)


@blueprint.get("/subjects/<type>/<crm_id>")
@access.require()
def subject(type: str, crm_id: str) -> Any:
    """One record: where is it, what is next, who does it, and why."""
    who = access.viewer()
    with services().store.read() as conn:
        row = find(conn, type, crm_id)
        found = summaries.subject(conn, who, row)
        names = summaries.owner_names(conn, who.installation_id)
    acts = deal_panel.shown(type, crm_id, draft=False, known=(row, found))
    with services().store.read() as conn:
        return _page(
            "subject.html", conn, subject=found, names=names, panel=acts, reply_dated=REPLY_DATED,
            reply_classes=[kind.value for kind in ReplyClass], triable=triable(conn),
        )  # fmt: skip


@blueprint.get("/subjects/<type>/<crm_id>/dry-run")
@access.require("admin", "manager")
def dry_run(type: str, crm_id: str) -> Any:
    """What a playbook would do with one record, by the address's words."""
    found = tried(type, crm_id, request.args.to_dict())
    with services().store.read() as conn:
        return _page("dry_run.html", conn, tried=found)


@blueprint.get("/panel/<type>/<crm_id>")
@access.require()
def panel(type: str, crm_id: str) -> Any:
    """The deal panel, as CRMs frame it."""
    found = deal_panel.shown(type, crm_id)
    with services().store.read() as conn:
        return _page("panel.html", conn, panel=found)


@blueprint.get("/next")
@access.require()
def next_up() -> Any:
    """What the viewer does next: the first of their queue, `?touch=` another, or none."""
    who, now = access.viewer(), services().clocks.business()
    with services().store.read() as conn:
        found = queue_of(
            conn, who, now,
            touch=request.args.get("touch", ""), done=request.args.get("done", ""),
        )  # fmt: skip
        item = found["item"]
        if item is None:
            return _page("next.html", conn, queue=found)
        contact = reading.contact_of(conn, who.installation_id, item["contact_id"])
    shown_item = deal_panel.shown(item["subject_type"], item["subject_id"], about=item["id"])
    with services().store.read() as conn:
        return _page("next.html", conn, queue=found, panel=shown_item, contact=contact)


@blueprint.get("/mine")
@access.require()
def mine() -> Any:
    """The viewer's open tasks, proposals and notices; an admin sees those of the admins."""
    who = access.viewer()
    owner = who.owner_id or None
    with services().store.read() as conn:
        tasks = reading.tasks_of(conn, who.installation_id, [owner] if owner else [])
        notices = reading.notices_of(conn, who.installation_id, owner)
        if who.role == "admin" and owner is not None:
            notices = [*reading.notices_of(conn, who.installation_id, None), *notices]
        for task in tasks:
            task["url"] = summaries.record_url(
                conn, who.installation_id, task["subject_type"], task["subject_id"]
            )
        return _page(
            "mine.html", conn, tasks=tasks, notices=notices, proposals=proposed(conn)
        )


@blueprint.get("/health")
@access.require("admin")
def health() -> Any:
    """Connection, what needs attention, calls, what waits, what failed, what was refused; with
    `?check=1` the CRM account is asked as well."""
    parts, who = services(), access.viewer()
    parts.connectors.flush_calls()
    asked = doctoring.live(who) if request.args.get("check") else None
    with parts.store.read() as conn:
        found = connection.health(conn, who, parts.clocks.business(), parts.clocks.wall())
        told = doctoring.shown(doctoring.findings(conn, who) if asked is None else asked)
        return _page("health.html", conn, health=found, asked=asked is not None, **told)
