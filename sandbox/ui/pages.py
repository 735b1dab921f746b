"""The routes of the CRM page: accounts, board, deal, contact, tasks, and one for every click."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.control import account_of, perform
from sandbox.salesforce.outside import inner_id
from sandbox.salesforce.tables import KINDS
from sandbox.simulation import Simulation
from sandbox.ui.views import Page
from sandbox.world.people_acts import ActError
from sandbox.world.records import Record, WorldError

_PIPEDRIVE_PAGES = {"deal": "deals", "person": "contacts", "organization": "companies"}
_RECORD_PAGES = {
    "0-1": "crm.contact",
    "0-2": "crm.company",
    "0-3": "crm.deal",
    "0-136": "crm.lead",
}
_PAGES = {
    "deals": "crm.deal",
    "contacts": "crm.contact",
    "companies": "crm.company",
    "leads": "crm.lead",
}
_LISTS = {
    "deals": "crm.board",
    "contacts": "crm.contacts",
    "companies": "crm.companies",
    "leads": "crm.leads",
}


def install_pages(app: Flask, simulation: Simulation) -> None:
    """Add the CRM page, and the vendor's record addresses leading to it, to the server."""
    crm = Blueprint(
        "crm",
        __name__,
        url_prefix="/crm",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    _pages(crm, simulation)
    _clicks(crm, simulation)
    app.register_blueprint(crm)

    @app.get("/contacts/<portal>/record/<type_id>/<record_id>")
    def crm_record(portal: str, type_id: str, record_id: str) -> Response:
        """The vendor's own address of a record, as apps link to it."""
        if type_id not in _RECORD_PAGES:
            return redirect(url_for("crm.tasks", portal=portal))
        return redirect(url_for(_RECORD_PAGES[type_id], portal=portal, record_id=record_id))

    @app.get("/pipedrive/<entity>/<record_id>")
    def pipedrive_record(entity: str, record_id: str) -> Response:
        """Pipedrive's own address of a record: the company is that of the domain, here whose record
        it is."""
        kind = _PIPEDRIVE_PAGES.get(entity)
        for account in simulation.world.accounts.values():
            if kind and account.crm == "pipedrive" and account.find(kind, record_id):
                portal = account.portal_id
                return redirect(url_for(_PAGES[kind], portal=portal, record_id=record_id))
        abort(404, f"no {entity} {record_id} in any Pipedrive company")

    @app.get("/salesforce/lightning/r/<sobject>/<record_id>/view")
    def salesforce_record(sobject: str, record_id: str) -> Response:
        """Salesforce's own address of a record, in whichever org it is."""
        number = inner_id(record_id)
        for account in simulation.world.accounts.values():
            for kind in KINDS.get(sobject, ()) if account.crm == "salesforce" else ():
                if account.find(kind, number) and kind in _PAGES:
                    portal = account.portal_id
                    return redirect(url_for(_PAGES[kind], portal=portal, record_id=number))
                if account.find(kind, number):
                    return redirect(url_for("crm.tasks", portal=account.portal_id))
        abort(404, f"no {sobject} {record_id} in any org of Salesforce")


def _pages(crm: Blueprint, simulation: Simulation) -> None:
    def page(portal: str) -> Page:
        try:
            return Page(account_of(simulation, portal))
        except ActError:
            abort(404)

    def show(template: str, here: Page, **values: Any) -> str:
        with simulation.world.lock:
            return render_template(
                f"crm/{template}",
                page=here,
                account=here.account,
                error=request.args.get("error", ""),
                simulated=simulation.clock.mode == "simulated",
                **values,
            )

    @crm.get("/")
    def accounts() -> str:
        listed = [Page(account) for account in simulation.world.accounts.values()]
        return render_template("crm/accounts.html", pages=listed, account=None, error="")

    @crm.get("/<portal>/")
    def board(portal: str) -> str:
        here = page(portal)
        owner, pipeline = request.args.get("owner", ""), request.args.get("pipeline", "")
        columns = here.board(owner, pipeline)
        return show(
            "board.html", here, columns=columns, owner=owner, pipeline=here.pipeline(pipeline)
        )

    def record(portal: str, kind: str, record_id: str) -> str:
        here = page(portal)
        found = _record(here, kind, record_id)
        return show(
            "record.html",
            here,
            record=found,
            title=here.name(found),
            back=url_for(_PAGES[kind], portal=portal, record_id=found.id),
            related={other: here.related(found, other) for other in _PAGES if other != kind},
            pages=_PAGES,
            meetings=here.related(found, "meetings"),
            timeline=here.timeline(found),
        )

    @crm.get("/<portal>/deals/<record_id>")
    def deal(portal: str, record_id: str) -> str:
        return record(portal, "deals", record_id)

    @crm.get("/<portal>/contacts/<record_id>")
    def contact(portal: str, record_id: str) -> str:
        return record(portal, "contacts", record_id)

    @crm.get("/<portal>/leads/<record_id>")
    def lead(portal: str, record_id: str) -> str:
        return record(portal, "leads", record_id)

    @crm.get("/<portal>/companies/<record_id>")
    def company(portal: str, record_id: str) -> str:
        return record(portal, "companies", record_id)

    @crm.get("/<portal>/leads")
    def leads(portal: str) -> str:
        here, kind = page(portal), "leads"
        return show("list.html", here, records=here.newest(kind), kind=kind)

    @crm.get("/<portal>/companies")
    def companies(portal: str) -> str:
        here, kind = page(portal), "companies"
        return show("list.html", here, records=here.newest(kind), kind=kind)

    @crm.get("/<portal>/contacts")
    def contacts(portal: str) -> str:
        here = page(portal)
        count = len(here.account.objects["contacts"])
        return show("contacts.html", here, contacts=here.newest("contacts"), count=count)

    @crm.get("/<portal>/tasks")
    def tasks(portal: str) -> str:
        here = page(portal)
        owner, which = request.args.get("owner", ""), request.args.get("show", "open")
        return show("tasks.html", here, tasks=here.tasks(owner, which), owner=owner, which=which)

    @crm.get("/<portal>/bin")
    def bin(portal: str) -> str:
        here = page(portal)
        return show("bin.html", here, records=here.bin(), pages=_PAGES)

    @crm.get("/<portal>/settings")
    def settings(portal: str) -> str:
        return show("settings.html", page(portal))


def _clicks(crm: Blueprint, simulation: Simulation) -> None:
    @crm.post("/<portal>/act")
    def act(portal: str) -> Response:
        """One click: `verb`, its parameters, and `back`, the page to return to."""
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            abort(403, "this form was sent from another site")
        params: dict[str, Any] = {name: value for name, value in request.form.items() if value}
        verb = str(params.pop("verb", ""))
        back = str(params.pop("back", "")) or url_for("crm.board", portal=portal)
        if urlsplit(back).netloc:
            back = url_for("crm.board", portal=portal)
        try:
            here = Page(account_of(simulation, portal))
            for name in ("due", "start", "end"):
                if name in params:
                    params[name] = _instant(here, name, str(params[name]))
            if "stages" in params:
                params["stages"] = [one.strip() for one in str(params["stages"]).split(",")]
            done = perform(simulation, portal, verb, params)
        except (ActError, WorldError) as error:
            mark = "&" if "?" in back else "?"
            return redirect(f"{back}{mark}error={error}")
        if verb in ("merge", "restore") and done["kind"] in _PAGES:  # a merge makes a new id
            back = url_for(_PAGES[done["kind"]], portal=portal, record_id=done["id"])
        elif verb in ("delete", "erase") and done["kind"] in _LISTS:
            back = url_for(_LISTS[done["kind"]], portal=portal)
        return redirect(back)

    @crm.post("/<portal>/uninstall")
    def uninstall(portal: str) -> Response:
        """A user of Pipedrive takes out the apps that they have installed; an admin of Salesforce,
        who is no user here, all packages."""
        account = account_of(simulation, portal)
        vendor = current_app.extensions["vendors"].by_crm[account.crm]
        vendor.uninstall(account.portal_id, request.form.get("user", ""))
        return redirect(url_for("crm.settings", portal=portal))


def _instant(page: Page, name: str, text: str) -> int:
    try:
        return page.instant(text)
    except ValueError:
        raise ActError(name, f"{text!r} is no date and time; pick one in the field") from None


def _record(page: Page, kind: str, record_id: str) -> Record:
    record = page.account.find(kind, record_id) or page.account.find(kind, record_id, archived=True)
    if record is None:
        abort(404, f"no {kind[:-1]} {record_id} in account {page.account.portal_id}")
    return record
