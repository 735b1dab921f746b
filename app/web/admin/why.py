"""Why did this, or didn't it, happen: for a record and a rule at a time, or for a rule alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.store import finding, playbooks
from app.web import access
from app.web.answers import services
from app.web.api.asking import decided, stands
from app.web.framing import page

blueprint = Blueprint("why", __name__)


@blueprint.get("/why")
@access.require()
def show() -> str:
    """`?q=` finds the record, `?type=` and `?id=` name it; `?rule=` and `?at=` narrow the answer.
    Managers and admins may ask about a rule alone."""
    who, asked = access.viewer(), request.args
    words, crm_id = asked.get("q", "").strip(), asked.get("id", "").strip()
    with services().store.read() as conn:
        rules = sorted(playbooks.states(conn, who.installation_id))
        found: list[dict[str, Any]] = []
        if words and not crm_id:
            owners = access.owners_seen(conn, who)
            found = finding.search(conn, who.installation_id, words, owners)
    if len(found) == 1:
        type, crm_id = found[0]["type"], found[0]["crm_id"]
    else:
        type = asked.get("type", "deal")
    record = stands(type, crm_id) if crm_id else None
    with services().store.read() as conn:
        alone = not words and not crm_id and asked.get("rule") and who.role != "rep"
        return page(
            "admin/why.html", conn, asked=asked, rules=rules, found=found, record=record,
            many=decided(conn) if alone else None,
        )  # fmt: skip
