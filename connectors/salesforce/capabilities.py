"""What a Salesforce account lets us do, and what is done instead.

Salesforce grants all or nothing of its API; what an account can do beyond that, its objects and
actions tell. They are asked once, and again at each checkup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.contract import NATIVE_SEQUENCES, QUOTE_DENIED, QUOTES, WEBHOOKS, Capability

_PERMIT = "Give the user who connected the permission set Followthrough and connect again."
_PACKAGE = f"Install Followthrough's package. {_PERMIT}"

_FIXED = (
    Capability(
        WEBHOOKS, False,
        label="be told of changes at once",
        why="Salesforce sends an app of ours no webhooks",
        instead="changes are asked for every few minutes (`poll_seconds`)",
    ),
    Capability(
        "mail_webhooks", False,
        label="be told at once that somebody wrote",
        why="Salesforce sends an app of ours no webhooks",
        instead="mails are asked for with all other changes, and before anything is done for a "
        "person",
    ),
    Capability(
        "daily_budget", False,
        label="call the CRM as often as the work needs",
        why="Salesforce grants an account so many calls in 24 hours, which all its apps share",
        instead="each answer says how many are left; the last twentieth is left to the others, and "
        "all goes on as calls come free",
    ),
    Capability("tasks_with_associations", True, label="create tasks on their deal and contact"),
    Capability(
        "time_of_tasks", False,
        label="give a task's due date a time of day",
        why="the due date of a Salesforce task is a day",
        instead="the task's reminder is set to the minute, and a field of ours says it in lists",
    ),
    Capability(
        "task_history", False,
        label="see who changed what on a task",
        why="Salesforce keeps no history of tasks",
        instead="a task is compared with what we wrote; a difference counts as a person's edit",
    ),
    Capability(
        "owner_history", False,
        label="see since when a deal is its owner's",
        why="the history of an opportunity has stages and amounts; owners only where an admin "
        "tracks them",
        instead="a change of owner counts from when it was noticed",
    ),
    Capability(
        "working_hours", False,
        label="read reps' working hours and absences",
        why="Salesforce has none of a user",
        instead="those entered here under People count, else 9:00 to 17:00 on weekdays; the zone "
        "is the user's own",
    ),
    Capability(
        "lead_fields", False,
        label="show on a lead where follow-up stands",
        why="the package brings leads the control, which holds and stops, and no other field",
        instead="where follow-up stands is on the pages here",
    ),
    Capability(
        "panel_inside", False,
        label="show the deal panel inside the CRM",
        why="a page of ours in a Salesforce page would be one more app for its admin to trust",
        instead="a component of the package shows momentum, sequence, touches and the control out "
        "of the record's own fields, and leads to the page here",
    ),
    Capability(
        "meeting_outcome", False,
        label="read what came of a meeting",
        why="an event in Salesforce has no outcome of its own",
        instead="the package brings a field for it; an event taken out of the calendar before it "
        "began was cancelled, one entered after its end was held, and for the rest its owner is "
        "asked two hours after its end",
    ),
    Capability(
        "contact_counter", False,
        label="count what other tools send to a person",
        why="Salesforce keeps no counter of contacts on a person",
        instead="caps count our own touches, and calls and mails seen since connecting",
    ),
    Capability(
        "mail_opened", False,
        label="notice that a mail was opened or a link in it clicked",
        why="Salesforce tells it of its own mails alone, not of a person",
        instead="rules that wait for it do not fire; a tool of yours can post it as an event",
    ),
    Capability(QUOTE_DENIED, True, label="learn from a quote that the buyer does not want it"),
    Capability(
        "quote_viewed", False,
        label="notice that a quote was looked at",
        why="a quote of Salesforce's is a document that is mailed, and nobody tells who reads it",
        instead="rules that wait for `quote_viewed` do not fire; a tool of yours can post it",
    ),
    Capability(
        "forms", False,
        label="notice that a form was submitted",
        why="a web form makes a lead in Salesforce and leaves no other trace",
        instead="a new lead is an inquiry; a form of somebody known can be posted as an event",
    ),
    Capability(
        "uninstalled_webhook", False,
        label="be told that the app was uninstalled",
        why="Salesforce sends no word of it",
        instead="it is learnt with the next call",
    ),
    Capability(
        "unenrol_from_native_sequence", True, label="take a contact out of a cadence",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found in the account. touch_id: our field on tasks; unique: it keeps values so."""

    deals: bool = True
    stage_history: bool = True
    tasks: bool = True
    mails: bool = True
    leads: bool = True
    touch_id: bool = True
    unique: bool = True
    own_fields: bool = True
    cadences: bool = True
    quotes: bool = True


