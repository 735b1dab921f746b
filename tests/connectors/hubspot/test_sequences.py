"""HubSpot's own sequences against the sandbox: seen, entered once, refused in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.contract import (
    NATIVE_SEQUENCES,
    CrmEnrolment,
    EnrolReason,
    EnrolRefused,
    Forbidden,
    RateLimited,
    Stopped,
    Unknown,
    Update,
)
from connectors.hubspot.install import BRIDGE
from sandbox.world import sequence_terms
from tests.connectors.hubspot.conftest import REP, Installed
from tests.sandbox.support import START

Start = Callable[..., Installed]
ENROL = r"POST /automation/sequences/[^/]+/enrollments$"
INBOX = "ada@example.com"


def ready(hubspot: Installed, count: int = 1) -> str:
    """The id of a sequence of user 9001, whose inbox is connected."""
    rows = [
        {"name": f"Outreach {n}", "user": 9001, "steps": [{"email": "Hello"}]} for n in range(count)
    ]
    made = sequence_terms.add_sequences(hubspot.account, rows)
    sequence_terms.set_inboxes(hubspot.account, {"9001": [INBOX]})
    return made[0].id


def enrol(hubspot: Installed, sequence: str, contact: str, sender: str = INBOX) -> CrmEnrolment:
    return hubspot.connector.enrol(sequence, contact, user_id="9001", sender=sender)


def made(hubspot: Installed) -> int:
    return sum(map(len, hubspot.account.sequences.enrolments.values()))


def test_all_pages_of_a_users_sequences_are_read(hubspot: Installed) -> None:
    first = ready(hubspot, 120)
    found = hubspot.connector.sequences("9001")
    assert len(found) == 120
    assert (found[0].id, found[0].name, found[0].user_id) == (first, "Outreach 0", "9001")
    assert hubspot.calls.statuses() == [200, 200]


def test_a_contact_is_enrolled_and_read_back(hubspot: Installed) -> None:
    sequence, contact = ready(hubspot), hubspot.contact()
    assert hubspot.connector.enrolment_of(contact.id) is None
    done = enrol(hubspot, sequence, contact.id)
    assert (done.enrolled_at, done.to_email) == (START, contact.get("email"))
    read = hubspot.connector.enrolment_of(contact.id)
    assert read is not None
    assert (read.id, read.sequence_id, read.user_id) == (done.id, sequence, "9001")
    (record,) = hubspot.connector.read("contact", [contact.id])
    assert (record.fields["in_sequence"], record.fields["sequence"]) == (True, sequence)
    assert record.fields["sequence_enrolled_at"] == START


def test_one_that_never_was_may_be_an_empty_answer(start: Start) -> None:
    hubspot = start({"never_enrolled_status": 200})
    assert hubspot.connector.enrolment_of(hubspot.contact().id) is None


@pytest.mark.parametrize("kind", ["500_before", "500_after", "reset_before", "reset_after"])
def test_an_enrolment_is_sent_once_whatever_becomes_of_its_answer(
    hubspot: Installed, kind: str
) -> None:
    sequence, contact = ready(hubspot), hubspot.contact()
    hubspot.fault(ENROL, kind)
    with pytest.raises(Unknown) as caught:
        enrol(hubspot, sequence, contact.id)
    assert caught.value.answered is kind.startswith("500")
    assert made(hubspot) == kind.endswith("after")
    assert hubspot.calls.count("enrollments") == 1


def refusal(hubspot: Installed, sequence: str, contact: str, sender: str = INBOX) -> EnrolReason:
    before = made(hubspot)
    with pytest.raises(EnrolRefused) as caught:
        enrol(hubspot, sequence, contact, sender)
    assert made(hubspot) == before
    assert hubspot.calls.count("enrollments") == 1, "a refusal is not sent again"
    hubspot.calls.made.clear()
    return caught.value.reason


def test_each_refusal_has_its_reason(start: Start) -> None:
    hubspot = start({"sequence_daily_limit": 1})
    sequence, contact = ready(hubspot), hubspot.contact()
    assert refusal(hubspot, "999", contact.id) == "sequence_gone"
    assert refusal(hubspot, sequence, "999") == "contact_gone"
    assert refusal(hubspot, sequence, hubspot.contact(email="").id) == "no_email"
    assert refusal(hubspot, sequence, contact.id, "x@example.com") == "inbox_not_connected"
    out = hubspot.contact()
    hubspot.account.update("contacts", out.id, {"hs_email_optout": "true"}, REP)
    assert refusal(hubspot, sequence, out.id) == "unsubscribed"
    sequence_terms.set_seats(hubspot.account, [])
    assert refusal(hubspot, sequence, contact.id) == "no_seat"
    sequence_terms.set_seats(hubspot.account, None)
    enrol(hubspot, sequence, contact.id)
    hubspot.calls.made.clear()
    assert refusal(hubspot, sequence, contact.id) == "already_enrolled"
    assert refusal(hubspot, sequence, hubspot.contact().id) == "daily_limit"


def test_a_daily_limit_that_looks_like_a_rate_limit_is_told_apart(start: Start) -> None:
    hubspot = start({"sequence_daily_limit": 0, "sequence_limit_status": 429})
    sequence = ready(hubspot)
    assert refusal(hubspot, sequence, hubspot.contact().id) == "daily_limit"
    hubspot.fault(ENROL, "429", times=9)
    with pytest.raises(RateLimited):
        enrol(hubspot, sequence, hubspot.contact().id)


def test_without_the_scope_the_grant_is_named_and_the_capability_is_not_there(
    hubspot: Installed,
) -> None:
    able = {one.name: one for one in hubspot.connector.capabilities()}
    assert able[NATIVE_SEQUENCES].available is (
        "automation.sequences.read" in hubspot.store.tokens.scopes
    )
    hubspot.restart(access=hubspot.sandbox.mint(scopes=["oauth"])["access_token"])
    with pytest.raises(Forbidden) as caught:
        hubspot.connector.sequences("9001")
    assert caught.value.scopes == ("automation.sequences.read",)


def test_the_property_for_leaving_is_made_once_and_written_while_everything_is_stopped(
    hubspot: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = hubspot.account.properties["contacts"]
    assert BRIDGE.name not in known, "only where sequences are switched on"
    hubspot.connector.install_bridge()
    hubspot.connector.install_bridge()
    assert known[BRIDGE.name].type == "datetime"
    contact = hubspot.contact()
    monkeypatch.setattr(hubspot.budget, "stopped", lambda: True)
    asked = [Update(contact.id, {"unenrol_requested_at": START})]
    with pytest.raises(Stopped):
        hubspot.connector.update("contact", asked)
    hubspot.connector.clearing().update("contact", asked)
    assert contact.get(BRIDGE.name) == str(START)
    cleared = [Update(contact.id, {"unenrol_requested_at": None})]
    hubspot.connector.clearing().update("contact", cleared)
    assert contact.get(BRIDGE.name) == ""
