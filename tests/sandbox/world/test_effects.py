"""What the CRM computes by itself: stages, closing, activity properties."""

from __future__ import annotations

import pytest

from sandbox.world.records import Actor, Link, Record
from sandbox.world.store import Account, World
from tests.sandbox.support import START, ManualClock

USER = Actor.user(7)
APP = Actor.app(777)
HOUR = 3_600_000


class Scene:
    """An account with a deal and its contact."""

    def __init__(self, tier: str = "professional") -> None:
        self.clock = ManualClock()
        self.account: Account = World(self.clock).add_account(1, tier=tier)
        self.contact = self.account.create("contacts", {"email": "p@x.example"}, USER)
        self.deal = self.account.create(
            "deals",
            {"dealname": "A", "dealstage": "qualifiedtobuy"},
            USER,
            [Link("contacts", self.contact.id)],
        )

    def log(self, kind: str, at: int, **fields: str) -> Record:
        links = [Link("deals", self.deal.id), Link("contacts", self.contact.id)]
        return self.account.create(kind, {"hs_timestamp": str(at), **fields}, USER, links)

    def move(self, stage: str, actor: Actor = USER) -> None:
        self.account.update("deals", self.deal.id, {"dealstage": stage}, actor)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_stage_dates_and_times(scene: Scene) -> None:
    deal = scene.deal
    scene.clock.advance(2 * HOUR)
    scene.move("contractsent")
    assert deal.get("hs_v2_date_entered_contractsent") == str(START + 2 * HOUR)
    assert deal.get("hs_v2_date_exited_qualifiedtobuy") == str(START + 2 * HOUR)
    assert deal.get("hs_v2_latest_time_in_qualifiedtobuy") == str(2 * HOUR)
    assert deal.get("hs_v2_latest_time_in_contractsent") == "", "none while in the stage"
    scene.clock.advance(HOUR)
    scene.move("qualifiedtobuy")
    assert deal.get("hs_v2_latest_time_in_qualifiedtobuy") == ""
    assert deal.get("hs_v2_date_entered_current_stage") == str(START + 3 * HOUR)
    scene.clock.advance(HOUR)
    scene.move("contractsent")
    assert deal.get("hs_v2_latest_time_in_qualifiedtobuy") == str(HOUR)
    assert deal.get("hs_v2_cumulative_time_in_qualifiedtobuy") == str(3 * HOUR)


def test_no_stage_dates_on_small_tiers() -> None:
    scene = Scene("starter")
    scene.move("contractsent")
    assert not [name for name in scene.deal.fields if name.startswith("hs_v2")]
    assert scene.deal.get("hs_is_closed") == "false"


@pytest.mark.parametrize(
    ("stage", "closed", "won", "lost", "probability"),
    [
        ("contractsent", "false", "false", "false", "0.8"),
        ("closedwon", "true", "true", "false", "1"),
        ("closedlost", "true", "false", "true", "0"),
    ],
)
def test_closing(
    scene: Scene, stage: str, closed: str, won: str, lost: str, probability: str
) -> None:
    scene.move(stage)
    got = scene.deal
    assert got.get("hs_is_closed") == closed
    assert got.get("hs_is_closed_won") == won
    assert got.get("hs_is_closed_lost") == lost
    assert got.get("hs_deal_stage_probability") == probability
    assert bool(got.get("closedate")) == (closed == "true")


def test_api_write_leaves_the_close_date(scene: Scene) -> None:
    scene.move("closedwon", APP)
    assert scene.deal.get("closedate") == ""


@pytest.mark.parametrize("kind", ["calls", "emails", "meetings", "communications"])
def test_contacting_moves_all_activity_properties(scene: Scene, kind: str) -> None:
    scene.log(kind, START - HOUR)
    for record in (scene.deal, scene.contact):
        assert record.get("notes_last_updated") == str(START - HOUR)
        assert record.get("notes_last_contacted") == str(START - HOUR)
        assert record.get("num_contacted_notes") == "1"
        assert record.get("num_notes") == "1"


