"""The account itself: its facts, its people, its pipelines, its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import Account, CrmPerson, CrmPipeline, CrmStage, Forbidden, ObjectType
from connectors.hubspot.api import Api
from connectors.hubspot.tables import APP_BASE, BATCH, PATHS, TYPE_IDS
from connectors.mapping import CrmMapping, PropertyInfo
from connectors.stages import StageFacts

ACCOUNT_INFO = "/account-info/{version}/details"


def read_account(api: Api, app_base: str, hub_domain: str) -> Account:
    return account_of(api.call("GET", ACCOUNT_INFO, safe=True), app_base, hub_domain)


def account_of(facts: Mapping[str, Any], app_base: str, hub_domain: str) -> Account:
    """The account of an answer of account-info. hub_domain: as introspection named it."""
    portal, domain = str(facts["portalId"]), str(facts.get("uiDomain") or "")
    origin = app_base
    if app_base == APP_BASE and domain:
        # Accounts live in several data centres, each with its own pages.
        origin = f"https://{domain}"
    return Account(
        portal,
        hub_domain or f"HubSpot account {portal}",
        str(facts.get("timeZone") or "UTC"),
        str(facts.get("companyCurrency") or ""),
        domain or urlsplit(app_base).netloc,
        f"{origin}/contacts/{portal}/record/{{type}}/{{id}}",
        {str(kind): number for kind, number in TYPE_IDS.items()},
    )


def read_people(api: Api, mapping: CrmMapping) -> list[CrmPerson]:
    """All owners, the deactivated too; zones, hours and absences where users may be read."""
    settings = _user_settings(api, mapping)
    people: list[CrmPerson] = []
    for archived in (False, True):
        for owner in _pages(api, "/crm/owners/{version}", {"archived": str(archived).lower()}):
            if owner.get("type") == "QUEUE":
                continue
            people.append(_person(owner, settings, archived))
    return people


def _person(
    owner: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]], archived: bool
) -> CrmPerson:
    owner_id = str(owner["id"])
    user = owner.get("userId") or owner.get("userIdIncludingInactive")
    own = settings.get(f"owner:{owner_id}") or settings.get(f"user:{user}") or {}
    teams = owner.get("teams") or ()
    team = next((t for t in teams if t.get("primary")), teams[0] if teams else None)
    name = " ".join(filter(None, (owner.get("firstName"), owner.get("lastName"))))
    return CrmPerson(
        owner_id,
        str(user) if user else None,
        owner.get("email") or "",
        name or owner.get("email") or f"owner {owner_id}",
        team["name"] if team else None,
        not (archived or owner.get("archived")),
        own.get("zone"),
        own.get("hours"),
        own.get("out_of_office") or (),
    )


def _user_settings(api: Api, mapping: CrmMapping) -> dict[str, Mapping[str, Any]]:
    """`owner:<id>` and `user:<id>` → fields of the user object; {} without its scope."""
    fields = mapping.of("user")
    path, query = f"/crm/objects/{{version}}/{PATHS['user']}", {
        "properties": ",".join(fields.properties)
    }
    found: dict[str, Mapping[str, Any]] = {}
    try:
        for item in _pages(api, path, query):
            own = fields.parse_fields(item["properties"])
            for key in ("owner", "user_id"):
                if own.get(key):
                    found[f"{key.removesuffix('_id')}:{own[key]}"] = own
    except Forbidden:
        return {}
    return found


def read_pipelines(api: Api, mapping: CrmMapping, type: ObjectType = "deal") -> list[CrmPipeline]:
    """Live pipelines in their order, each stage with the kind that it is proposed to be."""
    answer = api.call("GET", f"/crm/pipelines/{{version}}/{PATHS[type]}", safe=True)
    rows = [row for row in answer["results"] if not row.get("archived")]
    rows.sort(key=lambda row: row.get("displayOrder", 0))
    return [
        CrmPipeline(str(row["id"]), row["label"], tuple(_stages(row, mapping))) for row in rows
    ]


def _stages(pipeline: Mapping[str, Any], mapping: CrmMapping) -> Iterable[CrmStage]:
    rows = [row for row in pipeline["stages"] if not row.get("archived")]
    rows.sort(key=lambda row: row.get("displayOrder", 0))
    facts = [_stage_facts(row) for row in rows]
    kinds = mapping.stages.propose(facts)
    for position, (row, fact, kind) in enumerate(zip(rows, facts, kinds, strict=True)):
        yield CrmStage(
            str(row["id"]), row["label"], position, fact.probability, fact.closed, kind.value
        )


def _stage_facts(row: Mapping[str, Any]) -> StageFacts:
    metadata = row.get("metadata") or {}
    try:
        probability = float(metadata["probability"])
    except (KeyError, TypeError, ValueError):
        probability = None
    return StageFacts(
        row["label"], probability, str(metadata.get("isClosed", "")).lower() == "true"
    )


def read_schema(api: Api, type: ObjectType) -> dict[str, PropertyInfo]:
    """The properties of one object type in this account."""
    return schema_at(api, PATHS[type])


def schema_at(api: Api, path: str) -> dict[str, PropertyInfo]:
    """As `read_schema`, of the object type at a path such as `communications`."""
    answer = api.call("GET", f"/crm/properties/{{version}}/{path}", safe=True)
    return {row["name"]: _property(row) for row in answer["results"]}


def _property(row: Mapping[str, Any]) -> PropertyInfo:
    options = row.get("options") or ()
    enumerated = row["type"] == "enumeration" and options
    return PropertyInfo(
        row["name"],
        row["type"],
        frozenset(str(option["value"]) for option in options) if enumerated else None,
        bool((row.get("modificationMetadata") or {}).get("readOnlyValue")),
        bool(row.get("hasUniqueValue")),
    )


def _pages(api: Api, path: str, query: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    after: str | None = None
    while True:
        more = {"after": after} if after else {}
        answer = api.call("GET", path, query={**query, "limit": BATCH, **more}, safe=True)
        yield from answer["results"]
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if not after:
            return
