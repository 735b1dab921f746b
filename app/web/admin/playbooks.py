"""One playbook: what it does, what it would have done, its versions, and trying it on a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from app.playbooks import phrases
from app.playbooks.codec import to_json
from app.playbooks.presets import preset, preset_ids
from app.store import finding, playbooks
from app.store.sets import loads
from app.web import access
from app.web.admin.shelf import timelines_of
from app.web.advised import draft_of
from app.web.answers import Refusal, services
from app.web.api.foreseeing import backtested, foreseen
from app.web.api.playbooks import MODES, overview, unknown
from app.web.api.versions import compared, history, imported, numbered, version_row
from app.web.framing import page
from app.web.saving import checked

blueprint = Blueprint("playbooks", __name__)


@blueprint.get("/playbooks/<playbook>")
@access.require("admin", "manager")
def show(playbook: str) -> str:
    """What it does, what it would have done and would owe, and how to switch it on."""
    with services().store.read() as conn:
        number = numbered("version")
        shown, told = _told(conn, playbook, number)
        found = overview(conn)
        state = next((one for one in found["saved"] if one["playbook"] == playbook), None)
        if state is None:
            state = next(one for one in found["presets"] if one["playbook"] == playbook)
        return page(
            "admin/playbook.html", conn, playbook=playbook, told=told, shown=shown, state=state,
            saved="version" in state, timelines=timelines_of(told), modes=MODES,
            said=_said(told),
        )  # fmt: skip


def _told(conn: Any, playbook: str, number: int | None) -> tuple[int, Mapping[str, Any]]:
    """The number and the JSON of a version; 0 and the preset's where nothing was saved."""
    inst = access.viewer().installation_id
    if number is None and not playbooks.versions(conn, inst, playbook):
        if playbook not in preset_ids():
            raise unknown(playbook)
        return 0, to_json(preset(playbook))
    row = version_row(conn, playbook, number)
    return row["version"], loads(row["data"])


def _said(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its rules in words."""
    return [
        {
            "id": rule["id"],
            "title": rule.get("title") or rule["id"],
            "when": phrases.signal(rule["when"]),
            "condition": phrases.condition(rule["if"]) if rule.get("if") else "",
            "then": [phrases.action(one) for one in rule["then"]],
            "again": phrases.AGAIN.get(rule.get("again", ""), ""),
            "limit": rule.get("limit"),
        }
        for rule in told["rules"]
    ]


@blueprint.get("/playbooks/<playbook>/looking-back")
@access.require("admin", "manager")
def looking_back(playbook: str) -> str:
    """A part of a page: the backtest's figures; `?advice=` of the draft that a figure asks for."""
    key = request.args.get("advice", "")
    draft = checked(draft_of(playbook, key), "playbook.yaml") if key else None
    return render_template("admin/_backtest.html", back=backtested(playbook, draft))


@blueprint.get("/playbooks/<playbook>/already-owed")
@access.require("admin")
def already_owed(playbook: str) -> str:
    """A part of a page: what it would owe, were it set live now."""
    return render_template("admin/_owed.html", owed=foreseen(playbook))


@blueprint.get("/playbooks/<playbook>/history")
@access.require("admin", "manager")
def versions(playbook: str) -> str:
    """Its versions, who saved each, and what runs by it."""
    with services().store.read() as conn:
        found = history(conn, playbook)
        if not found:
            raise unknown(playbook)
        return page("admin/history.html", conn, playbook=playbook, versions=found)


@blueprint.get("/playbooks/<playbook>/compare")
@access.require("admin", "manager")
def compare(playbook: str) -> str:
    """Two versions: what changed in words, and in the file."""
    found = compared(playbook)
    with services().store.read() as conn:
        return page("admin/compare.html", conn, diff=found, versions=history(conn, playbook))


@blueprint.get("/playbooks/<playbook>/try")
@access.require("admin", "manager")
def attempt(playbook: str) -> str:
    """Choose a record to try it on; nothing is written."""
    who, words = access.viewer(), request.args.get("q", "").strip()
    with services().store.read() as conn:
        _told(conn, playbook, None)
        owners = access.owners_seen(conn, who)
        found = finding.search(conn, who.installation_id, words, owners) if words else []
        return page("admin/try.html", conn, playbook=playbook, q=words, found=found)


@blueprint.route("/playbooks/files", methods=["GET", "POST"])
@access.require_right("edits")
def files() -> str:
    """Take playbooks along as YAML files, and bring them in."""
    done: list[dict[str, Any]] = []
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            done = imported(_uploaded())
        except Refusal as error:
            refused = error
    with services().store.read() as conn:
        saved = overview(conn)["saved"]
        return page("admin/files.html", conn, saved=saved, done=done, refused=refused)


def _uploaded() -> list[tuple[str, str]]:
    given = [one for one in request.files.getlist("files") if one.filename]
    if not given:
        raise Refusal(422, "files", "No file was chosen.", "Choose one or more YAML files.")
    found: list[tuple[str, str]] = []
    for one in given:
        try:
            found.append((str(one.filename), one.stream.read().decode()))
        except UnicodeDecodeError as error:
            message = f"not UTF-8 at byte {error.start}"
            raise Refusal(
                422, "files", f"{one.filename} is not UTF-8 text.", "Save the file as UTF-8.",
                [{"file": one.filename, "field": "", "message": message}],
            ) from None  # fmt: skip
    return found
