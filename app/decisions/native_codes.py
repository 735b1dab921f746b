"""The words of the CRM's own sequences: codes for the ledger, and a sentence for each."""

from __future__ import annotations

from collections.abc import Mapping


class Native:
    """Why a task stands in for a sequence of the CRM, and what became of an enrolment in one."""

    # a task instead
    OFF = "native_off"
    UNAVAILABLE = "native_unavailable"
    NO_CONTACT = "native_no_contact"
    NO_EMAIL = "native_no_email"
    NO_SENDER = "native_no_sender"
    NO_SEAT = "native_no_seat"
    NO_INBOX = "native_no_inbox"
    SEQUENCE_GONE = "native_sequence_gone"
    ELSEWHERE = "native_elsewhere"
    REFUSED = "native_refused"
    # on its way
    LATER = "native_later"
    DAILY_LIMIT = "native_daily_limit"
    NEXT_SENDER = "native_next_sender"
    INBOX_FULL = "native_inbox_full"
    SPACED = "native_spaced"
    UNSUBSCRIBED = "native_unsubscribed"
    STARTED = "native_started"
    ADOPTED = "native_adopted"
    UNKNOWN = "native_unknown"
    # over, or to be ended
    FINISHED = "native_finished"
    LEFT = "native_left"
    ASKED = "native_asked"
    PERSON_ASKED = "native_person_asked"
    STOPPED = "native_stopped"
    NEVER = "native_never"


SENDER_PROBLEMS: Mapping[str, str] = {
    Native.NO_SEAT: "{sender} has no seat for it. A CRM admin can assign one.",
    Native.NO_INBOX: "{sender} is not a connected inbox of its user. They can connect it in the "
    "CRM's settings.",
}
"""What a sender lacks, per code; it stays so until a person changes it in the CRM."""

NATIVE_TEXTS: Mapping[str, str] = {
    Native.OFF: "A task instead of the sequence {sequence}: an admin has not switched the CRM's "
    "own sequences on.",
    Native.UNAVAILABLE: "A task instead of the sequence {sequence}: {said}",
    Native.NO_CONTACT: "A task instead of the sequence {sequence}: it is open whom it is for.",
    Native.NO_EMAIL: "A task instead of the sequence {sequence}: the contact has no e-mail "
    "address.",
    Native.NO_SENDER: "A task instead of the sequence {sequence}: the record's owner is no active "
    "user of the CRM.",
    **{
        code: "A task instead of the sequence {sequence}: " + said
        for code, said in SENDER_PROBLEMS.items()
    },
    Native.SEQUENCE_GONE: "A task instead of the sequence {sequence}: {sender} sees none of that "
    "name. Share it with them, or correct its name in the playbook.",
    Native.ELSEWHERE: "A task instead of the sequence {sequence}: the contact is in another "
    "sequence, and the CRM allows one at a time.",
    Native.REFUSED: "A task instead of the sequence {sequence}: {said}",
    Native.LATER: "The CRM did not take the enrolment: {said} Nothing was sent; it is tried again.",
    Native.DAILY_LIMIT: "The inbox {sender} has reached the CRM's limit for the day; again at "
    "{until}.",
    Native.NEXT_SENDER: "{said} Another of the team is asked.",
    Native.INBOX_FULL: "The inbox {sender} has started as many sequences in 24 hours as your "
    "settings allow; again at {until}.",
    Native.SPACED: "Mails from {sender} are kept apart, as your settings say; this one at {until}.",
    Native.UNSUBSCRIBED: "The CRM would not enrol the contact, who has unsubscribed or gave no "
    "legal basis for mail.",
    Native.STARTED: "Enrolled in the CRM's sequence {sequence} from {sender} (enrolment "
    "{enrolment}).",
    Native.ADOPTED: "The contact is in the CRM's sequence {sequence} (enrolment {enrolment}): the "
    "call had worked, only its answer was lost.",
    Native.UNKNOWN: "Whether the contact was enrolled in {sequence} is not known: the answer was "
    "lost, and the CRM shows no enrolment. It is not sent again; a person is asked to look.",
    Native.FINISHED: "The CRM's sequence {sequence} is finished.",
    Native.LEFT: "The contact left the CRM's sequence {sequence} before its end.",
    Native.ASKED: "The CRM's workflow is asked to take the contact out of {sequence} ({why}).",
    Native.PERSON_ASKED: "The contact is still in {sequence} after five minutes; the owner is "
    "asked to unenrol them at once.",
    Native.STOPPED: "The contact is out of the CRM's sequence {sequence} ({why}).",
    Native.NEVER: "The CRM never showed the enrolment in {sequence}.",
}
"""Sentence per code; fields in braces are values of the explanation."""
