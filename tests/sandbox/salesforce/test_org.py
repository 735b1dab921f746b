"""A generated and an imported org: its people, its screens, what a run may change of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.assembly import assemble
from sandbox.salesforce import ids
from sandbox.salesforce.grants import Grants
from sandbox.server import serve
from sandbox.simulation import Simulation
from sandbox.world.records import App
from tests.sandbox.imports.test_importer import MAPPING, files
from tests.sandbox.played import Sandbox
from tests.sandbox.salesforce.support import PACKAGE, SCOPES, TOUCH, Client

HOUR = 3_600_000


class Played(Sandbox):
    """A generated org of Salesforce's, and an app with its package in it."""

    def __init__(self, **wanted: Any) -> None:
        app = App(9, "c", "s", ["http://localhost/cb"], list(SCOPES), name="Acme", crm="salesforce",
                  package=PACKAGE)  # fmt: skip
        super().__init__(app, 40, **wanted)
        self.change(install_package=9)

    def client(self) -> Client:
        grants = Grants.of(self.simulation.world)
        owner = next(iter(self.account.owners))
        grant = grants.open(9, self.account.portal_id, owner, SCOPES)
        access, _ = grants.issue_access(grant, "00D" + "0" * 15, 7200)
        return Client(self.http.url, access)

    def change(self, **what: Any) -> Any:
        return self.control(f"/accounts/{self.account.portal_id}", {"salesforce": what})


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    made = Played(pipelines=2)
    yield made
    made.close()


def test_a_generated_org_is_one_of_salesforces(played: Played) -> None:
    api = played.client()
    assert api.get("/services/oauth2/userinfo")["name"] == "Otto Adler"
    (org,) = api.query("SELECT Name, TimeZoneSidKey, OrganizationType, IsSandbox FROM Organization")
    assert org == {
        "Name": "Northwind 1", "TimeZoneSidKey": "Europe/Berlin",
        "OrganizationType": "Enterprise Edition", "IsSandbox": False,
    }  # fmt: skip
    stages = api.query("SELECT ApiName, IsClosed FROM OpportunityStage ORDER BY SortOrder")
    assert [one["ApiName"] for one in stages][:7] == [
        "Prospecting", "Qualification", "Needs Analysis", "Proposal/Price Quote",
        "Negotiation/Review", "Closed Won", "Closed Lost",
    ]  # fmt: skip
    deals = api.query("SELECT OwnerId, StageName, CloseDate, RecordType.Name FROM Opportunity")
    users = {one["Id"] for one in api.query("SELECT Id FROM User")}
    assert all(one["OwnerId"] in users and one["CloseDate"] for one in deals)
    assert {one["RecordType"]["Name"] for one in deals} == {"Sales Process", "Renewals"}
    zones = {one["TimeZoneSidKey"] for one in api.query("SELECT TimeZoneSidKey FROM User")}
    assert zones == {"Europe/Berlin", "America/New_York", "Asia/Tokyo"}
    leads = api.query("SELECT Company, IsConverted FROM Lead")
    assert leads
    assert all(one["Company"] and not one["IsConverted"] for one in leads)
    roles = api.query("SELECT Role, IsPrimary FROM OpportunityContactRole")
    assert {one["Role"] for one in roles} > {None, "Decision Maker"}


def test_people_treat_a_task_of_an_app_as_a_task(played: Played) -> None:
    api = played.client()
    rows = api.query(
        "SELECT Id, OwnerId, (SELECT ContactId FROM OpportunityContactRoles LIMIT 1) FROM "
        "Opportunity WHERE IsClosed = false AND Id IN (SELECT OpportunityId FROM "
        "OpportunityContactRole) LIMIT 12"
    )
    records = [
        {
            "attributes": {"type": "Task"},
            "Subject": "Call about the proposal",
            "TaskSubtype": "Call",
            "WhatId": row["Id"],
            "WhoId": row["OpportunityContactRoles"]["records"][0]["ContactId"],
            "OwnerId": row["OwnerId"],
            "ActivityDate": "2026-10-12",
            "ReminderDateTime": "2026-10-12T12:00:00Z",
            "IsReminderSet": True,
            TOUCH: f"touch-{number}",
        }
        for number, row in enumerate(rows)
    ]
    results = api.ok("POST", "~/composite/sobjects", {"records": records})
    assert all(one["success"] for one in results)
    played.play(10 * 24 * HOUR)
    told = api.get("~/queryAll", q=f"SELECT IsClosed, IsDeleted FROM Task WHERE {TOUCH} != null")
    done = [one["IsClosed"] for one in told["records"]]
    assert any(done), "reps do what an app asks them to"
    assert not all(done), "but not all of it"
    counts = played.pages.get("/sandbox/stats").json or {}
    assert counts["people"][str(played.account.portal_id)]["complete_task"] > 0


