"""Control endpoints under `/sandbox/`: business time, accounts, apps, deeds, faults, exports.

JSON, from loopback addresses only, no other authentication: they stand outside the world that the
vendors' HTTP shows. Errors are `{"error", "field"}` with status 400, 404 or 409.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, request

from imports.mapping import ImportProblem
from sandbox.control_account import CHANGES, change_account, describe
from sandbox.exports import export_account
from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.settings import Settings
from sandbox.simulation import Simulation
from sandbox.vendor import VendorServer
from sandbox.world.account import Account
from sandbox.world.people_acts import VERBS, ActError, Acts
from sandbox.world.people_admin import ADMIN_VERBS, Admin
from sandbox.world.records import App, WorldError


@dataclass
class Services:
    """What the vendors' HTTP keeps that the control endpoints show and change."""

    settings: Settings
    faults: Faults
    har: Har
    stats: Callable[[], dict[str, Any]]
    by_crm: Mapping[str, VendorServer[Any]] = field(default_factory=dict)

    def outer_id(self, account: Account, kind: str, record_id: str) -> str:
        """How the account's CRM names a record, or an owner (kind ``owners``)."""
        vendor = self.by_crm.get(account.crm)
        return record_id if vendor is None else vendor.outer_id(account, kind, record_id)

    def described(self, account: Account) -> dict[str, Any]:
        """What a conductor needs to know of an account; ``crm_id``: an owner's id at the CRM."""
        told = describe(account)
        for owner in told["owners"]:
            owner["crm_id"] = self.outer_id(account, "owners", owner["id"])
        return told


def control_blueprint(simulation: Simulation, services: Services) -> Blueprint:
    """The blueprint with every control endpoint."""
    control = Blueprint("control", __name__, url_prefix="/sandbox")
    _guard(control)
    _time(control, simulation)
    _accounts(control, simulation, services)
    _vendors(control, services, simulation)
    return control


def acts_of(simulation: Simulation, portal: object) -> Acts:
    """The deeds open in an account; raises `ActError` naming the portal."""
    account = account_of(simulation, portal)
    return Acts(account, _kinds(account))


