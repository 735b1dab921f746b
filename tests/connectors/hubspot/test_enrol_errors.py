"""What HubSpot says of an enrolment that it would not make, in words of ours."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.hubspot.enrol_errors import is_about_enrolling, refusal

OUT = "SequenceError.UNSUBSCRIBED"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"subCategory": OUT, "message": "Contact limit"}, "unsubscribed"),
        (400, {"message": "No legal basis for this contact"}, "unsubscribed"),
        (400, {"subCategory": "SequenceError.CONTACT_ALREADY_ENROLLED"}, "already_enrolled"),
        (400, {"message": "Contact 5 is already enrolled in a sequence"}, "already_enrolled"),
        (409, {"message": "Conflict"}, "already_enrolled"),
        (400, {"message": "a@b.c has reached its limit of 1000 enrollments"}, "daily_limit"),
        (429, {"message": "Too many enrollments"}, "daily_limit"),
        (403, {"message": "User 9 needs a Sales Hub or Service Hub seat."}, "no_seat"),
        (403, {"message": "This account doesn't have access to sequences."}, "unavailable"),
        (402, {}, "unavailable"),
        (400, {"message": "a@b.c is not a connected inbox of user 9"}, "inbox_not_connected"),
        (400, {"message": "Contact 5 has no email address"}, "no_email"),
        (404, {"message": "Contact 5 not found"}, "contact_gone"),
        (404, {"message": "Sequence 5 not found"}, "sequence_gone"),
        (400, {"message": "Something new"}, "other"),
    ],
)
def test_a_refusal_has_a_reason_and_says_what_to_do(
    status: int, body: dict[str, Any], reason: str
) -> None:
    found = refusal(status, body, "detail")
    assert found is not None
    assert (found.reason, found.detail) == (reason, "detail")
    assert found.message.endswith(".")


def test_what_nobody_has_seen_is_shown_as_it_was_said() -> None:
    found = refusal(400, {"message": "The moon is full."}, "")
    assert found is not None
    assert found.message == "HubSpot would not enrol the contact: The moon is full."


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}),
        (403, {"category": "MISSING_SCOPES", "message": "no seat"}),
        (423, {"message": "locked"}),
        (429, {"policyName": "TEN_SECONDLY_ROLLING", "message": "ten_secondly_rolling limit"}),
        (429, {"errorType": "RATE_LIMIT"}),
    ],
)
def test_what_any_call_may_meet_is_no_refusal(status: int, body: dict[str, Any]) -> None:
    assert refusal(status, body, "") is None


def test_reading_an_enrolment_is_a_plain_reading() -> None:
    assert is_about_enrolling("/automation/sequences/2026-03")
    assert is_about_enrolling("/automation/sequences/2026-03/enrollments")
    assert not is_about_enrolling("/automation/sequences/2026-03/enrollments/contact/5")
    assert not is_about_enrolling("/crm/objects/2026-03/contacts")