def test_leads_convert_as_their_people_get_deals(played: Played) -> None:
    api = played.client()
    played.play(18 * 24 * HOUR)
    rows = api.query("SELECT ConvertedOpportunityId FROM Lead WHERE IsConverted = true")
    assert rows
    deals = {one["Id"] for one in api.query("SELECT Id FROM Opportunity")}
    assert {one["ConvertedOpportunityId"] for one in rows} <= deals


def test_the_screens_show_an_org(played: Played) -> None:
    portal = played.account.portal_id
    assert "Salesforce" in played.pages.get("/crm/").text
    settings = played.pages.get(f"/crm/{portal}/settings").text
    assert "Acme" in settings
    assert "Workflow" not in settings
    deal = next(iter(played.account.objects["deals"].values()))
    address = f"/salesforce/lightning/r/Opportunity/{ids.make('Opportunity', int(deal.id))}/view"
    page = played.pages.get(address, follow_redirects=True).text
    assert deal.get("dealname") in page
    assert "No owner" not in page
    people = played.pages.get(f"/crm/{portal}/contacts").text
    assert '<span class="tag">lead</span>' in people
    missing = "/salesforce/lightning/r/Opportunity/006Fx0000000001/view"
    assert played.pages.get(missing).status_code == 404


def test_whoever_conducts_may_use_the_apis_ids(played: Played) -> None:
    portal = played.account.portal_id
    (account,) = played.pages.get("/sandbox/accounts").json["accounts"]
    owner = account["owners"][2]
    assert owner["crm_id"] == ids.make("User", int(owner["id"]))
    deal = next(iter(played.account.objects["deals"].values()))
    outer = ids.make("Opportunity", int(deal.id))
    act = {"portal": portal, "verb": "change_owner", "deal": outer, "owner": owner["crm_id"]}
    told = played.pages.post("/sandbox/act", json=act).json
    assert (told["id"], told["crm_id"]) == (deal.id, outer)
    assert deal.get("hubspot_owner_id") == owner["id"]
    form = {"portal": portal, "verb": "submit_form", "email": "new@example.com"}
    told = played.pages.post("/sandbox/act", json=form).json
    assert told["crm_id"].startswith("00Q"), "who came by a form is a lead"
    lead = {"portal": portal, "verb": "create_lead", "contact": told["id"]}
    assert played.pages.post("/sandbox/act", json=lead).status_code == 400
    none = {"portal": portal, "verb": "change_owner", "deal": deal.id, "owner": "none"}
    assert played.pages.post("/sandbox/act", json=none).status_code == 400


def test_a_change_that_no_webhook_tells_lets_an_app_ask(played: Played) -> None:
    unheard = played.simulation.barrier.unheard
    unheard()
    deal = next(iter(played.account.objects["deals"].values()))
    act = {"portal": played.account.portal_id, "verb": "note", "deal": deal.id, "text": "x"}
    assert played.pages.post("/sandbox/act", json=act).status_code == 200
    assert [unheard(), unheard()] == [True, False]


