"""The transport: what is repeated, what is unknown, what is counted, and that no secret shows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.access import TokenRefused
from connectors.budget import Budget, MemoryBudgetStore
from connectors.contract import (
    AuthRevoked,
    Conflict,
    CrmError,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Transient,
    Unknown,
)
from connectors.hubspot.errors import Classifier
from connectors.hubspot.vendor import limits
from connectors.mapping import load
from connectors.transport import Reply, Request, Transport, scrub
from tests.connectors.support import HANG_UP, Asked, Calls, Clocks, ScriptedVendor

READ = Request("POST", "/crm/objects/2026-03/deals/batch/read", body={"inputs": []}, safe=True)
WRITE = Request("POST", "/crm/objects/2026-03/tasks/batch/create", body={"inputs": [1]})


def transport(url: str, slept: list[float] | None = None, **more: Any) -> Transport:
    clocks = Clocks()
    budget = Budget(MemoryBudgetStore(), clocks, limits(100), multiplier=100)
    return Transport(
        url,
        budget,
        clocks,
        more.pop("calls", Calls()),
        Classifier(load("hubspot"), clocks),
        sleep=(slept if slept is not None else []).append,
        **more,
    )


def in_turn(*answers: Any) -> Callable[[Asked], Any]:
    left = list(answers)
    return lambda _: left.pop(0)


def test_sends_json_once_and_counts_it() -> None:
    calls = Calls()
    with ScriptedVendor(lambda _: (200, {"results": []})) as vendor:
        reply = transport(vendor.url, calls=calls).call(WRITE, "Bearer abc")
    (asked,) = vendor.asked
    assert reply.json() == {"results": []}
    assert asked.json == {"inputs": [1]}
    assert asked.headers["Authorization"] == "Bearer abc"
    assert asked.headers["Content-Type"] == "application/json"
    assert calls.made == [("POST", WRITE.path, 200, "dispatch")]


def test_sends_forms_and_queries_escaped() -> None:
    with ScriptedVendor(lambda _: (200, {})) as vendor:
        sender = transport(vendor.url)
        sender.call(Request("POST", "/f", form={"a": "1&2 3"}, safe=True))
        sender.call(Request("GET", "/q", query={"properties": "a,b", "x": "ä&"}, safe=True))
    assert vendor.asked[0].form == {"a": "1&2 3"}
    assert vendor.asked[1].query == {"properties": ["a,b"], "x": ["ä&"]}


@pytest.mark.parametrize("failure", [(500, {}), (502, b"<html>"), (504, {}), HANG_UP])
def test_a_read_is_repeated_after_a_failure(failure: Any) -> None:
    slept: list[float] = []
    with ScriptedVendor(in_turn(failure, failure, (200, {"ok": 1}))) as vendor:
        assert transport(vendor.url, slept).call(READ).json() == {"ok": 1}
    assert len(vendor.asked) == 3
    assert slept == sorted(slept)
    assert len(slept) == 2


def test_a_read_that_keeps_failing_is_transient() -> None:
    with ScriptedVendor(lambda _: (503, {})) as vendor, pytest.raises(Transient):
        transport(vendor.url).call(READ)
    assert len(vendor.asked) == 3


@pytest.mark.parametrize("failure", [(500, {}), (502, b""), (504, {}), HANG_UP])
def test_a_write_whose_answer_is_lost_is_unknown_and_never_repeated(failure: Any) -> None:
    with ScriptedVendor(lambda _: failure) as vendor, pytest.raises(Unknown):
        transport(vendor.url).call(WRITE)
    assert len(vendor.asked) == 1


def test_a_write_that_times_out_is_unknown() -> None:
    release = threading.Event()

    def hang(_: Asked) -> Any:
        release.wait(10)
        return HANG_UP

    with ScriptedVendor(hang) as vendor:
        with pytest.raises(Unknown):
            transport(vendor.url, timeouts=(1, 0.05)).call(WRITE)
        release.set()
    assert len(vendor.asked) == 1


def test_a_refused_connection_is_transient_even_for_a_write() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    calls, slept = Calls(), []
    with pytest.raises(Transient):
        transport(f"http://127.0.0.1:{port}", slept, calls=calls).call(WRITE)
    assert calls.statuses() == [0, 0, 0], "nothing was sent, so it may be tried again"


@pytest.mark.parametrize("status", [423, 477])
def test_a_write_refused_without_effect_is_repeated(status: int) -> None:
    slept: list[float] = []
    with ScriptedVendor(in_turn((status, {}), (201, {"ok": 1}))) as vendor:
        assert transport(vendor.url, slept).call(WRITE).json() == {"ok": 1}
    assert slept == [2.0]


def rate_limited(policy: str) -> dict[str, str]:
    return {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy}


def test_a_short_rate_limit_is_slept_through() -> None:
    slept: list[float] = []
    with ScriptedVendor(in_turn((429, rate_limited("SECONDLY")), (200, {}))) as vendor:
        with pytest.raises(RateLimited):  # the clock does not move while the test "sleeps"
            transport(vendor.url, slept).call(READ)
        assert len(slept) == 1
        assert 0.9 <= slept[0] <= 1.0
    assert len(vendor.asked) == 1


def test_a_long_rate_limit_holds_everything_off() -> None:
    with ScriptedVendor(lambda _: (429, rate_limited("TEN_SECONDLY_ROLLING"))) as vendor:
        sender = transport(vendor.url)
        with pytest.raises(RateLimited) as caught:
            sender.call(WRITE)
        with pytest.raises(RateLimited):
            sender.call(READ)
    assert caught.value.until > Clocks().wall() + 9_000
    assert len(vendor.asked) == 1, "the second call was not sent"


def test_retry_after_wins_over_the_policy() -> None:
    answer = (429, rate_limited("DAILY"), {"Retry-After": "7"})
    with ScriptedVendor(lambda _: answer) as vendor, pytest.raises(RateLimited) as caught:
        transport(vendor.url).call(READ)
    assert 6_000 < caught.value.until - Clocks().wall() <= 7_000


SCOPES = {
    "category": "MISSING_SCOPES",
    "errors": [{"context": {"requiredGranularScopes": ["crm.objects.deals.write"]}}],
}
OPTION = {
    "category": "VALIDATION_ERROR",
    "errors": [
        {"message": "x is no option", "code": "INVALID_OPTION",
         "context": {"propertyName": ["hs_task_type"]}},
        {"message": "required", "code": "MISSING_REQUIRED_PROPERTY", "in": "hs_task_subject"},
    ],
}
UNIQUE = {"errors": [{"code": "CONFLICTING_UNIQUE_VALUE"}]}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, OPTION, Invalid),
        (400, UNIQUE, Conflict),
        (400, b"not json", Invalid),
        (401, {"category": "EXPIRED_AUTHENTICATION"}, TokenRefused),
        (402, {}, FeatureUnavailable),
        (403, SCOPES, Forbidden),
        (404, {}, NotFound),
        (409, {"category": "CONFLICT"}, Conflict),
        (414, [], Invalid),
    ],
)
def test_refusals_are_of_the_closed_set_and_never_repeated(
    status: int, body: Any, expected: type[CrmError]
) -> None:
    with ScriptedVendor(lambda _: (status, body)) as vendor, pytest.raises(CrmError) as caught:
        transport(vendor.url).call(READ)
    assert type(caught.value) is expected
    assert len(vendor.asked) == 1


def classify(request: Request, status: int, body: bytes) -> CrmError:
    return Classifier(load("hubspot"), Clocks())(request, Reply(status, body))


def test_an_invalid_answer_names_our_fields() -> None:
    import orjson

    error = classify(WRITE, 400, orjson.dumps(OPTION))
    assert isinstance(error, Invalid)
    assert set(error.fields) == {"type", "subject"}
    assert "rule of this HubSpot account" in error.fields["subject"]
    assert "type" in error.message
    assert "retry" in error.message


def test_a_forbidden_answer_names_the_scopes() -> None:
    import orjson

    error = classify(WRITE, 403, orjson.dumps(SCOPES))
    assert isinstance(error, Forbidden)
    assert error.scopes == ("crm.objects.deals.write",)
    assert "crm.objects.deals.write" in error.message


@pytest.mark.parametrize(
    ("grant", "status", "expected"),
    [
        ("refresh_token", "BAD_REFRESH_TOKEN", AuthRevoked),
        ("refresh_token", "BAD_HUB", AuthRevoked),
        ("refresh_token", "BAD_CLIENT_ID", Invalid),
        ("refresh_token", "SOMETHING_NEW", Transient),
        ("authorization_code", "BAD_AUTH_CODE", Invalid),
        ("authorization_code", "BAD_CLIENT_SECRET", Invalid),
    ],
)
def test_refusals_of_the_token_endpoint(
    grant: str, status: str, expected: type[CrmError]
) -> None:
    request = Request("POST", "/oauth/2026-03/token", form={"grant_type": grant})
    body = b'{"error":"x","status":"' + status.encode() + b'"}'
    assert type(classify(request, 400, body)) is expected


def test_secrets_never_show_in_errors() -> None:
    secret, code = "pat-secret-1", "code-2"
    body = {
        "message": f"bad {secret}",
        "refresh_token": "rt-3",
        "headers": {"Authorization": "Bearer at-4"},
    }
    request = Request(
        "POST", "/oauth/2026-03/token", form={"code": code, "client_secret": secret},
        secrets=(secret, code),
    )
    with ScriptedVendor(lambda _: (400, body)) as vendor, pytest.raises(CrmError) as caught:
        transport(vendor.url).call(request)
    shown = caught.value.detail + caught.value.message
    assert "400" in shown
    for hidden in (secret, code, "rt-3", "at-4"):
        assert hidden not in shown


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "hush", "x": 1}',
        "grant_type=refresh_token&refresh_token=hush&x=1",
        "Authorization: Bearer hush",
        "authorization='Bearer hush'",
        "client_secret=hush",
        "?code=hush&state=1",
    ],
)
def test_scrub_knows_the_shapes_of_secrets(text: str) -> None:
    assert "hush" not in scrub(text)


def test_an_unreadable_answer_is_transient() -> None:
    with ScriptedVendor(lambda _: (200, b"<html>")) as vendor, pytest.raises(Transient):
        transport(vendor.url).call(READ).json()


def test_no_cookie_of_a_vendor_comes_back() -> None:
    cookie = {"Set-Cookie": "tenant=1; Path=/"}
    with ScriptedVendor(lambda _: (200, {}, cookie)) as vendor:
        transport(vendor.url).call(READ)
        transport(vendor.url).call(READ)
    assert all("Cookie" not in asked.headers for asked in vendor.asked)


def test_connections_to_origins_of_long_ago_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.transport.ORIGINS", 2)
    monkeypatch.setattr("connectors.transport._adapters", {})
    with ExitStack() as stack:
        vendors = [stack.enter_context(ScriptedVendor(lambda _: (200, {}))) for _ in range(6)]
        for vendor in vendors:
            transport(vendor.url).call(READ)
        assert [connected(vendor.url) for vendor in vendors] == [False] * 4 + [True] * 2


def connected(url: str) -> bool:
    """Whether this machine holds an established connection to the address."""
    port = f"{urlsplit(url).port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(remote.endswith(f":{port}") and state == "01" for _, _, remote, state, *_ in rows)


def test_a_redirect_is_not_followed() -> None:
    """A followed redirect would hand the bearer token to whatever host it names."""
    moved = (302, {}, {"Location": "http://localhost:1/"})
    with ScriptedVendor(lambda _: moved) as vendor, pytest.raises(CrmError):
        transport(vendor.url).call(READ)
    assert len(vendor.asked) == 1
