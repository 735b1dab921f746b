"""Moving running follow-ups to another version of their playbook: first what it would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response, request

from app.lanes.migrating import PAGE
from app.model.migration import Wanted
from app.model.vocabulary import NewSteps
from app.web import access
from app.web.answers import answer, body, services, wrong
from app.web.api.setup import wake
from app.web.api.waiting import lanes_refuse

blueprint = Blueprint("api_migrating", __name__)

CHOICES = tuple(choice.value for choice in NewSteps)


@blueprint.get("/playbooks/<playbook>/migrate")
@access.require("admin")
def preview(playbook: str) -> Response:
    """What moving its running follow-ups would do, one by one; nothing is written."""
    return answer(previewed(playbook))


def previewed(playbook: str) -> dict[str, Any]:
    """See `app.lanes.migrating.preview`, by the request's `?to=`, `?new_steps=`, `?from=`,
    `?enrolment=` (any number) and `?after=`."""
    wanted = _wanted(playbook, request.args)
    who, after = access.viewer(), request.args.get("after", "")
    with lanes_refuse():
        return services().runtime.preview_migration(who.installation_id, wanted, after)


@blueprint.post("/playbooks/<playbook>/migrate")
@access.require("admin")
def move(playbook: str) -> Response:
    """Move those named: {"enrolments": [{"id", "revision"}], "to"?, "new_steps"?}."""
    given, who = body(), access.viewer()
    wanted = _wanted(playbook, {**request.args.to_dict(), **given})
    chosen = _chosen(given.get("enrolments"))
    with lanes_refuse():
        done = services().runtime.migrate(who.installation_id, wanted, chosen, who.who)
    wake("dispatch")
    return answer(done)


def _wanted(playbook: str, given: Mapping[str, Any]) -> Wanted:
    choice = given.get("new_steps") or NewSteps.AHEAD.value
    if choice not in CHOICES:
        raise wrong("new_steps", f"{choice!r} is none", f"Use one of: {', '.join(CHOICES)}.")
    ids = tuple(request.args.getlist("enrolment")) or None
    return Wanted(
        playbook, _number("to", given.get("to")), NewSteps(choice),
        _number("from", given.get("from")), ids,
    )  # fmt: skip


def _number(field: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if type(value) is int or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise wrong(field, f"{value!r} is no version",
                "Give a version's number, such as 2; GET …/migrate lists those in use.")


def _chosen(given: Any) -> dict[str, str]:
    """id → revision. An item with `"chosen": false`, a box that is not ticked, is left aside."""
    if not isinstance(given, list) or not given:
        raise wrong("enrolments", "must be a list that names at least one",
                    'Send [{"id": …, "revision": …}] as GET …/migrate gave them.')
    chosen: dict[str, str] = {}
    for number, item in enumerate(cast(list[Any], given)):
        one = cast(dict[str, Any], item) if isinstance(item, dict) else {}
        id, revision = one.get("id"), one.get("revision")
        if not isinstance(id, str) or not isinstance(revision, str):
            raise wrong(f"enrolments.{number}", "needs an id and a revision",
                        "Take both from GET …/migrate.")
        if one.get("chosen", True):
            chosen[id] = revision
    if not chosen:
        raise wrong("enrolments", "none is chosen", "Tick those that are to be moved.")
    if len(chosen) > PAGE:
        raise wrong("enrolments", f"{len(chosen)} are too many", f"Move {PAGE} at a time.")
    return chosen
