"""What a Pipedrive account lets us do, by what it is and by the scopes that it granted."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from connectors.contract import NATIVE_SEQUENCES, Capability

_AGAIN = "Have an admin of the account connect the app again."

_FIXED = (
    Capability("stage_history", True, label="know when a deal entered its stage"),
    Capability("tasks_with_associations", True, label="create tasks on their deal and contact"),
    Capability("uninstalled_webhook", True, label="be told that the app was uninstalled"),
    Capability(
        NATIVE_SEQUENCES, False,
        label="enrol contacts in Pipedrive's own sequences",
        why="Pipedrive has no call for its Automations and Campaigns",
        instead="a step that asks for one becomes a task for the rep, with the draft where it has "
        "one",
    ),
    Capability(
        "lookup_by_touch_id", False,
        label="find a task by the id of its touch",
        why="activities of Pipedrive have no fields of an account's own",
        instead="a mark in the task's text is sought through the deal or person that it stands on; "
        "a task that a rep deleted before its creation was confirmed cannot be found, and is made "
        "once more",
    ),
    Capability(
        "task_state", False,
        label="say on a task what became of it",
        why="activities of Pipedrive have no fields of an account's own",
        instead="the reason stands in the ledger and on the record's page here",
    ),
    Capability(
        "touch_times", False,
        label="show on deals the time of day of the next touch",
        why="Pipedrive has no field for an instant",
        instead="the fields of deals show its day, in the account's zone",
    ),
    Capability(
        "working_hours", False,
        label="read reps' working hours and absences from Pipedrive",
        why="Pipedrive tells only their zones",
        instead="those entered here under People count, else 9:00 to 17:00 on weekdays in the "
        "rep's zone",
    ),
    Capability(
        "teams", False,
        label="know who manages whom",
        why="Pipedrive tells no teams of users to apps",
        instead="managers are named here under People",
    ),
    Capability(
        "bounces", False,
        label="know of mails that bounced",
        why="Pipedrive keeps no such mark on a person",
        instead="a rep who sees one sets the person's follow-up control to Stop",
    ),
    Capability(
        "mail_opens", False,
        label="know of mails that were opened or clicked",
        why="Pipedrive does not tell apps",
        instead="rules that wait for it do not act; events may be posted by the tool that sends",
    ),
    Capability(
        "meeting_outcomes", False,
        label="know whether a meeting was held or missed",
        why="an activity of Pipedrive is done or not, and no more",
        instead="done means held; of one that is not done the rep is asked two hours after its end",
    ),
    Capability(
        "record_roles", False,
        label="know people's roles on a deal",
        why="participants of Pipedrive have none",
        instead="the deal's own person is addressed",
    ),
)  # fmt: skip


class _Row(NamedTuple):
    """A capability that rests on scopes, one of each group. needed: nothing works without."""

    name: str
    scopes: tuple[tuple[str, ...], ...]
    label: str
    instead: str
    needed: bool = False


_BY_SCOPE = (
    _Row(
        "webhooks", (("admin",),), "be told of changes at once",
        "changes are noticed once an hour",
    ),
    _Row(
        "read_deals", (("deals:read", "deals:full"),), "read deals, pipelines and stages",
        "nothing is followed up until it is granted", True,
    ),
    _Row(
        "write_deals", (("deals:full",),), "show on deals where follow-up stands",
        "the follow-up fields of deals stay as they are; everything stands on the pages here", True,
    ),
    _Row(
        "read_contacts", (("contacts:read", "contacts:full"),), "read people and organizations",
        "nothing is followed up until it is granted", True,
    ),
    _Row(
        "write_tasks", (("activities:full",),), "create and resolve tasks",
        "what is due stays due and is shown as failed work", True,
    ),
    _Row(
        "read_owners", (("users:read",),), "know whose deal it is",
        "people stay as they were read last", True,
    ),
    _Row(
        "own_fields", (("admin", "deal-fields:full"), ("admin", "contact-fields:full")),
        "create its own fields",
        "deals show no follow-up state and have no control field; nobody is written to whose "
        "consent Campaigns does not tell",
    ),
    _Row(
        "stages_passed", (("recents:read",),),
        "know which stages a deal passed through between two readings",
        "only the stage that a deal is in counts, from when it entered it",
    ),
    _Row(
        "person_search", (("search:read",),), "find a person by an e-mail address",
        "events of your tools that name an address alone are matched with people known here",
    ),
    _Row(
        "leads", (("leads:read", "leads:full"),), "read leads",
        "inquiries are followed up as people without a deal",
    ),
    _Row(
        "email_content", (("mail:read", "mail:full"),), "read what a reply says",
        "a reply is noticed, dated and acted on; what it says is asked of the rep",
    ),
)  # fmt: skip


def capabilities(granted: Collection[str]) -> tuple[Capability, ...]:
    """All capabilities, available ones included. granted: scopes of the current token."""
    return (*(_of(row, granted) for row in _BY_SCOPE), *_FIXED)


def _of(row: _Row, granted: Collection[str]) -> Capability:
    missing = [" or ".join(group) for group in row.scopes if not set(group) & set(granted)]
    if not missing:
        return Capability(row.name, True, label=row.label)
    why = f"the app that this account connected does not ask for it ({', '.join(missing)})"
    remedy = f"Add the scope to the app in Pipedrive's Developer Hub, then: {_AGAIN}"
    return Capability(row.name, False, row.instead, row.label, why, remedy, row.needed)
