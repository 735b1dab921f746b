"""What an admin changes at the settings screens, as an app meets it over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.assembly import assemble
from sandbox.hubspot.grants import Grants
from sandbox.server import serve
from sandbox.settings import Settings
from sandbox.simulation import Simulation
from sandbox.world.account import Account
from sandbox.world.records import App
from tests.sandbox.support import SCOPES, Client

OBJECTS = "/crm/objects/2026-03"
PROPERTIES = "/crm/properties/2026-03"
PIPELINES = "/crm/pipelines/2026-03/deals"
OWNERS = "/crm/owners/2026-03"


class Portal(Client):
    """A generated account over HTTP: the app's calls, and the deeds of its people."""

    def __init__(self, url: str, token: str, account: Account, settings: Settings) -> None:
        super().__init__(url, token)
        self.account = account
        self.settings = settings
        self.desk = requests.Session()

    def sent(self, verb: str, **params: Any) -> requests.Response:
        body = {"portal": self.account.portal_id, "verb": verb, **params}
        return self.desk.post(f"{self.url}/sandbox/act", json=body, timeout=10)

    def act(self, verb: str, **params: Any) -> dict[str, Any]:
        answer = self.sent(verb, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, verb: str, **params: Any) -> str:
        answer = self.sent(verb, **params)
        assert answer.status_code == 400, answer.text
        return answer.json()["field"]

    def read(self, path: str, **params: Any) -> dict[str, Any]:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def patch(self, kind: str, record: str, **properties: Any) -> requests.Response:
        return self.call("PATCH", f"{OBJECTS}/{kind}/{record}", {"properties": properties})


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    simulation = Simulation()
    settings = Settings(rate_limit_multiplier=1000.0)
    flask = assemble(simulation, settings)
    account = simulation.generate(deals=12)
    app = App(777, "client", "secret", ["http://localhost/x"], list(SCOPES))
    simulation.world.register_app(app)
    grants = Grants.of(simulation.world)
    token = grants.issue_access(grants.issue_refresh(777, account.portal_id, 9001, SCOPES), 1800)
    server = serve(flask, port=0)
    server.start()
    yield Portal(server.url, token, account, settings)
    server.stop()


def owner_ids(portal: Portal, **params: Any) -> list[str]:
    return [one["id"] for one in portal.read(OWNERS, **params)["results"]]


# --- users ---------------------------------------------------------------------------------------


def test_a_user_who_leaves_is_archived_and_their_records_keep_them(portal: Portal) -> None:
    email = "anna.berg@northwind.example"
    owner = next(o for o in portal.account.owners.values() if o.email == email)
    deal = portal.act("create_deal", name="Annas", owner=email)["id"]
    portal.act("archive_owner", owner=email)
    assert owner.id not in owner_ids(portal)
    assert owner.id in owner_ids(portal, archived="true")
    gone = portal.read(f"{OWNERS}/{owner.id}", archived="true")
    assert "userId" not in gone
    assert gone["userIdIncludingInactive"] == owner.user_id
    user = f"{OBJECTS}/users/{owner.user_record_id}"
    assert portal.read(user, properties="hs_deactivated")["properties"]["hs_deactivated"] == "true"
    shown = portal.read(f"{OBJECTS}/deals/{deal}", properties="hubspot_owner_id")
    assert shown["properties"]["hubspot_owner_id"] == owner.id
    assert portal.patch("deals", deal, hubspot_owner_id="").status_code == 200
    assert portal.patch("deals", deal, hubspot_owner_id=owner.id).status_code == 200
    portal.settings.update({"archived_owners_assignable": False})
    refused = portal.patch("deals", deal, hubspot_owner_id=owner.id)
    portal.settings.update({"archived_owners_assignable": True})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_OWNER")
    portal.act("restore_owner", owner=owner.id)
    assert owner.id in owner_ids(portal)
    assert portal.refused("archive_owner", owner="nobody") == "owner"


