"""Playbooks: presets, versions, activation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.lanes import governing
from app.model.playbook import Playbook
from app.model.vocabulary import Mode
from app.playbooks.advice import advise, limits_of
from app.playbooks.codec import from_json
from app.playbooks.loader import advice_on
from app.playbooks.needs import lacking, missing, natives_of
from app.playbooks.presets import preset, preset_ids, preset_text
from app.playbooks.problems import field_path
from app.store import approvals, events, figures, locks, playbooks
from app.store.sets import loads
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.mapping import mapped
from app.web.api.settings import stored_settings
from app.web.api.setup import wake
from app.web.api.waiting import lanes_refuse
from app.web.formats import told
from app.web.saving import save_text

blueprint = Blueprint("api_playbooks", __name__)

MODES = tuple(mode.value for mode in Mode)
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/plain")


def overview(conn: Connection) -> dict[str, Any]:
    """Presets, and the newest version of each saved playbook with the modes of the rules of the one
    that may act."""
    who = access.viewer()
    inst, mine = who.installation_id, access.rights(conn, who)
    asked_for = governing.asked_for(conn, inst)
    passed = playbooks.passed(conn, inst) if asked_for else {}
    locked = locks.read(conn, inst)
    states = playbooks.states(conn, inst)
    waiting = {row["rule"]: row["count"] for row in figures.backlog(conn, inst)}
    asked = approvals.waiting(conn, inst)
    fields = mapped(conn, inst)
    limits = limits_of(stored_settings(conn, inst))
    arrived = events.arrived(conn, inst)
    saved: list[dict[str, Any]] = []
    for row in playbooks.latest(conn, inst):
        acts = passed.get(row["playbook"]) if asked_for else row
        playbook = from_json(loads((acts or row)["data"]))
        saved.append(
            {
                "playbook": playbook.id,
                "version": row["version"],
                "acts": acts["version"] if acts else None,
                "review": governing.state_of(row, row["version"]),
                "reviewed_by": row["reviewed_by"],
                "locked": [what for what in locked if what.partition("/")[0] == playbook.id],
                "editable": mine.may_edit(playbook),
                "title": playbook.title,
                "description": playbook.description,
                "needs": [asdict(need) for need in missing(playbook, fields)],
                "sequences": natives_of(playbook),
                "warnings": [
                    {"field": field_path(odd.location), "message": odd.message,
                     "suggestion": odd.suggestion}
                    for odd in advise(playbook, limits)
                ],
                "saved_by": row["saved_by"],
                "saved_wall": row["saved_wall"],
                "rules": [
                    {
                        **_rule(
                            rule.key, rule.title or rule.id, states.get(rule.key), waiting, asked
                        ),
                        "lacks": lacking(rule, arrived),
                    }
                    for rule in playbook.rules
                ],
            }
        )
    return {
        "presets": [
            {
                "playbook": key,
                "title": preset(key).title,
                "description": preset(key).description,
                "needs": [asdict(need) for need in missing(preset(key), fields)],
                "lacks": sorted(
                    {name for rule in preset(key).rules for name in lacking(rule, arrived)}
                ),
                "sequences": natives_of(preset(key)),
            }
            for key in preset_ids()
        ],
        "saved": saved,
    }


def triable(conn: Connection) -> list[str]:
    """Ids of the playbooks that can be tried on a record: the saved ones first."""
    saved = [row["playbook"] for row in playbooks.latest(conn, access.viewer().installation_id)]
    return [*saved, *(name for name in preset_ids() if name not in saved)]


def _rule(
    key: str, title: str, state: Any, waiting: dict[str, int], asked: frozenset[str]
) -> dict[str, Any]:
    return {
        "rule": key,
        "title": title,
        "mode": state["mode"] if state else "off",
        "activated_at": state["activated_at"] if state else None,
        "activated_by": state["activated_by"] if state else None,
        "stopped_why": state["stopped_why"] if state else None,
        "waits_for_approval": key in asked,
        "paused_at": state["paused_at"] if state else None,
        "pause_queues": bool(state and state["pause_queues"]),
        "release_per_day": state["release_per_day"] if state else 0,
        "backlog": waiting.get(key, 0),
    }


@blueprint.get("/playbooks")
@access.require("admin", "manager")
def index() -> Response:
    """Presets, and what was saved and activated."""
    with services().store.read() as conn:
        return answer(overview(conn))


@blueprint.get("/playbooks/<playbook>")
@access.require("admin", "manager")
def source(playbook: str) -> Response:
    """The YAML of the newest version, or of the preset where none was saved."""
    with services().store.read() as conn:
        rows = playbooks.versions(conn, access.viewer().installation_id, playbook)
    if rows:
        return answer({"playbook": playbook, "version": rows[0]["version"],
                       "text": rows[0]["source"]})
    if playbook in preset_ids():
        return answer({"playbook": playbook, "version": 0, "text": preset_text(playbook)})
    raise unknown(playbook)


@blueprint.post("/playbooks")
@access.require_right("edits")
def save() -> Response:
    """Save YAML, or {"preset": id}, as a version; on any mistake nothing. Activates nothing."""
    text, name = _submitted(), request.args.get("name", "playbook.yaml")
    playbook, done = save_text(text, name)
    with services().store.read() as conn:
        limits = limits_of(stored_settings(conn, access.viewer().installation_id))
    return answer(
        {
            "playbook": playbook.id,
            "version": done["version"],
            "waits": done["waits"],
            "rules": [rule.key for rule in playbook.rules],
            "warnings": [asdict(odd) for odd in advice_on(playbook, text, name, limits)],
        },
        201,
    )


def _submitted() -> str:
    if request.mimetype in YAML_TYPES:
        try:
            return request.get_data().decode()
        except UnicodeDecodeError as error:
            raise wrong("body", f"not UTF-8 at byte {error.start}", "Save the file as UTF-8."
                        ) from None
    given = body()
    name, text = given.get("preset"), given.get("text")
    if isinstance(name, str):
        if name not in preset_ids():
            raise wrong("preset", f"there is no preset {name!r}",
                        f"Choose one of: {', '.join(preset_ids())}.")
        return preset_text(name)
    if isinstance(text, str):
        return text
    raise wrong("text", "missing", 'Send {"text": "<YAML>"}, {"preset": "proposal"}, or the YAML '
                "itself with Content-Type application/yaml.")


@blueprint.post("/playbooks/<playbook>/activate")
@access.require("admin")
def activate(playbook: str) -> Response:
    """Set the mode of its rules: {"mode"?: shadow unless said, "rules"?: all unless named}."""
    parts, who, given = services(), access.viewer(), body()
    mode = given.get("mode", Mode.SHADOW.value)
    if mode not in MODES:
        raise wrong("mode", f"{mode!r} is no mode", f"Use one of: {', '.join(MODES)}.")
    with parts.store.read() as conn:
        newest = next(iter(playbooks.versions(conn, who.installation_id, playbook)), None)
        row = governing.chosen(conn, who.installation_id, playbook) or newest
        asked = governing.asked_for(conn, who.installation_id)
    if row:
        found, version = from_json(loads(row["data"])), row["version"]
    elif playbook in preset_ids():
        found, version = preset(playbook), 0
    else:
        raise unknown(playbook)
    rules = _rules(given.get("rules"), found)
    if not version:
        if asked:
            raise _not_approved(playbook)
        version = save_text(preset_text(playbook), f"{playbook}.yaml")[1]["version"]
    with lanes_refuse():
        done = parts.runtime.activate(who.installation_id, playbook, mode, rules, who.who)
    wake("ingest", "dispatch")
    said = told(mode, sum(rule["backlog"] for rule in done))
    if newest and newest["version"] != version:
        said += f" By version {version}: version {newest['version']} is not approved."
    return answer({"playbook": playbook, "version": version, "rules": done, "said": said})


@blueprint.post("/playbooks/<playbook>/pause")
@access.require("admin")
def pause(playbook: str) -> Response:
    """Let its rules wait: {"rules"?: all unless named, "queue"?: true unless said}."""
    parts, who, given = services(), access.viewer(), body()
    queue = given.get("queue", True)
    if not isinstance(queue, bool):
        raise wrong("queue", f"{queue!r} is neither true nor false",
                    "true: what they would begin becomes backlog; false: it is not owed.")
    rules = _named(given.get("rules"))
    with lanes_refuse():
        done = parts.runtime.pause(who.installation_id, playbook, rules, queue, who.who)
    wake("upkeep")
    return answer({"playbook": playbook, "paused": done})


@blueprint.post("/playbooks/<playbook>/resume")
@access.require("admin")
def resume(playbook: str) -> Response:
    """Let them go on: {"rules"?: all that wait unless named, "late"?: shift unless said}."""
    parts, who, given = services(), access.viewer(), body()
    late = given.get("late", "shift")
    if late not in ("shift", "policy"):
        raise wrong("late", f"{late!r} is none", "shift: the pause does not count; policy: what "
                    "is late is spread or left out, as each step says.")
    rules = _named(given.get("rules"))
    with lanes_refuse():
        done = parts.runtime.resume(who.installation_id, playbook, rules, late, who.who)
    wake("ingest", "dispatch")
    return answer({"playbook": playbook, "resumed": done})


def _named(given: Any) -> list[str] | None:
    """Rule ids or keys; None is all."""
    if given is None:
        return None
    if not isinstance(given, list) or not given:
        raise wrong("rules", "must be a list of rule ids", "Leave it out for all rules.")
    return [str(one) for one in cast(list[Any], given)]


def _rules(given: Any, playbook: Playbook) -> list[str] | None:
    """Rule keys out of ids or keys; None is all."""
    if given is None:
        return None
    keys = {rule.id: rule.key for rule in playbook.rules}
    if not isinstance(given, list) or not given:
        raise wrong("rules", "must be a list of rule ids", f"There are: {', '.join(keys)}.")
    chosen: list[str] = []
    for item in cast(list[Any], given):
        key = keys.get(str(item).removeprefix(f"{playbook.id}/"))
        if key is None:
            raise wrong("rules", f"{playbook.id} has no rule {item!r}",
                        f"There are: {', '.join(keys)}.")
        chosen.append(key)
    return chosen


def _not_approved(playbook: str) -> Refusal:
    return Refusal(
        422, "activation", f"Nothing was changed: nobody has approved {playbook} here yet.",
        f'Save it (POST /api/playbooks {{"preset": "{playbook}"}}); somebody else approves the '
        "version, then it can be activated.",
    )


def unknown(playbook: str) -> Refusal:
    return Refusal(
        404, "playbook", f"There is no saved playbook {playbook!r}.",
        "Save it first with POST /api/playbooks; GET /api/playbooks lists presets and what is "
        "saved.",
    )
