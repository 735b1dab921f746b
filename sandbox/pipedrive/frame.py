"""Pipelines, stages, users and labels."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.pipedrive import errors, listing, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.account import Account
from sandbox.world.records import Owner, Pipeline, Stage

READ = "deals:read|deals:full|admin"
_SORTS = ("id", "update_time", "add_time")


# --- pipelines and stages ------------------------------------------------------------------------


def pipeline_shape(pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline as API v2 shows it."""
    return {
        "id": int(pipeline.id),
        "name": pipeline.label,
        "order_nr": pipeline.order,
        "is_deleted": pipeline.archived,
        "is_deal_probability_enabled": True,
        "add_time": words.rfc3339(pipeline.created_at),
        "update_time": words.rfc3339(pipeline.updated_at),
    }


def stage_shape(pipeline: Pipeline, stage: Stage) -> dict[str, Any]:
    """A stage as API v2 shows it."""
    return {
        "id": int(stage.id),
        "order_nr": stage.order,
        "name": stage.label,
        "is_deleted": stage.archived or pipeline.archived,
        "deal_probability": round(stage.probability * 100),
        "pipeline_id": int(pipeline.id),
        "is_deal_rot_enabled": False,
        "days_to_rotten": None,
        "add_time": words.rfc3339(pipeline.created_at),
        "update_time": words.rfc3339(pipeline.updated_at),
    }


def _sorted(call: Call, shown: list[dict[str, Any]], sorts: tuple[str, ...]) -> Answer:
    """A page of shapes in the order that the query asks for."""
    field = call.choice("sort_by", sorts, "id")
    down = call.choice("sort_direction", ("asc", "desc"), "asc") == "desc"
    shown.sort(key=lambda one: (one[field], one["id"]), reverse=down)
    return listing.listed(*listing.plain_page(call, shown, call.limit()))


@route("GET", "v2/pipelines", READ, cost=5)
def pipelines(call: Call) -> Answer:
    """All pipelines of deals that are not deleted."""
    live = [one for one in call.account.pipelines["deals"].values() if not one.archived]
    return _sorted(call, [pipeline_shape(one) for one in live], _SORTS)


@route("GET", "v2/pipelines/{pipeline_id}", READ, cost=1)
def pipeline(call: Call, pipeline_id: str) -> Answer:
    """One pipeline, deleted or not."""
    found = call.account.pipelines["deals"].get(pipeline_id)
    if found is None:
        raise errors.missing("Pipeline")
    return listing.one(pipeline_shape(found))


@route("GET", "v2/stages", READ, cost=5)
def stages(call: Call) -> Answer:
    """The stages of one pipeline or of all; won and lost are none."""
    wanted = call.number("pipeline_id")
    shown = [
        stage_shape(pipeline, stage)
        for pipeline in call.account.pipelines["deals"].values()
        if not pipeline.archived and wanted in (None, int(pipeline.id))
        for stage in words.open_stages(pipeline)
        if not stage.archived
    ]
    return _sorted(call, shown, (*_SORTS, "order_nr"))


@route("GET", "v2/stages/{stage_id}", READ, cost=1)
def stage(call: Call, stage_id: str) -> Answer:
    """One stage, deleted or not."""
    for pipeline in call.account.pipelines["deals"].values():
        found = pipeline.stage(stage_id)
        if found is not None and not found.closed:
            return listing.one(stage_shape(pipeline, found))
    raise errors.missing("Stage")


# --- users ---------------------------------------------------------------------------------------


def zone_of(account: Account, owner: Owner) -> str:
    """A user's zone: their own, else the company's. Everybody has one."""
    user = account.find("users", owner.user_record_id) if owner.user_record_id else None
    return (user.get("hs_standard_time_zone") if user else "") or account.timezone


def user(call: Call, owner: Owner) -> dict[str, Any]:
    """A user as v1 shows it."""
    view, account = call.view, call.account
    zone = zone_of(account, owner)
    now = datetime.fromtimestamp(call.now / 1000, UTC).astimezone(ZoneInfo(zone))
    admin = view.is_admin(owner)
    return {
        "id": int(owner.id),
        "name": f"{owner.first_name} {owner.last_name}".strip(),
        "default_currency": account.currency,
        "locale": "en_US",
        "lang": 1,
        "email": owner.email,
        "phone": None,
        "activated": True,
        "last_login": words.spaced(call.now),
        "created": words.spaced(owner.created_at),
        "modified": words.spaced(owner.updated_at),
        "has_created_company": admin,
        "access": [
            {"app": "sales", "admin": admin, "permission_set_id": f"sales-{int(admin)}"},
            {"app": "global", "admin": admin, "permission_set_id": f"global-{int(admin)}"},
            {
                "app": "account_settings",
                "admin": admin,
                "permission_set_id": f"account-{int(admin)}",
            },
        ],
        "active_flag": not owner.archived,
        "is_admin": int(admin),
        "timezone_name": zone,
        "timezone_offset": f"{now:%z}"[:3] + ":" + f"{now:%z}"[3:],
        "role_id": 1,
        "icon_url": None,
        "is_you": owner is call.owner,
        "is_deleted": False,
    }


@route("GET", "v1/users", "users:read", cost=20)
def users(call: Call) -> Answer:
    """Everybody in the company, deactivated users among them."""
    shown = [user(call, owner) for owner in call.account.owners.values()]
    return 200, {"success": True, "data": shown, "additional_data": None}


@route("GET", "v1/users/me", "base", cost=2)
def me(call: Call) -> Answer:
    """The user of the token, with the company."""
    account = call.account
    return listing.one(
        user(call, call.owner)
        | {
            "company_id": account.portal_id,
            "company_name": account.name,
            "company_domain": call.view.domain,
            "company_country": "DE",
            "company_industry": "",
            "language": {"language_code": "en", "country_code": "US"},
        }
    )


@route("GET", "v1/users/{user_id}", "users:read", cost=2)
def one_user(call: Call, user_id: str) -> Answer:
    """One user."""
    found = call.account.owners.get(user_id)
    if found is None:
        raise errors.missing("User")
    return listing.one(user(call, found))


@route("GET", "v1/currencies", "base", cost=20)
def currencies(call: Call) -> Answer:
    """The currencies in which deals may be."""
    codes = [call.account.currency, *call.account.rates]
    shown = [
        {"id": number, "code": code, "name": code, "active_flag": True, "is_custom_flag": False}
        for number, code in enumerate(codes, 1)
    ]
    return 200, {"success": True, "data": shown}


# --- labels --------------------------------------------------------------------------------------

_LABELS = {
    "deals": {1: "Hot", 2: "Warm", 3: "Cold"},
    "contacts": {11: "Customer", 12: "Hot lead", 13: "Warm lead", 14: "Cold lead"},
    "companies": {21: "Customer", 22: "Hot lead", 23: "Warm lead", 24: "Cold lead"},
}


def labels_of(account: Account, kind: str) -> dict[int, str]:
    """id → label of the labels of a kind, which are options of its field ``label_ids``."""
    own = account.extra.setdefault("pipedrive", {})
    return own.setdefault("labels", {}).setdefault(kind, dict(_LABELS[kind]))
