"""Communication preferences: what people chose, as an app reads it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control_account import change_account
from sandbox.world import sequence_terms
from sandbox.world.people_acts import ActError, Acts
from sandbox.world.records import Record
from sandbox.world.store import Account
from tests.sandbox.support import Client, SandboxServer

BASE = "/communication-preferences/2026-03"


def statuses(api: Client, contact: Record) -> dict[str, Any]:
    answer = api.get(f"{BASE}/statuses/{contact.get('email')}", channel="EMAIL")
    assert answer.status_code == 200, answer.text
    return {one["subscriptionName"]: one for one in answer.json()["results"]}


def test_one_subscription_is_left_and_joined(
    api: Client, account: Account, contact: Record
) -> None:
    names = [one["name"] for one in api.get(f"{BASE}/definitions").json()["results"]]
    assert names == ["One to One", "Marketing Information"]
    assert {one["status"] for one in statuses(api, contact).values()} == {"NOT_SPECIFIED"}
    acts = Acts(account)
    acts.do("unsubscribe", {"contact": contact.id, "subscription": "Marketing Information"})
    found = statuses(api, contact)
    assert [found[name]["status"] for name in names] == ["NOT_SPECIFIED", "UNSUBSCRIBED"]
    name = f"hs_email_optout_{found['Marketing Information']['subscriptionId']}"
    shown = api.get(f"/crm/objects/2026-03/contacts/{contact.id}", properties=name).json()
    assert shown["properties"][name] == "true"
    listed = api.get(f"/crm/properties/2026-03/contacts/{name}").json()
    assert listed["modificationMetadata"]["readOnlyValue"]
    acts.do("subscribe", {"contact": contact.id})
    joined = statuses(api, contact)["One to One"]
    assert (joined["status"], joined["legalBasis"]) == ("SUBSCRIBED", "CONSENT_WITH_NOTICE")
    with pytest.raises(ActError, match="One to One"):
        acts.do("unsubscribe", {"contact": contact.id, "subscription": "Nothing"})


def test_opting_out_of_everything(api: Client, account: Account, contact: Record) -> None:
    path = f"{BASE}/statuses/{contact.get('email')}/unsubscribe-all"
    (before,) = api.get(path, channel="EMAIL").json()["results"]
    assert before["status"] == "NOT_SPECIFIED"
    Acts(account).do("opt_out", {"contact": contact.id})
    (after,) = api.get(path, channel="EMAIL").json()["results"]
    assert (after["status"], after["wideStatusType"]) == ("UNSUBSCRIBED", "PORTAL_WIDE")
    assert {one["status"] for one in statuses(api, contact).values()} == {"UNSUBSCRIBED"}


def test_an_address_that_nobody_knows(api: Client) -> None:
    answer = api.get(f"{BASE}/statuses/nobody%40example.com", channel="EMAIL").json()
    assert [one["status"] for one in answer["results"]] == ["NOT_SPECIFIED"] * 2
    assert answer["results"][0]["subscriberIdString"] == "nobody@example.com"


@pytest.mark.refusal("preferences_channel")
@pytest.mark.parametrize(
    "path", ["statuses/a@example.com", "statuses/a@example.com/unsubscribe-all"]
)
def test_a_channel_is_named(api: Client, path: str) -> None:
    assert api.get(f"{BASE}/{path}").status_code == 400
    assert api.get(f"{BASE}/{path}", channel="FAX").status_code == 400


@pytest.mark.refusal("sequence_unsubscribed")
def test_sequences_go_by_one_to_one_and_its_legal_basis(
    sandbox: SandboxServer, api: Client, account: Account, contact: Record
) -> None:
    rows = [{"name": "S", "user": 9001, "steps": [{"email": "x"}]}]
    (sequence,) = sequence_terms.add_sequences(account, rows)
    sequence_terms.set_inboxes(account, {"9001": ["ada@example.com"]})
    body = {
        "sequenceId": sequence.id,
        "contactId": contact.id,
        "senderEmail": "ada@example.com",
    }
    path, acts = "/automation/sequences/2026-03/enrollments?userId=9001", Acts(account)

    def tried() -> int:
        return api.post(path, body).status_code

    change_account(account, {"privacy_rules": True})
    assert tried() == 400, "nobody said that they may be written to"
    acts.do("subscribe", {"contact": contact.id})
    assert tried() == 200
    acts.do("unsubscribe", {"contact": contact.id, "subscription": "Marketing Information"})
    assert contact.get("hs_sequences_is_enrolled") == "true"
    acts.do("unsubscribe", {"contact": contact.id})
    assert contact.get("hs_sequences_is_enrolled") == "false"
    change_account(account, {"privacy_rules": False})
    assert tried() == 400
    acts.do("subscribe", {"contact": contact.id})
    assert tried() == 200
