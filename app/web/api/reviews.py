"""Versions that wait for somebody's approval, and what is locked: looked at and decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.lanes import governing, reviewing
from app.store import locks, people, playbooks
from app.web import access
from app.web.answers import answer, body, services, wrong
from app.web.api.versions import numbered, version_row
from app.web.saving import governed

blueprint = Blueprint("api_reviews", __name__)

Row = Mapping[Any, Any]


@blueprint.get("/reviews")
@access.require("admin", "manager")
def index() -> Response:
    """The versions that wait, each with whether the viewer may approve it, or `why_not`."""
    with services().store.read() as conn:
        return answer({"waiting": waiting(conn)})


def waiting(conn: Connection) -> list[dict[str, Any]]:
    """See `index`."""
    inst = access.viewer().installation_id
    found = governing.waiting(conn, inst)
    if not found:
        return []
    everybody, acts = people.read(conn, inst), playbooks.passed(conn, inst)
    return [
        {"playbook": row["playbook"], **reviewing.head(row),
         **_may(row, acts.get(row["playbook"]), everybody)}
        for row in found
    ]


def _may(row: Row, acts: Row | None, everybody: Mapping[str, Row]) -> dict[str, Any]:
    refused = governing.why_not(row, acts, everybody, access.viewer().owner_id)
    told = f"{refused.message} {refused.action}" if refused else ""
    return {"may": refused is None, "why_not": told}


@blueprint.get("/playbooks/<playbook>/review")
@access.require("admin", "manager")
def look(playbook: str) -> Response:
    """All that an approver looks at: the newest version, or that of ?version=."""
    with services().store.read() as conn:
        return answer(looked_at(conn, playbook))


def looked_at(conn: Connection, playbook: str) -> dict[str, Any]:
    """See `app.lanes.reviewing.looked_at`; with whether the viewer may decide on it."""
    row = version_row(conn, playbook, numbered("version"))
    inst = row["installation_id"]
    acts = playbooks.passed(conn, inst, playbook).get(playbook)
    return {**reviewing.looked_at(conn, row), **_may(row, acts, people.read(conn, inst))}


@blueprint.post("/playbooks/<playbook>/review")
@access.require_right("approves")
def decide(playbook: str) -> Response:
    """{"version", "word": approve or send_back, "comment"?}: a word on the newest version."""
    parts, who, given = services(), access.viewer(), body()
    number, word = given.get("version"), given.get("word")
    if type(number) is not int:
        raise wrong("version", f"{number!r} is no version", "Name the one that you looked at.")
    if word not in governing.WORDS:
        raise wrong("word", f"{word!r} is none", f"One of {', '.join(governing.WORDS)}.")
    comment = given.get("comment") or ""
    if not isinstance(comment, str):
        raise wrong("comment", "must be a text", "Say what is to be changed.")
    with governed(), parts.store.write() as conn:
        row = governing.review(
            conn, who.installation_id, playbook, number, word, comment, who.owner_id,
            parts.clocks.business(), parts.clocks.wall(),
        )  # fmt: skip
    approved = row["review"] == playbooks.APPROVED
    said = "Approved: an admin may put it in force." if approved else "Sent back to its author."
    told = {"state": row["review"], **reviewing.head(row)}
    return answer({"playbook": playbook, **told, "said": said})


# --- locks ---------------------------------------------------------------------------------------


@blueprint.get("/locks")
@access.require("admin", "manager")
def locked() -> Response:
    """What is locked, by whom and since when."""
    with services().store.read() as conn:
        rows = locks.read(conn, access.viewer().installation_id).values()
    keys = ("what", "locked_by", "locked_wall")
    return answer({"locks": [{key: row[key] for key in keys} for row in rows]})


@blueprint.put("/playbooks/<playbook>/lock")
@access.require("admin")
def lock(playbook: str) -> Response:
    """{"locked": true or false, "sequence"?}: of the whole playbook unless a sequence is named."""
    parts, who, given = services(), access.viewer(), body()
    wanted, sequence = given.get("locked"), given.get("sequence") or ""
    if not isinstance(wanted, bool):
        raise wrong("locked", f"{wanted!r} is neither true nor false",
                    'Send {"locked": true}, and {"sequence": id} for one of its sequences.')
    if not isinstance(sequence, str):
        raise wrong("sequence", f"{sequence!r} is no id", "GET /api/playbooks/… shows its ids.")
    what = f"{playbook}/{sequence}" if sequence else playbook
    with governed(), parts.store.write() as conn:
        governing.set_lock(
            conn, who.installation_id, playbook, sequence, wanted, who.who, parts.clocks.wall()
        )
    said = f"{what} is locked for all but admins." if wanted else f"{what} is no longer locked."
    return answer({"what": what, "locked": wanted, "said": said})
