"""What the oracle takes to be owed, case by case of the prose."""

from __future__ import annotations

from typing import Any

import pytest

from demo.crm import read
from demo.oracle import owed
from demo.owed import Owed, Terms
from tests.demo.account import KINDS, Account, ms

SINCE = "2026-09-30 08:00"
NOW = "2026-11-20 12:00"
ENTERED = "2026-10-01 10:00"
CLOSE = "2026-10-12 09:15"
"""Between the second step (Thursday 8th) and the third (Thursday 15th)."""


class Deal:
    """A deal that entered proposal on Thursday 1 October 2026, 10:00."""

    def __init__(self, entered: str = ENTERED) -> None:
        self.account = Account(NOW)
        self.contact = self.account.contact()
        self.deal = self.account.deal("2026-09-28 09:00", self.contact)
        self.account.set(self.deal, entered, dealstage="s-proposal")

    def linked(self, kind: str, at: str, values: dict[str, str]) -> dict[str, Any]:
        return self.account.record(
            kind, at, values, deals=self.deal["id"], contacts=self.contact["id"]
        )

    def owed(self, playbook: str = "proposal", **terms: Any) -> list[Owed]:
        crm = read(self.account.export, KINDS)
        return owed(crm, Terms({playbook: ms(SINCE)}, **terms))

    def must(self, playbook: str = "proposal", **terms: Any) -> list[str]:
        return [one.step.id for one in self.owed(playbook, **terms) if one.must]


def test_the_four_steps_fall_due_in_working_time() -> None:
    rows = [one for one in Deal().owed() if one.must]
    assert [(one.step.id, one.due, one.write) for one in rows] == [
        ("questions", ms("2026-10-05 09:00"), ms("2026-10-05 09:00")),  # day 3 is a Sunday
        ("timeline", ms("2026-10-08 10:00"), ms("2026-10-08 09:00")),
        ("decision", ms("2026-10-15 10:00"), ms("2026-10-15 09:00")),
        ("close-file", ms("2026-10-22 10:00"), ms("2026-10-22 09:00")),
    ]


def reply(story: Deal) -> None:
    story.linked("emails", CLOSE, {"hs_email_direction": "INCOMING_EMAIL",
                                   "hs_timestamp": str(ms(CLOSE))})  # fmt: skip


def meeting(story: Deal) -> None:
    story.linked("meetings", CLOSE, {"hs_meeting_outcome": "SCHEDULED"})


def held(story: Deal) -> None:
    """Booked before the follow-up began, held during it."""
    raw = story.linked("meetings", "2026-09-30 12:00", {"hs_meeting_outcome": "SCHEDULED"})
    story.account.set(raw, CLOSE, hs_meeting_outcome="COMPLETED")


def moved(stage: str) -> Any:
    return lambda story: story.account.set(story.deal, CLOSE, dealstage=stage)


def opted_out(story: Deal) -> None:
    story.account.set(story.contact, CLOSE, hs_email_optout="true")


def bounced(story: Deal) -> None:
    story.account.set(story.contact, CLOSE, hs_email_bounce="1")


def stopped(story: Deal) -> None:
    story.account.set(story.deal, CLOSE, followthrough_control="stop")


def deleted(story: Deal) -> None:
    story.account.archive(story.deal, CLOSE)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (reply, "replied"),
        (meeting, "meeting_booked"),
        (held, "meeting_held"),
        (moved("s-negotiation"), "goal_reached"),
        (moved("s-won"), "goal_reached"),
        (moved("s-lost"), "closed_lost"),
        (moved("s-new"), "stage_left"),
        (opted_out, "opted_out"),
        (bounced, "bounced"),
        (stopped, "stopped_by_rep"),
        (deleted, "record_deleted"),
    ],
)
def test_every_end_ends_what_is_not_yet_written(end: Any, reason: str) -> None:
    story = Deal()
    end(story)
    assert story.must() == ["questions", "timeline"]
    assert {one.enrolment.reason for one in story.owed()} == {reason}


def test_the_stage_map_asks_for_the_stage_alone() -> None:
    story = Deal()
    for end in (reply, meeting, opted_out, bounced):
        end(story)
    assert story.must("proposal-stage-map") == ["day-3", "day-7", "day-14", "day-21"]
    moved("s-negotiation")(story)
    assert story.must("proposal-stage-map") == ["day-3", "day-7"]


