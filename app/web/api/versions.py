"""Versions of playbooks: which there are, what changed, as files, and a check without saving."""

from __future__ import annotations

import difflib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.lanes import governing
from app.playbooks.advice import limits_of
from app.playbooks.differences import differences
from app.playbooks.loader import advice_on
from app.playbooks.presets import preset_ids, preset_text
from app.store import audit, playbooks
from app.store.sets import loads
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.playbooks import unknown
from app.web.api.settings import stored_settings
from app.web.saving import checked, save_checked

blueprint = Blueprint("api_versions", __name__)

FILES = 100
"""Most files taken at once."""

Row = Mapping[Any, Any]


def history(conn: Connection, playbook: str) -> list[dict[str, Any]]:
    """Its versions, the latest first, with who saved each, how many follow-ups run by it, and what
    an approver decided on it."""
    inst = access.viewer().installation_id
    running = playbooks.running_by_version(conn, inst, playbook)
    force = {row["version_id"] for row in playbooks.states(conn, inst).values()
             if row["mode"] != "off"}  # fmt: skip
    rows = playbooks.versions(conn, inst, playbook)
    return [
        {
            "version": row["version"],
            "saved_by": row["saved_by"],
            "saved_wall": row["saved_wall"],
            "running": running.get(row["version"], 0),
            "in_force": row["id"] in force,
            "review": governing.state_of(row, rows[0]["version"]),
            **{key: row[key] for key in ("reviewed_by", "reviewed_wall", "review_comment")},
        }
        for row in rows
    ]


@blueprint.get("/playbooks/<playbook>/versions")
@access.require("admin", "manager")
def index(playbook: str) -> Response:
    """See `history`."""
    with services().store.read() as conn:
        found = history(conn, playbook)
    if not found:
        raise unknown(playbook)
    return answer({"playbook": playbook, "versions": found})


def version_row(conn: Connection, playbook: str, number: int | None) -> Row:
    """One version, the newest unless a number is given. Raises Refusal where it is not there."""
    rows = playbooks.versions(conn, access.viewer().installation_id, playbook)
    if not rows:
        raise unknown(playbook)
    found = rows[0] if number is None else next((r for r in rows if r["version"] == number), None)
    if found is None:
        known = ", ".join(str(row["version"]) for row in reversed(rows))
        raise Refusal(404, "version", f"{playbook} has no version {number}.",
                      f"There are: {known}.")
    return found


def numbered(field: str) -> int | None:
    """A version's number out of the address; None where it names none."""
    given = request.args.get(field, "")
    if not given:
        return None
    if not given.isdecimal() or len(given) > 9:
        raise wrong(field, f"{given!r} is no version", "Give a version's number, such as 2.")
    return int(given)


@blueprint.get("/playbooks/<playbook>/diff")
@access.require("admin", "manager")
def diff(playbook: str) -> Response:
    """What changed: ?from= and ?to=, the last two versions unless named."""
    return answer(compared(playbook))


def compared(playbook: str) -> dict[str, Any]:
    """The differences of two versions in words, and of their files line by line."""
    with services().store.read() as conn:
        newer = version_row(conn, playbook, numbered("to"))
        number = numbered("from")
        older = version_row(conn, playbook, max(1, newer["version"] - 1)
                            if number is None else number)  # fmt: skip
    found = differences(loads(older["data"]), loads(newer["data"]))
    return {
        "playbook": playbook,
        "from": older["version"],
        "to": newer["version"],
        "differences": [asdict(one) for one in found],
        "lines": _lines(older["source"], newer["source"]),
    }


def _lines(before: str, after: str) -> list[str]:
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm="")
    return list(told)[2:]


# --- files ---------------------------------------------------------------------------------------