def perform(
    simulation: Simulation, portal: object, verb: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Do a person's or an admin's deed, as `{"kind", "id", "properties"}` of what it touched."""
    account = account_of(simulation, portal)
    if verb in ADMIN_VERBS:
        told = Admin(account, _kinds(account)).do(verb, params)
    elif verb in VERBS:
        record = acts_of(simulation, portal).do(verb, params)
        told = {"kind": record.kind, "id": record.id, "properties": record.fields}
    else:
        known = ", ".join((*VERBS, *ADMIN_VERBS))
        raise ActError("verb", f"{verb!r} is unknown; known: {known}")
    simulation.barrier.poke()
    return told


def _kinds(account: Account) -> Mapping[str, str] | None:
    known = account.extra.get("people") or account.extra.get("import") or {}
    return known.get("kinds")


def account_of(simulation: Simulation, portal: object) -> Account:
    """The account of a portal id given as text or number."""
    try:
        return simulation.world.accounts[int(str(portal))]
    except (KeyError, ValueError):
        known = ", ".join(map(str, simulation.world.accounts)) or "none yet; POST /sandbox/accounts"
        raise ActError("portal", f"no account {portal!r}; there are: {known}") from None


def _guard(control: Blueprint) -> None:
    @control.before_request
    def loopback_only() -> Response | None:
        try:
            local = ip_address(request.remote_addr or "").is_loopback
        except ValueError:
            local = False
        return None if local else _json({"error": "control is for loopback addresses only"}, 403)

    @control.errorhandler(ActError)
    def act_error(error: ActError) -> Response:
        return _json({"error": str(error), "field": error.field}, 400)

    @control.errorhandler(ImportProblem)
    def import_problem(error: ImportProblem) -> Response:
        return _json({"error": str(error), "field": error.field}, 400)

    @control.errorhandler(WorldError)
    def world_error(error: WorldError) -> Response:
        return _json({"error": str(error)}, 409)

    @control.errorhandler(ValueError)
    def value_error(error: ValueError) -> Response:
        return _json({"error": str(error)}, 400)


def _time(control: Blueprint, simulation: Simulation) -> None:
    barrier = simulation.barrier

    @control.get("/time")
    def time() -> Response:
        return _json({**barrier.state(), "ends_at": simulation.ends_at, "moves": barrier.moves})

    @control.post("/drained")
    def drained() -> Response:
        body = _body("run", "now", "delivery", "next_due", "granted", "asks_at")
        due, granted, asks = (body.get(name) for name in ("next_due", "granted", "asks_at"))
        return _json(
            barrier.drained(
                str(_need(body, "run")),
                _whole(body, "now"),
                _whole(body, "delivery"),
                None if due is None else _whole(body, "next_due"),
                None if granted is None else _whole(body, "granted"),
                None if asks is None else _whole(body, "asks_at"),
            )
        )

    @control.post("/grant")
    def grant() -> Response:
        body = _body("until")
        until = simulation.ends_at if body.get("until") == "end" else _whole(body, "until")
        return _json(barrier.grant(until))


def _accounts(control: Blueprint, simulation: Simulation, services: Services) -> None:
    @control.get("/accounts")
    def accounts() -> Response:
        listed = [services.described(account) for account in simulation.world.accounts.values()]
        return _json({"accounts": listed})

    @control.post("/accounts")
    def create() -> Response:
        body = _body(
            "seed",
            "deals",
            "weeks",
            "start",
            "portal_id",
            "tier",
            "pipelines",
            "crm",
            "data",
            "mapping",
        )
        if "data" in body or "mapping" in body:
            account = simulation.import_files(
                str(_need(body, "mapping")),
                str(_need(body, "data")),
                body.get("portal_id"),
                str(body.get("crm", "hubspot")),
            )
        else:
            for name in ("seed", "deals", "start", "portal_id", "pipelines"):
                if name in body:
                    _whole(body, name)
            if not isinstance(body.get("weeks", 1), int | float):
                raise ActError("weeks", f"must be a number, not {body['weeks']!r}")
            account = simulation.generate(**body)
        return _json(services.described(account), 201)

    @control.post("/accounts/<int:portal>")
    def change(portal: int) -> Response:
        account = account_of(simulation, portal)
        body = _body(*CHANGES, "withdraw_scopes", "uninstall")
        leaver = body.pop("uninstall", None)
        if leaver is not None and leaver is not True and not isinstance(leaver, str):
            raise ActError("uninstall", f"must be true, or a user's id or e-mail, not {leaver!r}")
        scopes = body.pop("withdraw_scopes", [])
        if not isinstance(scopes, list):
            raise ActError("withdraw_scopes", f"must be a list of scopes, not {scopes!r}")
        change_account(account, body)
        if scopes:
            services.by_crm[account.crm].withdraw_scopes(portal, scopes)
        if leaver is not None:
            services.by_crm[account.crm].uninstall(portal, "" if leaver is True else leaver)
        simulation.barrier.poke()
        return _json(services.described(account))

    @control.post("/act")
    def act() -> Response:
        body = _body()
        portal, verb = _need(body, "portal"), str(_need(body, "verb"))
        account = account_of(simulation, portal)
        vendor = services.by_crm.get(account.crm)
        params = {
            name: vendor.inner_id(value) if vendor and isinstance(value, str) else value
            for name, value in body.items()
            if name not in ("portal", "verb")
        }
        told = perform(simulation, portal, verb, params)
        return _json(told | {"crm_id": services.outer_id(account, told["kind"], told["id"])})

    @control.get("/export/<int:portal>")
    def export(portal: int) -> Response:
        kinds = request.args.get("kinds")
        account = account_of(simulation, portal)
        return _json(export_account(account, kinds.split(",") if kinds else None))


def _vendors(control: Blueprint, services: Services, simulation: Simulation) -> None:
    @control.post("/apps")
    def register() -> Response:
        known = tuple(one.name for one in fields(App))
        body = _body(*known)
        for name in ("app_id", "client_id", "client_secret", "redirect_uris", "required_scopes"):
            _need(body, name)
        _whole(body, "app_id")
        app = simulation.world.register_app(App(**body))
        return _json({"app_id": app.app_id, "client_id": app.client_id}, 201)

    @control.get("/faults")
    def faults() -> Response:
        return _json({"faults": services.faults.listing()})

    @control.post("/faults")
    def add_fault() -> Response:
        return _json({"id": services.faults.add(_body())}, 201)

    @control.delete("/faults")
    def clear_faults() -> Response:
        which = request.args.get("id", type=int)
        return _json({"removed": services.faults.clear(which)})

    @control.route("/settings", methods=["GET", "POST"])
    def settings() -> Response:
        if request.method == "POST":
            services.settings.update(_body())
        return _json(services.settings.as_dict())

    @control.get("/stats")
    def stats() -> Response:
        people = {
            str(portal): dict(cast.state["done"])
            for portal, cast in simulation.people.casts.items()
        }
        moves = simulation.barrier.moves
        return _json({**services.stats(), "moves": moves, "people": people})

    @control.get("/har")
    def har() -> Response:
        return _json(services.har.export())


def install_control(app: Flask, simulation: Simulation, services: Services) -> None:
    """Add the control endpoints to the sandbox's server."""
    app.register_blueprint(control_blueprint(simulation, services))


def _json(value: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, content_type="application/json")


def _body(*known: str) -> dict[str, Any]:
    try:
        body = orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError as error:
        raise ActError("(body)", f"is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise ActError("(body)", "must be a JSON object")
    extra = sorted(set(body) - set(known)) if known else []
    if extra:
        raise ActError(extra[0], f"is unknown here; known: {', '.join(known)}")
    return body


def _need(body: Mapping[str, Any], name: str) -> Any:
    value = body.get(name)
    if value is None or value == "":
        raise ActError(name, "is missing")
    return value


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = _need(body, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ActError(name, f"must be a whole number (instants in ms), not {value!r}")
    return value
