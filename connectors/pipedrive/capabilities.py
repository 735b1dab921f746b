"""What a Pipedrive account lets us do, by what it is and by the scopes that it granted."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from connectors.contract import (
    NATIVE_SEQUENCES,
    QUOTE_DENIED,
    QUOTES,
    WEBHOOKS,
    WHOLE_MAILS,
    Capability,
)

_AGAIN = "Have an admin of the account connect the app again."

_NO_FIELDS = "activities of Pipedrive have no fields of an account's own"

_NO_QUOTES = "the documents of Pipedrive's Smart Docs are not in its public API"

_FIXED = (
    Capability("stage_history", True, label="know when a deal entered its stage"),
    Capability("tasks_with_associations", True, label="create tasks on their deal and contact"),
    Capability("uninstalled_webhook", True, label="be told that the app was uninstalled"),
    Capability(
        "daily_budget", False,
        label="call the CRM as often as the work needs",
        why="Pipedrive grants an account a budget of tokens for the day, which all its apps share",
        instead="no more than `tokens_per_day` is spent; at its end what acts waits first and what "
        "listens last, and all goes on when the budget begins again",
        remedy="Set `tokens_per_day` to what the account's plan and seats allow.",
    ),
    Capability(
        NATIVE_SEQUENCES, False,
        label="enrol contacts in the CRM's own sequences",
        why="Pipedrive has no call for its Automations and Campaigns",
        instead="a step that asks for one becomes a task for the rep, with the draft where it has "
        "one",
    ),
    Capability(
        "unenrol_from_native_sequence", False,
        label="take a contact out of the CRM's own sequence",
        why="Pipedrive has no call for its Automations and Campaigns",
        instead="nobody is put into one by us",
    ),
    Capability(
        "mail_webhooks", False,
        label="be told at once that somebody wrote",
        why="no webhook of Pipedrive is about mail",
        instead="the deals' own stamps are looked through every half hour "
        "(`mail_poll_seconds`), and before anything is done for a person",
    ),
    Capability(
        QUOTES, False,
        label="read quotes: sent, accepted, expired",
        why=_NO_QUOTES,
        instead="a stage that means that a quote is out begins what follows one, and so does "
        "`quote_sent` of the tool that sends it",
    ),
    Capability(
        QUOTE_DENIED, False,
        label="learn from a quote that the buyer does not want it",
        why=_NO_QUOTES,
        instead="a reply, the deal's closing, or `quote_rejected` of a tool of yours ends what "
        "follows a quote",
    ),
    Capability(
        "quote_viewed", False,
        label="notice that a quote was looked at",
        why=_NO_QUOTES,
        instead="rules that wait for `quote_viewed` do not fire; a tool of yours can post it",
    ),
    Capability(
        "past_mails", False,
        label="know of every mail of before the connection",
        why="Pipedrive lists mails deal by deal, and archived deals are not among those listed",
        instead="figures and backtests know the mails of open, won and lost deals that the user "
        "who connected may see",
    ),
    Capability(
        WHOLE_MAILS, False,
        label="read a mail to its end",
        why="Pipedrive lists of a mail how it begins",
        instead="the audit judges mails by that: what stands further down counts in nothing",
    ),
    Capability(
        "lookup_by_touch_id", False,
        label="find a task by the id of its touch",
        why=_NO_FIELDS,
        instead="a mark in the task's text is sought through the deal or person that it stands on; "
        "a task that a rep deleted before its creation was confirmed cannot be found, and is made "
        "once more",
    ),
    Capability(
        "task_state", False,
        label="say on a task what became of it",
        why=_NO_FIELDS,
        instead="the reason stands in the ledger and on the record's page here",
    ),
    Capability(
        "task_history", False,
        label="see who changed what on a task",
        why="Pipedrive keeps no history of activities",
        instead="a task is compared with what we wrote; a difference counts as a person's edit",
    ),
    Capability(
        "owner_history", False,
        label="see since when a deal is its owner's",
        why="a deal does not say, and each look into its change log costs twenty tokens",
        instead="a change of owner counts from when it was noticed",
    ),
    Capability(
        "touch_times", False,
        label="show on deals the time of day of the next touch",
        why="Pipedrive has no field for an instant",
        instead="the fields of deals show its day, in the account's zone; a pause set here to a "
        "time of day lasts to the end of that day",
    ),
    Capability(
        "working_hours", False,
        label="read reps' working hours and absences",
        why="Pipedrive tells only their zones",
        instead="those entered here under People count, else 9:00 to 17:00 on weekdays in the "
        "rep's zone",
    ),
    Capability(
        "teams", False,
        label="know who is in a team",
        why="Pipedrive tells apps of no teams of users",
        instead="managers are named here under People",
    ),
    Capability(
        "bounces", False,
        label="notice that a mail to a person bounced",
        why="Pipedrive marks it only for mail of Campaigns",
        instead="such a mark counts as an opt-out; else a rep who sees one sets the person's "
        "follow-up control to Stop",
    ),
    Capability(
        "mail_opened", False,
        label="notice that a mail was opened or a link in it clicked",
        why="Pipedrive does not tell apps",
        instead="rules that wait for it do not fire; a tool of yours can post it as an event",
    ),
    Capability(
        "forms", False,
        label="notice that a form was submitted",
        why="a web form of Pipedrive makes a lead or a deal and leaves no other trace",
        instead="a new lead is an inquiry: of somebody known it counts as a form sent; what a form "
        "makes a deal of is a new deal",
    ),
    Capability(
        "leads_of_companies", False,
        label="follow up on every lead that there can be",
        why="a lead of Pipedrive may be an organization's alone, and there is nobody to write to",
        instead="it begins once a person is put on the lead",
    ),
    Capability(
        "lead_fields", False,
        label="show on a lead where follow-up stands",
        why="the fields of a Pipedrive lead are those of deals, and only its own API writes them, "
        "at twice the tokens of a deal's",
        instead="the tasks stand on the lead, the control on its person; all else is on the pages "
        "here",
    ),
    Capability(
        "meeting_outcome", False,
        label="read what came of a meeting",
        why="an activity of Pipedrive is done or not, and no more",
        instead="done means held; of one that is not done the rep is asked two hours after its end",
    ),
    Capability(
        "contact_counter", False,
        label="count what other tools send to a person",
        why="Pipedrive's counts of a person are of mail and activities in both directions",
        instead="caps count our own touches, and calls and mails seen since connecting",
    ),
    Capability(
        "record_roles", False,
        label="know people's roles on a deal",
        why="participants of Pipedrive have none",
        instead="the deal's own person is addressed",
    ),
)  # fmt: skip


LEAD_SCOPES = frozenset({"leads:read", "leads:full"})
"""Either shows leads."""


class _Row(NamedTuple):
    """A capability that rests on scopes, one of each group. needed: nothing works without."""

    name: str
    scopes: tuple[tuple[str, ...], ...]
    label: str
    instead: str
    needed: bool = False


_BY_SCOPE = (
    _Row(
        WEBHOOKS, (("admin",),), "be told of changes at once",
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
        "read_leads", (tuple(sorted(LEAD_SCOPES)),), "follow up on leads of the Leads Inbox",
        "a new person without a deal is an inquiry, and its tasks stand on the person alone",
    ),
    _Row(
        "email_content", (("mail:read", "mail:full"),), "read what a reply says",
        "a reply is noticed, dated and acted on; what it says is asked of the rep, and the audit "
        "judges no mail",
    ),
)  # fmt: skip


SCOPES = tuple(dict.fromkeys(scope for row in _BY_SCOPE for group in row.scopes for scope in group))
"""All that a capability rests on."""


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
