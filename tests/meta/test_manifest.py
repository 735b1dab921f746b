"""The HubSpot project in `manifest/` is one that HubSpot takes, and what it registers is used."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from app.web.deal_panel import DEEDS
from connectors.config import VendorConfig
from connectors.hubspot.webhooks import parse_events
from connectors.mapping import load
from connectors.registry import vendor
from demo.registration import registration

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "manifest" / "hubspot"
COMPONENTS = sorted((PROJECT / "src").rglob("*-hsmeta.json"))
APP = json.loads((PROJECT / "src/app/app-hsmeta.json").read_text())
WEBHOOKS = json.loads((PROJECT / "src/app/webhooks/webhooks-hsmeta.json").read_text())
AUTH = APP["config"]["auth"]
SUBSCRIPTIONS: dict[str, list[dict[str, Any]]] = WEBHOOKS["config"]["subscriptions"]

LEGACY = re.compile(
    r"(contact|company|deal|ticket|product|line_item)"
    r"\.(creation|deletion|merge|restore|propertyChange|associationChange)"
)
GENERIC = re.compile(r"object\.(creation|deletion|merge|restore|propertyChange|associationChange)")
GENERIC_TYPES = {
    "contact", "company", "deal", "ticket", "lead", "task", "call", "email", "meeting", "note",
    "communication", "user", "quote",
}  # fmt: skip
NEVER_FIRE = {"num_unique_conversion_events", "hs_lastmodifieddate", "hs_email_html",
              "hs_email_subject", "hs_email_text"}  # fmt: skip
SCOPE = re.compile(r"(crm\.(objects|schemas)|automation|sales-email|communication_preferences|"
                   r"settings|developer)[.\-_a-z]*")  # fmt: skip


def test_the_project_is_laid_out_for_its_platform_version() -> None:
    project = json.loads((PROJECT / "hsproject.json").read_text())
    assert project == {"name": "followthrough", "srcDir": "src", "platformVersion": "2026.03"}
    where = {str(path.relative_to(PROJECT / "src")) for path in COMPONENTS}
    assert where == {"app/app-hsmeta.json", "app/cards/deal-panel-hsmeta.json",
                     "app/webhooks/webhooks-hsmeta.json"}  # fmt: skip
    metas = [json.loads(path.read_text()) for path in COMPONENTS]
    assert [sorted(meta) for meta in metas] == [["config", "type", "uid"]] * len(metas)
    assert sorted(meta["type"] for meta in metas) == ["app", "card", "webhooks"]
    uids = [meta["uid"] for meta in metas]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"\w{1,64}", uid) for uid in uids)


def test_the_app_is_one_for_the_marketplace_by_oauth() -> None:
    config = APP["config"]
    assert set(config) == {"name", "description", "distribution", "auth", "permittedUrls",
                           "support"}  # fmt: skip
    assert config["distribution"] == "marketplace"
    assert set(AUTH) == {"type", "redirectUrls", "requiredScopes", "optionalScopes",
                         "conditionallyRequiredScopes"}  # fmt: skip
    assert AUTH["type"] == "oauth"
    every = [*AUTH["requiredScopes"], *AUTH["optionalScopes"], *AUTH["conditionallyRequiredScopes"]]
    assert len(set(every)) == len(every), "a scope is asked for in one way only"
    assert set(config["permittedUrls"]) == {"fetch", "iframe", "img"}
    assert set(config["support"]) == {"supportEmail", "documentationUrl", "supportUrl",
                                      "supportPhone"}  # fmt: skip


def test_the_card_stands_where_it_says_and_asks_only_us_for_what_there_is() -> None:
    card = json.loads((PROJECT / "src/app/cards/deal-panel-hsmeta.json").read_text())["config"]
    assert card["location"] == "crm.record.sidebar"
    assert card["objectTypes"] == ["deals", "contacts"]
    source = (PROJECT / "src" / card["entrypoint"].lstrip("/")).read_text()
    # Our address is the only one that it may ask, and the only one that it may frame.
    urls = APP["config"]["permittedUrls"]
    assert (urls["fetch"], urls["iframe"], urls["img"]) == (["${BASE_URL}"], ["${BASE_URL}"], [])
    assert "context.variables?.BASE_URL" in source
    assert "/card/hubspot/" in source
    said = set(re.findall(r"do: \"(\w+)\"", source))
    assert said <= set(DEEDS)
    assert {"complete", "skip", "snooze", "pause", "go_on", "stop", "rewrite"} <= said


def test_every_variable_stands_in_the_example_profile() -> None:
    profile = json.loads((PROJECT / "src" / "hsprofile.example.json").read_text())
    assert set(profile) == {"accountId", "variables"}
    used = {name for path in COMPONENTS for name in re.findall(r"\$\{(\w+)\}", path.read_text())}
    assert used == set(profile["variables"])


def test_every_subscription_is_one_that_can_be_registered() -> None:
    assert set(WEBHOOKS["config"]) == {"settings", "subscriptions"}
    assert set(WEBHOOKS["config"]["settings"]) == {"targetUrl", "maxConcurrentRequests"}
    assert set(SUBSCRIPTIONS) == {"crmObjects", "legacyCrmObjects", "hubEvents"}
    for row in SUBSCRIPTIONS["legacyCrmObjects"]:
        assert LEGACY.fullmatch(row["subscriptionType"]), row
        assert "objectType" not in row
    for row in SUBSCRIPTIONS["crmObjects"]:
        assert GENERIC.fullmatch(row["subscriptionType"]), row
        assert row["objectType"] in GENERIC_TYPES
    assert [row["subscriptionType"] for row in SUBSCRIPTIONS["hubEvents"]] == [
        "contact.privacyDeletion"
    ]
    rows = [row for found in SUBSCRIPTIONS.values() for row in found]
    assert len({orjson.dumps(row) for row in rows}) == len(rows) <= 1000
    for row in rows:
        assert row["active"] is True
        of_value = row["subscriptionType"].endswith(".propertyChange")
        assert of_value == ("propertyName" in row), row
        assert row.get("propertyName") not in NEVER_FIRE


@pytest.mark.parametrize(
    "row",
    [row for found in SUBSCRIPTIONS.values() for row in found],
    ids=lambda row: ".".join(str(v) for k, v in row.items() if k != "active"),
)
def test_every_subscription_is_understood(row: dict[str, Any]) -> None:
    mapping = load("hubspot")
    types = {"task": "0-27", "email": "0-49", "call": "0-48", "meeting": "0-47", "lead": "0-136",
             "quote": "0-14", "company": "0-2",
             "note": "0-46", "communication": "0-18"}  # fmt: skip
    event: dict[str, Any] = {
        "eventId": 1, "subscriptionId": 1, "portalId": 1, "appId": 1, "occurredAt": 1,
        "attemptNumber": 0, "objectId": 1, "subscriptionType": row["subscriptionType"],
        "propertyName": row.get("propertyName"), "propertyValue": "",
        "associationType": "DEAL_TO_CONTACT", "fromObjectId": 1, "toObjectId": 2,
        "primaryObjectId": 1, "mergedObjectIds": [2], "newObjectId": 1,
    }  # fmt: skip
    if "objectType" in row:
        event["objectTypeId"] = types[row["objectType"]]
    (read,) = parse_events(orjson.dumps([event]), mapping)
    if name := row.get("propertyName"):
        assert name in mapping.of(read.object_type).by_property, "the product has no word for it"


def test_the_install_address_asks_for_exactly_what_is_registered() -> None:
    made = vendor("hubspot", VendorConfig("an-id", "a-secret"))
    address = made.authorize_url("s", "https://app.example.com/oauth/hubspot/callback", "c")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["scope"].split() == AUTH["requiredScopes"] + AUTH["conditionallyRequiredScopes"]
    assert asked["optional_scope"].split() == AUTH["optionalScopes"]
    known = registration("https://app.example.com")
    assert known["redirect_uris"] == ["https://app.example.com/oauth/hubspot/callback"]
    assert known["webhook_url"] == "https://app.example.com/webhooks/hubspot"


def test_no_scope_is_named_in_the_code_that_is_not_registered() -> None:
    registered = {*AUTH["requiredScopes"], *AUTH["optionalScopes"],
                  *AUTH["conditionallyRequiredScopes"]}  # fmt: skip
    named = {
        node.value
        for folder in ("app", "connectors", "demo")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and SCOPE.fullmatch(node.value)
    }
    assert {name for name in named if "." in name or "-" in name} <= registered
