"""What one record's values come to in the world: fields, and the records that it is joined to.

Most fields are one field of the world. Those that are not stand in :data:`WRITERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.salesforce.errors import RowError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import cleaned, referred
from sandbox.world.records import Labels, Record
from sandbox.world.traces import LEAD_STATUS

KIND_OF = {"Task": "tasks", "Opportunity": "deals", "Account": "companies", "Contact": "contacts",
           "Lead": "contacts", "Event": "meetings", "EmailMessage": "emails",
           "Note": "notes", "Quote": "quotes"}  # fmt: skip
"""Object → the world's kind that a new record of it is."""

LABELLED = frozenset((("deals", "companies"), ("contacts", "companies")))
"""Pairs of which one is the other's primary one."""


@dataclass
class Draft:
    """A write, checked. ``joined``: far kind → id, None: joined to none of it any more."""

    org: Org
    sobject: SObject
    record: Record | None
    creating: bool
    fields: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str | None] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    """Field as the API names it → its checked text, for what several fields decide together."""

    @property
    def kind(self) -> str:
        return self.record.kind if self.record is not None else KIND_OF[self.sobject.name]

    def labels(self, far: str) -> Labels:
        """The labels of a new association."""
        return ("", "primary") if (self.kind, far) in LABELLED else ("",)

    def now_has(self, name: str, world: str) -> str:
        """A value as it will be: given now, or there before."""
        if name in self.given:
            return self.given[name]
        return self.record.get(world) if self.record is not None else ""


Writer = Callable[[Draft, Field, str], None]
WRITERS: dict[str, Writer] = {}
TOGETHER: dict[str, Callable[[Draft], None]] = {}
"""Object → what several of its fields decide together, done once all are written."""


def writes(*names: str) -> Callable[[Writer], Writer]:
    """Registers how fields are written."""

    def register(function: Writer) -> Writer:
        for name in names:
            WRITERS[name] = function
        return function

    return register


def draft(
    org: Org,
    sobject: SObject,
    values: Mapping[str, Any],
    record: Record | None,
    *,
    creating: bool | None = None,
) -> Draft:
    """The write that values come to. Raises :class:`RowError` for the first that does not fit.

    Without a ``record`` it is a creation, unless ``creating`` says that the object keeps its
    records elsewhere.
    """
    made = Draft(org, sobject, record, record is None if creating is None else creating)
    chosen: list[tuple[Field, str]] = []
    for name, value in values.items():
        if name == "attributes":
            continue
        chosen.append(_field(made, name, value))
    _required(made)
    for one, text in chosen:
        writer = WRITERS.get(f"{sobject.name}.{one.name}") or WRITERS.get(f"*.{one.name}")
        if writer is not None:
            writer(made, one, text)
        else:
            made.fields[one.world_name(sobject.kinds.index(made.kind))] = text
    _together(made)
    return made


def _field(made: Draft, name: str, value: Any) -> tuple[Field, str]:
    sobject = made.sobject
    found = sobject.fields.get(name) or next(
        (one for key, one in sobject.fields.items() if key.lower() == name.lower()), None
    )
    if found is None:
        raise RowError(
            "sf_field_unknown",
            f"No such column '{name}' on sobject of type {sobject.name}",
            [name] if sobject.name not in name else (),
        )
    if not (found.createable if made.creating else found.updateable):
        raise RowError(
            "sf_field_closed",
            f"Unable to create/update fields: {found.name}. Please check the security settings of "
            "this field and verify that it is read/write for your profile or permission set.",
            [found.name],
        )
    text = cleaned(made.org, sobject, found, value)
    made.given[found.name] = text
    return found, text


def _required(made: Draft) -> None:
    missing = [
        one.name
        for one in made.sobject.fields.values()
        if one.required
        and (
            made.given.get(one.name) == ""
            or (made.creating and one.name not in made.given and "d" not in one.flags)
        )
    ]
    if missing:
        raise RowError(
            "sf_required", f"Required fields are missing: [{', '.join(missing)}]", missing
        )


