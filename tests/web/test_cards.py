"""Cards inside HubSpot: only what HubSpot signed, as the user whom it names, and for them alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from werkzeug.test import TestResponse

from app.model.time import MINUTE
from app.web import sessions
from connectors.hubspot.webhooks import signature_v3
from tests.web.support import NOW, SECRET, URL, Served, fill, set_role

ADA = {"portalId": "1000", "userId": "11", "userEmail": "ada@example.com", "appId": "7"}


@pytest.fixture
def filled(served: Served) -> Served:
    served.connected()
    fill(served, served.installation())
    set_role(served, served.installation(), "1", "rep")
    return served


def asked(
    served: Served, query: dict[str, str] | str = ADA, *, path: str = "/card/hubspot/deal/901",
    data: dict[str, Any] | None = None, age: int = 0, secret: str = SECRET, signed: str = "",
) -> TestResponse:  # fmt: skip
    """As HubSpot's proxy asks: its words in the query, and the whole address signed."""
    words = query if isinstance(query, str) else "&".join(f"{k}={v}" for k, v in query.items())
    address = f"{path}?{words}"
    method, body = ("GET", b"") if data is None else ("POST", orjson.dumps(data))
    stamp = str(NOW - age)
    signature = signature_v3(secret, method, URL + (signed or address), body, stamp)
    return served.app.test_client().open(
        address, method=method, data=body, base_url="http://behind.a.proxy",
        headers={"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp},
    )  # fmt: skip


def test_the_panel_is_shown_to_the_user_whom_hubspot_names(filled: Served) -> None:
    found = asked(filled).get_json()
    assert (found["name"], found["next"]["step"]) == ("Acme renewal", "timeline")
    assert found["open"].startswith(f"{URL}/frame/")
    assert "Set-Cookie" not in asked(filled).headers
    by_mail = asked(filled, {"portalId": "1000", "userEmail": "Ada@Example.com"})
    assert by_mail.get_json()["name"] == "Acme renewal"


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "another secret"},
        {"age": 6 * MINUTE},
        {"age": -6 * MINUTE},
        {"signed": "/card/hubspot/deal/902?portalId=1000&userId=11"},
        {"query": {"userId": "11"}},
        {"query": {"portalId": "1000"}},
        # What a user puts into the address of the request stands before what HubSpot appends.
        {"query": "portalId=2000&portalId=1000&userId=11"},
        {"query": "userId=12&portalId=1000&userId=11"},
    ],
)
def test_what_hubspot_did_not_sign_so_is_refused_and_counted(
    filled: Served, forged: dict[str, Any]
) -> None:
    answer = asked(filled, **forged)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "card_signature")
    health = filled.connected().get("/api/health").get_json()
    assert {row["reason"]: row["count"] for row in health["refusals"]} == {"card_signature": 1}


@pytest.mark.parametrize(
    ("query", "path", "error"),
    [
        ({**ADA, "portalId": "2000"}, "/card/hubspot/deal/901", "not_known"),
        ({**ADA, "userId": "99"}, "/card/hubspot/deal/901", "not_known"),  # another's address
        ({"portalId": "1000", "userId": "14"}, "/card/hubspot/deal/901", "not_known"),  # left
        ({**ADA, "userId": "13"}, "/card/hubspot/deal/901", "subject"),  # of another team
        (ADA, "/card/hubspot/deal/902", "subject"),  # nobody's, so no rep's
        (ADA, "/card/hubspot/deal/77", "subject"),
    ],
)
def test_who_may_not_see_it_is_told_so_in_the_card(
    filled: Served, query: dict[str, str], path: str, error: str
) -> None:
    set_role(filled, filled.installation(), "3", "rep")
    answer = asked(filled, query, path=path)
    assert (answer.status_code, answer.get_json()["error"]) == (200, error)
    assert answer.get_json()["next"]


def test_a_vendor_without_cards_has_none(filled: Served) -> None:
    assert asked(filled, path="/card/nobody/deal/901").status_code == 404


def test_a_wrong_word_in_a_card_names_the_field(filled: Served) -> None:
    answer = asked(filled, data={"do": "dance"}).get_json()
    assert (answer["error"], answer["message"]) == (
        "invalid", "do: 'dance' is nothing that can be done"
    )  # fmt: skip


def test_the_frame_opens_once_with_a_cookie_that_lives_in_it_alone(filled: Served) -> None:
    link = urlsplit(asked(filled).get_json()["open"])
    client = filled.app.test_client()
    framed = {"Sec-Fetch-Dest": "iframe"}
    answer = client.get(link.path, base_url=URL, headers=framed)
    assert (answer.status_code, answer.location) == (302, "/panel/deal/901")
    cookie = answer.headers["Set-Cookie"]
    for part in ("followthrough_frame=", "HttpOnly", "Secure", "SameSite=None", "Partitioned"):
        assert part in cookie
    page = client.get("/panel/deal/901", base_url=URL, headers=framed)
    assert page.status_code == 200
    assert "Acme renewal" in page.text
    assert "Sign out" not in page.text
    stranger = filled.app.test_client()
    assert stranger.get(link.path, base_url=URL, headers=framed).status_code == 410
    no_token = client.post("/api/panel/deal/901", base_url=URL, json={"do": "pause"})
    assert (no_token.status_code, no_token.get_json()["error"]) == (403, "csrf")


def test_a_forged_or_old_frame_cookie_is_none(filled: Served) -> None:
    client = filled.app.test_client()
    client.set_cookie("followthrough_frame", "eyJpIjoxfQ.x.y", domain="followthrough.example")
    assert client.get("/panel/deal/901", base_url=URL).status_code == 401


def test_a_frames_session_ends_with_the_working_day(
    filled: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = urlsplit(asked(filled).get_json()["open"])
    client = filled.app.test_client()
    client.get(link.path, base_url=URL, headers={"Sec-Fetch-Dest": "iframe"})
    assert client.get("/panel/deal/901", base_url=URL).status_code == 200
    monkeypatch.setattr(sessions, "FRAME_S", -1)
    assert client.get("/panel/deal/901", base_url=URL).status_code == 401


def test_outside_of_a_frame_the_link_signs_nobody_in_by_itself(filled: Served) -> None:
    link = urlsplit(asked(filled).get_json()["open"])
    client = filled.app.test_client()
    answer = client.get(link.path, base_url=URL, headers={"Sec-Fetch-Dest": "document"})
    assert answer.status_code == 200
    assert "This link signs you in once" in answer.text
    assert client.get("/panel/deal/901", base_url=URL).status_code == 401
