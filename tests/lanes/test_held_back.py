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


@pytest.mark.parametrize(
    ("refused", "scopes", "left"),
    [
        ((QUOTE, DEAL), (), ["7"]),  # no CRM but HubSpot names what is missing
        ((QUOTE, DEAL), ("crm.objects.deals.read",), ["7"]),
        ((QUOTE,), ("crm.objects.deals.read",), ["7"]),
        ((QUOTE,), ("crm.objects.quotes.read",), []),
        ((QUOTE,), (), []),
    ],
)
def test_a_quote_waits_with_its_deal_and_is_let_go_with_all_quotes(
    tmp_path: Path, refused: tuple[tuple[str, str], ...], scopes: tuple[str, ...], left: list[str]
) -> None:
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
