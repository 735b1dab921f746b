"""What an account does not show us: which events wait for it, and which are let go."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.lanes.reading import Readings
from app.lanes.worked_off import hold_refused
from app.model.time import Business, Wall
from app.store import inbox
from connectors.contract import Event, Forbidden
from tests.support.stores import new_store

QUOTE, DEAL = ("quote", "7"), ("deal", "1")


@pytest.mark.parametrize("scopes", [(), ("crm.objects.deals.read",)])
@pytest.mark.parametrize(("refused", "left"), [((QUOTE, DEAL), ["7"]), ((QUOTE,), [])])
def test_a_quote_waits_with_its_deal_and_is_let_go_with_all_quotes(
    tmp_path: Path, scopes: tuple[str, ...], refused: tuple[tuple[str, str], ...], left: list[str]
) -> None:
    """No CRM but HubSpot names the scope that is missing."""
    if DEAL not in refused:
        scopes = tuple(scope.replace("deals", "quotes") for scope in scopes)
    store = new_store("sqlite", tmp_path)
    with store.write() as conn:
        event = Event("changed", "quote", "7", Business(1), dedupe="q7")
        inbox.insert_events(conn, 1, [event], Wall(1))
        rows = inbox.due(conn, 1, Wall(1), 9)
    error = Forbidden("not shown", scopes)
    lanes: Any = SimpleNamespace(store=store, wall=lambda: Wall(1))
    tenant: Any = SimpleNamespace(id=1)
    readings = Readings(refused=dict.fromkeys(cast(Any, refused), error))
    assert hold_refused(lanes, tenant, rows, readings) == []
    with store.read() as conn:
        waiting = inbox.due(conn, 1, Wall(10**15), 9)
    store.close()
    assert [row["object_id"] for row in waiting] == left
