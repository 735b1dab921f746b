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


class Case(NamedTuple):
    """A call with a full token, and how it is refused. ``row``: by which row of the table."""

    name: str
    row: str
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
    Case(
        "quote_untitled", "quote_field_missing", "POST", f"{OBJECTS}/quotes",
        _write(hs_expiration_date="2026-12-01"), 400, code="REQUIRED_FIELD",
    ),
    Case("no_json", "bad_json", "POST", f"{OBJECTS}/tasks/batch/create", b"{", 400),
    Case("no_body", "no_body", "POST", f"{OBJECTS}/tasks/batch/create", None, 400),
    Case("no_inputs", "bad_shape", "POST", f"{OBJECTS}/tasks/batch/create", {}, 400),
    Case("no_such_type", "kind_unknown", "GET", f"{OBJECTS}/gadgets", None, 400),
    Case(
        "no_such_path", "no_such_path", "GET", "/crm/objects/2026-03", None, 404, "OBJECT_NOT_FOUND"
    ),
    Case("wrong_method", "wrong_method", "PUT", f"{OBJECTS}/deals", {}, 405, ""),
    # properties: unknown, read-only, bad values, on each way of writing
    *(
        Case(f"{why}_{way}", row, method, f"{OBJECTS}/{path}", body, 400, code=code)
        for why, row, kind, values, code in (
            (
                "unknown",
                "property_unknown",
                "tasks",
                {**TASK, "no_such": "1"},
                "PROPERTY_DOESNT_EXIST",
            ),
            (
                "read_only",
                "property_read_only",
                "deals",
                {"hs_is_closed": "true"},
                "READ_ONLY_VALUE",
            ),
            (
                "read_only_id",
                "property_read_only",
                "deals",
                {"hs_object_id": "1"},
                "READ_ONLY_VALUE",
            ),
            (
                "bad_enum",
                "option_invalid",
                "tasks",
                {**TASK, "hs_task_status": "DONE"},
                "INVALID_OPTION",
            ),
            (
                "bad_type",
                "option_invalid",
                "tasks",
                {**TASK, "hs_task_type": "FAX"},
                "INVALID_OPTION",
            ),
            ("bad_stage", "option_invalid", "deals", {"dealstage": "nowhere"}, "INVALID_OPTION"),
            ("bad_pipeline", "option_invalid", "deals", {"pipeline": "nowhere"}, "INVALID_OPTION"),
            ("bad_owner", "owner_invalid", "deals", {"hubspot_owner_id": "4711"}, "INVALID_OWNER"),
            ("bad_number", "number_invalid", "deals", {"amount": "much"}, "INVALID_DOUBLE"),
            ("bad_date", "date_invalid", "deals", {"closedate": "soon"}, "INVALID_DATE"),
            ("bad_email", "email_invalid", "contacts", {"email": "nobody"}, "INVALID_EMAIL"),
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
    Case(
        "no_due",
        "timestamp_missing",
        "POST",
        f"{OBJECTS}/tasks",
        _write(hs_task_subject="x"),
        400,
        code="REQUIRED_FIELD",
    ),
    Case("properties_no_object", "bad_shape", "POST", f"{OBJECTS}/deals", {"properties": []}, 400),
    # one input too many
    *(
        Case(
            f"too_many_{path.rsplit('/', 1)[1]}",
            "too_many_inputs",
            "POST",
            f"{OBJECTS}/{path}",
            body,
            400,
        )
        for path, body in (
            ("tasks/batch/create", _many(101, properties=TASK)),
            ("deals/batch/read", _many(101, properties=[])),
            ("deals/batch/update", _many(101, properties={})),
            ("contacts/batch/upsert", _many(101, idProperty="email", properties={})),
            ("tasks/batch/archive", _many(101)),
        )
    ),
    Case(
        "too_many_history",
        "history_inputs",
        "POST",
        f"{OBJECTS}/deals/batch/read",
        {**_many(51), "propertiesWithHistory": ["dealstage"]},
        400,
    ),
    Case(
        "too_many_properties",
        "too_many_inputs",
        "POST",
        f"{PROPERTIES}/deals/batch/create",
        {"inputs": [PROPERTY] * 101},
        400,
    ),
    Case(
        "too_many_association_reads",
        "too_many_inputs",
        "POST",
        f"{ASSOCIATIONS}/deals/contacts/batch/read",
        _many(1001),
        400,
    ),
    Case(
        "too_many_association_writes",
        "too_many_inputs",
        "POST",
        f"{ASSOCIATIONS}/deals/contacts/batch/create",
        _many(2001),
        400,
    ),
    # records that are not there: never were, archived, another account's
    *(
        Case(
            f"{why}_{method.lower()}",
            "record_missing",
            method,
            f"{OBJECTS}/deals/{record}",
            body,
            404,
            "OBJECT_NOT_FOUND",
        )
        for why, record in (("missing", MISSING), ("archived", GONE), ("foreign", FOREIGN))
        for method, body in (("GET", None), ("PATCH", _write(dealname="x")))
    ),
    Case(
        "missing_delete",
        "record_missing",
        "DELETE",
        f"{OBJECTS}/deals/{MISSING}",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case(
        "foreign_delete",
        "record_missing",
        "DELETE",
        f"{OBJECTS}/deals/{FOREIGN}",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case(
        "missing_links",
        "record_missing",
        "GET",
        f"{OBJECTS}/deals/{MISSING}/associations/contacts",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case(
        "merge_missing",
        "record_missing",
        "POST",
        f"{OBJECTS}/deals/merge",
        {"primaryObjectId": "{deals}", "objectIdToMerge": MISSING},
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case(
        "merge_itself",
        "merge_refused",
        "POST",
        f"{OBJECTS}/deals/merge",
        {"primaryObjectId": "{deals}", "objectIdToMerge": "{deals}"},
        400,
    ),
    *(
        Case(f"{why}_associated_{way}", "association_end", "POST", f"{OBJECTS}/{path}", body, 400)
        for why, record in (("missing", MISSING), ("archived", GONE), ("foreign", FOREIGN))
        for link in [{"associations": [{"to": {"id": record}, "types": [types(216)]}]}]
        for way, path, body in (
            ("create", "tasks", {**_write(**TASK), **link}),
            ("batch", "tasks/batch/create", {"inputs": [{**_write(**TASK), **link}]}),
        )
    ),
    *(
        Case(
            f"{why}_put_association",
            "association_end",
            "PUT",
            f"{OBJECTS}/tasks/{{tasks}}/associations/{middle}deals/{record}",
            body,
            400,
        )
        for why, record in (("missing", MISSING), ("archived", GONE), ("foreign", FOREIGN))
        for middle, body in (("", [types(216)]), ("default/", None))
    ),
    Case(
        "wrong_type_id",
        "association_type",
        "POST",
        f"{OBJECTS}/tasks",
        {**_write(**TASK), "associations": [{"to": {"id": "{deals}"}, "types": [types(215)]}]},
        400,
    ),
    Case(
        "no_default_association",
        "association_default",
        "PUT",
        f"{OBJECTS}/tasks/{{tasks}}/associations/default/tasks/{{tasks}}",
        None,
        400,
    ),
    Case("erase_nobody", "erase_field", "POST", f"{OBJECTS}/contacts/gdpr-delete", {}, 400),
    Case(
        "erase_by_name",
        "erase_property",
        "POST",
        f"{OBJECTS}/contacts/gdpr-delete",
        {"objectId": "x", "idProperty": "firstname"},
        400,
    ),
    Case(
        "no_types",
        "bad_shape",
        "POST",
        f"{OBJECTS}/tasks",
        {**_write(**TASK), "associations": [{"to": {"id": "{deals}"}, "types": []}]},
        400,
    ),
    Case(
        "associations_no_list",
        "bad_shape",
        "POST",
        f"{OBJECTS}/tasks",
        {**_write(**TASK), "associations": {}},
        400,
    ),
    Case(
        "association_without_end",
        "bad_shape",
        "POST",
        f"{ASSOCIATIONS}/deals/contacts/batch/create",
        {"inputs": [{"from": {"id": "{deals}"}, "types": [types(3)]}]},
        400,
    ),
    Case(
        "archive_without_ends",
        "bad_shape",
        "POST",
        f"{ASSOCIATIONS}/deals/contacts/batch/archive",
        {"inputs": [{"from": {"id": "{deals}"}}]},
        400,
    ),
    # look-ups and upserts
    Case(
        "not_unique_read",
        "not_unique",
        "POST",
        f"{OBJECTS}/deals/batch/read",
        {"idProperty": "dealname", "inputs": [{"id": "x"}]},
        400,
    ),
    Case(
        "not_unique_get", "not_unique", "GET", f"{OBJECTS}/deals/x?idProperty=dealname", None, 400
    ),
    Case(
        "not_unique_update",
        "not_unique",
        "POST",
        f"{OBJECTS}/deals/batch/update",
        {"inputs": [{"id": "x", "idProperty": "dealname", "properties": {}}]},
        400,
    ),
    Case(
        "not_unique_upsert",
        "not_unique",
        "POST",
        f"{OBJECTS}/deals/batch/upsert",
        {"inputs": [{"id": "x", "idProperty": "dealname", "properties": {}}]},
        400,
    ),
    Case(
        "upsert_without_property",
        "upsert_property",
        "POST",
        f"{OBJECTS}/contacts/batch/upsert",
        {"inputs": [{"id": "a@example.com", "properties": {}}]},
        400,
    ),
    Case(
        "upsert_with_associations",
        "bad_shape",
        "POST",
        f"{OBJECTS}/contacts/batch/upsert",
        {
            "inputs": [
                {"id": "a@example.com", "idProperty": "email", "properties": {}, "associations": []}
            ]
        },
        400,
    ),
    # lists and search
    Case("page_too_long", "page_too_long", "GET", f"{OBJECTS}/deals?limit=101", None, 400),
    Case(
        "page_with_history",
        "page_too_long",
        "GET",
        f"{OBJECTS}/deals?limit=51&propertiesWithHistory=dealstage",
        None,
        400,
    ),
    Case("page_of_nothing", "bad_number", "GET", f"{OBJECTS}/deals?limit=0", None, 400),
    Case("bad_cursor", "bad_cursor", "GET", f"{OBJECTS}/deals?after=x", None, 400),
    *(
        Case(f"search_{why}", row, "POST", f"{OBJECTS}/deals/search", body, 400)
        for why, row, body in (
            ("page", "page_too_long", {"limit": 201}),
            ("beyond", "search_beyond", {"limit": 100, "after": "9950"}),
            ("groups", "search_groups", {"filterGroups": [{"filters": []}] * 6}),
            (
                "filters",
                "search_filters",
                {
                    "filterGroups": [
                        {"filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}] * 7}
                    ]
                },
            ),
            (
                "property",
                "search_property",
                {
                    "filterGroups": [
                        {"filters": [{"propertyName": "no_such", "operator": "EQ", "value": "1"}]}
                    ]
                },
            ),
            (
                "operator",
                "search_operator",
                {
                    "filterGroups": [
                        {"filters": [{"propertyName": "amount", "operator": "LIKE", "value": "1"}]}
                    ]
                },
            ),
            (
                "value",
                "search_value",
                {
                    "filterGroups": [
                        {"filters": [{"propertyName": "amount", "operator": "GT", "value": "much"}]}
                    ]
                },
            ),
            ("sorts", "search_sorts", {"sorts": ["amount", "dealname"]}),
            ("sort_property", "search_sort_property", {"sorts": ["no_such"]}),
            (
                "values",
                "search_values",
                {
                    "filterGroups": [
                        {"filters": [{"propertyName": "amount", "operator": "IN", "values": []}]}
                    ]
                },
            ),
            ("cursor", "bad_cursor", {"after": "x"}),
            ("length", "search_body", {"query": "x" * 3001}),
        )
    ),
    # pipelines, owners, properties
    Case(
        "no_pipeline",
        "pipeline_missing",
        "GET",
        "/crm/pipelines/2026-03/deals/nowhere",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case(
        "no_owner",
        "owner_missing",
        "GET",
        "/crm/owners/2026-03/4711",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case("owners_page", "page_too_long", "GET", "/crm/owners/2026-03?limit=501", None, 400),
    Case(
        "no_property",
        "property_missing",
        "GET",
        f"{PROPERTIES}/deals/no_such",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
    Case(
        "property_taken",
        "property_exists",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "name": "dealname"},
        409,
        "OBJECT_ALREADY_EXISTS",
    ),
    Case(
        "property_name",
        "property_name",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "name": "Mine!"},
        400,
    ),
    Case(
        "property_group",
        "property_group",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "groupName": "nowhere"},
        400,
    ),
    Case(
        "property_type",
        "property_field_type",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "fieldType": "date"},
        400,
    ),
    Case(
        "property_label",
        "property_field_missing",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "label": ""},
        400,
    ),
    Case(
        "property_options",
        "property_options",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "type": "enumeration", "fieldType": "select"},
        400,
    ),
    Case(
        "property_option",
        "property_option",
        "POST",
        f"{PROPERTIES}/deals",
        {
            **PROPERTY,
            "type": "enumeration",
            "fieldType": "select",
            "options": [{"value": "", "label": "x"}],
        },
        400,
    ),
    Case(
        "property_unique_date",
        "property_unique_type",
        "POST",
        f"{PROPERTIES}/deals",
        {**PROPERTY, "type": "date", "fieldType": "date", "hasUniqueValue": True},
        400,
    ),
    Case(
        "group_taken",
        "group_exists",
        "POST",
        f"{PROPERTIES}/deals/groups",
        {"name": "dealsinformation", "label": "x"},
        409,
        "OBJECT_ALREADY_EXISTS",
    ),
    Case(
        "group_name",
        "group_name",
        "POST",
        f"{PROPERTIES}/deals/groups",
        {"name": "A b", "label": "x"},
        400,
    ),
    Case(
        "built_in_changed",
        "property_built_in",
        "PATCH",
        f"{PROPERTIES}/deals/dealname",
        {"label": "x"},
        400,
    ),
    Case(
        "built_in_archived",
        "property_built_in",
        "DELETE",
        f"{PROPERTIES}/deals/dealname",
        None,
        400,
    ),
    Case(
        "built_in_batch_archived",
        "property_built_in",
        "POST",
        f"{PROPERTIES}/deals/batch/archive",
        {"inputs": [{"name": "dealname"}]},
        400,
    ),
    Case(
        "no_property_archived",
        "property_missing",
        "DELETE",
        f"{PROPERTIES}/deals/no_such",
        None,
        404,
        "OBJECT_NOT_FOUND",
    ),
]


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
def test_refused(
    row: Case, sandbox: SandboxServer, api: Client, account: Account, known: dict[str, str]
) -> None:
    counted = sandbox.hubspot.refusals[row.row]
    before = {kind: dict(records) for kind, records in account.objects.items()}
    written = {r.id: dict(r.fields) for records in before.values() for r in records.values()}
    path, body = _filled(row.path, known), _filled(row.body, known)
    if isinstance(body, bytes):
        answer = api.session.request(row.method, api.url + path, data=body, timeout=10)
    else:
        answer = api.call(row.method, path, body)
    assert answer.status_code == row.status, answer.text
    assert sandbox.hubspot.refusals[row.row] == counted + 1
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
    ("GET", f"{ASSOCIATIONS}/deals/contacts/labels", None, "crm.objects.contacts.read"),
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
    ("GET", "/communication-preferences/2026-03/definitions", None,
     "communication_preferences.read"),
    ("GET", "/communication-preferences/2026-03/statuses/a@example.com", None,
     "communication_preferences.read"),
    ("GET", "/communication-preferences/2026-03/statuses/a@example.com/unsubscribe-all", None,
     "communication_preferences.read"),
]  # fmt: skip


@pytest.mark.refusal("scope_missing")
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
        route.labels["2026-03"]
        for route in ROUTES
        if not route.public
        and not any(m == route.method and route.pattern.fullmatch(p) for m, p in tried)
    ]
    assert missing == []


@pytest.mark.refusal("token_unknown")
@pytest.mark.parametrize("token", ["", "CPnobody"])
def test_unknown_token(sandbox: SandboxServer, token: str) -> None:
    api = sandbox.client()
    api.session.headers["Authorization"] = f"Bearer {token}"
    answer = api.get(f"{OBJECTS}/deals")
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"


@pytest.mark.refusal("token_expired")
def test_expired_token(sandbox: SandboxServer) -> None:
    answer = sandbox.client(seconds=-1).get(f"{OBJECTS}/deals")
    assert answer.status_code == 401
    assert answer.json()["category"] == "EXPIRED_AUTHENTICATION"


@pytest.mark.refusal("option_invalid")
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


@pytest.mark.refusal("property_unique_activity")
def test_unique_properties_on_tasks_can_be_refused(sandbox: SandboxServer, api: Client) -> None:
    sandbox.settings.update({"unique_properties_on_activities": False})
    try:
        made = PROPERTY | {"groupName": "tasksinformation", "hasUniqueValue": True}
        answer = api.post(f"{PROPERTIES}/tasks", made)
    finally:
        sandbox.settings.update({"unique_properties_on_activities": True})
    assert answer.status_code == 400


@pytest.mark.refusal("value_invalid")
def test_a_boolean_is_true_or_false(api: Client) -> None:
    made = PROPERTY | {"name": "switch", "type": "bool", "fieldType": "booleancheckbox"}
    assert api.post(f"{PROPERTIES}/deals", made).status_code == 201
    answer = api.post(f"{OBJECTS}/deals", _write(switch="maybe"))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "INVALID_VALUE"