def _together(made: Draft) -> None:
    """What new records have by default, and what several fields decide together."""
    org, fields = made.org, made.fields
    if made.creating and "OwnerId" in made.sobject.fields and org.user is not None:
        fields.setdefault("hubspot_owner_id", org.user.id)
    if made.sobject.name in TOGETHER:
        TOGETHER[made.sobject.name](made)


# --- fields of several objects -------------------------------------------------------------------


@writes("*.OwnerId")
def _owner(made: Draft, field: Field, text: str) -> None:
    if not text:
        raise RowError("sf_required", "Required fields are missing: [OwnerId]", ["OwnerId"])
    _, number = referred(made.org, field, text)
    owner = made.org.account.owners[number]
    if owner.archived:
        raise RowError(
            "sf_owner",
            f"operation performed with inactive user [{text}] as owner of "
            f"{made.sobject.name.lower()}",
            ["OwnerId"],
        )
    made.fields["hubspot_owner_id"] = owner.id


@writes("Opportunity.AccountId", "Contact.AccountId")
def _company(made: Draft, field: Field, text: str) -> None:
    made.joined["companies"] = referred(made.org, field, text)[1] if text else None


@writes("*.CurrencyIsoCode")
def _currency(made: Draft, field: Field, text: str) -> None:
    made.fields["deal_currency_code"] = text


# --- opportunities -------------------------------------------------------------------------------


@writes("Quote.OpportunityId")
def _quoted_deal(made: Draft, field: Field, text: str) -> None:
    made.joined["deals"] = referred(made.org, field, text)[1]


@writes("Quote.ContactId")
def _quoted_person(made: Draft, field: Field, text: str) -> None:
    made.joined["contacts"] = referred(made.org, field, text)[1] if text else None


@writes("Opportunity.ContactId")
def _contact(made: Draft, field: Field, text: str) -> None:
    if text:
        made.joined["contacts"] = referred(made.org, field, text)[1]


@writes("Opportunity.StageName")
def _stage(made: Draft, field: Field, text: str) -> None:
    """Picklists have been read already: the text is the stage's id."""
    made.fields["dealstage"] = text


@writes("Opportunity.RecordTypeId")
def _record_type(made: Draft, field: Field, text: str) -> None:
    pipelines = list(made.org.account.pipelines["deals"])
    if text:
        made.fields["pipeline"] = pipelines[int(referred(made.org, field, text)[1]) - 1]


@writes("Opportunity.CloseDate")
def _close_date(made: Draft, field: Field, text: str) -> None:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    made.fields["closedate"] = str(round(at.timestamp() * 1000))


@writes("Opportunity.Probability", "Opportunity.ForecastCategoryName")
def _own(made: Draft, field: Field, text: str) -> None:
    made.fields[f"sf_{field.name}"] = text


# --- people --------------------------------------------------------------------------------------


@writes("Contact.LastName", "Lead.LastName")
def _last_name(made: Draft, field: Field, text: str) -> None:
    made.fields["lastname"] = text


def _lead(made: Draft) -> None:
    if made.record is None:
        made.fields.setdefault(LEAD_STATUS, "Open - Not Contacted")
    elif made.record.id in made.org.traces.converted:
        raise RowError("sf_lead_converted", "cannot reference converted lead")


TOGETHER["Lead"] = _lead


@writes("Lead.Company")
def _lead_company(made: Draft, field: Field, text: str) -> None:
    made.fields["company"] = text


@writes("Lead.Status")
def _lead_status(made: Draft, field: Field, text: str) -> None:
    if text == "Closed - Converted":
        raise RowError(
            "sf_picklist", f"Status: bad value for restricted picklist field: {text}", ["Status"]
        )
    made.fields[LEAD_STATUS] = text or "Open - Not Contacted"


@writes("Contact.EmailBouncedReason", "Lead.EmailBouncedReason")
def _bounced(made: Draft, field: Field, text: str) -> None:
    made.fields["hs_email_hard_bounce_reason_enum"] = text
    made.fields["hs_email_bounce"] = "1" if text else ""


@writes("Contact.EmailBouncedDate", "Lead.EmailBouncedDate")
def _bounced_at(made: Draft, field: Field, text: str) -> None:
    made.fields["hs_email_bounce"] = "1" if text else ""
