"""Cadences: what Sales Engagement lets an app do, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.salesforce import control
from sandbox.world import sequence_terms
from sandbox.world.people_acts import Acts
from tests.sandbox.salesforce.support import Client, Place, sfid

ASSIGN = "~/actions/standard/assignTargetToSalesCadence"
REMOVE = "~/actions/standard/removeTargetFromSalesCadence"
STEPS = [{"email": "Still on your list?"}, {"task": "Call", "type": "CALL", "after": 86_400}]


@pytest.fixture
def org() -> Iterator[Place]:
    with Place() as place:
        rows = [{"name": "Wake up", "user": "701", "steps": STEPS}]
        sequence_terms.add_sequences(place.account, rows)
        yield place


def act(api: Client, path: str, **given: Any) -> dict[str, Any]:
    (told,) = api.ok("POST", path, {"inputs": [given]})
    return told


def assigned(api: Client, target: str, **more: Any) -> dict[str, Any]:
    return act(api, ASSIGN, salesCadenceNameOrId="Wake up", targetId=target, **more)


def test_a_person_goes_through_a_cadence(org: Place) -> None:
    api, person = org.client(), org.contact(email="c@example.com")
    target = sfid("Contact", person)
    told = assigned(api, target)
    assert (told["isSuccess"], told["errors"]) == (True, None)
    tracker = told["outputValues"]["actionCadenceTrackerId"]
    (row,) = api.query(
        "SELECT Id, State, TargetId, IsTrackerActive, ActionCadence.Name FROM ActionCadenceTracker"
    )
    assert (row["Id"], row["State"], row["TargetId"]) == (tracker, "Running", target)
    assert row["ActionCadence"]["Name"] == "Wake up"
    while (due := org.world.agenda.pop(org.clock.now() + 3 * 86_400_000)) is not None:
        org.clock.set(max(due.at, org.clock.now()))
        org.world.agenda.run(due)
    rows = api.query("SELECT State, StepType FROM ActionCadenceStepTracker ORDER BY Id")
    assert [one["StepType"] for one in rows] == ["AutoSendAnEmail", "CreateTask"]
    (task,) = api.query("SELECT ActionCadenceStepTrackerId, WhoId FROM Task WHERE Subject = 'Call'")
    assert task["WhoId"] == target
    assert task["ActionCadenceStepTrackerId"] is not None


def test_a_reply_ends_it(org: Place) -> None:
    api, person = org.client(), org.contact(email="r@example.com")
    assigned(api, sfid("Contact", person))
    Acts(org.account).do("reply", {"contact": person.id})
    (row,) = api.query("SELECT State, CompletionReason, IsTrackerActive FROM ActionCadenceTracker")
    assert row == {
        "State": "Complete", "CompletionReason": "AutomaticallyExited", "IsTrackerActive": False,
    }  # fmt: skip


def test_a_lead_is_taken_out_by_hand(org: Place) -> None:
    api, lead = org.client(), sfid("Lead", org.lead(email="l@example.com"))
    tracker = assigned(api, lead)["outputValues"]["actionCadenceTrackerId"]
    told = act(
        api, REMOVE, actionCadenceTrackerId=tracker, completionReasonCode="ManuallyRemoved",
        completionDisposition="Not Interested",
    )  # fmt: skip
    assert told["isSuccess"] is True
    rows = api.query("SELECT CompletionReason, CompletionDisposition FROM ActionCadenceTracker")
    assert rows == [
        {"CompletionReason": "ManuallyRemoved", "CompletionDisposition": "Not Interested"}
    ]


@pytest.mark.refusal("sf_action")
def test_without_the_licence_there_are_no_cadences(org: Place) -> None:
    api = org.client()
    assert api.get(ASSIGN)["inputs"][0]["name"] == "salesCadenceNameOrId"
    control.set_org(org.account, {"sales_engagement": False})
    assert api.error("GET", ASSIGN) == (404, "NOT_FOUND")
    assert api.error("POST", ASSIGN, {"inputs": []}) == (404, "NOT_FOUND")
    assert api.get("~/actions/standard") == {"actions": []}
    assert api.error("GET", "~/query", q="SELECT Id FROM ActionCadence")[1] == "INVALID_TYPE"
    names = [one["name"] for one in api.get("~/sobjects")["sobjects"]]
    assert "ActionCadenceTracker" not in names


@pytest.mark.refusal(
    "sf_action_inputs", "sf_action_input", "sf_cadence", "sf_cadence_target", "sf_cadence_related",
    "sf_cadence_running", "sf_cadence_none",
)  # fmt: skip
def test_what_an_action_refuses(org: Place) -> None:
    api, deal = org.client(), org.deal()
    person = sfid("Contact", org.contact(email="x@example.com"))
    assert api.error("POST", ASSIGN, {"inputs": {}})[1] == "INVALID_API_INPUT"
    opportunity = sfid("Opportunity", deal)
    removal = {"completionReasonCode": "ManuallyRemoved"}
    refused = [
        act(api, ASSIGN, targetId=person),
        act(api, ASSIGN, targetId=person, salesCadenceNameOrId="Nothing"),
        assigned(api, opportunity),
        assigned(api, person, relatedToId=opportunity),
        act(api, REMOVE, targetId=person, **removal),
        act(api, REMOVE, actionCadenceTrackerId="8HFFx0000000001", **removal),
        act(api, REMOVE, targetId=person, completionReasonCode="Tired"),
        act(api, REMOVE, targetId=person, **removal, completionDisposition="Tired"),
    ]
    assert [one["isSuccess"] for one in refused] == [False] * 8
    assert refused[0]["errors"][0]["fields"] == ["salesCadenceNameOrId"]
    org.settings.update({"salesforce_cadences_relate_deals": True})
    assert assigned(api, person, relatedToId=opportunity)["isSuccess"] is True
    assert api.query("SELECT RelatedToId FROM ActionCadenceTracker") == [
        {"RelatedToId": opportunity}
    ]
    assert assigned(api, person)["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
