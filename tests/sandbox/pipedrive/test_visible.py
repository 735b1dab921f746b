"""Records that are their owner's alone: what another user's token and webhook are told of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.pipedrive.support import Client, Company, payloads, sent
from tests.sandbox.support import Receiver

V2 = "/api/v2"


@pytest.fixture
def company() -> Iterator[Company]:
    with Company(tier="lite") as made:
        made.account.extra["pipedrive"] = {"admins": ["601"]}
        yield made


@pytest.fixture
def ada(company: Company) -> Client:
    """The admin."""
    return company.client()


@pytest.fixture
def ben(company: Company) -> Client:
    """A user as others are."""
    return company.client(user="602")


@pytest.fixture
def hidden(ada: Client) -> int:
    """A deal that is Ada's alone."""
    made = ada.post(f"{V2}/deals", {"title": "Quiet deal", "visible_to": 1, "owner_id": 601})
    assert made["visible_to"] == 1
    return made["id"]


@pytest.mark.refusal("pd_hidden")
def test_a_hidden_deal_is_missing_from_lists_and_forbidden_by_itself(
    ada: Client, ben: Client, hidden: int
) -> None:
    shown = ada.post(f"{V2}/deals", {"title": "Quiet deal of all"})["id"]
    assert {one["id"] for one in ada.get(f"{V2}/deals")} == {hidden, shown}
    assert {one["id"] for one in ben.get(f"{V2}/deals")} == {shown}
    search = f"{V2}/deals/search?term=quiet"
    assert {one["item"]["id"] for one in ada.get(search)["items"]} == {hidden, shown}
    assert {one["item"]["id"] for one in ben.get(search)["items"]} == {shown}
    for method, path, body in (
        ("GET", f"{V2}/deals/{hidden}", None),
        ("PATCH", f"{V2}/deals/{hidden}", {"title": "Mine"}),
        ("DELETE", f"{V2}/deals/{hidden}", None),
        ("GET", f"/v1/deals/{hidden}/changelog", None),
        ("GET", f"/v1/deals/{hidden}/mailMessages", None),
    ):
        answer = ben.call(method, path, body)
        assert answer.status_code == 403, path
        assert "do not have access" in answer.json()["error"]
    task = {"subject": "Call", "type": "call", "deal_id": hidden}
    assert ben.call("POST", f"{V2}/activities", task).status_code == 400
    ada.post(f"{V2}/activities", task)
    assert ada.get(f"{V2}/deals/{hidden}")["title"] == "Quiet deal"


def test_its_owner_sees_it_and_who_gets_it_next(ada: Client, ben: Client, hidden: int) -> None:
    ada.patch(f"{V2}/deals/{hidden}", {"owner_id": 602})
    assert ben.get(f"{V2}/deals/{hidden}")["visible_to"] == 1
    assert ada.get(f"{V2}/deals/{hidden}")["owner_id"] == 602, "an admin sees all"


def test_persons_organizations_and_leads_are_hidden_alike(ada: Client, ben: Client) -> None:
    person = ada.post(f"{V2}/persons", {"name": "Q", "visible_to": 1})["id"]
    org = ada.post(f"{V2}/organizations", {"name": "Q", "visible_to": 1})["id"]
    lead = ada.post("/v1/leads", {"title": "Q", "person_id": person, "visible_to": "1"})
    assert lead["visible_to"] == "1"
    for path in (f"{V2}/persons", f"{V2}/organizations", "/v1/leads"):
        one = {"persons": person, "organizations": org, "leads": lead["id"]}[path.split("/")[-1]]
        assert [row["id"] for row in ada.get(path)] == [one]
        assert ben.get(path) == []
        assert ben.call("GET", f"{path}/{one}").status_code == 403


def test_webhooks_hear_of_what_their_user_sees(company: Company, ada: Client) -> None:
    with Receiver() as admins, Receiver() as bens:
        for receiver, user in ((admins, 601), (bens, 602)):
            hook = {"subscription_url": receiver.url, "event_action": "*", "event_object": "deal"}
            ada.post("/v1/webhooks", hook | {"name": "deals", "user_id": user})
        deal = ada.post(f"{V2}/deals", {"title": "D", "visible_to": 1})["id"]
        (created,) = sent(company, admins)
        assert created["meta"]["permitted_user_ids"] == ["601"]
        assert created["data"]["visible_to"] == "1"
        assert payloads(bens) == []
        ada.patch(f"{V2}/deals/{deal}", {"visible_to": 3})
        (shown,) = sent(company, bens)
        assert shown["meta"]["permitted_user_ids"] == ["601", "602"]
        assert shown["previous"]["visible_to"] == "1"
        ada.patch(f"{V2}/deals/{deal}", {"visible_to": 1})
        assert sent(company, bens) == [], "what becomes hidden is not told"
        assert len(sent(company, admins)) == 2


@pytest.mark.refusal("pd_visible_to")
@pytest.mark.parametrize(("tier", "levels"), [("lite", (1, 3)), ("premium", (1, 3, 5, 7))])
def test_levels_of_the_plans(tier: str, levels: tuple[int, ...]) -> None:
    with Company(tier=tier) as company:
        api = company.client()
        for one in range(9):
            answer = api.call("POST", f"{V2}/deals", {"title": "D", "visible_to": one})
            assert (answer.status_code == 200) == (one in levels), one
            if one in levels:
                assert answer.json()["data"]["visible_to"] == one
