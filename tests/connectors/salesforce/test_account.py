"""What accounts differ in: record types, currencies, hidden fields, editions, versions, limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.model.time import Wall
from connectors.budget import Budget, MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import (
    Business,
    Conflict,
    CrmError,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Transient,
)
from connectors.mapping import load
from connectors.registry import vendor
from connectors.salesforce.allowance import HEADER, LOOK_AGAIN_MS, Allowance
from connectors.salesforce.errors import Classifier
from connectors.salesforce.vendor import limits
from connectors.transport import Reply, Request
from sandbox.control import perform
from sandbox.salesforce.state import OrgState
from tests.connectors.support import ManualClocks
from tests.contract.house import ADA, DAY, PORTAL, House
from tests.scenarios.crms import SALESFORCE


@pytest.fixture
def house() -> Iterator[House]:
    with House(SALESFORCE) as made:
        yield made


def hide(house: House, *names: str) -> None:
    """Take fields, or whole objects, out of the sight of the user who connected."""
    state = OrgState.of(house.account)
    for name in names:
        (state.hidden if "." in name else state.hidden_objects).add(name)
    state.fields_version += 1
    house.connector = house.again()


def test_each_record_type_is_a_pipeline_with_stages_of_its_own_ids(house: House) -> None:
    alone = house.deal("proposal")
    (only,) = house.connector.pipelines()
    assert only.id == "default"
    perform(
        house.simulation, str(PORTAL), "add_pipeline",
        {"label": "Renewals", "stages": ["Asked", "Closed Won", "Closed Lost"]},
    )  # fmt: skip
    house.connector = house.again()
    pipelines = house.connector.pipelines()
    assert len(pipelines) == 2
    stages = [stage.id for pipeline in pipelines for stage in pipeline.stages]
    assert len(stages) == len(set(stages)), "two processes share names, not ids"
    (record,) = house.connector.read("deal", [alone], history=True)
    of = next(p for p in pipelines if p.id == record.fields["pipeline"])
    assert record.fields["stage"] in {stage.id for stage in of.stages}
    assert record.history["stage"][-1].value == record.fields["stage"]


def test_without_enhanced_email_a_logged_mail_is_an_activity(house: House) -> None:
    nora = house.contact()
    deal = house.deal(contact=nora)
    hide(house, "EmailMessage")
    assert not house.can("email_content")
    house.act("send_email", deal=deal, subject="Hello")
    page = house.connector.changed_since("task", Business(house.now - DAY), None)
    assert [record.fields["status"] for record in page.records] == ["completed"]


def test_a_hidden_touch_id_is_reported_and_found_by_its_mark(house: House) -> None:
    hide(house, "Task.Followthrough_Touch_Id__c")
    report = house.connector.install()
    assert not report.unique_touch_id
    assert any("Touch_Id" in name and "permission set" in why for name, why in report.refused)
    assert not house.can("lookup_by_touch_id")
    deal = house.deal()
    task = house.task(associations=(("deal", deal),))
    (made,) = house.connector.create_tasks([task])
    found = house.connector.find_tasks([(task.touch_id, task.associations)])
    assert found[task.touch_id].id == made.id
    assert "Task.Followthrough_Touch_Id__c" in house.calls.gone


def test_a_field_that_is_hidden_later_is_noticed_and_left_out(house: House) -> None:
    deal = house.deal()
    (before,) = house.connector.read("deal", [deal])
    assert "amount" in before.fields
    state = OrgState.of(house.account)
    state.hidden.add("Opportunity.Amount")
    state.fields_version += 1
    (after,) = house.connector.read("deal", [deal])
    assert "amount" not in after.fields, "not shown is not unset"


def test_an_edition_without_the_api_says_so(house: House) -> None:
    house.account.tier = "professional"
    house.server.settings.update({"salesforce_professional_api": False})
    with pytest.raises(FeatureUnavailable, match="may not use the API"):
        house.connector.people()


@pytest.mark.parametrize("version", ["59.0", "66.0", "67.0"])
def test_several_versions_of_the_api_serve(house: House, version: str) -> None:
    deal = house.deal("proposal")
    config: VendorConfig = replace(house.vendor._config, version=version)  # type: ignore[attr-defined]
    connector = vendor("salesforce", config).connect(
        house.store, house.budget, house.clocks, house.calls
    )
    (record,) = connector.read("deal", [deal], history=True)
    assert record.history["stage"]
    assert connector.create_tasks([house.task(associations=(("deal", deal),))])[0].id


def test_a_version_that_was_retired_is_named(house: House) -> None:
    config: VendorConfig = replace(house.vendor._config, version="30.0")  # type: ignore[attr-defined]
    connector = vendor("salesforce", config).connect(
        house.store, house.budget, house.clocks, house.calls
    )
    with pytest.raises(FeatureUnavailable, match="SALESFORCE_API_VERSION"):
        connector.read("deal", [house.deal()])


def test_a_lead_is_read_as_a_person_and_its_task_stands_on_it_alone(house: House) -> None:
    from sandbox.world.traces import LEAD_STATUS, NEW_LEAD

    made = house.account.create(
        "contacts",
        {"email": "lena@acme.example", "lastname": "Lang", LEAD_STATUS: NEW_LEAD,
         "hubspot_owner_id": ADA},
        house.account.objects["users"][next(iter(house.account.objects["users"]))].created_by,
    )  # fmt: skip
    lead = house.outer("contacts", made.id)
    (record,) = house.connector.read("contact", [lead], associations=("deal",))
    assert (record.type, record.fields["email"]) == ("contact", "lena@acme.example")
    assert record.associations == {"deal": []}
    found = house.connector.contacts_by_email(["lena@acme.example"])
    assert found == {"lena@acme.example": [lead]}
    (answer,) = house.connector.create_tasks([house.task(associations=(("contact", lead),))])
    (task,) = house.connector.read("task", [str(answer.id)], associations=("contact",))
    assert task.associations == {"contact": [lead]}


# --- the allowance -------------------------------------------------------------------------------


def held(said: str) -> tuple[int, int | None]:
    clocks, store = ManualClocks(wall=1_000_000), MemoryBudgetStore()
    allowance = Allowance(Budget(store, clocks, limits(100)), clocks)
    allowance.note({HEADER: said})
    return store.not_before(), allowance.left


@pytest.mark.parametrize(
    ("said", "until", "left"),
    [
        ("api-usage=18/5000", 0, 4982),
        ("api-usage=4751/5000", 1_000_000 + LOOK_AGAIN_MS, 249),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=x)", 0, 233),
        (
            "api-usage=25/5000; per-app-api-usage=249/250(appName=x)",
            1_000_000 + LOOK_AGAIN_MS,
            1,
        ),
        ("", 0, None),
    ],
)
def test_a_twentieth_of_the_days_calls_is_left_to_others(
    said: str, until: int, left: int | None
) -> None:
    assert held(said) == (until, left)


# --- refusals ------------------------------------------------------------------------------------


def refused(status: int, *entries: dict[str, object]) -> CrmError:
    import orjson

    classify = Classifier(load("salesforce"), ManualClocks())
    request = Request("GET", "/services/data/v67.0/query")
    return classify(request, Reply(status, orjson.dumps(list(entries))))


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "words"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", RateLimited, "24 hours"),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit", RateLimited, "at once"),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", Transient, "tried again"),
        (400, "DUPLICATE_VALUE", "duplicate value found", Conflict, "already"),
        (404, "NOT_FOUND", "no such record", NotFound, "no longer"),
        (400, "ENTITY_IS_DELETED", "entity is deleted", NotFound, "no longer"),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "no access", Forbidden, "permission set"),
        (403, "API_DISABLED_FOR_ORG", "disabled", FeatureUnavailable, "API Enabled"),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say why", Invalid, "Say why"),
        (503, "SERVER_UNAVAILABLE", "busy", Transient, "not answering"),
        (420, "", "", Transient, "not answering"),
        (410, "", "", FeatureUnavailable, "retired"),
    ],
)
def test_a_refusal_says_what_it_means_and_what_to_do(
    status: int, code: str, message: str, kind: type[CrmError], words: str
) -> None:
    error = refused(status, {"errorCode": code, "message": message})
    assert type(error) is kind
    assert words in error.message


def test_a_limit_is_waited_out_for_as_long_as_it_takes() -> None:
    day = refused(403, {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"})
    at_once = refused(403, {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "Concurrent"})
    assert isinstance(day, RateLimited)
    assert isinstance(at_once, RateLimited)
    assert day.until - at_once.until > Wall(10 * 60_000)


def test_an_entry_of_a_collection_names_our_field() -> None:
    classify = Classifier(load("salesforce"), ManualClocks())
    entry = {
        "statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "no",
        "fields": ["acme__Followthrough_Touch_Id__c"],
    }  # fmt: skip
    error = classify.refusal(0, [entry], "task")
    assert isinstance(error, Invalid)
    assert error.missing == {"touch_id"}