def test_what_a_run_may_change(played: Played) -> None:
    api = played.client()
    field = {"on": "Opportunity", "name": "Region__c", "type": "Picklist", "values": ["N", "S"]}
    assert played.change(custom_fields=[field]).status_code == 200
    assert played.change(history_tracking=["StageName"]).status_code == 200
    act = {"portal": played.account.portal_id, "verb": "create_deal", "name": "Own"}
    deal = {"Id": played.pages.post("/sandbox/act", json=act).json["crm_id"]}
    played.play(HOUR)
    values = {"Region__c": "N", "StageName": "Qualification"}
    api.ok("PATCH", f"~/sobjects/Opportunity/{deal['Id']}", values)
    rows = api.query(
        "SELECT Field, OldValue, NewValue FROM OpportunityFieldHistory WHERE OpportunityId = "
        f"'{deal['Id']}' ORDER BY CreatedDate DESC LIMIT 1"
    )
    assert rows == [{"Field": "StageName", "OldValue": "Prospecting", "NewValue": "Qualification"}]
    assert api.query(f"SELECT Region__c FROM Opportunity WHERE Id = '{deal['Id']}'") == [
        {"Region__c": "N"}
    ]
    assert played.change(read_only_fields=["Opportunity.Region__c"]).status_code == 200
    assert api.error("PATCH", f"~/sobjects/Opportunity/{deal['Id']}", {"Region__c": "S"})[0] == 400


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"hidden_fields": "x"}, "hidden_fields"),
        ({"hidden_fields": ["Contact.Colour"]}, "Contact.Colour"),
        ({"hidden_objects": ["Gadget"]}, "Gadget"),
        ({"history_tracking": ["Colour"]}, "Colour"),
        ({"multicurrency": 1}, "multicurrency"),
        ({"sales_engagement": "yes"}, "sales_engagement"),
        ({"custom_fields": [{"on": "Deal", "name": "A__c", "type": "Text"}]}, "on"),
        ({"custom_fields": [{"on": "Lead", "name": "A", "type": "Text"}]}, "__c"),
        ({"custom_fields": [{"on": "Lead", "name": "A__c", "type": "Colour"}]}, "type"),
        ({"custom_fields": [{"on": "Lead", "name": "A__c", "type": "Picklist"}]}, "values"),
        ({"install_package": 77}, "install_package"),
        ({"colour": "red"}, "takes an object"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(
    played: Played, what: dict[str, Any], named: str
) -> None:
    answer = played.change(**what)
    assert answer.status_code == 400
    assert named in (answer.json or {})["error"]


def test_uninstalling_at_the_screens_ends_everything() -> None:
    played = Played()
    try:
        api = played.client()
        api.get("~/limits")
        path = f"/crm/{played.account.portal_id}/uninstall"
        assert played.pages.post(path, data={}).status_code == 302
        assert api.error("GET", "~/limits") == (401, "INVALID_SESSION_ID")
        assert "None." in played.pages.get(f"/crm/{played.account.portal_id}/settings").text
    finally:
        played.close()


def test_a_world_is_kept_between_runs(tmp_path: Path) -> None:
    played = Played()
    try:
        lead = played.client().query("SELECT Id FROM Lead LIMIT 1")[0]["Id"]
        played.simulation.save(tmp_path / "state")
    finally:
        played.close()
    again = Simulation()
    again.load(tmp_path / "state")
    flask = assemble(again)
    http = serve(flask, port=0)
    http.start()
    try:
        account = next(iter(again.world.accounts.values()))
        grants = Grants.of(again.world)
        grant = grants.open(9, account.portal_id, next(iter(account.owners)), SCOPES)
        access, _ = grants.issue_access(grant, "00D" + "0" * 15, 7200)
        api = Client(http.url, access)
        assert api.get(f"~/sobjects/Lead/{lead}")["Id"] == lead
        assert TOUCH in [one["name"] for one in api.get("~/sobjects/Task/describe")["fields"]]
    finally:
        flask.extensions["vendors"].stop()
        http.stop()


def test_an_imported_pipeline_is_shown_in_salesforces_terms(tmp_path: Path) -> None:
    simulation = Simulation()
    files(tmp_path)
    account = simulation.import_files(MAPPING, tmp_path, crm="salesforce")
    flask = assemble(simulation)
    while (due := simulation.agenda.pop(simulation.ends_at)) is not None:
        simulation.clock.move(max(due.at, simulation.clock.now()))
        simulation.agenda.run(due)
    http = serve(flask, port=0)
    http.start()
    try:
        simulation.world.register_app(App(9, "c", "s", [], list(SCOPES), crm="salesforce"))
        grants = Grants.of(simulation.world)
        grant = grants.open(9, account.portal_id, next(iter(account.owners)), SCOPES)
        access, _ = grants.issue_access(grant, "00D" + "0" * 15, 7200)
        api = Client(http.url, access)
        deals = api.query("SELECT Name, StageName, OwnerId FROM Opportunity")
        assert deals
        assert all(one["OwnerId"] for one in deals)
        assert api.query("SELECT OpportunityId FROM OpportunityContactRole")
        stages = {one["ApiName"] for one in api.query("SELECT ApiName FROM OpportunityStage")}
        assert {one["StageName"] for one in deals} <= stages
    finally:
        flask.extensions["vendors"].stop()
        http.stop()


def test_single_scopes_are_not_withdrawn(played: Played) -> None:
    path = f"/accounts/{played.account.portal_id}"
    answer = played.control(path, {"withdraw_scopes": ["api"]})
    assert answer.status_code == 400
    assert answer.json["field"] == "withdraw_scopes"