@blueprint.get("/playbooks/<playbook>/file")
@access.require("admin", "manager")
def file(playbook: str) -> Response:
    """The YAML as a file: of ?version=, the newest, or of a preset that was not saved."""
    number = numbered("version")
    with services().store.read() as conn:
        saved = playbooks.versions(conn, access.viewer().installation_id, playbook)
        if not saved and number is None and playbook in preset_ids():
            return _attached(preset_text(playbook), f"{playbook}.yaml")
        row = version_row(conn, playbook, number)
    return _attached(row["source"], f"{playbook}-{row['version']}.yaml")


def _attached(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="application/yaml", headers=headers)


@blueprint.get("/export/playbooks")
@access.require("admin")
def export() -> Response:
    """The newest version of every saved playbook, as YAML files in one zip archive."""
    who, parts = access.viewer(), services()
    with parts.store.write() as conn:
        rows = playbooks.latest(conn, who.installation_id)
        audit.write(conn, who.installation_id, who.who, "playbooks_exported", parts.clocks.wall(),
                    {"playbooks": [row["playbook"] for row in rows]})  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows:
            archive.writestr(f"{row['playbook']}.yaml", row["source"])
    headers = {"Content-Disposition": 'attachment; filename="playbooks.zip"'}
    return Response(packed.getvalue(), mimetype="application/zip", headers=headers)


@blueprint.post("/import/playbooks")
@access.require_right("edits")
def take() -> Response:
    """{"files": [{"name", "text"}]}: each becomes a version, or on any mistake none. 201."""
    given = body().get("files")
    if not isinstance(given, list) or not 0 < len(cast(list[Any], given)) <= FILES:
        raise wrong("files", f"must be a list of 1 to {FILES} files",
                    'Send {"files": [{"name": "proposal.yaml", "text": "<YAML>"}]}.')
    files: list[tuple[str, str]] = []
    for number, item in enumerate(cast(list[Any], given)):
        one = cast(dict[str, Any], item) if isinstance(item, dict) else {}
        name, text = one.get("name"), one.get("text")
        if not isinstance(name, str) or not isinstance(text, str) or not name:
            raise wrong(f"files[{number}]", "needs a name and a text",
                        'Write {"name": "proposal.yaml", "text": "<YAML>"}.')
        files.append((name, text))
    return answer({"saved": imported(files)}, 201)


def imported(files: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Save each file as a version of its playbook, all of them or, on any mistake, none.

    files: (name, text). Raises Refusal with the mistakes of all files. A file that says what the
    newest version says already makes no new one: `version` is that one's, `new` is False.
    """
    problems: list[Any] = []
    read: list[tuple[str, Any]] = []
    for name, text in files:
        try:
            read.append((text, checked(text, name)))
        except Refusal as refused:
            problems += refused.problems
    if problems:
        raise Refusal(422, "playbook", f"Nothing was saved: {len(problems)} "
                      f"mistake{'' if len(problems) == 1 else 's'} in {len(files)} "
                      f"file{'' if len(files) == 1 else 's'}.",
                      "Correct each at its line and column, then send them again.", problems)
    twice = [one.id for _, one in read if sum(other.id == one.id for _, other in read) > 1]
    if twice:
        raise wrong("files", f"two of them are the playbook {twice[0]!r}", "Keep one of the two.")
    return save_checked(read)


@blueprint.post("/playbooks/check")
@access.require("admin", "manager")
def check() -> Response:
    """{"text": YAML}: what is wrong with it or odd about it, by line. Nothing is saved."""
    text = body().get("text")
    if not isinstance(text, str):
        raise wrong("text", "missing", 'Send {"text": "<YAML>"}.')
    return answer(looked_over(text))


def looked_over(text: str) -> dict[str, Any]:
    """`problems`, for which it would be refused, and `warnings`, with which it may be saved."""
    try:
        playbook = checked(text, "playbook.yaml")
    except Refusal as refused:
        return {"playbook": None, "problems": refused.problems, "warnings": []}
    with services().store.read() as conn:
        limits = limits_of(stored_settings(conn, access.viewer().installation_id))
    odd = advice_on(playbook, text, "playbook.yaml", limits)
    return {"playbook": playbook.id, "problems": [], "warnings": [asdict(one) for one in odd]}
