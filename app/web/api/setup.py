"""Setting an installation up: stages, pipelines, settings, people, sign-in links, the stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.installations import signing
from app.installations.connect import repair
from app.installations.countries import split_country
from app.installations.people import OURS, is_zone, merge_spans
from app.installations.switch import set_stopped
from app.model.vocabulary import StageKind
from app.store import audit, installations, people, pipelines
from app.store.sets import dumps, loads
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from connectors.contract import CrmError

blueprint = Blueprint("api_setup", __name__)

KINDS = tuple(kind.value for kind in StageKind)


def changed(conn: Connection, what: str, data: dict[str, Any]) -> None:
    """Audit a change of the configuration and let every process's caches know of it."""
    who = access.viewer()
    wall = services().clocks.wall()
    audit.write(conn, who.installation_id, who.who, what, wall, data)
    installations.bump(conn, who.installation_id)


def wake(*lanes: str) -> None:
    """Poke lanes of the viewer's installation, after the change was committed."""
    for lane in lanes:
        services().runtime.poke(lane, access.viewer().installation_id)


# --- pipelines and stages ------------------------------------------------------------------------


@blueprint.get("/stages")
@access.require("admin")
def stages() -> Response:
    """Pipelines with their stages, proposed or confirmed kinds, and the kinds there are."""
    with services().store.read() as conn:
        return answer({"pipelines": board(conn), "kinds": KINDS})


def board(conn: Connection) -> list[dict[str, Any]]:
    """The viewer's pipelines, each with its stages in order."""
    inst = access.viewer().installation_id
    found = pipelines.read_stages(conn, inst)
    return [
        {
            "id": pipe["id"],
            "label": pipe["label"],
            "followed": bool(pipe["followed"]),
            "stages": [
                {
                    "id": stage["id"],
                    "label": stage["label"],
                    "position": stage["position"],
                    "kind": stage["kind"],
                    "confirmed": bool(stage["confirmed"]),
                }
                for stage in found
                if stage["pipeline_id"] == pipe["id"] and not stage["archived"]
            ],
        }
        for pipe in pipelines.read(conn, inst)
    ]


@blueprint.put("/stages")
@access.require("admin")
def confirm_stages() -> Response:
    """Confirm stages: {"stages": [{"pipeline", "id", "kind"}]}; no kind takes the proposed one."""
    wanted = body().get("stages")
    if not isinstance(wanted, list) or not wanted:
        raise wrong("stages", "missing or empty",
                    'Send {"stages": [{"pipeline": "default", "id": "…", "kind": "proposal"}]}.')
    with services().store.write() as conn:
        known = {(pipe["id"], stage["id"]): stage for pipe in board(conn)
                 for stage in pipe["stages"]}
        chosen = [_chosen(number, item, known) for number, item in enumerate(wanted)]
        kinds = {(pipeline, stage): StageKind(kind) for pipeline, stage, kind in chosen}
        pipelines.confirm(conn, access.viewer().installation_id, kinds)
        changed(conn, "stages_confirmed", {"stages": [list(item) for item in chosen]})
        answered = board(conn)
    wake("ingest")
    return answer({"pipelines": answered, "kinds": KINDS})


def _chosen(
    number: int, item: Any, known: dict[tuple[str, str], dict[str, Any]]
) -> tuple[str, str, str]:
    field = f"stages[{number}]"
    if not isinstance(item, dict):
        raise wrong(field, "not an object", 'Write {"pipeline": …, "id": …, "kind": …}.')
    given = cast(dict[str, Any], item)
    key = (str(given.get("pipeline")), str(given.get("id")))
    stage = known.get(key)
    if stage is None:
        raise wrong(field, f"there is no stage {key[1]!r} in pipeline {key[0]!r}",
                    "Take pipeline and stage ids from GET /api/stages.")
    kind = given.get("kind", stage["kind"])
    if kind not in KINDS:
        raise wrong(f"{field}.kind", f"{kind!r} is no kind of stage",
                    f"Use one of: {', '.join(KINDS)}.")
    return (*key, kind)


@blueprint.put("/pipelines/<pipeline>")
@access.require("admin")
def follow(pipeline: str) -> Response:
    """Follow a pipeline or stop following it: {"followed": true}."""
    followed = body().get("followed")
    if not isinstance(followed, bool):
        raise wrong("followed", "must be true or false", 'Send {"followed": true}.')
    with services().store.write() as conn:
        if not any(pipe["id"] == pipeline for pipe in board(conn)):
            raise Refusal(404, "pipeline", f"There is no pipeline {pipeline!r}.",
                          "Take its id from GET /api/stages.")
        pipelines.follow(conn, access.viewer().installation_id, pipeline, followed)
        changed(conn, "pipeline_followed", {"pipeline": pipeline, "followed": followed})
        answered = board(conn)
    wake("ingest")
    return answer({"pipelines": answered, "kinds": KINDS})


# --- the stop ------------------------------------------------------------------------------------


@blueprint.post("/stop")
@access.require("admin", "manager")
def stop() -> Response:
    """Stop everything: nothing more is sent to the CRM from the next call on."""
    return _stopped(True)


@blueprint.post("/resume")
@access.require("admin")
def resume() -> Response:
    """Go on; what fell due meanwhile is shifted or expires by each step's late policy."""
    return _stopped(False)