def test_hours_zone_and_leave_of_a_user(portal: Portal) -> None:
    owner = next(o for o in portal.account.owners.values() if o.first_name == "Dev")

    def user() -> dict[str, Any]:
        names = "hs_working_hours,hs_standard_time_zone,hs_out_of_office_hours"
        path = f"{OBJECTS}/users/{owner.user_record_id}"
        return portal.read(path, properties=names)["properties"]

    portal.act("set_hours", owner=owner.email, start=600, end=900, zone="Asia/Kolkata")
    block = {"days": "MONDAY_TO_FRIDAY", "startMinute": 600, "endMinute": 900}
    assert json.loads(user()["hs_working_hours"]) == [block]
    portal.act("set_hours", owner=owner.email, zone="Asia/Tokyo")
    assert json.loads(user()["hs_working_hours"]) == [block]
    assert user()["hs_standard_time_zone"] == "Asia/Tokyo"
    portal.act("set_out_of_office", owner=owner.email, start=1000, end=2000)
    assert json.loads(user()["hs_out_of_office_hours"]) == [
        {"startTimestamp": 1000, "endTimestamp": 2000}
    ]
    portal.act("set_out_of_office", owner=owner.email)
    portal.act("set_hours", owner=owner.email)
    assert not user()["hs_working_hours"]
    assert not user()["hs_out_of_office_hours"]
    assert portal.refused("set_hours", owner=owner.email, start=600, end=500) == "end"
    assert portal.refused("set_hours", owner=owner.email, start="nine", end=500) == "start"
    assert portal.refused("set_out_of_office", owner=owner.email, start=5, end=5) == "end"


# --- stages and pipelines ------------------------------------------------------------------------


def stages(portal: Portal, pipeline: str = "default") -> dict[str, str]:
    told = portal.read(f"{PIPELINES}/{pipeline}")["stages"]
    assert [one["displayOrder"] for one in told] == list(range(len(told)))
    return {one["label"]: one["id"] for one in told}


def test_stages_are_added_renamed_and_deleted(portal: Portal) -> None:
    new = portal.act("add_stage", label="Legal review", after="Proposal sent")["id"]
    assert (
        list(stages(portal)).index("Legal review")
        == list(stages(portal)).index("Proposal sent") + 1
    )
    portal.act("rename_stage", stage="Legal review", label="Legal")
    assert stages(portal)["Legal"] == new
    deal = portal.act("create_deal", name="In legal", stage="Legal")["id"]
    assert portal.refused("delete_stage", stage="Legal") == "move_to"
    assert portal.refused("delete_stage", stage="Legal", move_to="Legal") == "move_to"
    portal.act("delete_stage", stage="Legal", move_to="Negotiation")
    assert "Legal" not in stages(portal)
    told = portal.read(f"{OBJECTS}/deals/{deal}", propertiesWithHistory="dealstage")
    latest = told["propertiesWithHistory"]["dealstage"][0]
    assert (latest["value"], latest["sourceType"]) == ("contractsent", "CRM_UI_BULK_ACTION")
    refused = portal.patch("deals", deal, dealstage=new)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_OPTION")
    assert portal.refused("move_deal", deal=deal, stage="Legal") == "stage"


def test_a_deal_can_be_left_in_a_stage_that_is_no_more(portal: Portal) -> None:
    new = portal.act("add_stage", label="Limbo")["id"]
    deal = portal.act("create_deal", name="Left", stage="Limbo")["id"]
    portal.act("delete_stage", stage="Limbo", leave=True)
    assert new not in stages(portal).values()
    shown = portal.read(f"{OBJECTS}/deals/{deal}", properties="dealstage")
    assert shown["properties"]["dealstage"] == new
    assert portal.patch("deals", deal, amount="5").status_code == 200
    assert portal.patch("deals", deal, dealstage="qualifiedtobuy").status_code == 200


