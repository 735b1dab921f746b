"""The past of an account as it is read: whom it is noted of."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.lanes import history
from app.model.time import DAY, Business
from app.store import activities, mirror
from connectors.contract import CrmRecord, Page
from tests.support.stores import new_store


def test_of_whom_was_erased_nothing_is_noted_again(tmp_path: Path) -> None:
    store = new_store("sqlite", tmp_path)
    with store.write() as conn:
        erased = {**mirror.blank(1, "contact", "z"), "deleted": True}
        mirror.add_subjects(conn, [erased, {**mirror.blank(1, "contact", "o"), "deleted": False}])
        history.begin(conn, 1)
    call = CrmRecord(
        "call", "7", {"at": 9, "direction": "out"}, Business(9), Business(9),
        associations={"contact": ["z", "o"], "deal": []},
    )  # fmt: skip
    connector = SimpleNamespace(logged_since=lambda *_: Page([call], None))
    lanes: Any = SimpleNamespace(
        store=store, now=lambda: Business(200 * DAY), wall=lambda: 1,
        connector_for=lambda _: SimpleNamespace(aside=lambda: connector),
    )  # fmt: skip
    tenant: Any = SimpleNamespace(id=1)
    assert history.drain_history(lanes, tenant)
    with store.read() as conn:
        assert list(activities.with_people(conn, 1, ["z", "o"], 0)) == ["o"]
    store.close()
