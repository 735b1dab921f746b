"""No statement that lanes run for a batch reads all that an account ever had, on SQLite.

It knows no sizes: for the sake of an order, or of columns that are all in one index, it reads every
contact of an account for each one that is asked for, which nobody notices in an account of a test.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

from sqlalchemy import Connection

import app.store
from app.store.fixed import Fixed
from tests.support.stores import new_store

_SMALL = {
    "agenda._HORIZON": "minima of indexes, and tables of what waits",
    "duties._OVER": "who stands in sequences of the CRM's, for duties alone",
    "installations._ALL": "one row an account",
    "installations._SOME": "one row an account",
    "ledger._OLD": "looked for once a day, in small parts",
    "natives._STOP_RULES": "who stands in sequences of the CRM's, for a rule that is turned off",
    "notices._UNTOLD": "what was not told yet",
    "playbooks._STATES": "one row a rule",
    "running._ANY": "where the number that run at a time is limited, and once a day",
}
"""Statements that read a table, or all of an account's rows in an index, and why they may."""

_ALL_OF_IT = re.compile(r"^SCAN (?!.*VIRTUAL TABLE|CONSTANT)|\(installation_id=\?\)$")


def _statements() -> dict[str, Fixed]:
    found: dict[str, Fixed] = {}
    for module in pkgutil.walk_packages(app.store.__path__, "app.store."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Fixed):
                found[f"{module.name.removeprefix('app.store.')}.{name}"] = value
    return found


def _reads_all(conn: Connection, statement: Fixed) -> list[str]:
    text, order = statement.text("sqlite")
    given = ("[]",) * len(order)
    plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all()
    return [row[3] for row in plan if _ALL_OF_IT.search(row[3])]


def test_statements_of_batches_go_by_an_index(tmp_path: Path) -> None:
    statements = _statements()
    assert len(statements) > 100
    store = new_store("sqlite", tmp_path)
    with store.read() as conn:
        found = {name: _reads_all(conn, one) for name, one in statements.items()}
    store.close()
    assert {name: plan for name, plan in found.items() if plan and name not in _SMALL} == {}
    assert {name for name in _SMALL if not found[name]} == set()
