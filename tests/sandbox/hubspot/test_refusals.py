"""What HubSpot refuses, refused: one row per endpoint and reason, sent by plain ``requests``."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from sandbox.hubspot.call import ROUTES
from sandbox.world.records import Record
from sandbox.world.store import Account
from tests.sandbox.hubspot.conftest import FOREIGN_PORTAL, USER, task_input, types
from tests.sandbox.support import SCOPES, Client, SandboxServer

OBJECTS = "/crm/objects/2026-03"
ASSOCIATIONS = "/crm/associations/2026-03"
PROPERTIES = "/crm/properties/2026-03"


class Refusal(NamedTuple):
    """A call with a full token, and how it is refused."""

    name: str
    method: str
    path: str
    body: Any
    status: int
    category: str = "VALIDATION_ERROR"
    code: str = ""


def _many(count: int, **fields: Any) -> dict[str, Any]:
    return {"inputs": [{"id": str(n), **fields} for n in range(count)]}


def _write(**properties: Any) -> dict[str, Any]:
    return {"properties": properties}


TASK = {"hs_timestamp": "2026-10-20T09:00:00Z", "hs_task_subject": "x"}
MISSING, GONE, FOREIGN = "999", "{gone}", "{foreign}"
"""An id never used, an archived record's, another account's: filled in by the test."""

PROPERTY = {
    "name": "mine",
    "label": "Mine",
    "type": "string",
    "fieldType": "text",
    "groupName": "dealsinformation",
}

ROWS = [
    Refusal("no_json", "POST", f"{OBJECTS}/tasks/batch/create", b"{", 400),
    Refusal("no_body", "POST", f"{OBJECTS}/tasks/batch/create", None, 400),
    Refusal("no_inputs", "POST", f"{OBJECTS}/tasks/batch/create", {}, 400),
    Refusal("no_such_type", "GET", f"{OBJECTS}/gadgets", None, 400),
    Refusal("no_such_path", "GET", "/crm/objects/2026-03", None, 404, "OBJECT_NOT_FOUND"),
    Refusal("wrong_method", "PUT", f"{OBJECTS}/deals", {}, 405, ""),
    # properties: unknown, read-only, bad values, on each way of writing
    *(
        Refusal(f"{why}_{way}", method, f"{OBJECTS}/{path}", body, 400, code=code)
        for why, kind, values, code in (
            ("unknown", "tasks", {**TASK, "no_such": "1"}, "PROPERTY_DOESNT_EXIST"),
            ("read_only", "deals", {"hs_is_closed": "true"}, "READ_ONLY_VALUE"),
            ("read_only_id", "deals", {"hs_object_id": "1"}, "READ_ONLY_VALUE"),
            ("bad_enum", "tasks", {**TASK, "hs_task_status": "DONE"}, "INVALID_OPTION"),
            ("bad_type", "tasks", {**TASK, "hs_task_type": "FAX"}, "INVALID_OPTION"),
            ("bad_stage", "deals", {"dealstage": "nowhere"}, "INVALID_OPTION"),
            ("bad_pipeline", "deals", {"pipeline": "nowhere"}, "INVALID_OPTION"),
            ("bad_owner", "deals", {"hubspot_owner_id": "4711"}, "INVALID_OWNER"),
            ("bad_number", "deals", {"amount": "much"}, "INVALID_DOUBLE"),
            ("bad_date", "deals", {"closedate": "soon"}, "INVALID_DATE"),
            ("bad_email", "contacts", {"email": "nobody"}, "INVALID_EMAIL"),
        )
        for way, method, path, body in (
            ("create", "POST", kind, _write(**values)),
            ("batch_create", "POST", f"{kind}/batch/create", {"inputs": [_write(**values)]}),
            ("patch", "PATCH", f"{kind}/{{{kind}}}", _write(**values)),
            (
                "batch_update",
                "POST",
                f"{kind}/batch/update",
                {"inputs": [{"id": f"{{{kind}}}", **_write(**values)}]},
            ),
        )
    ),
    Refusal("no_due", "POST", f"{OBJECTS}/tasks", _write(hs_task_subject="x"), 400,
            code="REQUIRED_FIELD"),
    Refusal("properties_no_object", "POST", f"{OBJECTS}/deals", {"properties": []}, 400),
    # one input too many
    *(
        Refusal(f"too_many_{path.rsplit('/', 1)[1]}", "POST", f"{OBJECTS}/{path}", body, 400)
        for path, body in (
            ("tasks/batch/create", _many(101, properties=TASK)),
            ("deals/batch/read", _many(101, properties=[])),
            ("deals/batch/update", _many(101, properties={})),
            ("contacts/batch/upsert", _many(101, idProperty="email", properties={})),
            ("tasks/batch/archive", _many(101)),
        )
    ),
    Refusal("too_many_history", "POST", f"{OBJECTS}/deals/batch/read",
            {**_many(51), "propertiesWithHistory": ["dealstage"]}, 400),
    Refusal("too_many_properties", "POST", f"{PROPERTIES}/deals/batch/create",
            {"inputs": [PROPERTY] * 101}, 400),
    Refusal("too_many_association_reads", "POST", f"{ASSOCIATIONS}/deals/contacts/batch/read",
            _many(1001), 400),
    Refusal("too_many_association_writes", "POST", f"{ASSOCIATIONS}/deals/contacts/batch/create",
            _many(2001), 400),
    # records that are not there: never were, archived, another account's
    *(
        Refusal(f"{why}_{method.lower()}", method, f"{OBJECTS}/deals/{record}", body, 404,
                "OBJECT_NOT_FOUND")
        for why, record in (("missing", MISSING), ("archived", GONE), ("foreign", FOREIGN))
        for method, body in (("GET", None), ("PATCH", _write(dealname="x")))
    ),
    Refusal("missing_delete", "DELETE", f"{OBJECTS}/deals/{MISSING}", None, 404,
            "OBJECT_NOT_FOUND"),
    Refusal("foreign_delete", "DELETE", f"{OBJECTS}/deals/{FOREIGN}", None, 404,
            "OBJECT_NOT_FOUND"),
    Refusal("missing_links", "GET", f"{OBJECTS}/deals/{MISSING}/associations/contacts", None, 404,
            "OBJECT_NOT_FOUND"),
    Refusal("merge_missing", "POST", f"{OBJECTS}/deals/merge",
            {"primaryObjectId": "{deals}", "objectIdToMerge": MISSING}, 404, "OBJECT_NOT_FOUND"),
    Refusal("merge_itself", "POST", f"{OBJECTS}/deals/merge",
            {"primaryObjectId": "{deals}", "objectIdToMerge": "{deals}"}, 400),
    *(
        Refusal(f"{why}_associated_{way}", "POST", f"{OBJECTS}/{path}", body, 400)
        for why, record in (("missing", MISSING), ("archived", GONE), ("foreign", FOREIGN))
        for link in [{"associations": [{"to": {"id": record}, "types": [types(216)]}]}]
        for way, path, body in (
            ("create", "tasks", {**_write(**TASK), **link}),
            ("batch", "tasks/batch/create", {"inputs": [{**_write(**TASK), **link}]}),
        )
    ),
    *(
        Refusal(f"{why}_put_association", "PUT",
                f"{OBJECTS}/tasks/{{tasks}}/associations/{middle}deals/{record}", body, 400)
        for why, record in (("missing", MISSING), ("archived", GONE), ("foreign", FOREIGN))
        for middle, body in (("", [types(216)]), ("default/", None))
    ),
    Refusal("wrong_type_id", "POST", f"{OBJECTS}/tasks",
            {**_write(**TASK),
             "associations": [{"to": {"id": "{deals}"}, "types": [types(215)]}]}, 400),
    Refusal("no_types", "POST", f"{OBJECTS}/tasks",
            {**_write(**TASK), "associations": [{"to": {"id": "{deals}"}, "types": []}]}, 400),
    Refusal("associations_no_list", "POST", f"{OBJECTS}/tasks",
            {**_write(**TASK), "associations": {}}, 400),
    Refusal("association_without_end", "POST", f"{ASSOCIATIONS}/deals/contacts/batch/create",
            {"inputs": [{"from": {"id": "{deals}"}, "types": [types(3)]}]}, 400),
    Refusal("archive_without_ends", "POST", f"{ASSOCIATIONS}/deals/contacts/batch/archive",
            {"inputs": [{"from": {"id": "{deals}"}}]}, 400),
    # look-ups and upserts
    Refusal("not_unique_read", "POST", f"{OBJECTS}/deals/batch/read",
            {"idProperty": "dealname", "inputs": [{"id": "x"}]}, 400),
    Refusal("not_unique_get", "GET", f"{OBJECTS}/deals/x?idProperty=dealname", None, 400),
    Refusal("not_unique_update", "POST", f"{OBJECTS}/deals/batch/update",
            {"inputs": [{"id": "x", "idProperty": "dealname", "properties": {}}]}, 400),
    Refusal("not_unique_upsert", "POST", f"{OBJECTS}/deals/batch/upsert",
            {"inputs": [{"id": "x", "idProperty": "dealname", "properties": {}}]}, 400),
    Refusal("upsert_without_property", "POST", f"{OBJECTS}/contacts/batch/upsert",
            {"inputs": [{"id": "a@example.com", "properties": {}}]}, 400),
    Refusal("upsert_with_associations", "POST", f"{OBJECTS}/contacts/batch/upsert",
            {"inputs": [{"id": "a@example.com", "idProperty": "email", "properties": {},
                         "associations": []}]}, 400),
    # lists and search
    Refusal("page_too_long", "GET", f"{OBJECTS}/deals?limit=101", None, 400),
    Refusal("page_with_history", "GET",
            f"{OBJECTS}/deals?limit=51&propertiesWithHistory=dealstage", None, 400),
    Refusal("bad_cursor", "GET", f"{OBJECTS}/deals?after=x", None, 400),
    *(
        Refusal(f"search_{why}", "POST", f"{OBJECTS}/deals/search", body, 400)
        for why, body in (
            ("page", {"limit": 201}),
            ("beyond", {"limit": 100, "after": "9950"}),
            ("groups", {"filterGroups": [{"filters": []}] * 6}),
            ("filters", {"filterGroups": [{"filters": [
                {"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 7}]}),
            ("property", {"filterGroups": [{"filters": [
                {"propertyName": "no_such", "operator": "EQ", "value": "1"}]}]}),
            ("operator", {"filterGroups": [{"filters": [
                {"propertyName": "amount", "operator": "LIKE", "value": "1"}]}]}),
            ("value", {"filterGroups": [{"filters": [
                {"propertyName": "amount", "operator": "GT", "value": "much"}]}]}),
            ("sorts", {"sorts": ["amount", "dealname"]}),
            ("length", {"query": "x" * 3001}),
        )
    ),
    # pipelines, owners, properties
    Refusal("no_pipeline", "GET", "/crm/pipelines/2026-03/deals/nowhere", None, 404,
            "OBJECT_NOT_FOUND"),
    Refusal("no_owner", "GET", "/crm/owners/2026-03/4711", None, 404, "OBJECT_NOT_FOUND"),
    Refusal("owners_page", "GET", "/crm/owners/2026-03?limit=501", None, 400),
    Refusal("no_property", "GET", f"{PROPERTIES}/deals/no_such", None, 404, "OBJECT_NOT_FOUND"),
    Refusal("property_taken", "POST", f"{PROPERTIES}/deals", {**PROPERTY, "name": "dealname"},
            409, "OBJECT_ALREADY_EXISTS"),
    Refusal("property_name", "POST", f"{PROPERTIES}/deals", {**PROPERTY, "name": "Mine!"}, 400),
    Refusal("property_group", "POST", f"{PROPERTIES}/deals",
            {**PROPERTY, "groupName": "nowhere"}, 400),
    Refusal("property_type", "POST", f"{PROPERTIES}/deals", {**PROPERTY, "fieldType": "date"}, 400),
    Refusal("property_label", "POST", f"{PROPERTIES}/deals", {**PROPERTY, "label": ""}, 400),
    Refusal("property_options", "POST", f"{PROPERTIES}/deals",
            {**PROPERTY, "type": "enumeration", "fieldType": "select"}, 400),
    Refusal("property_unique_date", "POST", f"{PROPERTIES}/deals",
            {**PROPERTY, "type": "date", "fieldType": "date", "hasUniqueValue": True}, 400),
    Refusal("group_taken", "POST", f"{PROPERTIES}/deals/groups",
            {"name": "dealsinformation", "label": "x"}, 409, "OBJECT_ALREADY_EXISTS"),
    Refusal("group_name", "POST", f"{PROPERTIES}/deals/groups", {"name": "A b", "label": "x"}, 400),
    Refusal("built_in_changed", "PATCH", f"{PROPERTIES}/deals/dealname", {"label": "x"}, 400),
    Refusal("built_in_archived", "DELETE", f"{PROPERTIES}/deals/dealname", None, 400),
    Refusal("built_in_batch_archived", "POST", f"{PROPERTIES}/deals/batch/archive",
            {"inputs": [{"name": "dealname"}]}, 400),
    Refusal("no_property_archived", "DELETE", f"{PROPERTIES}/deals/no_such", None, 404,
            "OBJECT_NOT_FOUND"),
]  # fmt: skip


@pytest.fixture
def known(
    account: Account, sandbox: SandboxServer, deal: Record, contact: Record
) -> dict[str, str]:
    gone = account.create("deals", {"dealname": "Gone"}, USER)
    account.archive("deals", gone.id, USER)
    foreign = sandbox.world.accounts[FOREIGN_PORTAL].create("deals", {"dealname": "Theirs"}, USER)
    task = account.create("tasks", {"hs_timestamp": "1", "hs_task_subject": "x"}, USER)
    return {
        "{gone}": gone.id,
        "{foreign}": foreign.id,
        "{deals}": deal.id,
        "{contacts}": contact.id,
        "{tasks}": task.id,
    }


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, found in known.items():
            value = value.replace(name, found)
        return value
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, known) for name, one in value.items()}
    return value


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_refused(row: Refusal, api: Client, account: Account, known: dict[str, str]) -> None:
    before = {kind: dict(records) for kind, records in account.objects.items()}
    written = {r.id: dict(r.fields) for records in before.values() for r in records.values()}
    path, body = _filled(row.path, known), _filled(row.body, known)
    if isinstance(body, bytes):
        answer = api.session.request(row.method, api.url + path, data=body, timeout=10)
    else:
        answer = api.call(row.method, path, body)
    assert answer.status_code == row.status, answer.text
    told = answer.json()
    assert told["status"] == "error"
    assert told["correlationId"]
    assert told.get("category", "") == row.category
    if row.code:
        assert row.code in [error["code"] for error in told["errors"]]
    after = {r.id: r.fields for records in account.objects.values() for r in records.values()}
    assert after == written, "a refused call must change nothing"


SCOPED = [
    ("GET", f"{OBJECTS}/deals", None, "crm.objects.deals.read"),
    ("GET", f"{OBJECTS}/deals/1", None, "crm.objects.deals.read"),
    ("GET", f"{OBJECTS}/deals?associations=contacts", None, "crm.objects.contacts.read"),
    ("POST", f"{OBJECTS}/deals", _write(dealname="x"), "crm.objects.deals.write"),
    ("PATCH", f"{OBJECTS}/deals/1", _write(dealname="x"), "crm.objects.deals.write"),
    ("DELETE", f"{OBJECTS}/deals/1", None, "crm.objects.deals.write"),
    ("POST", f"{OBJECTS}/deals/merge", {}, "crm.objects.deals.write"),
    ("POST", f"{OBJECTS}/contacts/gdpr-delete", {}, "crm.objects.contacts.write"),
    ("POST", f"{OBJECTS}/deals/search", {}, "crm.objects.deals.read"),
    ("POST", f"{OBJECTS}/deals/batch/read", _many(1), "crm.objects.deals.read"),
    ("POST", f"{OBJECTS}/tasks/batch/create", _many(1), "crm.objects.contacts.write"),
    ("POST", f"{OBJECTS}/notes", {}, "crm.objects.contacts.write"),
    ("GET", f"{OBJECTS}/calls", None, "crm.objects.contacts.read"),
    ("GET", f"{OBJECTS}/users", None, "crm.objects.users.read"),
    ("POST", f"{OBJECTS}/deals/batch/update", _many(1), "crm.objects.deals.write"),
    ("POST", f"{OBJECTS}/deals/batch/upsert", _many(1), "crm.objects.deals.write"),
    ("POST", f"{OBJECTS}/deals/batch/archive", _many(1), "crm.objects.deals.write"),
    ("GET", f"{OBJECTS}/deals/1/associations/contacts", None, "crm.objects.contacts.read"),
    ("PUT", f"{OBJECTS}/deals/1/associations/contacts/2", [], "crm.objects.contacts.write"),
    ("PUT", f"{OBJECTS}/deals/1/associations/default/contacts/2", None,
     "crm.objects.contacts.write"),
    ("DELETE", f"{OBJECTS}/deals/1/associations/contacts/2", None, "crm.objects.deals.write"),
    ("POST", f"{ASSOCIATIONS}/deals/contacts/batch/read", _many(1), "crm.objects.deals.read"),
    ("POST", f"{ASSOCIATIONS}/deals/contacts/batch/create", _many(1), "crm.objects.deals.write"),
    ("POST", f"{ASSOCIATIONS}/deals/contacts/batch/associate/default", _many(1),
     "crm.objects.deals.write"),
    ("POST", f"{ASSOCIATIONS}/deals/contacts/batch/archive", _many(1), "crm.objects.deals.write"),
    ("GET", "/crm/pipelines/2026-03/deals", None, "crm.objects.deals.read"),
    ("GET", "/crm/pipelines/2026-03/deals/default", None, "crm.objects.deals.read"),
    ("GET", "/crm/owners/2026-03", None, "crm.objects.owners.read"),
    ("GET", "/crm/owners/2026-03/501", None, "crm.objects.owners.read"),
    ("POST", f"{PROPERTIES}/deals", PROPERTY, "crm.schemas.deals.write"),
    ("POST", f"{PROPERTIES}/tasks", PROPERTY, "crm.schemas.contacts.write"),
    ("POST", f"{PROPERTIES}/deals/groups", {}, "crm.schemas.deals.write"),
    ("POST", f"{PROPERTIES}/deals/batch/create", _many(1), "crm.schemas.deals.write"),
    ("POST", f"{PROPERTIES}/deals/batch/archive", _many(1), "crm.schemas.deals.write"),
    ("PATCH", f"{PROPERTIES}/deals/dealname", {}, "crm.schemas.deals.write"),
    ("DELETE", f"{PROPERTIES}/deals/dealname", None, "crm.schemas.deals.write"),
    ("DELETE", "/appinstalls/2026-03/external-install", None, "oauth"),
    ("GET", "/account-info/2026-03/details", None, "oauth"),
    ("GET", "/automation/sequences/2026-03", None, "automation.sequences.read"),
    ("GET", "/automation/sequences/2026-03/1", None, "automation.sequences.read"),
    ("POST", "/automation/sequences/2026-03/enrollments", {},
     "automation.sequences.enrollments.write"),
    ("GET", "/automation/sequences/2026-03/enrollments/contact/1", None,
     "automation.sequences.read"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "scope"), SCOPED, ids=[f"{r[0]} {r[1]}" for r in SCOPED]
)
def test_missing_scope(
    sandbox: SandboxServer, method: str, path: str, body: Any, scope: str
) -> None:
    client = sandbox.client(scopes=[one for one in SCOPES if one != scope])
    answer = client.call(method, path, body)
    assert answer.status_code == 403, answer.text
    told = answer.json()
    assert told["category"] == "MISSING_SCOPES"
    assert told["errors"][0]["context"]["requiredGranularScopes"] == [scope]


READS_OF_PROPERTIES = [
    ("GET", f"{PROPERTIES}/deals"),
    ("GET", f"{PROPERTIES}/deals/dealname"),
    ("GET", f"{PROPERTIES}/deals/groups"),
    ("POST", f"{PROPERTIES}/deals/batch/read"),
]


@pytest.mark.parametrize(("method", "path"), READS_OF_PROPERTIES)
def test_properties_need_one_of_three_scopes(
    sandbox: SandboxServer, method: str, path: str
) -> None:
    body = {"inputs": []} if method == "POST" else None
    refused = sandbox.client(scopes=["oauth"]).call(method, path, body)
    assert refused.status_code == 403
    allowed = sandbox.client(scopes=["oauth", "crm.objects.deals.read"]).call(method, path, body)
    assert allowed.status_code == 200, allowed.text


def test_every_endpoint_is_refused_without_a_scope() -> None:
    tried = {(method, path.split("?")[0]) for method, path, *_ in SCOPED}
    tried |= set(READS_OF_PROPERTIES)
    missing = [
        f"{route.method} {route.template}"
        for route in ROUTES
        if not route.public
        and not any(m == route.method and route.pattern.fullmatch(p) for m, p in tried)
    ]
    assert missing == []


@pytest.mark.parametrize("token", ["", "CPnobody"])
def test_unknown_token(sandbox: SandboxServer, token: str) -> None:
    api = sandbox.client()
    api.session.headers["Authorization"] = f"Bearer {token}"
    answer = api.get(f"{OBJECTS}/deals")
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"


def test_expired_token(sandbox: SandboxServer) -> None:
    answer = sandbox.client(seconds=-1).get(f"{OBJECTS}/deals")
    assert answer.status_code == 401
    assert answer.json()["category"] == "EXPIRED_AUTHENTICATION"


def test_task_types_of_linkedin_can_be_refused(
    sandbox: SandboxServer, api: Client, deal: Record, contact: Record
) -> None:
    task = task_input(deal, contact, hs_task_type="LINKED_IN_MESSAGE")
    assert api.post(f"{OBJECTS}/tasks", task).status_code == 201
    sandbox.settings.update({"linkedin_task_types": False})
    try:
        answer = api.post(f"{OBJECTS}/tasks", task)
    finally:
        sandbox.settings.update({"linkedin_task_types": True})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "INVALID_OPTION"


def test_unique_properties_on_tasks_can_be_refused(sandbox: SandboxServer, api: Client) -> None:
    sandbox.settings.update({"unique_properties_on_activities": False})
    try:
        made = PROPERTY | {"groupName": "tasksinformation", "hasUniqueValue": True}
        answer = api.post(f"{PROPERTIES}/tasks", made)
    finally:
        sandbox.settings.update({"unique_properties_on_activities": True})
    assert answer.status_code == 400
