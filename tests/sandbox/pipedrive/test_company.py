"""A generated and an imported company: its people, its screens, its admins, who uninstalls."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox.pipedrive.grants import Grants
from sandbox.simulation import Simulation
from sandbox.world.records import App
from tests.sandbox.imports.test_importer import MAPPING, files
from tests.sandbox.pipedrive.support import SCOPES, Client
from tests.sandbox.played import Sandbox
from tests.sandbox.support import Receiver

V2 = "/api/v2"
HOUR = 3_600_000


class Played(Sandbox):
    """A generated company of Pipedrive's, and an app that a user may have installed."""

    def __init__(self, **wanted: Any) -> None:
        app = App(9, "c", "s", ["http://localhost/cb"], list(SCOPES), name="Ours", crm="pipedrive")
        super().__init__(app, 24, **wanted)

    def client(self, user: str = "") -> Client:
        grants = Grants.of(self.simulation.world)
        owner = user or next(iter(self.account.owners))
        refresh = grants.issue_refresh(self.app.app_id, self.account.portal_id, owner, SCOPES)
        return Client(self.http.url, grants.issue_access(refresh, 3599))


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    made = Played(pipelines=2)
    yield made
    made.close()


def test_a_generated_company_is_one_of_pipedrives(played: Played) -> None:
    api = played.client()
    me = api.get("/v1/users/me")
    assert me["name"] == "Otto Adler", "the administrator comes first"
    assert me["company_id"] == played.account.portal_id
    assert played.account.tier == "premium"
    pipelines = api.get(f"{V2}/pipelines")
    assert len(pipelines) == 2
    names = [one["name"] for one in api.get(f"{V2}/stages", pipeline_id=pipelines[0]["id"])]
    assert names == ["New inquiry", "Qualified", "Meeting done", "Proposal sent", "Negotiation"]
    deals = api.get(f"{V2}/deals", limit=500)
    assert deals
    stages = {one["id"] for one in api.get(f"{V2}/stages", limit=500)}
    users = {one["id"] for one in api.get("/v1/users")}
    assert all(deal["owner_id"] in users and deal["stage_id"] in stages for deal in deals)
    assert {deal["status"] for deal in deals} >= {"open", "won"}
    zones = {one["timezone_name"] for one in api.get("/v1/users")}
    assert zones >= {"Europe/Berlin", "America/New_York", "Asia/Tokyo"}
    leads = api.get("/v1/leads", limit=500)
    assert all(one["person_id"] for one in leads)


def test_people_treat_an_activity_of_an_app_as_a_task(played: Played) -> None:
    api = played.client()
    deals = [one for one in api.get(f"{V2}/deals", status="open") if one["person_id"]][:12]
    made = [
        api.post(
            f"{V2}/activities",
            {
                "subject": "Call about the proposal",
                "type": "call",
                "deal_id": deal["id"],
                "owner_id": deal["owner_id"],
                "participants": [{"person_id": deal["person_id"], "primary": True}],
                "due_date": "2026-10-12",
                "due_time": "12:00",
            },
        )["id"]
        for deal in deals
    ]
    played.play(10 * 24 * HOUR)
    shown = [api.get(f"{V2}/activities/{one}") for one in made]
    assert any(one["done"] for one in shown), "reps do what an app asks them to"
    assert not all(one["done"] for one in shown), "but not all of it"
    counts = played.pages.get("/sandbox/stats").json or {}
    deeds = counts["people"][str(played.account.portal_id)]
    assert deeds["complete_task"] > 0
    assert str(played.account.portal_id) in counts["tokens"]


def test_the_screens_show_a_company(played: Played) -> None:
    portal = played.account.portal_id
    listed = played.pages.get("/crm/").text
    assert "Pipedrive" in listed
    with Receiver() as receiver:
        hook = {
            "subscription_url": receiver.url,
            "event_action": "*",
            "event_object": "deal",
            "name": "x",
        }
        played.client().post("/v1/webhooks", hook)
        settings = played.pages.get(f"/crm/{portal}/settings").text
        assert receiver.url in settings
    assert "unenrol" not in settings.lower(), "no sequences at Pipedrive"
    deal = next(iter(played.account.objects["deals"].values()))
    page = played.pages.get(f"/pipedrive/deal/{deal.id}", follow_redirects=True)
    assert deal.get("dealname") in page.text
    assert "No owner" not in page.text
    assert played.pages.get("/pipedrive/deal/1").status_code == 404
    act = {"portal": portal, "verb": "change_owner", "deal": deal.id, "owner": "none"}
    refused = played.control("/act", act)
    assert refused.status_code == 400
    assert "every deal has an owner" in refused.json["error"]


