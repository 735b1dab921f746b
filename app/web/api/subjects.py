"""One subject: where it is, what is next, who does it, and why; and all touches, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.store import aliases, finding, ledger, mirror, pipelines, reading
from app.web import access, summaries, telling
from app.web.answers import Refusal, answer, services, wrong

blueprint = Blueprint("api_subjects", __name__)

PAGE = 1000
"""Touches in one answer."""


def find(conn: Connection, type: str, crm_id: str) -> Mapping[Any, Any]:
    """The subject's row, if it is the viewer's to see. Raises Refusal with 404 in both cases:
    telling "not yours" from "not there" would tell that it is there."""
    who = access.viewer()
    # The id of a merged record is still in people's links and mails.
    crm_id = aliases.of(conn, who.installation_id, type, [crm_id]).get(crm_id, crm_id)
    row = mirror.by_crm_id(conn, who.installation_id, type, [crm_id]).get(crm_id)
    if row is None or not access.may_see(conn, who, row):
        raise Refusal(
            404, "subject", f"There is no {type} {crm_id!r} that you may see.",
            "Check the type (deal, contact, lead) and the CRM's id. A record is known once it was "
            "imported; reps see their own records, managers their team's.",
        )
    return row


@blueprint.get("/subjects")
@access.require()
def search() -> Response:
    """Subjects by words of their name or by CRM id: ?q=."""
    who, words = access.viewer(), request.args.get("q", "").strip()
    if not words:
        raise wrong("q", "missing", "Ask with words of the name or the CRM's id: ?q=acme.")
    with services().store.read() as conn:
        found = finding.search(
            conn, who.installation_id, words, access.owners_seen(conn, who)
        )
    return answer({"subjects": found})


@blueprint.get("/subjects/<type>/<crm_id>")
@access.require()
def subject(type: str, crm_id: str) -> Response:
    """The subject whole, with enrolments, touches and ledger."""
    with services().store.read() as conn:
        row = find(conn, type, crm_id)
        return answer(summaries.subject(conn, access.viewer(), row))


@blueprint.get("/ledger/<type>/<crm_id>")
@access.require()
def decisions(type: str, crm_id: str) -> Response:
    """Every decision on the subject with its reasons, the latest first."""
    with services().store.read() as conn:
        row = find(conn, type, crm_id)
        return answer({"ledger": telling.entries(conn, row, ledger.read(conn, row["id"]))})


@blueprint.get("/why/<type>/<crm_id>")
@access.require()
def why(type: str, crm_id: str) -> Response:
    """Why a rule did or did not act on the subject: ?rule=playbook/rule."""
    rule = request.args.get("rule", "")
    with services().store.read() as conn:
        row = find(conn, type, crm_id)
        if "/" not in rule:
            raise wrong("rule", "missing or no rule's key",
                        "Ask with ?rule=playbook/rule; GET /api/playbooks lists the keys.")
        found = telling.entries(conn, row, ledger.why(conn, row["id"], rule))
        latest = found[0]["text"] if found else _undecided(conn, row)
    return answer({"rule": rule, "answer": latest, "decisions": found})


def _undecided(conn: Connection, row: Mapping[Any, Any]) -> str:
    """Why no rule has said anything about a record: most often it lies where none may act."""
    inst = access.viewer().installation_id
    pipe = next((p for p in pipelines.read(conn, inst) if p["id"] == row["pipeline_id"]), None)
    if pipe is not None and not pipe["followed"]:
        return (
            f"Nothing was decided: the pipeline {pipe['label']} is not followed, so no rule acts "
            "on its records. An admin can follow it on the Setup page."
        )
    stage = next(
        (s for s in pipelines.read_stages(conn, inst) if s["id"] == row["stage_id"]), None
    )
    if stage is not None and not stage["confirmed"]:
        return (
            f"Nothing was decided: what the stage {stage['label']} means is not confirmed, so no "
            "rule acts on it. An admin can confirm it on the Setup page."
        )
    return (
        "Nothing was decided yet: no signal that this rule waits for has come for this record "
        "since the rule was activated."
    )


@blueprint.get("/touches")
@access.require("admin")
def touches() -> Response:
    """All touches in the order of their ids, 1,000 at a time: ?after=<id>."""
    with services().store.read() as conn:
        rows = reading.touches_after(
            conn, access.viewer().installation_id, request.args.get("after", ""), PAGE
        )
    return answer({"touches": rows, "after": rows[-1]["id"] if len(rows) == PAGE else None})
