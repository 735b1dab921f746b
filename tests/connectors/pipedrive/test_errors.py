"""Pipedrive's refusals in the contract's words."""

from __future__ import annotations

import pytest

from app.model.time import HOUR, MINUTE, SECOND, Wall
from connectors.budget import MemoryBudgetStore
from connectors.contract import (
    BudgetExhausted,
    CrmError,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Transient,
)
from connectors.daily import LOOK_AGAIN_MS, next_reset
from connectors.mapping import load
from connectors.pipedrive.errors import Classifier
from connectors.transport import Reply, Request
from connectors.values import instant
from tests.connectors.pipedrive.conftest import Start, no, ok
from tests.connectors.support import ManualClocks

NOON = instant("2026-11-30T12:00:00Z")


def classify(
    status: int, body: bytes, path: str = "/api/v2/activities", method: str = "POST"
) -> CrmError:
    found = Classifier(load("pipedrive"), ManualClocks(NOON))
    return found(Request(method, path), Reply(status, body))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"error":"due_time: must be a string"}', Invalid),
        (422, b'{"error":"limit of webhooks reached"}', Invalid),
        (403, b'{"error":"Scope and URL mismatch"}', Forbidden),
        (403, b'{"error":"This feature is not available in your plan"}', FeatureUnavailable),
        (404, b'{"error":"Deal not found"}', NotFound),
        (410, b'{"error":"gone"}', NotFound),
        (405, b"", FeatureUnavailable), (415, b"", FeatureUnavailable),
        (501, b"", FeatureUnavailable),
        (500, b"oops", Transient), (503, b"<html>", Transient), (401, b"{}", Transient),
        (402, b'{"error":"payment"}', RateLimited),
        (403, b"<!DOCTYPE html><title>Cloudflare</title>", RateLimited),
    ],
)  # fmt: skip
def test_each_refusal_is_one_of_the_closed_set(
    status: int, body: bytes, error: type[CrmError]
) -> None:
    found = classify(status, body)
    assert type(found) is error or isinstance(found, error)
    assert found.message.endswith(".")


def test_a_refusal_names_our_field() -> None:
    found = classify(400, b'{"error":"Bad request","error_info":"owner_id must be a number"}')
    assert isinstance(found, Invalid)
    assert set(found.fields) == {"owner"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/api/v2/activities", "activities:full"), ("GET", "/v1/webhooks", "admin"),
        ("POST", "/api/v2/personFields", "admin"), ("GET", "/api/v2/deals/1", "deals:read"),
        ("GET", "/v1/deals/1/changelog", "recents:read"),
    ],
)  # fmt: skip
def test_a_missing_scope_is_named(method: str, path: str, scope: str) -> None:
    found = classify(403, b'{"error":"Scope and URL mismatch"}', path, method)
    assert isinstance(found, Forbidden)
    assert scope in found.scopes


def waits(clocks: ManualClocks, found: CrmError) -> int:
    assert isinstance(found, RateLimited)
    return found.until - clocks.now


def test_the_burst_limit_and_the_days_budget_are_told_apart() -> None:
    clocks = ManualClocks(NOON)
    found = Classifier(load("pipedrive"), clocks)
    request = Request("GET", "/api/v2/deals")
    burst = Reply(429, b"", {"x-ratelimit-remaining": "0"})
    for _ in range(20):
        assert waits(clocks, found(request, burst)) == 2 * SECOND
    day = Reply(429, b"", {"x-ratelimit-remaining": "70"})
    assert waits(clocks, found(request, day)) == HOUR, "looked at again before midnight"
    clocks.now = next_reset(Wall(NOON)) - 10 * MINUTE
    assert waits(clocks, found(request, day)) == 10 * MINUTE


def test_without_a_word_five_refusals_in_a_row_mean_the_day() -> None:
    clocks = ManualClocks(NOON)
    found = Classifier(load("pipedrive"), clocks)
    bare = Reply(429, b"")
    waited: list[int] = []
    for _ in range(5):
        waited.append(waits(clocks, found(Request("GET", "/x"), bare)))
        clocks.now += 2 * SECOND
    assert waited == [2 * SECOND] * 4 + [HOUR]
    clocks.now += MINUTE
    assert waits(clocks, found(Request("GET", "/x"), bare)) == 2 * SECOND, "no longer in a row"


def test_a_block_stops_every_call_of_the_installation(start: Start) -> None:
    pd = start({"GET /api/v2/deals/1": (403, b"<html>Cloudflare</html>")})
    with pytest.raises(RateLimited):
        pd.connector.read("deal", ["1"])
    with pytest.raises(RateLimited):
        pd.connector.read("deal", ["2"])
    assert pd.paths() == ["GET /api/v2/deals/1"]


def test_the_days_budget_is_never_overrun_and_nothing_is_sent_beyond(start: Start) -> None:
    """Ten tokens a list: after what the account's facts and fields cost, only whole ones fit."""
    pd = start({"GET /api/v2/deals": ok([], next_cursor=None)}, per_day=100, rate=1)
    for _ in range(9):
        pd.connector.page("deal", None)
    with pytest.raises(BudgetExhausted) as refused:  # 95 tokens of 100 for what reads
        pd.connector.page("deal", None)
    left = refused.value.until - pd.clocks.wall()
    assert 0 < left <= LOOK_AGAIN_MS
    assert len(pd.server.asked) == 9
    pd.routes["GET /api/v2/deals/1"] = no(404, "x")
    assert pd.connector.read("deal", ["1"]) == [], "what is cheap still fits"


def test_two_processes_share_the_day(start: Start) -> None:
    pd = start({"GET /api/v2/deals": ok([], next_cursor=None)}, per_day=1000, rate=1)
    other = pd.vendor.connect(pd.store, pd.budget, pd.clocks, pd.calls, per_day=1000)
    made = 0
    for connector in (pd.connector, other, pd.connector):
        try:
            while True:
                connector.page("deal", None)
                made += 1
        except BudgetExhausted:
            continue
    assert 85 <= made <= 95
    assert isinstance(pd.budget, MemoryBudgetStore)