@pytest.mark.parametrize("kind", ["tasks", "notes"])
def test_tasks_and_notes_are_activity_but_no_contact(scene: Scene, kind: str) -> None:
    scene.clock.advance(HOUR)
    scene.log(kind, START - HOUR)
    assert scene.deal.get("notes_last_updated") == str(START + HOUR)
    assert scene.deal.get("num_notes") == "1"
    assert "notes_last_contacted" not in scene.deal.fields
    assert "num_contacted_notes" not in scene.deal.fields


def test_last_activity_never_goes_back(scene: Scene) -> None:
    scene.log("calls", START)
    scene.log("calls", START - 5 * HOUR)
    assert scene.deal.get("notes_last_contacted") == str(START)
    assert scene.deal.get("num_contacted_notes") == "2"


def test_reply(scene: Scene) -> None:
    scene.log("emails", START, hs_email_direction="EMAIL")
    assert "hs_sales_email_last_replied" not in scene.contact.fields
    scene.clock.advance(HOUR)
    scene.log("emails", START + HOUR, hs_email_direction="INCOMING_EMAIL")
    assert scene.contact.get("hs_sales_email_last_replied") == str(START + HOUR)
    assert scene.deal.get("hs_sales_email_last_replied") == str(START + HOUR)


def test_next_activity_follows_open_tasks_and_meetings(scene: Scene) -> None:
    deal, account = scene.deal, scene.account
    late = scene.log("tasks", START + 9 * HOUR, hs_task_status="NOT_STARTED")
    soon = scene.log("tasks", START + 2 * HOUR, hs_task_status="NOT_STARTED")
    meeting = scene.log("meetings", START + 5 * HOUR, hs_meeting_outcome="SCHEDULED")
    assert deal.get("notes_next_activity_date") == str(START + 2 * HOUR)
    account.update("tasks", soon.id, {"hs_task_status": "COMPLETED"}, USER)
    assert deal.get("notes_next_activity_date") == str(START + 5 * HOUR)
    assert deal.get("hs_notes_next_activity_type") == "MEETING"
    account.update("meetings", meeting.id, {"hs_meeting_outcome": "CANCELED"}, USER)
    assert deal.get("notes_next_activity_date") == str(START + 9 * HOUR)
    account.update("tasks", late.id, {"hs_timestamp": str(START + 7 * HOUR)}, USER)
    assert deal.get("notes_next_activity_date") == str(START + 7 * HOUR)
    account.archive("tasks", late.id, USER)
    assert deal.get("notes_next_activity_date") == ""


def test_completion_date(scene: Scene) -> None:
    task = scene.log("tasks", START, hs_task_status="NOT_STARTED")
    assert "hs_task_completion_date" not in task.fields
    scene.clock.advance(HOUR)
    scene.account.update("tasks", task.id, {"hs_task_status": "COMPLETED"}, USER)
    assert task.get("hs_task_completion_date") == str(START + HOUR)
    assert task.history["hs_task_completion_date"][-1].source_type == "CALCULATED"
    scene.account.update("tasks", task.id, {"hs_task_status": "NOT_STARTED"}, USER)
    assert task.get("hs_task_completion_date") == ""


def test_counts_of_associated_contacts(scene: Scene) -> None:
    other = scene.account.create("contacts", {"firstname": "O"}, USER)
    scene.account.associate(("deals", scene.deal.id), Link("contacts", other.id), USER)
    assert scene.deal.get("num_associated_contacts") == "2"
    assert other.get("num_associated_deals") == "1"
    scene.account.archive("contacts", scene.contact.id, USER)
    assert scene.deal.get("num_associated_contacts") == "1"


def test_owner_assigned(scene: Scene) -> None:
    scene.clock.advance(HOUR)
    scene.account.update("deals", scene.deal.id, {"hubspot_owner_id": "5"}, USER)
    assert scene.deal.get("hubspot_owner_assigneddate") == str(START + HOUR)


def test_activity_associated_later_counts_then(scene: Scene) -> None:
    call = scene.account.create("calls", {"hs_timestamp": str(START)}, USER)
    assert "num_notes" not in scene.deal.fields
    scene.account.associate(("calls", call.id), Link("deals", scene.deal.id), USER)
    assert scene.deal.get("num_notes") == "1"