def test_a_second_pipeline_comes_and_goes(portal: Portal) -> None:
    labels = ["Fresh", "Offer", "Won", "Lost"]
    made = portal.act("add_pipeline", label="Renewals", stages=labels)
    assert list(stages(portal, made["id"])) == labels
    ids = stages(portal, made["id"])
    deal = portal.act("create_deal", name="Renewal", pipeline="Renewals", stage="Offer")["id"]
    shown = portal.read(f"{OBJECTS}/deals/{deal}", properties="pipeline,dealstage,hs_is_closed")
    assert shown["properties"]["pipeline"] == made["id"]
    assert shown["properties"]["dealstage"] == ids["Offer"]
    portal.act("move_deal", deal=deal, stage="Won")
    shown = portal.read(f"{OBJECTS}/deals/{deal}", properties="hs_is_closed_won")
    assert shown["properties"]["hs_is_closed_won"] == "true"
    portal.act("rename_pipeline", pipeline="Renewals", label="Partners")
    assert portal.read(f"{PIPELINES}/{made['id']}")["label"] == "Partners"
    portal.act("move_deal", deal=deal, stage="Qualified", pipeline="default")
    assert portal.patch("deals", deal, pipeline=made["id"], dealstage=ids["Fresh"]).ok
    assert portal.refused("delete_pipeline", pipeline="Partners") == "move_to"
    portal.act("delete_pipeline", pipeline="Partners", move_to="Qualified")
    assert portal.get(f"{PIPELINES}/{made['id']}").status_code == 404
    assert [one["id"] for one in portal.read(PIPELINES)["results"]] == ["default"]
    shown = portal.read(f"{OBJECTS}/deals/{deal}", properties="pipeline,dealstage")["properties"]
    assert (shown["pipeline"], shown["dealstage"]) == ("default", "qualifiedtobuy")
    assert portal.refused("delete_pipeline", pipeline="default", leave=True) == "pipeline"
    assert portal.refused("add_pipeline", label="x", stages="abc") == "stages"


# --- properties ----------------------------------------------------------------------------------

TOUCH = {
    "name": "ours_touch_id",
    "label": "Touch",
    "type": "string",
    "fieldType": "text",
    "groupName": "tasksinformation",
    "hasUniqueValue": True,
}


def test_a_property_deleted_by_an_admin_is_gone_until_it_is_back(portal: Portal) -> None:
    assert portal.post(f"{PROPERTIES}/tasks", TOUCH).status_code == 201
    due = {"hs_timestamp": "2026-10-20T09:00:00Z"}
    body = {"properties": {**due, "ours_touch_id": "t1"}}
    task = portal.post(f"{OBJECTS}/tasks", body).json()["id"]
    by_touch = {"inputs": [{"id": "t1"}], "idProperty": "ours_touch_id", "properties": []}
    assert portal.post(f"{OBJECTS}/tasks/batch/read", by_touch).status_code == 200

    portal.act("delete_property", kind="tasks", property="ours_touch_id")
    assert portal.get(f"{PROPERTIES}/tasks/ours_touch_id").status_code == 404
    archived = portal.read(f"{PROPERTIES}/tasks", archived="true")["results"]
    assert [one["name"] for one in archived] == ["ours_touch_id"]
    shown = portal.read(f"{OBJECTS}/tasks/{task}", properties="ours_touch_id,hs_timestamp")
    assert "ours_touch_id" not in shown["properties"]
    refused = portal.post(f"{OBJECTS}/tasks", body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0] == {
        "message": 'Property "ours_touch_id" does not exist',
        "code": "PROPERTY_DOESNT_EXIST",
        "context": {"propertyName": ["ours_touch_id"]},
    }
    assert portal.post(f"{OBJECTS}/tasks/batch/read", by_touch).status_code == 400
    find = {
        "filterGroups": [
            {"filters": [{"propertyName": "ours_touch_id", "operator": "EQ", "value": "t1"}]}
        ]
    }
    assert portal.post(f"{OBJECTS}/tasks/search", find).status_code == 400
    assert portal.refused("delete_property", kind="tasks", property="ours_touch_id") == "property"

    portal.act("restore_property", kind="tasks", property="ours_touch_id")
    found = portal.post(f"{OBJECTS}/tasks/batch/read", by_touch).json()["results"]
    assert [one["id"] for one in found] == [task]
    assert portal.post(f"{OBJECTS}/tasks", body).status_code == 400, "unique again"


