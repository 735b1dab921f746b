"""Rows of objects that are no records of the world by themselves: users, stages, roles, histories.

Each source answers mappings of field → value, ``Id`` among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sandbox.salesforce import ids, sources_cadences
from sandbox.salesforce.computed_activity import incoming
from sandbox.salesforce.computed_deals import forecast, live_stages
from sandbox.salesforce.describe import offers
from sandbox.salesforce.editions import edition_of
from sandbox.salesforce.picklists import LEAD_STATUSES, ROLE_OF
from sandbox.salesforce.sources_history import field_history, history

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org
    from sandbox.world.traces import Role

Values = dict[str, Any]
Source = Callable[["Org"], Iterable[Values]]
LOCALE = "en_US"


def users(org: Org) -> Iterator[Values]:
    """Everybody who can own records."""
    for number, owner in enumerate(org.account.owners.values()):
        record = org.account.find("users", owner.user_record_id) if owner.user_record_id else None
        changed = max(owner.updated_at, record.updated_at if record else 0)
        yield {
            "Id": org.user_id(owner),
            "Username": owner.email,
            "Email": owner.email,
            "FirstName": owner.first_name,
            "LastName": owner.last_name or owner.email,
            "Name": f"{owner.first_name} {owner.last_name}".strip() or owner.email,
            "Alias": f"{owner.first_name[:1]}{owner.last_name[:4]}".lower(),
            "Title": (record.get("hs_job_title") or None) if record else None,
            "IsActive": not owner.archived,
            "TimeZoneSidKey": org.zone_of(owner),
            "LocaleSidKey": LOCALE,
            "LanguageLocaleKey": LOCALE,
            "UserType": "Standard",
            "UserRoleId": _role_id(owner.teams),
            "ProfileId": None,
            "CurrencyIsoCode": org.account.currency,
            "CreatedDate": owner.created_at,
            "CreatedById": org.user_id(org.default_owner),
            "LastModifiedDate": changed,
            "LastModifiedById": org.user_id(org.default_owner),
            "SystemModstamp": changed,
            "_number": number,
        }


def _role_id(teams: Iterable[tuple[str, bool]]) -> str | None:
    main = sorted(teams, key=lambda team: not team[1])
    return ids.make("UserRole", int(main[0][0])) if main else None


def user_roles(org: Org) -> Iterator[Values]:
    """A role for each team."""
    for team in org.account.teams.values():
        name = team.name.replace(" ", "_")
        yield {"Id": ids.make("UserRole", int(team.id)), "Name": team.name, "DeveloperName": name}


def organization(org: Org) -> Iterator[Values]:
    """The org itself."""
    yield {
        "Id": ids.make("Organization", org.account.portal_id),
        "Name": org.account.name,
        "TimeZoneSidKey": org.account.timezone,
        "DefaultLocaleSidKey": LOCALE,
        "LanguageLocaleKey": LOCALE,
        "OrganizationType": edition_of(org.account).name,
        "IsSandbox": False,
        "InstanceName": "SBX1",
        "DefaultCurrencyIsoCode": org.account.currency,
        "FiscalYearStartMonth": 1,
    }


def stages(org: Org) -> Iterator[Values]:
    """OpportunityStage. The order has gaps, as the vendor warns."""
    for number, stage in enumerate(live_stages(org), 1):
        category = forecast(stage)
        yield {
            "Id": ids.make("OpportunityStage", number),
            "ApiName": stage.id,
            "MasterLabel": stage.label,
            "SortOrder": number * 2 - 1,
            "IsActive": not stage.archived,
            "IsClosed": stage.closed,
            "IsWon": stage.closed and stage.probability >= 1.0,
            "DefaultProbability": round(stage.probability * 100, 2),
            "ForecastCategory": category.replace(" ", "").replace("Commit", "Forecast"),
            "ForecastCategoryName": category,
        }


def record_types(org: Org) -> Iterator[Values]:
    """One for each pipeline, where there are several; an org with one sales process has none."""
    pipelines = list(org.account.pipelines["deals"].values())
    if len(pipelines) < 2:
        return
    for number, pipeline in enumerate(pipelines, 1):
        yield {
            "Id": ids.make("RecordType", number),
            "Name": pipeline.label,
            "DeveloperName": pipeline.label.replace(" ", "_"),
            "SobjectType": "Opportunity",
            "IsActive": not pipeline.archived,
        }


def task_statuses(org: Org) -> Iterator[Values]:
    """TaskStatus, the org's own among them."""
    for number, (value, word) in enumerate(offers(org, "Task", "Status"), 100):
        yield {
            "Id": ids.make("TaskStatus", number),
            "ApiName": value,
            "MasterLabel": value,
            "SortOrder": number - 99,
            "IsClosed": word == "COMPLETED",
            "IsDefault": word == "NOT_STARTED",
        }


