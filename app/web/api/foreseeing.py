"""What a playbook would have owed, and what it would owe already: seen before it is activated."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from app.lanes.backtest import DAYS, BacktestError
from app.model.playbook import Playbook
from app.web import access
from app.web.answers import answer, services, wrong
from app.web.api.playbooks import unknown

blueprint = Blueprint("api_foreseeing", __name__)


@blueprint.get("/playbooks/<playbook>/backtest")
@access.require("admin", "manager")
def backtest(playbook: str) -> Response:
    """What it would have owed in the last ?days= (90), had it been live; nothing is written."""
    return answer(backtested(playbook))


def backtested(playbook: str, draft: Playbook | None = None) -> dict[str, Any]:
    """See `app.lanes.backtest`; 404 where there is no such playbook. draft: looked at in its place.
    """
    days = request.args.get("days", str(DAYS))
    if not days.isdecimal() or not 1 <= int(days) <= 3650:
        raise wrong("days", f"{days!r} is no number of days", "Give a whole number from 1 to 3650.")
    try:
        told = draft if draft is not None else playbook
        return services().runtime.backtest(access.viewer().installation_id, told, int(days))
    except BacktestError:
        raise unknown(playbook) from None


@blueprint.get("/playbooks/<playbook>/backlog")
@access.require("admin")
def backlog(playbook: str) -> Response:
    """What it would already owe, were it set live now; nothing is written."""
    return answer(foreseen(playbook))


def foreseen(playbook: str) -> dict[str, Any]:
    """See `app.lanes.foreseeing.foresee`; 404 where there is no such playbook."""
    try:
        return services().runtime.foresee(access.viewer().installation_id, playbook)
    except BacktestError:
        raise unknown(playbook) from None