def test_what_a_run_may_change(played: Played) -> None:
    path = f"/accounts/{played.account.portal_id}"
    users = list(played.account.owners.values())
    for body, field in (
        ({"pipedrive": {"seats": "2"}}, "pipedrive.seats"),
        ({"pipedrive": {"plan": "x"}}, "pipedrive.plan"),
        ({"pipedrive": []}, "pipedrive"),
        ({"tier": "enterprise"}, "tier"),
        ({"uninstall": 1}, "uninstall"),
    ):
        answer = played.control(path, body)
        assert (answer.status_code, answer.json["field"]) == (400, field)
    change = {"seats": 2, "campaigns": False, "admins": [users[1].email]}
    assert played.control(path, {"pipedrive": change, "tier": "lite"}).json["tier"] == "lite"
    api = played.client()
    assert not any(one["admin"] for one in api.get("/v1/users/me")["access"])
    shown = api.get(f"{V2}/persons", include_fields="marketing_status", limit=1)
    assert "marketing_status" not in shown[0]
    assert played.control(path, {"pipedrive": {"closed": True}}).status_code == 200
    assert api.call("GET", "/v1/users/me").status_code == 402
    again = {"closed": False, "campaigns": True, "admins": [users[0].id]}
    played.control(path, {"pipedrive": again, "tier": "premium"})
    assert api.get("/v1/users/me")
    played.control(path, {"withdraw_scopes": ["users:read"]})
    assert api.call("GET", "/v1/users").status_code == 403


# --- uninstalling --------------------------------------------------------------------------------


class Callback:
    """An app's callback address: keeps the DELETE calls that it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], Any]] = []
        callback = self

        class Handler(BaseHTTPRequestHandler):
            def do_DELETE(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                callback.got.append((dict(self.headers.items()), orjson.loads(body)))
                self.send_response(500)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Keeps the tests quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/oauth/callback"

    def __enter__(self) -> Callback:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_who_uninstalls_calls_the_app(played: Played) -> None:
    played.flask.extensions["pipedrive"].settings.har = True
    portal = played.account.portal_id
    first, second = list(played.account.owners)[:2]
    with Callback() as callback:
        played.app.redirect_uris[:] = [callback.url]
        one, two = played.client(first), played.client(second)
        assert len(one.get("/v1/webhooks")) == 1
        played.control(f"/accounts/{portal}", {"uninstall": first})
        ((headers, body),) = callback.got
        pair = base64.b64encode(b"c:s").decode()
        assert headers["Authorization"] == f"Basic {pair}"
        assert body.pop("timestamp").endswith("Z")
        assert body == {"client_id": "c", "company_id": portal, "user_id": int(first)}
        assert one.call("GET", "/v1/users/me").status_code == 401
        assert two.get("/v1/users/me")
        assert not list(played.flask.extensions["pipedrive"].hooks.of(portal))
        answer = played.pages.post(f"/crm/{portal}/uninstall", data={"user": second})
        assert answer.status_code == 302
        assert len(callback.got) == 2
        assert two.call("GET", "/v1/users/me").status_code == 401
    last = played.flask.extensions["pipedrive"].har.export()["log"]["entries"][-1]
    played.flask.extensions["pipedrive"].settings.har = False
    assert pair not in str(last)
    assert played.control(f"/accounts/{portal}", {"uninstall": True}).status_code == 200


# --- imports -------------------------------------------------------------------------------------


def test_an_imported_company(tmp_path: Path) -> None:
    simulation = Simulation()
    account = simulation.import_files(MAPPING, files(tmp_path), crm="pipedrive")
    while (due := simulation.agenda.pop(simulation.ends_at)) is not None:
        simulation.clock.move(max(due.at, simulation.clock.now()))
        simulation.agenda.run(due)
    (pipeline,) = account.pipelines["deals"].values()
    assert [stage.id for stage in pipeline.stages] == [str(n) for n in range(1, 8)]
    assert account.extra["import"]["kinds"]["proposal"] == "4"
    for deal in account.objects["deals"].values():
        assert deal.get("dealstage").isdigit()
        assert deal.get("hubspot_owner_id") in account.owners
