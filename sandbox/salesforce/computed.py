"""Values that no single field of the world holds: what is reckoned when a record is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.days import activity_day
from sandbox.salesforce.model import Reader, Row
from sandbox.salesforce.tables import MERGED
from sandbox.world.records import CALCULATED, Record
from sandbox.world.traces import LEAD_STATUS

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

COMPUTED: dict[str, Reader] = {}
"""``Object.Field`` → how it is read; ``*.Field`` for all objects that have it."""

Reckon = Callable[["Org", Record], Any]
_DAY_MS = 86_400_000


def reads(*names: str) -> Callable[[Reckon], Reckon]:
    """Registers a function of the world's record for fields."""

    def register(function: Reckon) -> Reckon:
        def read(org: Org, row: Row) -> Any:
            return None if row.record is None else function(org, row.record)

        for name in names:
            COMPUTED[name] = read
        return function

    return register


# --- every object --------------------------------------------------------------------------------


def _id(org: Org, row: Row) -> str:
    if row.record is None:
        return row.values["Id"]
    return org.record_id(row.sobject, row.record)


def _stamp(name: str, reckon: Reckon) -> Reader:
    def read(org: Org, row: Row) -> Any:
        return row.values.get(name) if row.record is None else reckon(org, row.record)

    return read


def written(record: Record) -> tuple[int, int | None]:
    """When a person or an app last wrote to a record, and which user that was."""
    at, by = record.created_at, record.created_by.user_id
    for past in record.history.values():
        last = past[-1]
        if last.at > at and last.source_type != CALCULATED.source_type:
            at, by = last.at, last.user_id
    if record.archived_at is not None and record.archived_at > at:
        at = record.archived_at
    return at, by


COMPUTED.update({
    "*.Id": _id,
    "*.IsDeleted": _stamp("IsDeleted", lambda org, record: record.archived),
    "*.CreatedDate": _stamp("CreatedDate", lambda org, record: record.created_at),
    "*.CreatedById": _stamp("CreatedById", lambda org, record: org.by(record.created_by.user_id)),
    "*.LastModifiedDate": _stamp("LastModifiedDate", lambda org, record: written(record)[0]),
    "*.LastModifiedById": _stamp(
        "LastModifiedById", lambda org, record: org.by(written(record)[1])
    ),
    "*.SystemModstamp": _stamp("SystemModstamp", lambda org, record: record.updated_at),
    "*.CurrencyIsoCode": _stamp(
        "CurrencyIsoCode",
        lambda org, record: (
            record.get("deal_currency_code") or record.get("hs_currency") or org.account.currency
        ),
    ),
})


@reads("*.OwnerId")
def owner_id(org: Org, record: Record) -> str | None:
    """Whose it is."""
    return org.user_id(org.owned(record))


@reads("*.IsRecurrence", "*.IsChild", "Quote.IsSyncing")
def never(org: Org, record: Record) -> bool:
    """What is not so with any record here."""
    return False


# --- deals, people and companies ---------------------------------------------------------------


@reads("Opportunity.AccountId", "Contact.AccountId")
def company_id(org: Org, record: Record) -> str | None:
    """The primary company, else the first."""
    companies = record.links.get("companies")
    if not companies:
        return None
    primary = next((one for one, labels in companies.items() if "primary" in labels), None)
    return org.linked_id("Account", primary or next(iter(companies)))


@reads("Opportunity.LastActivityDate", "Account.LastActivityDate", "Contact.LastActivityDate",
       "Lead.LastActivityDate")  # fmt: skip
def _last_activity(org: Org, record: Record) -> str | None:
    """The latest day of a closed task or a past event."""
    latest: str | None = None
    for kind in ("tasks", "calls", "emails", "communications", "meetings"):
        live = org.account.objects[kind]
        for one in record.links.get(kind, ()):
            activity = live.get(one)
            if activity is None:
                continue
            if kind == "tasks" and activity.get("hs_task_status") != "COMPLETED":
                continue
            if kind == "meetings" and (activity.instant("hs_meeting_end_time") or 0) > org.now:
                continue
            when = activity_day(org, activity)
            if when is not None and (latest is None or when > latest):
                latest = when
    return latest


# --- people --------------------------------------------------------------------------------------


@reads("Contact.LastName", "Lead.LastName")
def last_name(org: Org, record: Record) -> str:
    """Nobody is without one: who has none in the world goes by their address."""
    return record.get("lastname") or record.get("email").partition("@")[0] or "Unknown"


@reads("Contact.Name", "Lead.Name")
def person_name(org: Org, record: Record) -> str:
    """First and last name."""
    return f"{record.get('firstname')} {last_name(org, record)}".strip()


@reads("Contact.EmailBouncedReason", "Lead.EmailBouncedReason")
def _bounce_reason(org: Org, record: Record) -> str | None:
    return record.get("hs_email_hard_bounce_reason_enum") or None


@reads("Contact.EmailBouncedDate", "Lead.EmailBouncedDate")
def bounced_at(org: Org, record: Record) -> int | None:
    """When a message last came back."""
    if record.get("hs_email_bounce") in ("", "0"):
        return None
    return record.history["hs_email_bounce"][-1].at


@reads("Contact.IsEmailBounced")
def _is_bounced(org: Org, record: Record) -> bool:
    return bounced_at(org, record) is not None


def _master(sobject: str) -> Reckon:
    def read(org: Org, record: Record) -> str | None:
        kept = org.account.merged[record.kind].get(record.id)
        return org.linked_id(sobject, kept) if kept else None

    return read


for _name in MERGED:
    reads(f"{_name}.MasterRecordId")(_master(_name))


@reads("Lead.Company")
def _company(org: Org, record: Record) -> str:
    return record.get("company") or "[not provided]"


@reads("Lead.Status")
def _lead_status(org: Org, record: Record) -> str:
    converted = record.id in org.traces.converted
    return "Closed - Converted" if converted else record.get(LEAD_STATUS)


@reads("Lead.IsConverted")
def _is_converted(org: Org, record: Record) -> bool:
    return record.id in org.traces.converted


@reads("Lead.ConvertedDate")
def _converted_date(org: Org, record: Record) -> str | None:
    found = org.traces.converted.get(record.id)
    return org.local_day(found[0], org.account.timezone) if found else None


@reads("Lead.ConvertedContactId")
def _converted_contact(org: Org, record: Record) -> str | None:
    return org.record_id("Contact", record) if record.id in org.traces.converted else None


@reads("Lead.ConvertedAccountId")
def _converted_account(org: Org, record: Record) -> str | None:
    return company_id(org, record) if record.id in org.traces.converted else None


@reads("Lead.ConvertedOpportunityId")
def _converted_deal(org: Org, record: Record) -> str | None:
    found = org.traces.converted.get(record.id)
    return org.linked_id("Opportunity", found[1]) if found else None
