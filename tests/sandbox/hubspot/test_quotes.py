"""Quotes as HubSpot keeps them, and what people do with them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.people_acts import ActError, Acts
from sandbox.world.records import Link, Record
from tests.sandbox.hubspot.conftest import USER
from tests.sandbox.support import PORTAL, Receiver, SandboxServer

OBJECTS = "/crm/objects/2026-03"
NAMES = "hs_status,hs_quote_status,hs_quote_link,hs_quote_amount,hs_esign_date"
EVENTS: list[dict[str, Any]] = [
    {"subscriptionType": "object.creation", "objectType": "quote"},
    {"subscriptionType": "object.propertyChange", "objectType": "quote",
     "propertyName": "hs_status"},
    {"subscriptionType": "object.propertyChange", "objectType": "quote",
     "propertyName": "hs_esign_date"},
]  # fmt: skip


def deal_of(server: SandboxServer) -> Record:
    person = server.account.create("contacts", {"firstname": "P"}, USER)
    links = [Link("contacts", person.id)]
    return server.account.create("deals", {"dealname": "D", "amount": "900"}, USER, links)


def test_a_quote_is_drawn_up_reviewed_published_signed_and_told_of() -> None:
    with (
        Receiver() as receiver,
        SandboxServer(webhook_url=receiver.url, subscriptions=EVENTS) as server,
    ):
        api, acts = server.client(), Acts(server.account)
        quote = acts.do("create_quote", {"deal": deal_of(server).id, "title": "Quote 7"})
        path = f"{OBJECTS}/0-14/{quote.id}"

        def shown() -> dict[str, Any]:
            return api.get(path, properties=NAMES).json()["properties"]

        assert (shown()["hs_status"], shown()["hs_quote_amount"]) == ("DRAFT", "900")
        assert shown()["hs_quote_link"] is None
        for verdict, status, lifecycle in (
            ("ask", "PENDING_APPROVAL", "PENDING_APPROVAL"),
            ("refused", "REJECTED", "CHANGES_REQUESTED"),
            ("approved", "APPROVED", "PUBLISHED"),
        ):
            acts.do("review_quote", {"quote": quote.id, "verdict": verdict})
            assert (shown()["hs_status"], shown()["hs_quote_status"]) == (status, lifecycle)
        assert shown()["hs_quote_link"]
        acts.do("accept_quote", {"quote": quote.id})
        assert shown()["hs_quote_status"] == "ACCEPTED"
        assert shown()["hs_status"] == "APPROVED", "a signature changes no status"
        links = api.post(
            "/crm/associations/2026-03/quotes/deals/batch/read", {"inputs": [{"id": quote.id}]}
        ).json()["results"][0]["to"]
        assert [one["associationTypes"][0]["typeId"] for one in links] == [64]
        server.hubspot.deliveries.flush(5)
        told = [one.get("propertyName") for one in receiver.events()]
        assert told == [None, *["hs_status"] * 4, "hs_esign_date"]
        assert {one["objectTypeId"] for one in receiver.events()} == {"0-14"}


@pytest.mark.parametrize("name", ["quote_events", "quote_lifecycle"])
def test_what_is_not_documented_of_quotes_can_be_turned(name: str) -> None:
    with (
        Receiver() as receiver,
        SandboxServer(
            webhook_url=receiver.url, subscriptions=EVENTS, settings={name: False}
        ) as server,
    ):
        api, acts = server.client(), Acts(server.account)
        quote = acts.do("create_quote", {"deal": deal_of(server).id, "title": "Quote 7"})
        server.hubspot.deliveries.flush(5)
        shown = api.get(f"{OBJECTS}/quotes/{quote.id}", properties=NAMES).json()["properties"]
        assert ("hs_quote_status" in shown) is (name == "quote_events")
        defined = api.get("/crm/properties/2026-03/quotes").json()["results"]
        lifecycle = "hs_quote_status" in {one["name"] for one in defined}
        assert lifecycle is (name == "quote_events")
        assert bool(receiver.events()) is (name == "quote_lifecycle")


def test_who_may_read_no_quotes_hears_of_none() -> None:
    with (
        Receiver() as receiver,
        SandboxServer(webhook_url=receiver.url, subscriptions=EVENTS) as server,
    ):
        api = server.client(scopes=["crm.objects.deals.read"])
        Acts(server.account).do("create_quote", {"deal": deal_of(server).id, "title": "Quote 7"})
        server.hubspot.deliveries.flush(5)
        assert api.get(f"{OBJECTS}/quotes").status_code == 403
        assert receiver.events() == []
        assert server.account.portal_id == PORTAL


def test_a_buyers_no_has_no_place_on_a_quote() -> None:
    with SandboxServer() as server:
        acts = Acts(server.account)
        quote = acts.do("create_quote", {"deal": deal_of(server).id, "title": "Quote 7"})
        with pytest.raises(ActError, match="no word for a buyer's no"):
            acts.do("deny_quote", {"quote": quote.id})
