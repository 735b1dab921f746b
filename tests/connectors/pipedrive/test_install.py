"""Our footprint in an account: made once, found again, checked and explained."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.time import Business
from connectors.contract import Invalid
from connectors.pipedrive.install import FOOTPRINT
from connectors.pipedrive.subscriptions import password
from tests.connectors.pipedrive.conftest import SCOPES, Scripted, Start, key, no, ok, our_fields
from tests.connectors.support import Answer, Asked

HOOKS = "/v1/webhooks"
HOOKED = ("deal", "person", "activity", "lead")
URL = "https://ours.example/webhooks/pipedrive"


class Account:
    """Fields and subscriptions that can be made."""

    def __init__(self) -> None:
        self.fields: dict[str, list[dict[str, Any]]] = {"dealFields": [], "personFields": []}
        self.hooks: list[dict[str, Any]] = []

    def routes(self) -> dict[str, Any]:
        return {
            **{f"GET /api/v2/{name}": self.listed for name in self.fields},
            **{f"POST /api/v2/{name}": self.add for name in self.fields},
            f"GET {HOOKS}": lambda _: ok(self.hooks),
            f"POST {HOOKS}": self.subscribe,
        }

    def listed(self, asked: Asked) -> Answer:
        return ok(self.fields[asked.path.rpartition("/")[2]], next_cursor=None)

    def add(self, asked: Asked) -> Answer:
        there = self.fields[asked.path.rpartition("/")[2]]
        options = [
            {"id": n, "label": one["label"]} for n, one in enumerate(asked.json.get("options", ()))
        ]
        row = asked.json | {"field_code": key(900 + len(there)), "is_custom_field": True}
        there.append(row | {"options": options})
        return ok(there[-1])

    def subscribe(self, asked: Asked) -> Answer:
        made = {key: value for key, value in asked.json.items() if key != "http_auth_password"}
        self.hooks.append(made | {"id": len(self.hooks) + 1, "is_active": True})
        return 201, {"success": True, "data": {"id": len(self.hooks)}}


def number_of_fields() -> int:
    return sum(map(len, FOOTPRINT.values()))


def test_what_is_missing_is_made_once(start: Start) -> None:
    account = Account()
    pd = start(account.routes())
    report = pd.connector.install()
    assert len(report.created) == number_of_fields() + len(HOOKED)
    assert (report.existing, report.refused, report.unique_touch_id) == ((), (), False)
    momentum = next(f for f in account.fields["dealFields"] if "momentum" in f["field_name"])
    assert [one["label"] for one in momentum["options"]] == ["Hot", "Warm", "Recycle"]
    again = pd.connector.install()
    assert len(again.existing) == number_of_fields()
    assert sum(map(len, account.fields.values())) == number_of_fields()
    assert pd.connector.checkup().misfits == ()


def test_subscriptions_carry_the_accounts_own_password(start: Start) -> None:
    account = Account()
    pd = start(account.routes())
    pd.connector.install()
    sent = [asked.json for asked in pd.asked("POST", HOOKS)]
    assert {one["event_object"] for one in sent} == {*HOOKED}
    for one in sent:
        assert one["subscription_url"] == URL
        assert one["version"] == "2.0"
        assert one["name"]
        assert one["http_auth_user"] == "456"
        assert one["http_auth_password"] == password("secret", "456")


def test_a_subscription_that_was_dropped_is_made_again(start: Start) -> None:
    account = Account()
    pd = start(account.routes())
    pd.connector.install()
    assert pd.connector.listen() == ()
    del account.hooks[1]
    account.hooks[0]["is_active"] = False
    assert [one.name for one in pd.connector.checkup().misfits] == [
        "webhooks.deal", "webhooks.person",
    ]  # fmt: skip
    assert pd.connector.listen() == ("deal", "person")
    assert pd.connector.listen() == ()


def test_a_look_at_the_subscriptions_is_one_call(start: Start) -> None:
    pd = start(Account().routes())
    pd.connector.install()
    before = len(pd.asked("GET", HOOKS))
    assert pd.connector.listen() == ()
    assert len(pd.asked("GET", HOOKS)) == before + 1


def test_subscriptions_of_others_are_none_of_ours(start: Start) -> None:
    account = Account()
    account.hooks = [
        {"id": 1, "event_object": name, "event_action": "*", "is_active": True,
         "subscription_url": "https://other.example"}
        for name in HOOKED
    ]  # fmt: skip
    assert len(start(account.routes()).connector.listen()) == len(HOOKED)


def test_an_address_that_pipedrive_cannot_reach_is_explained(start: Start) -> None:
    refusal = 400, {
        "status": "error", "success": False,
        "errors": {"subscription_url": ["invalid or non-reachable URL"]},
    }  # fmt: skip
    pd = start(Account().routes() | {f"POST {HOOKS}": refusal})
    report = pd.connector.install()
    ((name, why),) = report.refused
    assert name == "webhooks"
    assert "non-reachable" in why
    assert "once an hour" in why


def test_without_the_scope_the_rest_is_installed(start: Start) -> None:
    pd = start(Account().routes() | {f"GET {HOOKS}": no(403, "Scope and URL mismatch")})
    report = pd.connector.install()
    assert len(report.created) == number_of_fields()
    assert [name for name, _ in report.refused] == ["webhooks"]


def test_without_the_scope_of_leads_nothing_is_asked_of_them(start: Start) -> None:
    scopes = tuple(scope for scope in SCOPES if not scope.startswith("leads"))
    pd = start(Account().routes(), scopes=scopes)
    pd.connector.install()
    assert {one.json["event_object"] for one in pd.asked("POST", HOOKS)} == {*HOOKED} - {"lead"}
    assert pd.connector.changed_since("lead", Business(0), None).records == []
    assert pd.asked("GET", "/v1/leads") == []


def problem(pd: Scripted) -> list[tuple[str, str]]:
    return [(one.name, one.problem) for one in pd.connector.checkup().misfits]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"field_name": "Renamed"}, "'Follow-up control' is missing"),
        ({"field_type": "varchar"}, "is of the type varchar instead of enum"),
        ({"options": [{"id": 1, "label": "Run"}]}, "lacks the options Pause, Stop"),
        ({"is_custom_field": False}, "'Follow-up control' is missing"),
    ],
)
def test_what_became_of_a_field_is_said(
    start: Start, change: dict[str, Any], said: str
) -> None:
    rows = our_fields()["dealFields"]
    rows[0] |= change
    hooks = [{"id": 1, "event_object": name, "event_action": "*", "subscription_url": URL}
             for name in HOOKED]  # fmt: skip
    pd = start({"GET /api/v2/dealFields": ok(rows, next_cursor=None), f"GET {HOOKS}": ok(hooks)})
    ((name, problem_said),) = problem(pd)
    assert name == "deals.followthrough_control"
    assert said in problem_said


def test_a_checkup_writes_nothing(start: Start) -> None:
    pd = start()
    found = pd.connector.checkup()
    assert {asked.method for asked in pd.server.asked} == {"GET"}
    assert (found.account.id, found.account.zone, found.account.currency) == (
        "456", "Europe/Tallinn", "EUR",
    )  # fmt: skip
    assert found.account.page("contact", "7").endswith("/person/7")
    assert found.skew_ms is not None
    assert abs(found.skew_ms) < 5_000


# --- an account's own fields ---------------------------------------------------------------------

THEIRS = [
    {"field_code": key(501), "field_name": "Renewal", "field_type": "date",
     "is_custom_field": True, "options": None},
    {"field_code": key(502), "field_name": "Tier", "field_type": "enum", "is_custom_field": True,
     "options": [{"id": 4, "label": "Gold"}, {"id": 5, "label": "Silver"}]},
]  # fmt: skip


def test_a_field_is_named_as_people_see_it_and_kept_by_its_key(start: Start) -> None:
    pd = start({"GET /api/v2/dealFields": ok(THEIRS, next_cursor=None)})
    kept = pd.connector.fit({"deal": {"renewal": "renewal", "tier": key(502)}})
    assert kept["deal"]["renewal"] == {"property": key(501), "type": "date"}
    assert kept["deal"]["tier"]["property"] == key(502)


def test_a_mapped_field_is_read_in_words(start: Start) -> None:
    row = {"id": 1, "title": "A", "pipeline_id": 1, "stage_id": 2, "status": "open",
           "add_time": "2026-11-01T08:00:00Z",
           "custom_fields": {key(501): "2026-12-24", key(502): 4}}  # fmt: skip
    overrides = {"deal": {"renewal": {"property": key(501), "type": "date"}, "tier": key(502)}}
    pd = start(
        {"GET /api/v2/dealFields": ok(THEIRS, next_cursor=None), "GET /api/v2/deals/1": ok(row)},
        overrides=overrides,
    )
    (record,) = pd.connector.read("deal", ["1"])
    assert (record.fields["renewal"], record.fields["tier"]) == ("2026-12-24", "Gold")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"deal": {"renewal": "Nothing"}}, "'Nothing', which this account does not have"),
        ({"deal": {"amount": "Renewal"}}, "which holds date"),
        ({"boat": {"name": "x"}}, "no object type"),
        ({"company": {"size": "x"}}, "deals, contacts and activities only"),
    ],
)
def test_what_does_not_fit_is_said(start: Start, overrides: dict[str, Any], said: str) -> None:
    pd = start({"GET /api/v2/dealFields": ok(THEIRS, next_cursor=None)})
    with pytest.raises(Invalid, match=said):
        pd.connector.fit(overrides)


# --- stages, people, what it can do --------------------------------------------------------------


def test_stages_with_what_they_are_proposed_to_be(start: Start) -> None:
    names = ["Qualified", "Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started"]
    stages = [
        {"id": n, "name": name, "pipeline_id": 1, "order_nr": n, "deal_probability": 100 - n}
        for n, name in enumerate(names, start=1)
    ]
    stages.append({"id": 9, "name": "Old", "pipeline_id": 1, "order_nr": 0, "is_deleted": True})
    pipes = [{"id": 1, "name": "Sales", "order_nr": 1, "is_deal_probability_enabled": True},
             {"id": 2, "name": "Gone", "order_nr": 0, "is_deleted": True}]  # fmt: skip
    pd = start({"GET /api/v2/stages": ok(stages[::-1], next_cursor=None),
                "GET /api/v2/pipelines": ok(pipes, next_cursor=None)})  # fmt: skip
    (pipe,) = pd.connector.pipelines()
    assert [(s.id, s.proposed_kind, s.closed) for s in pipe.stages] == [
        ("1", "qualified", False), ("2", "qualified", False), ("3", "qualified", False),
        ("4", "proposal", False), ("5", "negotiation", False), ("1:won", "won", True),
        ("1:lost", "lost", True),
    ]  # fmt: skip
    assert pipe.stages[0].probability == 0.99


def test_people_with_their_zones(start: Start) -> None:
    users = [
        {"id": 3, "name": "Bea", "email": "bea@x.example", "active_flag": True,
         "timezone_name": "Europe/Berlin"},
        {"id": 4, "name": "Cy", "email": "cy@x.example", "active_flag": False,
         "timezone_name": "Mars/Olympus"},
    ]  # fmt: skip
    found = start({"GET /v1/users": ok(users)}).connector.people()
    assert [(p.owner_id, p.active, p.zone) for p in found] == [
        ("3", True, "Europe/Berlin"), ("4", False, None),
    ]  # fmt: skip


def test_every_capability_that_is_missing_says_what_is_done_instead(start: Start) -> None:
    for scopes in (SCOPES, ("base",)):
        for one in start(scopes=scopes).connector.capabilities():
            assert one.label
            assert one.available or (one.why and one.instead)


def test_what_a_grant_allows(start: Start) -> None:
    can = {one.name: one.available for one in start().connector.capabilities()}
    assert can["webhooks"]
    assert can["stages_passed"]
    assert not can["native_sequences"]
    assert not can["email_content"]
    less = {
        one.name: one for one in start(scopes=("base", "deals:read")).connector.capabilities()
    }
    assert less["read_deals"].available
    assert not less["write_deals"].available
    assert less["write_deals"].needed