def capabilities(facts: Facts) -> tuple[Capability, ...]:
    """All capabilities, available ones included."""
    return (*_FIXED, *_found(facts))


def _found(facts: Facts) -> Iterator[Capability]:
    yield _row(
        "read_deals", facts.deals, "read opportunities and their stages",
        "the user who connected may not see opportunities",
        "nothing is followed up until they may", _PERMIT, needed=True,
    )  # fmt: skip
    yield _row(
        "stage_history", facts.stage_history, "know when a deal entered its stage",
        "the user who connected may not see the history of opportunities",
        "the date of the last stage change is used; a stage that a deal passed through between "
        "two looks is not seen", _PERMIT,
    )  # fmt: skip
    yield _row(
        "write_tasks", facts.tasks, "create and resolve tasks",
        "the user who connected may not see tasks",
        "what is due stays due and is shown as failed work", _PERMIT, needed=True,
    )  # fmt: skip
    yield _row(
        "email_content", facts.mails, "read e-mails, replies among them",
        "this account keeps e-mails as plain tasks (Enhanced Email is off)",
        "a mail of a rep counts as activity; replies are heard where a tool of yours posts them, "
        "or a rep says so on the deal's page",
        "Turn on Enhanced Email under Setup, and let reps' mail be logged.",
    )  # fmt: skip
    yield _row(
        "read_leads", facts.leads, "follow up on leads before they are converted",
        "the user who connected may not see leads", "contacts without a deal are inquiries",
        _PERMIT,
    )  # fmt: skip
    yield _row(
        QUOTES, facts.quotes, "read quotes: sent, accepted, expired",
        "Quotes are not turned on in this account, or the user who connected may not see them",
        "a quote begins nothing by itself; a stage that means that one is out does, and so does "
        "`quote_sent` of the tool that sends it",
        "Turn on Quotes under Setup, let the user who connected read them, then check the "
        "connection again.",
    )  # fmt: skip
    yield _row(
        "lookup_by_touch_id", facts.touch_id, "find a task by the id of its touch",
        "the field Followthrough_Touch_Id__c is not there, or hidden from the user who connected",
        "a marker in the task's description is sought through the records it stands on", _PACKAGE,
    )  # fmt: skip
    yield _row(
        "unique_touch_id", facts.unique, "have Salesforce refuse a second task for one touch",
        "the field Followthrough_Touch_Id__c does not keep its values unique",
        "before anything is repeated it is looked for, as ever; only Salesforce's own check is "
        "missing", "Mark the field as unique and as an external id.",
    )  # fmt: skip
    yield _row(
        "own_fields", facts.own_fields, "show on deals where follow-up stands",
        "fields of the package are missing, or hidden from the user who connected",
        "it stands on the pages here; deals have no control field", _PACKAGE,
    )  # fmt: skip
    yield _row(
        NATIVE_SEQUENCES, facts.cadences, "add contacts to Salesforce's own cadences",
        "this account has no Sales Engagement, or the user who connected no permission set for it",
        "a step that asks for one becomes a task for the rep, with the draft where it has one",
        "With Sales Engagement: give that user the permission set Sales Engagement User.",
    )  # fmt: skip


def _row(
    name: str,
    available: bool,
    label: str,
    why: str,
    instead: str,
    remedy: str = "",
    *,
    needed: bool = False,
) -> Capability:
    if available:
        return Capability(name, True, label=label)
    return Capability(name, False, instead, label, why, remedy, needed)
