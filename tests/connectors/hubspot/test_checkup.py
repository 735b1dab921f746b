"""What the connector says of an account: what it can do, and how the connection stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.model.time import Wall
from connectors.budget import MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import Capability, Tokens
from connectors.hubspot.capabilities import capabilities
from connectors.hubspot.registration import scopes
from connectors.registry import vendor
from sandbox.hubspot.grants import Grants
from tests.connectors.hubspot.conftest import Installed
from tests.connectors.support import (
    Asked,
    Calls,
    Clocks,
    ManualClocks,
    MemoryTokenStore,
    ScriptedVendor,
)

EVERY = (*scopes().required, *scopes().optional)


def of(found: tuple[Capability, ...], name: str) -> Capability:
    return next(one for one in found if one.name == name)


def test_every_registered_scope_has_a_word_for_what_it_gives() -> None:
    """`oauth` is what any installation has; of each other scope somebody must say what goes
    missing without it."""
    whole = {one.name for one in capabilities(EVERY, True) if one.available}
    for scope in EVERY:
        if scope == "oauth":
            continue
        without = capabilities([one for one in EVERY if one != scope], True)
        lost = [one for one in without if one.name in whole and not one.available]
        assert lost, f"nothing is said about an account that did not grant {scope}"
        for one in lost:
            assert scope in one.why
            assert one.label
            assert one.instead
            assert one.remedy
            assert one.needed is (scope in scopes().required)


def test_what_hubspot_itself_lacks_is_said_with_what_is_done_instead() -> None:
    for one in capabilities(EVERY, True):
        assert one.label
        if not one.available:
            assert one.why
            assert one.instead
    marker = of(capabilities(EVERY, False), "lookup_by_touch_id")
    assert not marker.available
    assert "marker" in marker.instead


def test_capabilities_follow_the_granted_scopes(hubspot: Installed) -> None:
    tokens = hubspot.store.tokens
    hubspot.store.tokens = replace(tokens, scopes=EVERY)
    assert of(hubspot.again().capabilities(), "working_hours").available
    fewer = tuple(scope for scope in EVERY if scope != "crm.objects.users.read")
    hubspot.store.tokens = replace(tokens, scopes=fewer)
    assert not of(hubspot.again().capabilities(), "working_hours").available


def test_a_sound_account_has_no_misfits_and_nothing_is_written(hubspot: Installed) -> None:
    before = {kind: len(records) for kind, records in hubspot.account.objects.items()}
    found = hubspot.connector.checkup()
    assert found.misfits == ()
    assert found.unique_touch_id
    assert "oauth" in found.scopes
    assert found.account.id == "4000001"
    assert found.calls_most is not None
    assert found.calls_left is not None
    assert {kind: len(records) for kind, records in hubspot.account.objects.items()} == before
    for method, path, _, _ in hubspot.calls.made:
        assert method == "GET" or path.endswith(("/batch/read", "/introspect")), (method, path)


def test_our_properties_are_compared_one_by_one(hubspot: Installed) -> None:
    deals = hubspot.account.properties["deals"]
    del deals["followthrough_sequence"]
    deals["followthrough_next_touch_at"].type = "string"
    control = hubspot.account.properties["contacts"]["followthrough_control"]
    control.options = [one for one in control.options if one.value != "stop"]
    hubspot.account.properties["notes"]["followthrough_touch_id"].unique = False
    ours = {one.name: one.problem for one in hubspot.connector.checkup().misfits if one.ours}
    assert ours == {
        "deals.followthrough_sequence": "is missing",
        "deals.followthrough_next_touch_at": "holds string instead of datetime",
        "contacts.followthrough_control": "lacks the options stop",
        "notes.followthrough_touch_id": "does not keep its values unique",
    }


def test_the_property_for_leaving_sequences_is_looked_for_where_it_is_needed(
    hubspot: Installed,
) -> None:
    name = "contacts.followthrough_unenrol_requested"
    assert hubspot.connector.checkup().misfits == ()
    (found,) = hubspot.connector.checkup(native=True).misfits
    assert (found.name, found.problem) == (name, "is missing")
    hubspot.connector.install_bridge()
    assert hubspot.connector.checkup(native=True).misfits == ()


def test_a_mapped_property_that_is_gone_is_told(hubspot: Installed) -> None:
    del hubspot.account.properties["deals"]["closedate"]
    (found,) = hubspot.connector.checkup().misfits
    assert not found.ours
    assert "closedate" in found.problem


@pytest.mark.parametrize("apart_s", [0, 400, -400])
def test_the_clock_of_the_crm_is_compared_with_ours(apart_s: int) -> None:
    """The scripted vendor tells its time in `Date`, as any server does."""
    wall = Clocks().wall()

    def script(asked: Asked) -> tuple[int, Any]:
        if asked.path.endswith("/introspect"):
            return 200, {"scopes": ["oauth"]}
        return 200, {"portalId": 1, "results": []}

    ours = ManualClocks(wall - apart_s * 1000)
    store = MemoryTokenStore(Tokens("a", "r", Wall(wall + 10**9)))
    with ScriptedVendor(script) as server:
        made = vendor("hubspot", VendorConfig("i", "s", server.url)).connect(
            store, MemoryBudgetStore(), ours, Calls()
        )
        skew = made.checkup().skew_ms
    assert skew is not None
    assert abs(skew - apart_s * 1000) < 5000


def test_a_grant_without_schema_scopes_is_a_misfit_and_no_error(hubspot: Installed) -> None:
    held = next(iter(Grants.of(hubspot.sandbox.world).access.values()))
    held.scopes = frozenset({"oauth", "crm.objects.contacts.read"})
    found = hubspot.connector.checkup()
    assert [one.name for one in found.misfits if "cannot be checked" in one.problem] == ["deals"]
