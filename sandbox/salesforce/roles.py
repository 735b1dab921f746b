"""OpportunityContactRole: what joins an opportunity and a contact, written as a record.

The world has an association of the two; its listener keeps the role that stands for it.
"""

from __future__ import annotations

from sandbox.salesforce import ids
from sandbox.salesforce.call import Call
from sandbox.salesforce.drafts import Draft, writes
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.model import Field
from sandbox.salesforce.values import referred
from sandbox.world.records import Link

NAME = "OpportunityContactRole"


@writes(f"{NAME}.OpportunityId")
def _deal(made: Draft, field: Field, text: str) -> None:
    made.joined["deals"] = referred(made.org, field, text)[1]


@writes(f"{NAME}.ContactId")
def _contact(made: Draft, field: Field, text: str) -> None:
    made.joined["contacts"] = referred(made.org, field, text)[1]


@writes(f"{NAME}.Role", f"{NAME}.IsPrimary")
def _kept(made: Draft, field: Field, text: str) -> None:
    """Kept with the role, once it is there."""


def check_new(call: Call, made: Draft) -> None:
    """Refuses a second role of one contact."""
    standing = call.org.traces.pairs.get(_pair(made))
    if standing is not None:
        there = ids.make(NAME, standing)
        raise RowError("sf_role_exists", f"duplicate value found: {there} is that role already")


def create(call: Call, made: Draft) -> str:
    """Joins the two, and answers the role's id."""
    deal, contact = _pair(made)
    call.account.associate(("deals", deal), Link("contacts", contact), call.actor)
    return change(call, call.org.traces.pairs[deal, contact], made)


def change(call: Call, number: int, made: Draft) -> str:
    """Writes what the role says. One of an opportunity's roles is its primary one."""
    traces, now = call.org.traces, call.org.now
    role = traces.roles[number]
    if "Role" in made.given:
        role.role = made.given["Role"]
    if "IsPrimary" in made.given:
        role.primary = made.given["IsPrimary"] == "true"
        for other in traces.roles.values():
            if role.primary and other.deal == role.deal and other is not role and other.primary:
                other.primary, other.updated_at = False, now
    role.updated_at = now
    return ids.make(NAME, number)


def remove(call: Call, number: int) -> str:
    """Parts the two. What is left of a deleted contact is parted from nothing any more."""
    traces = call.org.traces
    role = traces.roles[number]
    deal = call.account.find("deals", role.deal)
    if deal is not None and role.contact in deal.linked("contacts"):
        call.account.dissociate(("deals", role.deal), ("contacts", role.contact), call.actor)
    else:
        traces.pairs.pop((role.deal, role.contact), None)
        role.deleted_at = role.updated_at = call.org.now
    return ids.make(NAME, number)


def _pair(made: Draft) -> tuple[str, str]:
    return made.joined["deals"] or "", made.joined["contacts"] or ""
