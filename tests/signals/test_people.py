"""What contacts, mails, calls and meetings tell, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.time import HOUR
from app.model.vocabulary import SignalKind
from app.signals.contacts import contact_facts, contact_values, contacted_since
from app.signals.engagements import call_facts, email_facts, meeting_facts, outcome_due
from app.signals.stages import StageMap


def facts(
    fields: dict[str, Any], known: dict[str, Any] | None = None
) -> list[tuple[SignalKind, int]]:
    row = None if known is None else {**contact_values({"opted_out": False}, 1), **known}
    fresh = contact_values(fields, 1)
    return [(fact.kind, fact.at) for fact in contact_facts("9", row, fresh, fields, 50)]


# --- contacts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "known", "told"),
    [
        ({"opted_out": False}, {}, []),
        ({"opted_out": True}, {}, [(SignalKind.OPTED_OUT, 50)]),
        ({"opted_out": True}, {"opted_out": True}, []),
        ({"bounced": True}, {}, [(SignalKind.BOUNCED, 50)]),
        ({"bounced": True}, {"bounced": True}, []),
        ({"form_submitted_at": 40}, {}, [(SignalKind.FORM_SUBMITTED, 40)]),
        ({"form_submitted_at": 40}, {"form_submitted_at": 40}, []),
        ({"form_submitted_at": 40}, {"form_submitted_at": 30}, [(SignalKind.FORM_SUBMITTED, 40)]),
        ({"last_reply_at": 40}, {}, [(SignalKind.REPLIED, 40)]),
        ({"last_reply_at": 40}, {"last_reply_at": 40}, []),
        ({"control": "stop"}, {}, [(SignalKind.CONTROL_CHANGED, 50)]),
        ({"control": "run"}, {"control": "stop"}, [(SignalKind.CONTROL_CHANGED, 50)]),
    ],
)
def test_what_changed_for_a_person(
    fields: dict[str, Any], known: dict[str, Any], told: list[tuple[SignalKind, int]]
) -> None:
    assert facts(fields, known) == told


def test_somebody_not_known_before_tells_what_is_so_already() -> None:
    assert [kind for kind, _ in facts({"opted_out": True, "form_submitted_at": 40})] == [
        SignalKind.OPTED_OUT,
        SignalKind.FORM_SUBMITTED,
    ]


def test_a_second_form_in_another_instant_is_another_cause() -> None:
    fresh = contact_values({"form_submitted_at": 40, "form_name": "Demo"}, 1)
    (fact,) = contact_facts("9", None, fresh, {"form_name": "Demo"}, 50)
    assert (fact.cause, fact.data) == ("form:9:40", {"form": "Demo"})


@pytest.mark.parametrize(
    ("fields", "consent"),
    [({}, None), ({"opted_out": None}, False), ({"opted_out": True}, True)],
)
def test_consent_that_cannot_be_read_is_unknown(fields: dict[str, Any], consent: Any) -> None:
    """Unset means that nobody opted out; a property that is not shown means that nobody knows."""
    assert contact_values(fields, 1)["opted_out"] is consent


# --- mails and calls -----------------------------------------------------------------------------


def test_a_mail_is_a_reply_only_when_it_comes_in() -> None:
    (came,) = email_facts("5", {"direction": "in", "at": 40, "subject": "Re: offer"})
    (went,) = email_facts("5", {"direction": "out", "at": 40})
    assert (came.kind, came.cause) == (SignalKind.REPLIED, "reply:40")
    assert (went.kind, went.cause) == (SignalKind.REP_ACTIVITY, "email:5")


def test_a_reply_by_mail_and_by_the_crms_stamp_have_one_cause() -> None:
    (mail,) = email_facts("5", {"direction": "in", "at": 40})
    (stamp,) = contact_facts("9", None, contact_values({"last_reply_at": 40}, 1), {}, 50)
    assert mail.cause == stamp.cause


def test_a_call_is_activity_of_its_rep() -> None:
    (fact,) = call_facts("6", {"at": 40, "owner": "1"})
    assert (fact.kind, fact.at, fact.data["owner"]) == (SignalKind.REP_ACTIVITY, 40, "1")


# --- meetings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "fields", "told"),
    [
        (None, {"outcome": "scheduled"}, [(SignalKind.MEETING_BOOKED, 10)]),
        (None, {}, [(SignalKind.MEETING_BOOKED, 10)]),
        ({"outcome": "scheduled"}, {"outcome": "scheduled"}, []),
        ({"outcome": "scheduled"}, {"outcome": "rescheduled"}, []),
        ({"outcome": "scheduled"}, {"outcome": "held"}, [(SignalKind.MEETING_HELD, 100)]),
        ({"outcome": "scheduled"}, {"outcome": "no_show"}, [(SignalKind.MEETING_MISSED, 100)]),
        ({"outcome": "scheduled"}, {"outcome": "cancelled"},
         [(SignalKind.MEETING_CANCELLED, 100)]),
        ({"outcome": "held"}, {"outcome": "held"}, []),
        (None, {"outcome": "held"}, [(SignalKind.MEETING_HELD, 100)]),
        ({"outcome": "no_show"}, {"outcome": "held"}, [(SignalKind.MEETING_HELD, 100)]),
    ],
)  # fmt: skip
def test_meetings(
    known: dict[str, Any] | None, fields: dict[str, Any], told: list[tuple[SignalKind, int]]
) -> None:
    made = meeting_facts("3", known, {"start_at": 60, **fields}, 10, 100)
    assert [(fact.kind, fact.at) for fact in made] == told


def test_a_meeting_marked_as_held_before_it_began_is_dated_by_its_start() -> None:
    (fact,) = meeting_facts("3", {}, {"start_at": 900, "outcome": "held"}, 10, 100)
    assert fact.at == 900


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"outcome": "scheduled", "start_at": 10, "end_at": 20}, 20 + 2 * HOUR),
        ({"start_at": 10}, 10 + 2 * HOUR),
        ({"outcome": "held", "end_at": 20}, None),
        ({"outcome": "no_show", "end_at": 20}, None),
        ({"outcome": "rescheduled", "end_at": 20}, None),
        ({}, None),
    ],
)
def test_when_an_outcome_is_asked_for(fields: dict[str, Any], due: int | None) -> None:
    assert outcome_due(fields) == due


# --- stages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confirmed", "followed", "kind"),
    [(True, ["p"], "proposal"), (False, ["p"], "ignored"), (True, [], "ignored")],
)
def test_a_stage_acts_only_where_confirmed_and_followed(
    confirmed: bool, followed: list[str], kind: str
) -> None:
    stage = {
        "id": "s", "pipeline_id": "p", "label": "S", "kind": "proposal", "position": 3,
        "confirmed": confirmed, "archived": False,
    }  # fmt: skip
    stages = StageMap([stage], followed)
    assert (stages.kind("s"), stages.position("s")) == (kind, 3)
    assert (stages.kind("gone"), stages.position(None), stages.get(None)) == ("ignored", -1, None)


@pytest.mark.parametrize(
    ("known", "read", "grown", "first"),
    [
        (None, 7, 0, 7),  # where we begin to count
        ({"contacted": None, "contacted_first": None}, 7, 0, 7),  # mirrored by an earlier version
        ({"contacted": 7, "contacted_first": 2}, 9, 2, 2),
        ({"contacted": 7, "contacted_first": 2}, 6, 0, 2),  # something was deleted
        ({"contacted": 7, "contacted_first": 2}, None, 0, 2),  # not shown
    ],
)
def test_how_often_others_touched_them_is_the_growth_of_the_counter(
    known: dict[str, Any] | None, read: int | None, grown: int, first: int
) -> None:
    fresh = contact_values({"contacted": read}, 1)
    assert contacted_since(known, fresh) == grown
    assert fresh["contacted_first"] == first
    assert fresh["contacted"] == (7 if read is None else read)
