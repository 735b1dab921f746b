"""What stands against an enrolment in the CRM's own sequence, and what its standing means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.decisions.native import CONFIRM_MS, DOUBT_MS, SKEW_MS, is_ours, look, obstacle
from app.decisions.native_codes import Native
from app.decisions.texts import TEXTS
from app.model.native import Do, Sender
from app.model.time import DAY, MINUTE, Business
from tests.decisions.build import CONTACT, NOW, facts

ADA = Sender("9001", "ada@firm.example", active=True)
MIDNIGHT = Business(NOW + 14 * 60 * MINUTE)


def test_nothing_stands_against_an_able_sender_and_a_free_contact() -> None:
    assert obstacle(facts(), on=True, unavailable="", sender=ADA) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unavailable": "not granted"}, Native.UNAVAILABLE),
        ({"on": False}, Native.OFF),
        ({"contact": None}, Native.NO_CONTACT),
        ({"contact": replace(CONTACT, email="")}, Native.NO_EMAIL),
        ({"contact": replace(CONTACT, in_sequence="77")}, Native.ELSEWHERE),
        ({"sender": replace(ADA, active=False)}, Native.NO_SENDER),
        ({"sender": replace(ADA, user_id=None)}, Native.NO_SENDER),
        ({"sender": replace(ADA, problem=Native.NO_SEAT)}, Native.NO_SEAT),
    ],
)
def test_each_obstacle_is_told(change: dict[str, Any], code: str) -> None:
    given: dict[str, Any] = {"on": True, "unavailable": "", "sender": ADA, **change}
    contact = given.pop("contact", CONTACT)
    assert obstacle(replace(facts(), contact=contact), **given) == code
    assert code in TEXTS


def test_what_the_account_cannot_is_said_before_what_the_admin_has_not_switched_on() -> None:
    found = obstacle(facts(), on=False, unavailable="not granted", sender=ADA)
    assert found == Native.UNAVAILABLE


def row(**more: Any) -> dict[str, Any]:
    return {
        "sequence_id": "77",
        "state": "active",
        "sent_at": NOW,
        "enrolled_at": NOW,
        "stop_why": None,
        "asked_at": None,
        "person_touch": None,
        **more,
    }


IN = {"in_sequence": True, "sequence": "77", "sequence_enrolled_at": NOW}
OUT = {**IN, "in_sequence": False}
STOP = {"stop_why": "replied"}
ASKED = {**STOP, "asked_at": NOW}
LATE = Business(NOW + CONFIRM_MS)


@pytest.mark.parametrize(
    ("given", "contact", "now", "do", "code"),
    [
        ({}, IN, NOW, Do.WAIT, ""),
        ({}, OUT, NOW, Do.END, Native.LEFT),
        ({}, None, NOW, Do.END, Native.LEFT),
        ({}, {**OUT, "sequence_finished_at": NOW + DAY}, NOW + DAY, Do.END, Native.FINISHED),
        ({}, {**OUT, "sequence_finished_at": NOW - DAY}, NOW, Do.END, Native.LEFT),
        (STOP, IN, NOW, Do.ASK, Native.ASKED),
        (STOP, OUT, NOW, Do.END, Native.STOPPED),
        (ASKED, IN, LATE - 1, Do.WAIT, ""),
        (ASKED, IN, LATE, Do.ASK_PERSON, Native.PERSON_ASKED),
        ({**ASKED, "person_touch": "t"}, IN, LATE, Do.WAIT, ""),
        ({**ASKED, "person_touch": "t"}, OUT, LATE, Do.END, Native.STOPPED),
        ({"state": "unknown"}, OUT, NOW, Do.WAIT, ""),
        ({"state": "unknown"}, OUT, NOW + DOUBT_MS, Do.END, Native.NEVER),
        ({"state": "unknown"}, IN, NOW, Do.ADOPT, Native.ADOPTED),
        ({"state": "unknown", **STOP}, IN, NOW, Do.ADOPT, Native.ADOPTED),
    ],
)
def test_what_a_standing_means(
    given: dict[str, Any], contact: dict[str, Any] | None, now: int, do: Do, code: str
) -> None:
    found = look(row(**given), contact, Business(now), MIDNIGHT)
    assert (found.do, found.code) == (do, code)
    assert (found.again_at is None) == (do is Do.END)
    assert not code or code in TEXTS


def test_running_ones_are_looked_at_together_and_a_stop_is_seen_through() -> None:
    assert look(row(), IN, NOW, MIDNIGHT).again_at == MIDNIGHT
    soon = look(row(**STOP), IN, NOW, MIDNIGHT).again_at
    assert soon is not None
    assert soon - NOW == 2 * MINUTE
    assert look(row(**ASKED), IN, soon, MIDNIGHT).again_at == NOW + CONFIRM_MS


def test_who_was_asked_and_says_it_was_not_made_ends_the_doubt() -> None:
    assert look(row(state="unknown"), OUT, NOW, MIDNIGHT, answered=True).code == Native.NEVER
    assert look(row(state="unknown"), IN, NOW, MIDNIGHT, answered=True).do is Do.ADOPT


@pytest.mark.parametrize(
    ("contact", "ours"),
    [
        (IN, True),
        ({**IN, "sequence_enrolled_at": None}, True),
        ({**IN, "sequence_enrolled_at": NOW - SKEW_MS}, True),
        ({**IN, "sequence_enrolled_at": NOW - SKEW_MS - 1}, False),  # somebody's, from before
        ({**IN, "sequence": "78"}, False),
        ({**IN, "in_sequence": None}, False),
    ],
)
def test_only_what_we_started_is_ours_to_end(contact: dict[str, Any], ours: bool) -> None:
    assert is_ours(row(), contact) is ours
