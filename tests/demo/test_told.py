"""What a checker takes from an export: what the account's CRM tells, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from demo.crm import read
from demo.registration import pipedrive
from demo.told import as_told, cut

AT = 1_792_000_000_987
MARK = "followthrough:1554063a-e80f-5775-af64-49bd29ab4ca0"


def record(**values: str) -> dict[str, Any]:
    return {
        "id": "1",
        "created_at": AT,
        "updated_at": AT,
        "created_by": ["INTEGRATION", "1"],
        "archived": False,
        "archived_at": None,
        "properties": values,
        "history": {name: [[AT, value, "INTEGRATION", "1"]] for name, value in values.items()},
        "associations": {},
    }


def export(crm: str, **kinds: list[dict[str, Any]]) -> dict[str, Any]:
    every = ("deals", "contacts", "tasks", "calls", "emails", "meetings")
    frame = {"now": AT, "timezone": "UTC", "owners": [], "pipelines": []}
    return {"crm": crm, **frame, **{key: [] for key in every}, **kinds}


def test_pipedrive_tells_whole_seconds_and_calls_our_fields_otherwise() -> None:
    deal = record(follow_up_control="stop", follow_up_paused_until="5", dealname="D")
    meeting = record(hs_meeting_start_time=str(AT))
    told = as_told(export("pipedrive", deals=[deal], meetings=[meeting]))
    (deal,), (meeting,) = told["deals"], told["meetings"]
    assert deal["created_at"] == AT - 987
    assert deal["archived_at"] is None
    assert deal["history"]["followthrough_control"] == [[AT - 987, "stop", "INTEGRATION", "1"]]
    assert deal["properties"]["followthrough_pause_until"] == "5"
    assert meeting["properties"]["hs_meeting_start_time"] == str(AT - 987)


def test_pipedrive_tells_nothing_of_mail_that_came_back() -> None:
    bounced = record(email="a@example.com", hs_email_bounce="1")
    contacts = {
        crm: read(as_told(export(crm, contacts=[bounced])), {}).contacts["1"]
        for crm in ("hubspot", "pipedrive")
    }
    assert contacts["hubspot"].bounced_at == AT
    assert contacts["pipedrive"].bounced_at > AT


def test_an_export_of_hubspot_is_left_as_it_is() -> None:
    given = export("hubspot", deals=[record(dealname="D")])
    assert as_told(given) is given


@pytest.mark.parametrize(
    ("crm", "kept"), [("hubspot", 987), ("salesforce", 0), ("pipedrive", -40_000)]
)
def test_due_times_are_cut_as_the_crm_keeps_them(crm: str, kept: int) -> None:
    steps: list[Any] = [SimpleNamespace(due=AT), SimpleNamespace(due=None)]
    cut({"crm": crm}, steps)
    assert [one.due for one in steps] == [AT - 987 + kept, None]


def test_a_task_is_ours_by_its_field_or_by_the_mark_that_it_was_made_with() -> None:
    ours = record(followthrough_touch_id="x", hs_task_subject="a")
    marked = record(hs_task_body=f"<p>Ref: {MARK}</p>", hs_task_subject="b")
    marked["history"]["hs_task_body"].append([AT + 1, "A rep's words", "CRM_UI", "1"])
    theirs = record(hs_task_body="followthrough: see the paper", hs_task_subject="c")
    found = read(export("pipedrive", tasks=[ours, marked, theirs]), {})
    assert [task.text for task in found.tasks] == ["a", "b"]


def test_the_app_as_pipedrive_knows_it() -> None:
    app = pipedrive("https://app.example.com")
    assert app["redirect_uris"] == ["https://app.example.com/oauth/pipedrive/callback"]
    assert {"base", "deals:full", "activities:full", "admin"} <= set(app["required_scopes"])


@pytest.mark.parametrize("crm", ["salesforce", "pipedrive"])
def test_of_a_call_two_crms_tell_when_it_was_logged(crm: str) -> None:
    call = record(hs_timestamp=str(AT - 600_000))
    meeting = record(hs_timestamp=str(AT - 600_000))
    told = as_told(export(crm, calls=[call], meetings=[meeting]))
    (call,), (meeting,) = told["calls"], told["meetings"]
    assert call["properties"]["hs_timestamp"] == str(AT - 987)
    assert meeting["properties"]["hs_timestamp"] == str(AT - 987 - 600_000)
    assert meeting["history"]["hs_timestamp"][0][0] == AT - 987


def test_salesforce_tells_of_mail_that_came_back() -> None:
    bounced = record(email="a@example.com", hs_email_bounce="1")
    contacts = read(as_told(export("salesforce", contacts=[bounced])), {}).contacts
    assert contacts["1"].bounced_at == AT - 987


def test_who_came_twice_by_one_address_is_one_inquiry() -> None:
    first, again = record(email="a@example.com"), record(email="a@example.com")
    again |= {"id": "2", "created_at": AT + 1}
    subjects = read(export("hubspot", contacts=[again, first]), {}).subjects
    assert list(subjects) == [("contacts", "1")]
