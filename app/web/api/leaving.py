"""Leaving the CRM account: what it would do, the ledger to take along, and the deed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response

from app.decisions.explain import text
from app.lanes.keeping import SIZES, totals
from app.store import audit, leaving
from app.web import access, summaries, telling
from app.web.answers import answer, body, services, wrong
from app.web.api.setup import wake
from app.web.api.waiting import lanes_refuse

blueprint = Blueprint("api_leaving", __name__)

_PAGE = 1000


@blueprint.get("/leave")
@access.require("admin")
def preview() -> Response:
    """What leaving would do, in numbers."""
    return answer(previewed())


def previewed() -> dict[str, Any]:
    """Counts of what leaving would meet, some of them up to an instant of their own, and the word
    to confirm with: the account's id."""
    parts, who = services(), access.viewer()
    inst = who.installation_id
    kept = totals(parts.store, inst, parts.clocks.business(), parts.clocks.wall(), (SIZES,))
    if kept.old:
        parts.runtime.poke("upkeep", inst)
    with parts.store.read() as conn:
        row = summaries.installation_of(conn, who)
        met = leaving.counts(conn, inst)
    return {
        "status": row["status"],
        "account": row["account_id"],
        "counts": {**met, **kept.rows[SIZES]},
        "sizes_at": kept.at,
    }


@blueprint.post("/leave")
@access.require("admin")
def leave() -> Response:
    """Clean up and take the app out of the account: {"account": its id, to be sure}."""
    who, given = access.viewer(), str(body().get("account") or "")
    with services().store.read() as conn:
        account = summaries.installation_of(conn, who)["account_id"]
    if given != account:
        raise wrong("account", f"{given!r} is not this account",
                    f"Send the id of the account that is to be left, {account}, to be sure.")
    with lanes_refuse():
        met = services().runtime.leave(who.installation_id, who.who)
    wake("dispatch")
    return answer({"leaving": met})


@blueprint.get("/export/ledger")
@access.require("admin")
def export() -> Response:
    """Every decision as one JSON object a line, the oldest first."""
    parts, who = services(), access.viewer()
    with parts.store.write() as conn:
        audit.write(conn, who.installation_id, who.who, "ledger_exported", parts.clocks.wall())
        zone = telling.zone_of(conn, who.installation_id)

    def lines() -> Iterator[bytes]:
        after = 0
        while True:
            # A connection for each page: a slow download keeps none from the others.
            with parts.store.read() as conn:
                rows = leaving.decisions_after(conn, who.installation_id, after, _PAGE)
            if not rows:
                return
            for row in rows:
                values = row.pop("data")
                said = {**row, "text": text(row["code"], values, zone), "values": values}
                yield orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS) + b"\n"
            after = rows[-1]["id"]

    headers = {"Content-Disposition": 'attachment; filename="followthrough-ledger.ndjson"'}
    return Response(lines(), mimetype="application/x-ndjson", headers=headers)
