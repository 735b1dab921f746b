"""What a run may change about an account: tier, seats, inboxes, sequences, the workflow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.control.test_control import post
from tests.sandbox.simulated import Desk

STEPS = [{"email": "First"}, {"task": "Ring", "type": "CALL", "after": 86400}]


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(deals=20)


def change(desk: Desk, **body: Any) -> tuple[int, dict[str, Any]]:
    return post(desk, f"accounts/{desk.portal}", body)


def test_generated_accounts_have_a_believable_set(desk: Desk) -> None:
    listed = desk.client.get("/sandbox/accounts").json or {}
    (told,) = listed["accounts"]
    assert told["seats"] is None
    assert [one["name"] for one in told["sequences"]] == [
        "Proposal follow-up",
        "Wake up a quiet deal",
    ]
    reps = [owner for owner in told["owners"] if owner["title"] == "Account executive"]
    missing = [one for one in reps if str(one["user_id"]) not in told["inboxes"]]
    assert len(missing) == 1, "one rep has connected no inbox"
    assert told["unenrol_workflow"] is None


@pytest.mark.parametrize("tier", ["free", "starter", "professional_no_seat"])
def test_small_accounts_have_none(tier: str) -> None:
    account = Desk(deals=2, tier=tier).account
    assert not account.sequences.known
    assert not account.sequences.inboxes


def test_everything_can_be_changed(desk: Desk) -> None:
    user = next(iter(desk.simulation.world.accounts[desk.portal].owners.values()))
    status, told = change(
        desk,
        tier="enterprise",
        seats=[user.email],
        inboxes={str(user.user_id): ["a@x.example", "b@x.example"]},
        sequences=[
            {
                "name": "Mine",
                "user": user.user_id,
                "shared": False,
                "steps": STEPS,
                "days": "EVERYDAY",
                "window": [60, 120],
                "finish_after": 5,
            }
        ],
        unenrol_workflow={"property": "stop_it", "seconds": 5},
    )
    assert status == 200, told
    assert (told["tier"], told["seats"]) == ("enterprise", [user.user_id])
    assert told["inboxes"][str(user.user_id)] == ["a@x.example", "b@x.example"]
    assert told["unenrol_workflow"] == {"property": "stop_it", "seconds": 5.0}
    mine = next(one for one in told["sequences"] if one["name"] == "Mine")
    again = change(desk, sequences=[{"name": "Mine", "user": user.user_id, "steps": STEPS}])[1]
    same = next(one for one in again["sequences"] if one["name"] == "Mine")
    assert (same["id"], same["shared"]) == (mine["id"], True), "edited, not made anew"
    assert change(desk, seats=None, unenrol_workflow=None)[1]["seats"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tier": "gold"}, "tier"),
        ({"nothing": 1}, "nothing"),
        ({"seats": [1]}, "seats"),
        ({"seats": 1}, "seats"),
        ({"inboxes": {"1": []}}, "inboxes"),
        ({"inboxes": []}, "inboxes"),
        ({"sequences": [{"name": "x"}]}, "sequences"),
        ({"sequences": [{"name": "x", "user": "USER", "steps": [{}]}]}, "steps"),
        ({"sequences": [{"name": "x", "user": "USER", "steps": [{"mail": "s"}]}]}, "steps"),
        (
            {"sequences": [{"name": "x", "user": "USER", "steps": [{"task": "s", "type": "FAX"}]}]},
            "type",
        ),
        (
            {"sequences": [{"name": "x", "user": "USER", "steps": [{"task": "s", "after": -1}]}]},
            "after",
        ),
        (
            {"sequences": [{"name": "x", "user": "USER", "steps": STEPS, "window": [9, 5]}]},
            "sequences",
        ),
        ({"sequences": [{"name": "x", "user": "USER", "steps": STEPS, "days": "NEVER"}]}, "days"),
        ({"unenrol_workflow": {}}, "unenrol_workflow"),
        ({"required_properties": []}, "required_properties"),
        ({"required_properties": {"gadgets": []}}, "required_properties"),
        ({"required_properties": {"deals": ["no_such"]}}, "required_properties"),
        ({"required_properties": {"deals": [{"when": "amount"}]}}, "required_properties"),
        ({"task_statuses": "x"}, "task_statuses"),
        ({"privacy_rules": 1}, "privacy_rules"),
        ({"withdraw_scopes": "oauth"}, "withdraw_scopes"),
        ({"unenrol_workflow": {"property": "x", "seconds": "soon"}}, "unenrol_workflow"),
    ],
)
def test_what_is_refused_names_the_field(desk: Desk, body: dict[str, Any], field: str) -> None:
    user = next(iter(desk.simulation.world.accounts[desk.portal].owners.values()))
    for row in body.get("sequences", ()):
        if row.get("user") == "USER":
            row["user"] = user.user_id
    status, told = change(desk, **body)
    assert status == 400
    assert told["field"] == field


def test_no_account_to_change(desk: Desk) -> None:
    assert post(desk, "accounts/1", {"tier": "free"})[1]["field"] == "portal"


def test_a_rep_enrols_by_hand(desk: Desk) -> None:
    account = desk.simulation.world.accounts[desk.portal]
    contact = next(iter(account.objects["contacts"].values()))
    act = {"portal": desk.portal, "verb": "enrol", "contact": contact.id}
    assert post(desk, "act", {**act, "sequence": "Nowhere"})[1]["field"] == "sequence"
    status, told = post(desk, "act", {**act, "sequence": "Wake up a quiet deal"})
    assert status == 200, told
    assert told["properties"]["hs_sequences_is_enrolled"] == "true"
    twice = post(desk, "act", {**act, "sequence": "Wake up a quiet deal"})
    assert twice[1]["field"] == "contact"
    unenrol = {"portal": desk.portal, "verb": "unenrol", "contact": contact.id}
    assert post(desk, "act", unenrol)[0] == 200
    assert post(desk, "act", unenrol)[1]["field"] == "contact"
    reps = list(account.owners.values())
    body = {**act, "sequence": "Wake up a quiet deal", "user": reps[-1].email}
    assert post(desk, "act", body)[1]["field"] == "user", "that rep has connected no inbox"