def task_priorities(org: Org) -> Iterator[Values]:
    """TaskPriority."""
    for number, value in enumerate(("High", "Normal", "Low"), 200):
        yield {
            "Id": ids.make("TaskPriority", number),
            "ApiName": value,
            "MasterLabel": value,
            "SortOrder": number - 199,
            "IsDefault": value == "Normal",
            "IsHighPriority": value == "High",
        }


def lead_statuses(org: Org) -> Iterator[Values]:
    """LeadStatus."""
    for number, value in enumerate(LEAD_STATUSES, 300):
        yield {
            "Id": ids.make("LeadStatus", number),
            "ApiName": value,
            "MasterLabel": value,
            "SortOrder": number - 299,
            "IsConverted": value == "Closed - Converted",
            "IsDefault": value == LEAD_STATUSES[0],
        }


def currencies(org: Org) -> Iterator[Values]:
    """CurrencyType: how many of each make one of the company's own."""
    rates = {org.account.currency: 1.0, **org.account.rates}
    for number, (code, worth) in enumerate(rates.items(), 1):
        yield {
            "Id": ids.make("CurrencyType", number),
            "IsoCode": code,
            "ConversionRate": round(1 / worth, 6) if worth else None,
            "DecimalPlaces": 2,
            "IsActive": worth is not None,
            "IsCorporate": code == org.account.currency,
        }


def contact_roles(org: Org) -> Iterator[Values]:
    """OpportunityContactRole. A role stays when its contact is deleted."""
    return (contact_role(org, role) for role in org.traces.roles.values())


def contact_role(org: Org, role: Role) -> Values:
    """The row of one role."""
    person = org.account.find("contacts", role.contact)
    labels = [ROLE_OF[label] for label in role.labels if label in ROLE_OF]
    part = person.get("hs_buying_role").partition(";")[0] if person else ""
    known = labels[0] if labels else ROLE_OF.get(part, "Other" if part else None)
    return {
        "Id": ids.make("OpportunityContactRole", role.id),
        "OpportunityId": org.linked_id("Opportunity", role.deal),
        "ContactId": org.linked_id("Contact", role.contact),
        "Role": role.role or known,
        "IsPrimary": role.primary,
        "IsDeleted": role.deleted_at is not None,
        "CreatedDate": role.created_at,
        "CreatedById": org.by(role.by.user_id),
        "LastModifiedDate": role.updated_at,
        "LastModifiedById": org.by(role.by.user_id),
        "SystemModstamp": role.updated_at,
    }


def mail_relations(org: Org) -> Iterator[Values]:
    """EmailMessageRelation: who wrote a mail and who got it."""
    by_email = {owner.email.lower(): owner for owner in org.account.owners.values()}
    for row in org.rows("EmailMessage", deleted=True):
        record = row.record
        assert record is not None
        ends = (("FromAddress", "hs_email_from_email"), ("ToAddress", "hs_email_to_email"))
        for part, (kind, name) in enumerate(ends, 1):
            address = record.get(name)
            if not address:
                continue
            owner = by_email.get(address.lower())
            person = None
            if owner is None and (kind == "FromAddress") == incoming(org, record):
                linked = next(iter(record.links.get("contacts", ())), "")
                person = org.person_id(linked) if linked else None
            kinds = {"003": "Contact", "00Q": "Lead"}
            yield {
                "Id": ids.make("EmailMessageRelation", int(record.id), part),
                "EmailMessageId": org.record_id("EmailMessage", record),
                "RelationId": org.user_id(owner) if owner else person,
                "RelationType": kind,
                "RelationAddress": address,
                "RelationObjectType": "User" if owner else kinds.get((person or "")[:3]),
                "IsDeleted": record.archived,
                "CreatedDate": record.created_at,
                "CreatedById": org.by(record.created_by.user_id),
                "LastModifiedDate": record.created_at,
                "LastModifiedById": org.by(record.created_by.user_id),
                "SystemModstamp": record.updated_at,
            }


SOURCES: dict[str, Source] = {
    "ActionCadence": sources_cadences.cadences,
    "ActionCadenceStep": sources_cadences.steps,
    "ActionCadenceTracker": sources_cadences.trackers,
    "ActionCadenceStepTracker": sources_cadences.step_trackers,
    "User": users,
    "UserRole": user_roles,
    "Organization": organization,
    "OpportunityStage": stages,
    "RecordType": record_types,
    "TaskStatus": task_statuses,
    "TaskPriority": task_priorities,
    "LeadStatus": lead_statuses,
    "CurrencyType": currencies,
    "OpportunityContactRole": contact_roles,
    "OpportunityHistory": history,
    "OpportunityFieldHistory": field_history,
    "EmailMessageRelation": mail_relations,
}
"""Object → what gives its rows."""
