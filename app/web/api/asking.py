"""Why did this, or didn't it, happen: each rule's checks on one record, and one rule's decisions on
many; and the rules that wait for an admin's word, with whom it is about."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.decisions.explain import text
from app.model.vocabulary import EnrolmentState
from app.store import approvals, ledger, mirror, playbooks, running
from app.store.sets import loads
from app.web import access, telling
from app.web.answers import Refusal, answer, services, wrong
from app.web.api.dry_run import instant
from app.web.api.playbooks import overview
from app.web.api.subjects import find

blueprint = Blueprint("api_asking", __name__)

PAGE = 100
SHOWN = 20
"""Records of each rule that waits for a word."""


@blueprint.get("/standing/<type>/<crm_id>")
@access.require()
def standing(type: str, crm_id: str) -> Response:
    """How each rule in force stands to the record, check by check: ?rule= one of them, ?at= as of a
    time."""
    return answer(stands(type, crm_id))


def stands(type: str, crm_id: str) -> dict[str, Any]:
    """See `app.lanes.why.why`, by the request's words, for a record that the viewer may see."""
    who, rule = access.viewer(), request.args.get("rule", "")
    with services().store.read() as conn:
        row = find(conn, type, crm_id)
        zone = telling.zone_of(conn, who.installation_id)
        known = playbooks.states(conn, who.installation_id)
    if rule and rule not in known:
        raise wrong("rule", f"{rule!r} was never activated",
                    f"There are: {', '.join(sorted(known)) or 'none'}.")
    at = instant(request.args.get("at"), zone)
    found = services().runtime.why(
        who.installation_id, row["type"], row["crm_id"], rule or None, at
    )
    if found is None:
        raise Refusal(404, "subject", f"There is no {type} {crm_id!r}.", "Search for it by name.")
    return found


@blueprint.get("/decisions")
@access.require("admin", "manager")
def decisions() -> Response:
    """One rule's decisions on the viewer's records, 100 at a time, the latest first, and how many
    records met each reason: ?rule=, ?code=, ?before=."""
    with services().store.read() as conn:
        return answer(decided(conn))


def decided(conn: Connection) -> dict[str, Any]:
    """See `decisions`; looked for among the latest 200,000 lines of the ledger."""
    who = access.viewer()
    rule, before = request.args.get("rule", ""), request.args.get("before", "")
    if "/" not in rule:
        raise wrong("rule", "missing or no rule's key",
                    "Ask with ?rule=playbook/rule; GET /api/playbooks lists the keys.")
    if before and (not before.isdecimal() or len(before) > 18):
        raise wrong("before", f"{before!r} is no entry", "Take it from the last answer.")
    owners = access.owners_seen(conn, who)
    rows = ledger.of_rule(
        conn, who.installation_id, rule, owners, code=request.args.get("code", ""),
        before=int(before) if before else None, limit=PAGE,
    )  # fmt: skip
    zone = telling.zone_of(conn, who.installation_id)
    return {
        "rule": rule,
        "decisions": [
            {
                "subject_type": row["type"],
                "subject_id": row["crm_id"],
                "subject": row["name"],
                "code": row["code"],
                "verdict": row["verdict"],
                "positive": bool(row["positive"]),
                "text": text(row["code"], loads(row["data"]), zone),
                "first_at": row["first_at"],
                "last_at": row["last_at"],
                "count": row["count"],
            }
            for row in rows
        ],
        # Of everybody's records, so not for those who see a part of them.
        "reasons": ledger.reasons(conn, who.installation_id, rule) if owners is None else {},
        "before": rows[-1]["id"] if len(rows) == PAGE else None,
    }


# --- above their limit ---------------------------------------------------------------------------


@blueprint.get("/approvals")
@access.require("admin")
def above() -> Response:
    """Rules above their limit, each with the records that wait for a word."""
    with services().store.read() as conn:
        return answer({"rules": waiting(conn)})


def waiting(conn: Connection) -> list[dict[str, Any]]:
    """The rules that wait, the longest waiting first: `rule`, `title`, `asked_at`, `limit`, `count`
    and some of its `subjects`."""
    inst = access.viewer().installation_id
    asked = approvals.asked(conn, inst)
    if not asked:
        return []
    titles = {
        rule["rule"]: rule["title"] for one in overview(conn)["saved"] for rule in one["rules"]
    }
    found: list[dict[str, Any]] = []
    for rule, (since, count) in asked.items():
        rows = running.of_rule(conn, inst, rule, EnrolmentState.APPROVAL, SHOWN)
        records = mirror.by_id(conn, [row["subject_id"] for row in rows])
        found.append(
            {
                "rule": rule,
                "title": titles.get(rule, rule),
                "asked_at": since,
                "count": count,
                "subjects": [
                    {
                        "since_at": row["started_at"],
                        "subject_type": records[row["subject_id"]]["type"],
                        "subject_id": records[row["subject_id"]]["crm_id"],
                        "subject": records[row["subject_id"]]["name"],
                    }
                    for row in rows
                ],
            }
        )
    return found
