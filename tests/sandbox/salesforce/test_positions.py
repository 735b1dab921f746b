"""Points on which Salesforce's documents are silent: each can be turned, and turning it shows.

Those of tokens, packages, limits, locks and pages are shown where these are tested.
"""

from __future__ import annotations

import pytest

from sandbox.settings import OTHER_POSITIONS
from sandbox.world.people_acts import Acts
from sandbox.world.people_admin import Admin
from tests.sandbox.salesforce.support import Place, sfid

SPAN = {"start": "2026-09-22T06:00:00Z", "end": "2026-10-12T07:00:00Z"}


def turn(place: Place, name: str) -> None:
    place.settings.update({name: OTHER_POSITIONS[name]})


def test_the_newest_version(alone: Place) -> None:
    assert alone.client().error("GET", "/services/data/v68.0/limits")[0] == 404
    turn(alone, "salesforce_newest_version")
    assert alone.client().get("/services/data/v68.0/limits")


def test_what_a_stage_is_called_on_records_once_it_was_renamed(alone: Place) -> None:
    api, deal = alone.client(), alone.deal()
    Admin(alone.account).do("rename_stage", {"stage": "Qualification", "label": "Qualified"})
    text = "SELECT StageName FROM Opportunity"
    assert api.query(text) == [{"StageName": "Qualification"}]
    turn(alone, "salesforce_stage_name_is")
    assert api.query(text) == [{"StageName": "Qualified"}]
    api.ok("PATCH", f"~/sobjects/Opportunity/{sfid('Opportunity', deal)}",
           {"StageName": "Qualified"})  # fmt: skip
    assert deal.get("dealstage") == "Qualification"


def test_an_activity_with_a_lead_may_be_about_something(alone: Place) -> None:
    api = alone.client()
    values = {
        "Subject": "x",
        "WhoId": sfid("Lead", alone.lead(email="l@example.com")),
        "WhatId": sfid("Opportunity", alone.deal()),
    }
    assert api.error("POST", "~/sobjects/Task", values)[1] == "FIELD_INTEGRITY_EXCEPTION"
    turn(alone, "salesforce_lead_with_what")
    assert api.create("Task", **values)


@pytest.mark.refusal("sf_span")
def test_how_far_back_changes_are_told(alone: Place) -> None:
    api = alone.client()
    assert api.get("~/sobjects/Task/updated", **SPAN)["ids"] == []
    turn(alone, "salesforce_deleted_days")
    assert api.error("GET", "~/sobjects/Task/updated", **SPAN)[0] == 400


def test_whether_a_record_that_was_merged_away_is_told(alone: Place) -> None:
    api = alone.client()
    one, two = alone.contact(email="a@example.com"), alone.contact(email="b@example.com")
    merge = {"kind": "contacts", "primary": one.id, "other": two.id}
    Acts(alone.account).do("merge", merge)
    alone.clock.advance(120_000)
    told = api.get("~/sobjects/Contact/deleted", **SPAN)["deletedRecords"]
    assert [entry["id"] for entry in told] == [sfid("Contact", two)]
    text = "SELECT Id, Email, MasterRecordId FROM Contact WHERE IsDeleted = true"
    (gone,) = api.get("~/queryAll", q=text)["records"]
    assert (gone["Id"], gone["Email"]) == (sfid("Contact", two), "b@example.com")
    assert gone["MasterRecordId"] == sfid("Contact", one)
    turn(alone, "salesforce_merged_in_bin")
    assert api.get("~/sobjects/Contact/deleted", **SPAN)["deletedRecords"] == []
    assert api.get("~/queryAll", q=text)["records"] == []


def test_whether_old_activities_are_archived(alone: Place) -> None:
    api = alone.client()
    old = {"Subject": "old", "ActivityDate": "2025-09-01", "Status": "Completed"}
    kept = {"Subject": "still open", "ActivityDate": "2025-09-01"}
    for values in (old, kept):
        api.create("Task", **values)
    text = "SELECT Subject FROM Task ORDER BY Subject"
    assert len(api.query(text)) == 2
    turn(alone, "salesforce_archives_activities")
    assert api.query(text) == [{"Subject": "still open"}]
    told = api.get("~/queryAll", q="SELECT Subject, IsArchived FROM Task ORDER BY Subject")
    assert [one["IsArchived"] for one in told["records"]] == [True, False]
