"""Setting an installation up: stages, pipelines, our properties, the stop."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.installations.connect import repair
from app.installations.switch import set_stopped
from app.model.vocabulary import StageKind
from app.store import audit, installations, pipelines
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
