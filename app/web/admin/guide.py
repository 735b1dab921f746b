"""The guide from the connection to the first useful task: one step at a time, taken up anywhere."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.store import figures
from app.web import access, guide, summaries
from app.web.admin.people import listed
from app.web.admin.shelf import shelf
from app.web.answers import services, wrong
from app.web.api.playbooks import overview
from app.web.api.setup import KINDS, board
from app.web.framing import page

blueprint = Blueprint("guide", __name__)


@blueprint.get("/setup")
@access.require("admin")
def setup() -> Any:
    """The step of `?step=`, else the first that is left to be done."""
    who, asked = access.viewer(), request.args.get("step", "")
    with services().store.read() as conn:
        steps = guide.steps(conn, who)
        known = [one["step"] for one in steps]
        if asked and asked not in known:
            raise wrong("step", f"{asked!r} is no step", f"There are: {', '.join(known)}.")
        step = asked or guide.first_open(steps)
        after = known[known.index(step) + 1 :][:1]
        values = _values(conn, who, step)
        return page(
            "admin/setup.html", conn, steps=steps, step=step, following=after[0] if after else "",
            status=summaries.standing(conn, who), **values,
        )  # fmt: skip


def _values(conn: Any, who: access.Viewer, step: str) -> dict[str, Any]:
    """What one step shows besides."""
    if step == "import":
        return {"known": figures.subjects_known(conn, who.installation_id)}
    if step in ("pipelines", "stages"):
        return {"board": board(conn), "kinds": KINDS}
    if step == "people":
        return {"gaps": guide.gaps(conn, who.installation_id), **listed(conn, active=True)}
    if step == "playbook":
        return {"shelf": shelf(conn)}
    if step in ("watch", "live"):
        return {"saved": overview(conn)["saved"]}
    return {}
