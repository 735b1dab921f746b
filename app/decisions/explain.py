"""Reasons in plain words: the ledger keeps codes and values, text is made when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.decisions.codes import Code, Deed
from app.decisions.native_codes import NATIVE_TEXTS
from app.model.time import to_datetime
from app.model.vocabulary import StopReason

TEXTS: Mapping[str, str] = {
    Code.ENROLLED: "Enrolled in {definition}; contact: {choice}.",
    Code.TASKS_PLANNED: "The rule's tasks are planned; contact: {choice}.",
    Code.NOTIFIED: "The {who} is told.",
    Code.PROPERTY_SET: "{field} is set to {value}.",
    Code.HELD_BY_RULE: "Follow-up is held for {duration}: {reason}.",
    Code.REASSIGNED: "Open, untouched tasks go to {to}.",
    Code.STOPPED_OTHERS: "The rule ends other running follow-ups.",
    Code.STEP_PLANNED: "The step before is over, so {steps} is planned.",
    Code.STEP_REACHED: "Its turn has come: {steps} is planned.",
    Code.SIGNAL_CAME: "Step {step}: {what}, at {at}; it goes on by “{arm}”. Not planned, because "
    "on the other path: {skipped}.",
    Code.SIGNAL_MISSING: "Step {step}: not {what} by {until}; it goes on by “{arm}”. Not planned, "
    "because on the other path: {skipped}.",
    Code.BRANCHED: "Step {step} read {read} and goes on by “{arm}”. Not planned, because on the "
    "other path: {skipped}.",
    Code.DREW_COHORT: "Step {step} drew the cohort “{cohort}”. Not planned, because on other "
    "paths: {skipped}.",
    Code.MOMENTUM_SET: "Step {step}: momentum is set to {value}.",
    Code.STEP_WAITS: "Step {step} waits until {what}, or {until}.",
    Code.STEP_LATER: "Step {step} is decided at {until}.",
    Code.CONTACT_ASKED: "The owner is asked whom to follow up with; contact: {choice}.",
    Code.CONTACT_CHOSEN: "It is for {contact} from now on: {choice}.",
    Code.ASSIGNED_MANAGER: "It goes to {name}, the owner's manager.",
    Code.ASSIGNED_REP: "It goes to {name}, as the step says.",
    Code.ASSIGNED_TURN: "It goes to {name}, whose turn it is in the team {team}; passed over, "
    "being away: {away}.",
    Code.ASSIGNED_OWNER: "It stays with the owner: the step is for {wanted}, and {lacks}.",
    Code.FOLLOWED_BY: "After it comes {sequence}, at {until}.",
    Code.NOTHING_FOLLOWS: "Nothing follows: the sequence says that this end is the last word.",
    Code.MOVES_TO_DEAL: "The contact became a deal; the follow-up goes on about deal {deal}.",
    Code.REPLY_READ: "{by} says what the reply means: {class}.",
    Code.REPLY_READ_DATED: "{by} says what the reply means: {class}, {day}.",
    Code.REPLY_DATE_UNREAD: "{by} says what the reply means: {class}. The date “{words}” can be "
    "{readings}, so it is not acted on; a person says which.",
    Code.REPLY_NO_DATE: "{by} says what the reply means: {class}. “{words}” is no date; write it "
    "as 2026-12-31.",
    Code.REPLY_UNKNOWN: "{by} says that the reply is “{words}”, which is none of the classes; it "
    "counts as a reply that nobody told apart.",
    Code.REPLY_ANSWERED: "A task for a person: {task}, due {due_at}.",
    Code.HELD_UNTIL: "Everything automatic waits until {until}: {reasons}.",
    Code.HELD_BY_PERSON: "Nothing automatic happens until a person lets it go on: {reasons}.",
    Code.HELD_FOR_COLLEAGUE: "On {record} of the same company {said}; what is ahead here waits "
    "until {until}.",
    Code.COMPANY_UNREADABLE: "Here {said}, which is to be heeded at the company's other records; "
    "the grant shows no companies, so nothing was done there. Connect again and allow them.",
    Deed.LET_GO_ON: "{who} lets automatic follow-up go on; it had waited: {reasons}.",
    Code.HOLD_OVER: "No reason to wait any more: {reasons}.",
    Code.PUT_OFF: "The steps wait with it; now due: {due}.",
    Code.RESUMED: "The reply turned out to be no end, so it goes on; now due: {due}.",
    Code.COMES_BACK: "Put off as the prospect asked; it comes back at {until}.",
    Code.DO: "Nothing stands against it.",
    Code.WOULD_ENROL: "In shadow mode: would have started {definition}; due {due}.",
    Code.WOULD_ACT: "Not live: would have acted ({action}).",
    Code.PROPOSED: "Proposed; a rep decides whether {definition} starts.",
    Code.BACKLOG: "Owed from before the rule's activation; waits for an admin's release.",
    Code.CAME_WITH_MANY: "It came with many others by {came_by}; it waits in the backlog for an "
    "admin's release.",
    Code.QUEUED: "The rule is paused; it waits in the backlog for an admin's release.",
    Code.NO_PLACE: "No place is free: {what} are {count} of {limit}. It begins by itself when one "
    "is, the oldest first.",
    Code.OVER_LIMIT: "The rule fired {limit} times within an hour; an admin must approve more.",
    Code.SETTLING: "Waits until {until} to see whether the change stands.",
    Code.AWAITING_ABSENCE: "Waits until {until} to see whether an answer comes.",
    Code.AWAITING_CONTACT: "The record has no contact yet; looked at again at {until}.",
    Code.ACTIVITY_SINCE: "There was activity at {last_activity_at}; silent from {until} on.",
    Code.STEP_MOVED: "{field} has changed to {date}, and {steps} with it.",
    Code.STEP_WITHDRAWN: "{field} was emptied; {steps} counted from it and is withdrawn.",
    Code.STEP_REMOVED: "The version it goes by now has no such step.",
    Code.STEP_LEFT_OUT: "The step is new in its version, and this follow-up was not to get it.",
    Code.MIGRATED: "{who} moved it from version {was} to version {version}: {steps}.",
    Code.RULE_RESUMED: "{who} let the rule go on; the pause does not count: {due}.",
    Code.RESCHEDULED: "{who} gave it other times: {due}.",
    Code.PUT_OFF_UNTIL: "{who} put it off until {until}: {due}.",
    Code.SKIPPED: "{who} left out {steps}.",
    Code.JUMPED: "{who} went on to {step} at once; left out: {steps}.",
    Code.BEGUN_BY_HAND: "{who} began {definition} by hand.",
    Deed.REWRITTEN: "{who} gave {step} other words.",
    Code.AWAITING_DATE: "Waits until {until}, {distance} {field} ({date}).",
    Code.CAME_BACK: "It was put off to this day when {sequence} ended, and is back.",
    Code.GONE_ON: "It was put off to this day, but is being followed up again already.",
    Code.DATE_UNKNOWN: "The record has no {field}, so there is nothing to count from.",
    Code.DATE_PAST: "{field} ({date}) has passed; there is nothing left to prepare for.",
    Code.RULE_OFF: "The rule is switched off.",
    Code.RULE_PAUSED: "The rule is paused since {since_at}.",
    Code.BEFORE_ACTIVATION: "It happened before the rule's activation at {activated_at}.",
    Code.NOT_FOLLOWED: "This pipeline or stage is not followed; an admin can change that.",
    Code.OUT_OF_SCOPE: "The rule does not act on {field} {value}.",
    Code.MOVED_BACK: "The deal moved back into the stage; the rule acts on the way forward only.",
    Code.ONCE_ONLY: "The rule acts once per subject, and has.",
    Code.ALREADY_FIRED: "The rule has acted on this already.",
    Code.CONDITION_FALSE: "The rule's condition is not met; it read {read}.",
    Code.HANDED_ON: "The owner was changed again before the change settled.",
    Code.PASSED_THROUGH: "The stage was left again before the change settled.",
    Code.ANSWERED_MEANWHILE: "{signal} came at {at}, so nothing is owed.",
    Code.LOOP: "The rule acted {count} times within an hour on this subject; it looks like a loop "
    "and is stopped until an admin looks at it.",
    Code.NOT_OFTEN: "Seen {count} of {wanted} times within {span}.",
    Code.ONCE_IN_SEQUENCE: "{definition} runs once for each record, and has.",
    Code.COOLING_DOWN: "{definition} ended at {last_ended_at}; it may begin again {after} later, "
    "at {until}.",
    Code.OUTRANKED_BY: "{other} (priority {other_priority}) is running, which goes before "
    "priority {priority}.",
    Deed.RESUMED: "The sequence that went before it is over; it goes on, now due at {due_at}.",
    Code.TOO_FEW: "{count} of {wanted} within {span}, of {persons} of {wanted_persons} people; not "
    "yet enough.",
    Code.STILL_RUNNING: "The rule's tasks from before are still open; nothing is added to them.",
    Code.NOT_NEAR: "{field} ({date}) does not lie within the next {span}.",
    Code.URGENT_HOLD: "It is urgent: other follow-ups of this record are held until {until}.",
    Code.ALREADY_ENROLLED: "The same sequence is running for this subject.",
    Code.EXCLUSIVE_RUNNING: "A sequence is running that allows no other beside it.",
    Code.OTHERS_RUNNING: "The sequence runs alone, and another one is running.",
    Code.SEQUENCE_MISSING: "The playbook in force has no sequence {sequence}; correct the rule's "
    "`enrol` and save the playbook.",
    Code.ACTIVITY_UNKNOWN: "The CRM gives no date of activity or creation, so silence is unknown.",
    Code.LASTS_SINCE: "So since {since_at}; it counts from {until} on.",
    Code.HAS_OWNER: "It has an owner ({owner}).",
    Code.HAS_NEXT_STEP: "It has a next step ({step}).",
    Code.OF_IT_ALREADY: "It is {momentum} already.",
    Code.OTHER_MOMENTUM: "Its momentum is {momentum}.",
    Code.SUBJECT_CLOSED: "The subject is closed ({stage}).",
    Code.STOPPED: "Everything is stopped; it goes on when an admin starts it again.",
    Code.SHADOW: "The rule only watches (shadow mode).",
    Code.ENROLMENT_ENDED: "The follow-up it belongs to has ended.",
    Code.NOT_RELEASED: "Waits to be released or accepted ({state}).",
    Code.CONTACT_GONE: "The chosen contact {contact} is no longer readable on the record.",
    Code.CONSENT_UNKNOWN: "The contact's opt-out could not be read, which counts as no.",
    Code.SUPPRESSED: "The contact is on the suppression list: {reason}.",
    Code.MEETING_HELD: "A meeting took place at {at}, after the touch was planned.",
    Code.HELD: "On hold: {reasons}.",
    Code.PAUSED: "Paused by the rep on the {on}.",
    Code.HOLDOUT: "In the control group of {percent} %: decided, not done, measured.",
    Code.TOO_LATE: "Was due at {was_due_at}; later than the step allows.",
    Code.LATE: "Could not be done at {was_due_at}; now due at {due_at}.",
    Code.CAP_7_DAYS: "The contact was {touched} {count} times in 7 days{shares}; the cap{of} is "
    "{cap}.",
    Code.CAP_30_DAYS: "The contact was {touched} {count} times in 30 days{shares}; the cap{of} is "
    "{cap}.",
    Code.REP_BUDGET: "The rep's day is full ({count} of {budget}).",
    Code.MERGE: "Waits until the open task for this subject is done ({open_task}).",
    Code.STANDS_ALREADY: "The same task of this rule still stands open ({open_task}); a second one "
    "would say nothing new.",
    Code.SEQUENCE_RUNNING: "Waits until the CRM's sequence is over ({open_task}).",
    Code.QUIET_HOURS: "Moved to {due_at}, a decent hour in {zone}.",
    Code.WINDOW: "Moved to {due_at}, inside the window for {window} in {zone}.",
    Code.NOT_WORKING: "Moved to {due_at}, the next working time.",
    Code.ABSENT: "The rep is away until {back_at}; now due at {due_at}.",
    Code.COVERED: "The rep is away until {back_at}; urgent, so it goes to {to}.",
    Code.NOBODY_COVERS: "Urgent, but the rep is away until {back_at} and nobody stands in: cover, "
    "manager and default owner are not set, have left or are away too. Next: {next_at}.",
    Code.OWNER_ARCHIVED: "The owner is no longer active; it goes to {to}.",
    Code.APPROVAL: "The rule is above its limit and waits for an admin's approval.",
    Deed.CREATED: "The task stands in the CRM, due {due_at}.",
    Deed.NOTED: "The note stands on the record.",
    Deed.ADOPTED: "The task stood in the CRM already, from a call whose answer was lost.",
    Deed.CRM_ERROR: "The CRM did not take it: {error} It is tried again.",
    Deed.REFUSED: "The CRM refused it: {error}",
    Deed.PLACE_FREE: "A place is free, so it begins; its delays count from now.",
    Deed.RELEASED: "An admin released it from the backlog; its delays count from now.",
    Deed.APPROVED: "An admin approved it.",
    Deed.MERGED: "The CRM merged {type} {other} into this record; its history goes on here.",
    Deed.ACCEPTED: "{who} accepted the proposal.",
    Deed.RETRIED: "{who} asked for another try.",
    Deed.SAID_DONE: "{who} looked and said that it went out.",
    Deed.SAID_NOT_DONE: "{who} looked and said that it did not go out; it is not sent again.",
    Deed.ERASED: "A contact was deleted for privacy; what was kept about them here is erased.",
    StopReason.REPLIED: "The prospect replied.",
    StopReason.MEETING_BOOKED: "A meeting is booked.",
    StopReason.STAGE_LEFT: "The stage was left.",
    StopReason.CLOSED_WON: "The deal is won.",
    StopReason.CLOSED_LOST: "The deal is lost.",
    StopReason.OPTED_OUT: "The contact opted out.",
    StopReason.BOUNCED: "Mail to the contact bounces.",
    StopReason.COLLEAGUE: "On {record} of the same company {said}.",
    StopReason.CONTROL: "Stopped by the rep, with the control property.",
    StopReason.DELETED: "The record was deleted in the CRM.",
    StopReason.GOAL: "The goal is reached.",
    StopReason.FINISHED: "No step is left of {steps}.",
    StopReason.BECAME_DEAL: "The contact became deal {deal}, whose own rules take over.",
    StopReason.SHADOW_OVER: "The rule's mode changed before this began.",
    StopReason.DATE_MOVED: "{field} has moved to {date}; it begins anew when that comes near.",
    StopReason.DATE_GONE: "{field} was emptied.",
    StopReason.RULE_STOP: "Another rule ended it.",
    StopReason.CONTACT_CHOSEN: "The contact is clear now: {contact}, {choice}.",
    StopReason.RESTARTED: "The signal that starts it came again, and it begins anew.",
    StopReason.OUTRANKED: "{other} (priority {other_priority}) has begun, which goes before "
    "priority {priority} and ends it.",
    StopReason.NOT_NEEDED: "Nothing that runs needs an answer any more.",
    StopReason.NOT_FOLLOWED: "The deal's pipeline is not followed.",
    StopReason.STAGE_GONE: "The stage {stage}, with which it began, was deleted in the CRM.",
    StopReason.MERGED: "The record was merged with another on which the same follow-up ran longer; "
    "that one goes on.",
    StopReason.NOT_OWED: "Its reason was gone before it began.",
    StopReason.DECLINED: "{who} declined it.",
    StopReason.UNDONE: "{who} undid the activation that began it.",
    StopReason.SEQUENCE_GONE: "Version {version}, to which {who} moved it, has no {definition}.",
    StopReason.HUMAN: "A person takes over, because of what the prospect wrote.",
    StopReason.FILE_CLOSED: "The prospect asked to close the file.",
    StopReason.PUT_OFF: "The prospect asked to come back later.",
    StopReason.LEFT_COMPANY: "The contact has left the company.",
    StopReason.APP_LEFT: "Followthrough was taken out of the CRM account.",
    StopReason.DISCARDED: "{who} discarded it with the rest of the backlog.",
    **NATIVE_TEXTS,
}
"""Sentence per code; fields in braces are values of the explanation."""

_CAPS = frozenset({Code.CAP_7_DAYS, Code.CAP_30_DAYS})

_TOUCHED: Mapping[str, str] = {
    "call": "called",
    "email": "written to",
    "linkedin": "approached on LinkedIn",
}

_CHOICES: Mapping[str, str] = {
    "acted": "the one whose doing it was",
    "primary": "the record's primary contact",
    "latest_activity": "the one with the latest two-way activity",
    "only_contact": "the only one",
    "who_replied": "the one who replied",
    "as_before": "the same as before",
    "no_contact": "none on the record, a rep is asked to add one",
    "ambiguous": "several, a rep is asked to choose",
}


class _Words(dict[str, str]):
    """Values as words; what an older row does not have reads as `unknown`."""

    def __missing__(self, key: str) -> str:
        return "unknown"


def text(code: str, values: Mapping[str, Any], zone: str = "UTC") -> str:
    """One sentence for a code of the ledger, with times as they are in `zone`; a code of a later
    version is shown as it is."""
    sentence = TEXTS.get(code)
    if sentence is None:
        return f"{code}: {say('', dict(values), zone)}"
    words = {key: say(key, value, zone) for key, value in values.items()}
    if code in _CAPS:
        words |= _cap_words(values, zone)
    return sentence.format_map(_Words(words))


def _cap_words(values: Mapping[str, Any], zone: str) -> dict[str, str]:
    """By which channel the person was touched, whose touches it were where not all were ours, and
    which segment the cap is of."""
    others, segment = values.get("others"), values.get("segment")
    return {
        "touched": _TOUCHED.get(values.get("channel", ""), "touched"),
        "shares": f" (in 30 days besides us: {say('', others, zone)})" if others else "",
        "of": f" for {segment}" if segment else "",
    }


def choice_text(reason: str) -> str:
    """Why this contact was chosen, in words."""
    if reason.startswith("role:"):
        return f"the one with the role {reason.removeprefix('role:')}"
    return _CHOICES.get(reason, reason)


def say(key: str, value: Any, zone: str) -> str:
    """A value of the ledger in words: instants, known by their key, as they are in the zone."""
    if key == "choice":
        return choice_text(str(value))
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        parts = [
            f"{name} {say('at' if key == 'due' else name, one, zone)}"
            for name, one in value.items()
        ]
        return ", ".join(parts) or "nothing"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(say("", one, zone) for one in value) or "nothing"
    if isinstance(value, int) and not isinstance(value, bool) and _is_instant(key):
        return f"{to_datetime(value).astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"
    return str(value)


def _is_instant(key: str) -> bool:
    return key in ("at", "until", "date") or key.endswith("_at")
