"""Pipelines and owners."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.objects import paging
from sandbox.hubspot.values import iso
from sandbox.world.records import Owner, Pipeline
from sandbox.world.store import Account

OWNER_PAGE = 100
OWNER_PAGE_LIMIT = 500


# --- pipelines -----------------------------------------------------------------------------------


def _pipeline(pipeline: Pipeline) -> dict[str, Any]:
    dates = {"createdAt": iso(pipeline.created_at), "updatedAt": iso(pipeline.updated_at)}
    return {
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": pipeline.order,
        "archived": pipeline.archived,
        "stages": [
            {
                "id": stage.id,
                "label": stage.label,
                "displayOrder": stage.order,
                "metadata": {
                    "isClosed": "true" if stage.closed else "false",
                    "probability": f"{stage.probability:.1f}",
                },
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                "archived": stage.archived,
                **dates,
            }
            for stage in pipeline.stages
            if not stage.archived
        ],
        **dates,
    }


@route("GET", "/crm/pipelines/{v}/{object_type}")
def pipelines(call: Call, object_type: str) -> Answer:
    """All pipelines of a kind with their stages. There is no scope for pipelines of their own."""
    kind = call.kind(object_type, "read")
    live = [p for p in call.account.pipelines[kind.kind].values() if not p.archived]
    return 200, {"results": [_pipeline(pipeline) for pipeline in live]}


@route("GET", "/crm/pipelines/{v}/{object_type}/{pipeline_id}")
def pipeline(call: Call, object_type: str, pipeline_id: str) -> Answer:
    """One pipeline."""
    kind = call.kind(object_type, "read")
    found = call.account.pipelines[kind.kind].get(pipeline_id)
    if found is None or found.archived:
        raise errors.refuse("pipeline_missing", f"Pipeline {pipeline_id} not found")
    return 200, _pipeline(found)


# --- owners --------------------------------------------------------------------------------------


def _owner(account: Account, owner: Owner) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": owner.id,
        "email": owner.email,
        "type": "PERSON",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": iso(owner.created_at),
        "updatedAt": iso(owner.updated_at),
        "archived": owner.archived,
    }
    if not owner.archived:
        shown["userId"] = owner.user_id
    teams = [
        {"id": team_id, "name": account.teams[team_id].name, "primary": main}
        for team_id, main in owner.teams
        if team_id in account.teams
    ]
    if teams:
        shown["teams"] = teams
    return shown


@route("GET", "/crm/owners/{v}")
def owners(call: Call) -> Answer:
    """A page of owners, active or archived ones."""
    call.need("crm.objects.owners.read")
    limit, email = call.whole("limit", OWNER_PAGE, OWNER_PAGE_LIMIT), call.arg("email").lower()
    after, archived = call.cursor(), call.flag("archived")
    found = [
        owner
        for owner in call.account.owners.values()
        if owner.archived == archived and (not email or owner.email.lower() == email)
    ]
    page = found[after : after + limit]
    answer: dict[str, Any] = {"results": [_owner(call.account, owner) for owner in page]}
    if after + limit < len(found):
        answer["paging"] = paging(call, str(after + limit))
    return 200, answer


@route("GET", "/crm/owners/{v}/{owner_id}")
def owner(call: Call, owner_id: str) -> Answer:
    """One owner by owner id or user id."""
    call.need("crm.objects.owners.read")
    by_user, archived = call.arg("idProperty", "id") == "userId", call.flag("archived")
    for one in call.account.owners.values():
        if (str(one.user_id) if by_user else one.id) == owner_id and one.archived == archived:
            return 200, _owner(call.account, one)
    raise errors.refuse("owner_missing", f"Owner {owner_id} not found")