@pytest.mark.parametrize("keeps", [False, True])
def test_a_property_created_anew_under_the_old_name(portal: Portal, keeps: bool) -> None:
    definition = {**TOUCH, "name": f"ours_again_{str(keeps).lower()}"}
    name = definition["name"]
    assert portal.post(f"{PROPERTIES}/tasks", definition).status_code == 201
    body = {"properties": {"hs_timestamp": "2026-10-20T09:00:00Z", name: "old"}}
    task = portal.post(f"{OBJECTS}/tasks", body).json()["id"]
    assert portal.post(f"{PROPERTIES}/tasks", definition).status_code == 409
    portal.act("delete_property", kind="tasks", property=name)
    portal.settings.update({"recreated_property_keeps_values": keeps})
    assert portal.post(f"{PROPERTIES}/tasks", definition).status_code == 201
    portal.settings.update({"recreated_property_keeps_values": False})
    shown = portal.read(f"{OBJECTS}/tasks/{task}", properties=name)["properties"]
    assert shown[name] == ("old" if keeps else None)


def test_properties_of_the_admins_own(portal: Portal) -> None:
    portal.act("add_property", kind="deals", property="tier", options=["gold", "tin"])
    deal = portal.act("create_deal", name="Tiered")["id"]
    assert portal.patch("deals", deal, tier="gold").status_code == 200
    assert portal.patch("deals", deal, tier="mud").status_code == 400
    assert portal.refused("add_property", kind="deals", property="tier") == "property"
    assert portal.refused("delete_property", kind="deals", property="dealname") == "property"
    assert portal.refused("delete_property", kind="cars", property="x") == "kind"
    assert portal.refused("restore_property", kind="deals", property="tier") == "property"


# --- currencies ----------------------------------------------------------------------------------


def money(portal: Portal, deal: str) -> tuple[str | None, str | None]:
    names = "amount_in_home_currency,hs_exchange_rate"
    found = portal.read(f"{OBJECTS}/deals/{deal}", properties=names)["properties"]
    return found["amount_in_home_currency"], found["hs_exchange_rate"]


def test_amounts_are_converted_at_the_accounts_rates(portal: Portal) -> None:
    portal.act("set_rate", currency="SEK", rate=0.09)
    facts = portal.read("/account-info/2026-03/details")
    assert facts["companyCurrency"] == "EUR"
    assert "SEK" in facts["additionalCurrencies"]
    home = portal.act("create_deal", name="Home", amount="1200")["id"]
    assert money(portal, home) == ("1200", "1")
    far = portal.act("create_deal", name="Far", amount="1000", currency="SEK")["id"]
    assert money(portal, far) == ("90", "0.09")
    assert portal.patch("deals", far, amount="1250").status_code == 200
    assert money(portal, far) == ("112.5", "0.09")
    portal.act("set_rate", currency="SEK", rate=0.1)
    assert money(portal, far) == ("125", "0.1")
    assert portal.patch("deals", far, amount="").status_code == 200
    assert money(portal, far) == (None, None)


def test_without_a_rate_there_is_no_converted_amount(portal: Portal) -> None:
    portal.act("set_rate", currency="NOK")
    deal = portal.act("create_deal", name="Fjord", amount="500", currency="NOK")["id"]
    assert money(portal, deal) == (None, None)
    portal.act("set_rate", currency="NOK", rate=0.08)
    assert money(portal, deal) == ("40", "0.08")
    portal.act("move_deal", deal=deal, stage="won")
    portal.act("set_rate", currency="NOK")
    assert money(portal, deal) == ("40", "0.08"), "a closed deal keeps what it was closed at"


def test_a_currency_that_the_account_does_not_have_is_refused(portal: Portal) -> None:
    deal = portal.act("create_deal", name="Brazil", amount="5")["id"]
    refused = portal.patch("deals", deal, deal_currency_code="BRL")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_OPTION")
    assert portal.refused("set_rate", currency="EUR", rate=2) == "currency"
    assert portal.refused("set_rate", currency="SEK", rate=-1) == "rate"
    read_only = portal.patch("deals", deal, amount_in_home_currency="1")
    assert read_only.json()["errors"][0]["code"] == "READ_ONLY_VALUE"
