"""What a HubSpot account lets us do, by the scopes that it granted, and what is done instead.

HubSpot names an account's edition nowhere. What tells it is the grant: scopes that an edition does
not have are dropped from it without a word, so a scope that is not there is the whole answer.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from connectors.contract import NATIVE_SEQUENCES, QUOTE_DENIED, QUOTES, WEBHOOKS, Capability
from connectors.hubspot.registration import Scopes, scopes

_AGAIN = "Have a super admin connect the app again and grant all that the consent page lists."
_FIXED = (
    Capability(WEBHOOKS, True, label="be told of changes at once"),
    Capability(
        "stage_history", True,
        # Dates per stage are calculated by paid editions alone; the history is everybody's.
        label="know when a deal entered its stage",
    ),
    Capability("tasks_with_associations", True, label="create tasks on their deal and contact"),
    Capability(
        "uninstalled_webhook", False,
        label="be told that the app was uninstalled",
        why="HubSpot sends no event for it",
        instead="it is learnt when access can no longer be renewed, within half an hour",
    ),
    Capability(
        "lead_fields", False,
        label="show on a lead where follow-up stands",
        why="a lead of HubSpot's stands beside its contact, and is neither read nor written",
        instead="the contact without a deal is the inquiry: tasks and control stand on it",
    ),
    Capability(
        QUOTE_DENIED, False,
        label="learn from a quote that the buyer does not want it",
        why="a quote of HubSpot's is signed, paid or accepted, or nothing happens to it; rejected "
        "is what an approver of the account's own says",
        instead="a reply, the deal's closing, or `quote_rejected` of a tool of yours ends what "
        "follows a quote, and so does the day on which it expires",
    ),
    Capability(
        "quote_viewed", False,
        label="notice that a quote was looked at",
        why="HubSpot tells it to the rep, and on no property of the quote",
        instead="rules that wait for `quote_viewed` do not fire; a tool of yours can post it",
    ),
    Capability(
        "unenrol_from_native_sequence", False,
        label="take a contact out of the CRM's own sequence",
        why="HubSpot has no call for it",
        instead="a property of ours is set that a workflow of the account acts on",
    ),
)  # fmt: skip


class _Row(NamedTuple):
    """A capability that rests on scopes, all of them needed. edition: who can grant them."""

    name: str
    scopes: tuple[str, ...]
    label: str
    instead: str
    edition: str = ""


_BY_SCOPE = (
    _Row(
        "read_deals", ("crm.objects.deals.read",), "read deals, pipelines and stages",
        "nothing is followed up until it is granted",
    ),
    _Row(
        "write_deals", ("crm.objects.deals.write",), "show on deals where follow-up stands",
        "the follow-up fields of deals stay as they are; everything stands on the pages here",
    ),
    _Row(
        "read_contacts", ("crm.objects.contacts.read",),
        "read contacts, tasks, e-mails, calls and meetings",
        "nothing is followed up until it is granted",
    ),
    _Row(
        "write_tasks", ("crm.objects.contacts.write",), "create and resolve tasks",
        "what is due stays due and is shown as failed work",
    ),
    _Row(
        "read_owners", ("crm.objects.owners.read",), "know whose deal it is",
        "people and teams stay as they were read last",
    ),
    _Row(
        "read_fields", ("crm.schemas.deals.read", "crm.schemas.contacts.read"),
        "check the account's fields",
        "fields are used as mapped, unchecked",
    ),
    _Row(
        "own_fields", ("crm.schemas.deals.write", "crm.schemas.contacts.write"),
        "create its own fields",
        "tasks are found by stored id and marker; deals show no follow-up state and have no "
        "control field",
    ),
    _Row(
        "working_hours", ("crm.objects.users.read",),
        "read reps' working hours, zones and absences from HubSpot",
        "those entered here under People count, else 9:00 to 17:00 on weekdays in the "
        "installation's zone",
    ),
    _Row(
        "company_events", ("crm.objects.companies.read",),
        "know which deals an event about a company concerns, which records of a company are to "
        "heed an answer, and where its people are whose own records do not say",
        "such events are kept and shown; one that names a person or a deal is acted on all the "
        "same; an answer counts on its own record alone, and the ledger says so; such people are "
        "called by the clock of their rep",
    ),
    _Row(
        QUOTES, ("crm.objects.quotes.read",),
        "read quotes: sent, accepted, expired",
        "a quote begins nothing by itself; a stage that means that one is out does, and so does "
        "`quote_sent` of the tool that sends it",
    ),
    _Row(
        "email_content", ("sales-email-read",), "read what mails say",
        "a reply is noticed, dated and acted on; its subject is not shown, and the audit judges no "
        "mail",
    ),
    _Row(
        NATIVE_SEQUENCES,
        ("automation.sequences.read", "automation.sequences.enrollments.write"),
        "enrol contacts in HubSpot's own sequences",
        "a step that asks for one becomes a task for the rep, with the draft where it has one",
        "Sales or Service Hub Professional and above",
    ),
)  # fmt: skip


def capabilities(granted: Collection[str], unique_touch_id: bool) -> tuple[Capability, ...]:
    """All capabilities, available ones included. granted: scopes of the current token."""
    asked = scopes()
    found = [*_FIXED, _lookup(unique_touch_id)]
    found += [_of(row, granted, asked) for row in _BY_SCOPE]
    return tuple(found)


def _lookup(unique: bool) -> Capability:
    label = "find a task by the id of its touch"
    if unique:
        return Capability("lookup_by_touch_id", True, label=label)
    return Capability(
        "lookup_by_touch_id", False,
        label=label,
        why="this account did not let us create a field with unique values on tasks",
        instead="a marker in the task's body is sought through the records it stands on",
        remedy=_AGAIN,
    )  # fmt: skip


def _of(row: _Row, granted: Collection[str], asked: Scopes) -> Capability:
    missing = [scope for scope in row.scopes if scope not in granted]
    if not missing:
        return Capability(row.name, True, label=row.label)
    able = f", which {row.edition} can" if row.edition else ""
    why = f"this account did not grant it{able} ({', '.join(missing)})"
    remedy = _AGAIN
    if row.edition:
        remedy = f"On such an edition: {_AGAIN[0].lower()}{_AGAIN[1:]}"
    needed = any(scope in asked.required for scope in missing)
    return Capability(row.name, False, row.instead, row.label, why, remedy, needed)
