"""Who changed what: the audit, told in words."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.store import audit
from app.store.sets import loads
from app.web import access, summaries
from app.web.answers import answer, services, wrong
from app.web.deeds import deed

blueprint = Blueprint("api_audit", __name__)

PAGE = 100


@blueprint.get("/audit")
@access.require("admin")
def index() -> Response:
    """The latest 100 changes: ?who=, ?what=, and ?before= the `before` of the last answer."""
    with services().store.read() as conn:
        return answer(changes(conn))


def changes(conn: Connection) -> dict[str, Any]:
    """What the request asks for, the latest first; `before` pages on, null at the end."""
    inst = access.viewer().installation_id
    before = request.args.get("before", "")
    if before and (not before.isdecimal() or len(before) > 18):
        raise wrong("before", f"{before!r} is no entry", "Take it from the last answer.")
    who, what = request.args.get("who", "").strip(), request.args.get("what", "").strip()
    rows = audit.read(
        conn, inst, PAGE, int(before) if before else None, who or None, what or None
    )
    names = summaries.owner_names(conn, inst)
    return {
        "changes": [
            {
                "id": row["id"],
                "who": row["who"],
                "what": row["what"],
                "text": deed(row["what"], loads(row["data"]), names),
                "data": loads(row["data"]),
                "done_wall": row["done_wall"],
            }
            for row in rows
        ],
        "before": rows[-1]["id"] if len(rows) == PAGE else None,
        "people": audit.people(conn, inst),
        "kinds": audit.kinds(conn, inst),
    }