def test_a_move_back_starts_nothing_but_on_the_map() -> None:
    story = Deal()
    moved("s-negotiation")(story)
    story.account.set(story.deal, "2026-10-14 11:00", dealstage="s-proposal")
    assert story.must() == ["questions", "timeline"]
    assert len(story.must("proposal-stage-map")) == 6


def test_a_stage_passed_through_starts_nothing() -> None:
    story = Deal()
    story.account.set(story.deal, "2026-10-01 10:04", dealstage="s-negotiation")
    assert story.must() == []


def test_of_several_contacts_nothing_is_taken_for_certain() -> None:
    """Whom the app chose the CRM does not tell: a call's hours and an opt-out hang on it."""
    story = Deal()
    other = story.account.contact()
    story.deal["associations"]["contacts"].append({"id": other["id"], "labels": [""]})
    assert story.must() == ["timeline", "close-file"]
    assert "choose-contact" in {one.step.id for one in story.owed()}
    opted_out(story)
    assert story.must() == ["timeline"]


def test_a_backlog_counts_from_its_release() -> None:
    story = Deal("2026-09-29 10:00")
    assert story.must() == []
    steps = [one for one in story.owed(per_day=10) if one.must]
    assert [one.step.id for one in steps] == ["questions", "timeline", "decision", "close-file"]
    assert steps[0].due is None
    assert steps[0].earliest >= ms("2026-10-02 08:00")


def test_without_an_owner_and_a_default_nothing_is_owed() -> None:
    story = Deal()
    story.deal["history"]["hubspot_owner_id"] = []
    assert story.must() == []
    assert story.must(default_owner="1") == ["questions", "timeline", "decision", "close-file"]


def test_a_lead_is_owed_its_cadence_until_it_has_a_deal() -> None:
    account = Account(NOW)
    lead = account.record(
        "contacts", "2026-10-05 10:00",
        {"firstname": "Lee", "hubspot_owner_id": "1",
         "recent_conversion_date": str(ms("2026-10-05 10:00"))},
    )  # fmt: skip

    def must() -> list[tuple[str, int | None]]:
        found = owed(read(account.export, KINDS), Terms({"inbound-lead": ms(SINCE)}))
        return [(one.step.id, one.due) for one in found if one.must]

    assert must() == [
        ("reply", ms("2026-10-05 14:00")),
        ("no-response", ms("2026-10-07 10:00")),
        ("other-angle", ms("2026-10-12 09:00")),  # day 5 is a Saturday
        ("final", ms("2026-10-19 09:00")),
        ("nurture", ms("2026-10-26 09:00")),
    ]
    account.deal("2026-10-13 09:00", lead)
    assert [step for step, _ in must()] == ["reply", "no-response", "other-angle"]


@pytest.mark.parametrize(
    ("outcome", "steps"),
    [
        ("COMPLETED", ["recap", "next-steps", "check-in", "alternatives"]),
        ("NO_SHOW", ["rebook"]),
        ("CANCELED", []),
        ("", ["outcome"]),
    ],
)
def test_a_meeting_is_followed_by_what_came_of_it(outcome: str, steps: list[str]) -> None:
    account = Account(NOW)
    contact = account.contact()
    deal = account.deal("2026-09-28 09:00", contact)
    raw = account.record(
        "meetings", "2026-10-01 09:00",
        {"hs_meeting_outcome": "SCHEDULED", "hs_meeting_start_time": str(ms("2026-10-06 10:00")),
         "hs_meeting_end_time": str(ms("2026-10-06 11:00"))},
        deals=deal["id"], contacts=contact["id"],
    )  # fmt: skip
    if outcome:
        account.set(raw, "2026-10-06 11:15", hs_meeting_outcome=outcome)
    found = owed(read(account.export, KINDS), Terms({"post-meeting": ms(SINCE)}))
    assert [one.step.id for one in found if one.must] == steps


def test_silence_counts_from_the_latest_activity() -> None:
    story = Deal()
    call = {"hs_timestamp": str(ms("2026-10-02 11:00"))}
    story.linked("calls", "2026-10-02 11:05", call)
    rows = [one for one in story.owed("idle-deal") if one.must]
    assert [(one.step.id, one.due) for one in rows] == [("check-in", ms("2026-10-09 11:00"))]


def test_a_deal_of_another_kind_is_owed_nothing_for_its_silence() -> None:
    story = Deal()
    story.account.set(story.deal, "2026-10-02 09:00", dealstage="s-new")
    assert story.must("idle-deal") == []