def _stopped(stopped: bool) -> Response:
    parts, who = services(), access.viewer()
    with parts.store.write() as conn:
        set_stopped(conn, who.installation_id, stopped, who.who, parts.clocks.wall())
    wake("dispatch")
    return answer({"stopped": stopped})


# --- our properties ------------------------------------------------------------------------------


@blueprint.post("/repair")
@access.require("admin")
def repaired() -> Response:
    """Make our properties in the CRM again where somebody deleted them: {refused: [[name, why]]}.
    """
    parts, who = services(), access.viewer()
    try:
        refused = repair(
            parts.store, parts.connectors, parts.clocks, who.installation_id, who.who
        )
    except CrmError as error:
        raise Refusal(
            502, "crm", f"The CRM did not let us: {error.message}", "Connect the account again."
        ) from error
    return answer({"refused": refused})


# --- people --------------------------------------------------------------------------------------


def person_view(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A person as the API shows them."""
    return {
        "owner_id": row["owner_id"],
        "email": row["email"],
        "name": row["name"],
        "team": row["team"],
        "role": row["role"],
        "manager_id": row["manager_id"],
        "cover_id": row["cover_id"],
        "zone": row["zone"],
        "country": row["country"],
        "hours": loads(row["hours"]) if row["hours"] else None,
        "absences": [
            {"start": span[0], "end": span[1], "ours": span[2:] == [OURS]}
            for span in loads(row["absences"])
        ],
        "active": bool(row["active"]),
    }


@blueprint.get("/people")
@access.require("admin")
def list_people() -> Response:
    """The CRM's users as we know them."""
    with services().store.read() as conn:
        rows = people.read(conn, access.viewer().installation_id)
    return answer({"people": [person_view(row) for row in rows.values()]})


@blueprint.put("/people/<owner_id>")
@access.require("admin")
def change_person(owner_id: str) -> Response:
    """Set role, manager_id, cover_id, zone, country or absences ([[start, end] in ms])."""
    inst, changes = access.viewer().installation_id, body()
    with services().store.write() as conn:
        rows = people.read(conn, inst)
        if owner_id not in rows:
            raise Refusal(404, "person", f"Nobody has the owner id {owner_id!r}.",
                          "Take the owner id from GET /api/people.")
        values = {
            field: _person_value(field, value, rows, owner_id) for field, value in changes.items()
        }
        if values:
            people.change(conn, inst, owner_id, **values)
        changed(conn, "person", {"owner_id": owner_id, **changes})
        row = people.read(conn, inst, [owner_id])[owner_id]
    return answer(person_view(row))


def _person_value(
    field: str, value: Any, rows: Mapping[str, Mapping[Any, Any]], owner_id: str
) -> Any:
    if field == "role" and value in access.ROLES:
        return value
    if field in ("manager_id", "cover_id") and (
        value is None or (value in rows and value != owner_id)
    ):
        return value
    if field == "zone" and (value is None or (isinstance(value, str) and is_zone(value))):
        return value
    if field == "country":
        try:
            return None if value is None else "-".join(filter(None, split_country(value)))
        except (ValueError, AttributeError) as error:
            raise wrong(field, str(error), "Write an ISO code such as DE, or US-CA.") from None
    if field == "absences" and (spans := _spans(value)) is not None:
        theirs = [span for span in loads(rows[owner_id]["absences"]) if span[2:] != [OURS]]
        return dumps([*theirs, *([start, end, OURS] for start, end in spans)])
    right = {
        "role": f"one of {', '.join(access.ROLES)}",
        "manager_id": "another person's owner id, or null",
        "cover_id": "another person's owner id, or null",
        "zone": "a zone such as Europe/Amsterdam, or null",
        "absences": "pairs of instants in ms, such as [[1795000000000, 1795600000000]]",
    }
    if field not in right:
        raise wrong(field, "cannot be set here",
                    "Set role, manager_id, cover_id, zone, country or absences; the rest is the "
                    "CRM's.")
    raise wrong(field, f"{value!r} is not {right[field]}", f"Send {right[field]}.")


def _spans(value: Any) -> tuple[tuple[int, int], ...] | None:
    if not isinstance(value, list):
        return None
    for span in cast(list[Any], value):
        if not (
            isinstance(span, list)
            and len(cast(list[Any], span)) == 2
            and all(type(end) is int for end in cast(list[Any], span))
            and span[0] < span[1]
        ):
            return None
    return merge_spans(cast(list[list[int]], value))


@blueprint.post("/signin-links")
@access.require("admin")
def signin_link() -> Response:
    """A one-time sign-in link for an active CRM user: {"email": …}."""
    parts, who = services(), access.viewer()
    email = body().get("email")
    if not isinstance(email, str) or "@" not in email:
        raise wrong("email", "missing or no e-mail address", 'Send {"email": "rep@example.com"}.')
    try:
        url = signing.make(parts.store, parts.config, who.installation_id, email,
                           parts.clocks.wall())
    except signing.NoSuchPerson as error:
        raise wrong("email", str(error), "See GET /api/people for the addresses there are."
                    ) from error
    with parts.store.write() as conn:
        audit.write(conn, who.installation_id, who.who, "signin_link", parts.clocks.wall(),
                    {"email": email})
    return answer({"url": url}, 201)
