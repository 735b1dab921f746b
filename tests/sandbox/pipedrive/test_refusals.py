"""What Pipedrive refuses, refused: one row per reason, sent by plain ``requests``."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from sandbox.pipedrive.call import ROUTES
from sandbox.refusals.table import TABLE
from sandbox.world.records import Actor, Record
from tests.sandbox.pipedrive.support import COMPANY, SCOPES, USER, Client, Company

V1, V2 = "/v1", "/api/v2"
HOOK = {
    "subscription_url": "https://app.example.com/hook",
    "event_action": "*",
    "event_object": "deal",
    "name": "deals",
}
FIELD = {"field_name": "Mood", "field_type": "varchar"}
OPTS = [{"label": "Good"}]
LEAD = {"title": "Lead", "person_id": "{person}"}
LOG = {
    "outcome": "connected",
    "to_phone_number": "+31",
    "start_time": "2026-10-12 08:00:00",
    "end_time": "2026-10-12 08:05:00",
}


class Case(NamedTuple):
    """A call with a full token, and the row by which it is refused."""

    name: str
    row: str
    method: str
    path: str
    body: Any = None


def _act(**fields: Any) -> dict[str, Any]:
    return {"subject": "Call", "type": "call", **fields}


ROWS = [
    Case("no path", "pd_no_such_path", "GET", f"{V2}/gadgets"),
    Case("version", "pd_no_such_path", "GET", "/api/v3/deals"),
    Case("method", "pd_wrong_method", "PUT", f"{V2}/deals"),
    Case("twin", "pd_retired", "GET", f"{V1}/deals"),
    Case("twin by id", "pd_retired", "PUT", f"/api{V1}/activities/1", {"done": 1}),
    Case("twin search", "pd_retired", "GET", f"{V1}/deals/search"),
    Case("json", "pd_bad_json", "POST", f"{V2}/activities", b"{"),
    Case("json list", "pd_bad_json", "POST", f"{V2}/activities", []),
    Case("text for number", "pd_shape", "POST", f"{V2}/activities", _act(owner_id="601")),
    Case("number for boolean", "pd_shape", "POST", f"{V2}/activities", _act(done=1)),
    Case("boolean for number", "pd_shape", "POST", f"{V2}/activities", _act(deal_id=True)),
    Case("number for text", "pd_shape", "POST", f"{V2}/deals", {"title": 1}),
    Case("participant", "pd_shape", "POST", f"{V2}/activities", _act(participants=[{"id": 1}])),
    Case("emails", "pd_shape", "POST", f"{V2}/persons", {"name": "x", "emails": ["a@b.c"]}),
    Case("custom fields", "pd_shape", "POST", f"{V2}/deals", {"title": "x", "custom_fields": []}),
    Case("no title", "pd_required", "POST", f"{V2}/deals", {"value": 1}),
    Case("unknown", "pd_unknown_field", "POST", f"{V2}/activities", _act(user_id=601)),
    Case("status", "pd_bad_query", "GET", f"{V2}/deals?status=closed"),
    Case("owner", "pd_bad_query", "GET", f"{V2}/deals?owner_id=ada"),
    Case("done", "pd_bad_query", "GET", f"{V2}/activities?done=maybe"),
    Case("limit", "pd_bad_query", "GET", f"{V2}/deals?limit=0"),
    Case("id", "pd_bad_query", "GET", f"{V2}/deals/abc"),
    Case("ids", "pd_bad_query", "GET", f"{V2}/deals?ids=1,b"),
    Case("include", "pd_bad_query", "GET", f"{V2}/deals?include_fields=last_activity_date"),
    Case("fraction", "pd_instant", "GET", f"{V2}/deals?updated_since=2026-10-12T06:00:00.000Z"),
    Case("no zone", "pd_instant", "GET", f"{V2}/deals?updated_until=2026-10-12T06:00:00"),
    Case("page", "pd_page_too_long", "GET", f"{V2}/deals?limit=501"),
    Case("cursor", "pd_cursor", "GET", f"{V2}/deals?cursor=abc"),
    Case("offset", "pd_offset", "GET", f"{V1}/deals/{{deal}}/participants?start=x"),
    Case("term", "pd_term", "GET", f"{V2}/deals/search?term=a"),
    Case("search field", "pd_bad_query", "GET", f"{V2}/deals/search?term=ab&fields=email"),
    Case("items", "pd_page_too_long", "GET", f"{V2}/itemSearch?term=ab&limit=101"),
    Case("many ids", "pd_ids", "GET", f"{V2}/deals?ids={','.join(map(str, range(101)))}"),
    Case("keys", "pd_field_keys", "GET", f"{V2}/deals?custom_fields={','.join('a' * 16)}"),
    Case("missing", "pd_missing", "GET", f"{V2}/deals/999"),
    Case("missing activity", "pd_missing", "PATCH", f"{V2}/activities/999", {"done": True}),
    Case("missing stage", "pd_missing", "GET", f"{V2}/stages/999"),
    Case("won is no stage", "pd_missing", "GET", f"{V2}/stages/6"),
    Case("missing filter", "pd_missing", "GET", f"{V2}/deals?filter_id=7"),
    Case("missing user", "pd_missing", "GET", f"{V1}/users/999"),
    Case("gone", "pd_missing", "DELETE", f"{V2}/deals/{{gone}}"),
    Case("person", "pd_person_read_only", "POST", f"{V2}/activities", _act(person_id=1)),
    Case("type", "pd_activity_type", "POST", f"{V2}/activities", _act(type="fax")),
    Case("priority", "pd_priority", "POST", f"{V2}/activities", _act(priority=9)),
    Case("date", "pd_date", "POST", f"{V2}/activities", _act(due_date="20.10.2026")),
    Case("time", "pd_time", "POST", f"{V2}/activities", _act(due_time="9 am")),
    Case("duration", "pd_time", "POST", f"{V2}/activities", _act(duration="an hour")),
    Case("owner", "pd_owner", "POST", f"{V2}/activities", _act(owner_id=999)),
    Case("deal", "pd_link", "POST", f"{V2}/activities", _act(deal_id=999)),
    Case("lead", "pd_link", "POST", f"{V2}/activities", _act(lead_id="no-lead")),
    Case("org", "pd_link", "PATCH", f"{V2}/deals/{{deal}}", {"org_id": 999}),
    Case("stage", "pd_stage", "PATCH", f"{V2}/deals/{{deal}}", {"stage_id": 999}),
    Case("stage is won", "pd_stage", "PATCH", f"{V2}/deals/{{deal}}", {"stage_id": 6}),
    Case("pipeline", "pd_pipeline", "POST", f"{V2}/deals", {"title": "x", "pipeline_id": 9}),
    Case("status", "pd_status", "PATCH", f"{V2}/deals/{{deal}}", {"status": "closed"}),
    Case("reason", "pd_status", "PATCH", f"{V2}/deals/{{deal}}", {"lost_reason": "price"}),
    Case("currency", "pd_currency", "POST", f"{V2}/deals", {"title": "x", "currency": "euro"}),
    Case("archived", "pd_archived", "PATCH", f"{V2}/deals/{{archived}}", {"title": "x"}),
    Case("visible", "pd_visible_to", "PATCH", f"{V2}/deals/{{deal}}", {"visible_to": 2}),
    Case("label", "pd_label", "PATCH", f"{V2}/deals/{{deal}}", {"label_ids": [99]}),
    Case("consent", "pd_consent", "PATCH", f"{V2}/persons/{{person}}", {"marketing_status": "y"}),
    Case("merge", "pd_merge", "PUT", f"{V1}/deals/{{deal}}/merge", {"merge_with_id": "{deal}"}),
    Case(
        "field",
        "pd_field_unknown",
        "PATCH",
        f"{V2}/deals/{{deal}}",
        {"custom_fields": {"f" * 40: 1}},
    ),
    Case("type", "pd_field_type", "POST", f"{V2}/dealFields", FIELD | {"field_type": "enumx"}),
    Case("none", "pd_field_options", "POST", f"{V2}/dealFields", FIELD | {"field_type": "enum"}),
    Case(
        "options of text", "pd_field_options", "POST", f"{V2}/dealFields", FIELD | {"options": OPTS}
    ),
    Case("options of none", "pd_missing", "POST", f"{V2}/dealFields/{'a' * 40}/options", {}),
    Case("no field", "pd_missing", "PATCH", f"{V2}/dealFields/{'a' * 40}", {"field_name": "x"}),
    Case("built in", "pd_missing", "DELETE", f"{V2}/dealFields/title"),
    Case("nothing", "pd_note_subject", "POST", f"{V1}/notes", {"content": "x"}),
    Case("no content", "pd_required", "POST", f"{V1}/notes", {"deal_id": 1}),
    Case("pin", "pd_shape", "POST", f"{V1}/notes", {"content": "x", "pinned_to_deal_flag": 2}),
    Case("nobody", "pd_lead_of", "POST", f"{V1}/leads", {"title": "x"}),
    Case("lead label", "pd_lead_label", "POST", f"{V1}/leads", LEAD | {"label_ids": ["hot"]}),
    Case("lead value", "pd_shape", "POST", f"{V1}/leads", LEAD | {"value": {"amount": 1}}),
    Case("lead sort", "pd_bad_query", "GET", f"{V1}/leads?sort=status"),
    Case("no lead", "pd_missing", "GET", f"{V1}/leads/1"),
    Case("no conversion", "pd_missing", "GET", f"{V2}/deals/1/convert/status/1"),
    Case("no mail", "pd_missing", "GET", f"{V1}/mailbox/mailMessages/1"),
    Case("outcome", "pd_outcome", "POST", f"{V1}/callLogs", LOG | {"outcome": "gone"}),
    Case("two", "pd_log_about", "POST", f"{V1}/callLogs", LOG | {"deal_id": 1, "lead_id": "x"}),
    Case("start", "pd_date", "POST", f"{V1}/callLogs", LOG | {"start_time": "now"}),
    Case("since", "pd_since", "GET", f"{V1}/recents?since_timestamp=yesterday"),
    Case("icon", "pd_icon", "POST", f"{V1}/activityTypes", {"name": "Fax", "icon_key": "fax"}),
    Case("new icon", "pd_icon", "PUT", f"{V1}/activityTypes/1", {"icon_key": "fax"}),
    Case("no type", "pd_missing", "DELETE", f"{V1}/activityTypes/999"),
    Case(
        "name", "pd_type_taken", "POST", f"{V1}/activityTypes", {"name": "Call", "icon_key": "key"}
    ),
    Case("no name", "pd_hook_field", "POST", f"{V1}/webhooks", HOOK | {"name": ""}),
    Case("event", "pd_hook_event", "POST", f"{V1}/webhooks", HOOK | {"event_action": "added"}),
    Case("object", "pd_hook_event", "POST", f"{V1}/webhooks", HOOK | {"event_object": "task"}),
    Case("version", "pd_hook_version", "POST", f"{V1}/webhooks", HOOK | {"version": "1.0"}),
    Case(
        "plain http",
        "pd_hook_url",
        "POST",
        f"{V1}/webhooks",
        HOOK | {"subscription_url": "http://app.example.com/hook"},
    ),
    Case("user", "pd_hook_user", "POST", f"{V1}/webhooks", HOOK | {"user_id": 999}),
    Case("no hook", "pd_hook_missing", "DELETE", f"{V1}/webhooks/1"),
]


@pytest.fixture
def known(sandbox: Company, deal: Record, person: Record) -> dict[str, int]:
    """What the placeholders of paths and bodies stand for."""
    account = sandbox.account
    gone = account.create("deals", {"dealname": "Gone", "dealstage": "1"}, USER)
    account.archive("deals", gone.id, USER)
    fields = {"dealname": "Old", "dealstage": "1", "pd_archived": "true"}
    archived = account.create("deals", fields, USER)
    records = {"deal": deal, "person": person, "gone": gone, "archived": archived}
    return {name: int(record.id) for name, record in records.items()}


def _filled(value: Any, known: dict[str, int]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, known) for name, one in value.items()}
    if isinstance(value, str) and value[1:-1] in known:
        return known[value[1:-1]]
    return value


@pytest.mark.parametrize("case", ROWS, ids=lambda case: f"{case.row}: {case.name}")
def test_refused(sandbox: Company, api: Client, known: dict[str, int], case: Case) -> None:
    account, row = sandbox.account, TABLE[case.row]
    counted = sandbox.pipedrive.refusals[case.row]
    before = {kind: dict(records) for kind, records in account.objects.items()}
    written = {r.id: dict(r.fields) for records in before.values() for r in records.values()}
    answer = api.call(case.method, case.path.format(**known), _filled(case.body, known))
    assert answer.status_code == row.status, answer.text
    assert sandbox.pipedrive.refusals[case.row] == counted + 1
    told = answer.json()
    assert told["success"] is False
    if row.code:
        assert told["code"] == row.code
    if case.path.startswith(V1) and "webhooks" not in case.path:
        assert told["error_info"], "v1 has the longer body"
    after = {r.id: r.fields for records in account.objects.values() for r in records.values()}
    assert after == written, "a refused call must change nothing"


# --- scopes --------------------------------------------------------------------------------------


def _routes() -> list[tuple[str, str, tuple[tuple[str, ...], ...]]]:
    """(method, path, scopes) of every endpoint that takes a token and is still served."""
    return [
        (one.method, one.label.split(" pipedrive ")[1], one.scopes)
        for rows in ROUTES.values()
        for one in rows
        if not one.public and one.method != "*"
    ]


@pytest.mark.refusal("pd_scope")
@pytest.mark.parametrize(("method", "template", "scopes"), _routes())
def test_missing_scope(
    sandbox: Company, method: str, template: str, scopes: tuple[tuple[str, ...], ...]
) -> None:
    """Each scope that an endpoint asks for is missed; with any alternative it is not refused so."""
    assert scopes, "an endpoint asks for a scope"
    path = "/api/" + "/".join("999" if part[0] == "{" else part for part in template.split("/"))
    for alternatives in scopes:
        without = [one for one in SCOPES if one not in alternatives]
        for held in ([], *([one] for one in alternatives)):
            answer = sandbox.client([*without, *held]).call(method, path, {})
            refused = "Scope and URL mismatch" in answer.text
            assert refused == (not held), f"{held}: {answer.text}"
            assert answer.status_code == 403 or held


# --- tokens, users, companies --------------------------------------------------------------------


@pytest.mark.refusal("pd_token")
@pytest.mark.parametrize("seconds", [-1, None])
def test_token_is_live(sandbox: Company, seconds: int | None) -> None:
    api = sandbox.client(seconds=seconds or 3599)
    if seconds is None:
        api.session.headers["Authorization"] = "Bearer nobody"
    answer = api.call("GET", f"{V2}/deals")
    assert answer.status_code == 401
    assert answer.json()["error"] == "Invalid token: access_token is invalid"


@pytest.mark.refusal("pd_token")
def test_token_of_a_user_who_left(sandbox: Company) -> None:
    account = sandbox.add(COMPANY + 1)
    api = sandbox.client(portal_id=account.portal_id, user="602")
    api.get("/v1/users/me")
    account.set_archived(account.owners["602"], True, USER)
    assert api.call("GET", "/v1/users/me").status_code == 401


@pytest.mark.refusal("pd_token_malformed")
def test_token_is_a_bearer(sandbox: Company) -> None:
    api = sandbox.client()
    api.session.headers["Authorization"] = "Token abc"
    answer = api.call("GET", f"{V2}/deals")
    assert answer.status_code == 400
    assert "malformed authorization header" in answer.json()["error"]


@pytest.mark.refusal("pd_closed")
def test_company_that_has_not_paid(sandbox: Company) -> None:
    account = sandbox.add(COMPANY + 2)
    account.extra["pipedrive"] = {"closed": True}
    answer = sandbox.client(portal_id=account.portal_id).call("GET", f"{V2}/deals")
    assert answer.status_code == 402


@pytest.mark.refusal("pd_not_admin")
def test_what_only_admins_may_do(sandbox: Company) -> None:
    ben = sandbox.client(user="602")
    kind = {"name": "Site visit", "icon_key": "truck"}
    assert ben.call("POST", "/v1/activityTypes", kind).status_code == 403
    assert ben.call("POST", "/v1/webhooks", HOOK | {"user_id": 601}).status_code == 403
    assert ben.post("/v1/webhooks", HOOK)["user_id"] == 602


def test_another_company_is_not_seen(sandbox: Company, deal: Record) -> None:
    other = sandbox.add(COMPANY + 3)
    api = sandbox.client(portal_id=other.portal_id)
    assert api.call("GET", f"{V2}/deals/{deal.id}").status_code == 404
    assert api.get(f"{V2}/deals") == []


# --- single rows ---------------------------------------------------------------------------------


@pytest.mark.refusal("pd_consent_once", "pd_campaigns")
def test_consent_changes_once_and_only_with_campaigns(
    sandbox: Company, api: Client, person: Record
) -> None:
    path = f"{V2}/persons/{person.id}"
    api.patch(path, {"marketing_status": "subscribed"})
    answer = api.call("PATCH", path, {"marketing_status": "unsubscribed"})
    assert answer.status_code == 400
    shown = api.get(path, include_fields="marketing_status,doi_status")
    assert shown["marketing_status"] == "subscribed"
    sandbox.account.extra["pipedrive"]["campaigns"] = False
    try:
        assert api.call("PATCH", path, {"marketing_status": "archived"}).status_code == 403
        shown = api.get(path, include_fields="marketing_status,doi_status")
        assert "marketing_status" not in shown, "without the app nothing is known of consent"
    finally:
        sandbox.account.extra["pipedrive"]["campaigns"] = True


@pytest.mark.refusal("pd_hook_limit", "pd_hook_foreign")
def test_forty_webhooks_of_ones_own(sandbox: Company) -> None:
    account = sandbox.add(COMPANY + 4)
    api = sandbox.client(portal_id=account.portal_id)
    made = [api.post("/v1/webhooks", HOOK | {"name": str(n)}) for n in range(40)]
    answer = api.call("POST", "/v1/webhooks", HOOK)
    assert answer.status_code == 422
    ben = sandbox.client(portal_id=account.portal_id, user="602")
    assert ben.get("/v1/webhooks") == []
    refused = ben.call("DELETE", f"/v1/webhooks/{made[0]['id']}")
    assert (refused.status_code, refused.json()) == (
        403,
        {"success": False, "message": "Forbidden"},
    )
    assert api.call("DELETE", f"/v1/webhooks/{made[0]['id']}").json()["status"] == "ok"
    assert len(api.get("/v1/webhooks")) == 39
    assert api.post("/v1/webhooks", HOOK)["is_active"] == 1


@pytest.mark.refusal("pd_field_value")
def test_values_of_custom_fields(sandbox: Company, api: Client, deal: Record) -> None:
    from sandbox.pipedrive.fields import code_of
    from sandbox.world.records import Option, Property

    choice = Property("mood", "Mood", "enumeration", "enum", built_in=False)
    choice.options = [Option("good", "Good", 0), Option("bad", "Bad", 1)]
    date = Property("renewal", "Renewal", "date", "date", built_in=False)
    keys = [
        code_of(sandbox.account, "deals", sandbox.account.add_property("deals", one))
        for one in (choice, date)
    ]
    for key, value in zip(keys, (99, "soon"), strict=True):
        answer = api.call("PATCH", f"{V2}/deals/{deal.id}", {"custom_fields": {key: value}})
        assert answer.status_code == 400, answer.text
        assert key in answer.json()["error"]


def test_actor_of_an_app_is_its_user(sandbox: Company, api: Client) -> None:
    made = api.post(f"{V2}/activities", _act())
    record = sandbox.account.need("tasks", str(made["id"]))
    assert record.created_by == Actor("INTEGRATION", "888", 9101)
    assert (made["owner_id"], made["creator_user_id"]) == (601, 601)
