"""Refusals of the sequences API."""

from __future__ import annotations

from sandbox.refusals import INVALID, MISSING, Refusal

_API = "sequences API"

ROWS = (
    Refusal(
        "sequence_user_missing",
        400,
        INVALID,
        "Listing, reading and enrolling name a user: query parameter userId.",
        _API,
        "quoted",
    ),
    Refusal(
        "sequence_user_unknown",
        400,
        INVALID,
        "userId is the user id of an active user of this account, not an owner id.",
        _API,
        "unconfirmed",
    ),
    Refusal(
        "sequence_seat",
        403,
        "FORBIDDEN",
        "The user who enrols has a paid seat of the sales or service tools.",
        _API,
        "unconfirmed",
    ),
    Refusal(
        "sequence_unknown",
        404,
        MISSING,
        "A sequence is one of this account that the user sees.",
        _API,
        "unconfirmed",
    ),
    Refusal(
        "sequence_field_missing",
        400,
        INVALID,
        "An enrolment names sequenceId, contactId and senderEmail.",
        _API,
        "confirmed",
    ),
    Refusal(
        "sequence_contact_unknown",
        404,
        MISSING,
        "Who is enrolled is a live contact of this account.",
        _API,
        "unconfirmed",
    ),
    Refusal(
        "sequence_contact_without_email",
        400,
        INVALID,
        "Who is enrolled has an e-mail address.",
        _API,
        "unconfirmed",
    ),
    Refusal(
        "sequence_inbox",
        400,
        INVALID,
        "senderEmail is a personal inbox that this user has connected.",
        "sequences API, tried on a live account",
        "quoted",
        setting="sequence_inbox_status",
    ),
    Refusal(
        "sequence_unsubscribed",
        400,
        INVALID,
        "Who has opted out, or gave no legal basis, is not enrolled.",
        "sequences API, error quoted by developers",
        "quoted",
        sub_category="SequenceError.UNSUBSCRIBED",
    ),
    Refusal(
        "sequence_enrolled_already",
        400,
        INVALID,
        "A contact is in one sequence at a time, in the whole account.",
        _API,
        "unconfirmed",
        sub_category="SequenceError.CONTACT_ALREADY_ENROLLED",
        setting="duplicate_enrolment",
    ),
    Refusal(
        "sequence_daily_limit",
        400,
        INVALID,
        "An inbox enrols at most 1,000 contacts a day.",
        "sequences API, limits",
        "unconfirmed",
        setting="sequence_limit_status",
    ),
    Refusal(
        "sequence_never_enrolled",
        404,
        MISSING,
        "Only a contact that was enrolled has an enrolment to read.",
        _API,
        "unconfirmed",
        setting="never_enrolled_status",
    ),
)
