"""Records found by name or id, and the indexes that such queries are tied to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from app.store import finding, sets
from app.store.conditions import among_open, among_running
from app.store.engine import Store
from app.store.tables import enrolments, subjects, touches


@pytest.fixture
def found(store: Store) -> Store:
    names = ("Acme rollout", "ACME renewal", "\u00c4rzte GmbH", "\u00c4RZTE AG", "100 % sure", "")
    rows = [
        {"id": number, "installation_id": 1, "type": "deal", "crm_id": f"9{number}",
         "first_type": "deal", "first_id": f"9{number}", "name": name, "owner_id": f"r{number % 2}",
         "deleted": False}
        for number, name in enumerate(names)
    ]  # fmt: skip
    rows += [
        {**rows[0], "id": 20, "crm_id": "20", "name": "Acme, deleted", "deleted": True},
        {**rows[0], "id": 21, "crm_id": "21", "name": "Acme elsewhere", "installation_id": 2},
        {**rows[0], "id": 22, "crm_id": "22", "type": "lead", "name": "Order 91 of a lead"},
    ]
    with store.write() as conn:
        sets.insert(conn, subjects, rows)
    return store


def search(store: Store, words: str, owners: Sequence[str] | None = None) -> list[str]:
    with store.read() as conn:
        return [row["crm_id"] for row in finding.search(conn, 1, words, owners, limit=3)]


def test_names_are_found_by_a_part_whatever_its_case(found: Store) -> None:
    assert set(search(found, "acme")) == {"90", "91"}
    assert search(found, "ROLL") == ["90"]
    for words in ("\u00e4rzte", "\u00c4rzte", "\u00c4RZTE", "\u00e4RZTE"):
        assert set(search(found, words)) == {"92", "93"}, words
    assert search(found, "0 %") == ["94"]
    assert search(found, "%") == ["94"], "it is no wildcard"


def test_an_id_comes_before_names_and_finds_what_has_no_name(found: Store) -> None:
    assert search(found, "91") == ["91", "22"]
    assert search(found, "95") == ["95"]
    assert search(found, "20") == [], "it is deleted"


def test_everybody_finds_their_own(found: Store) -> None:
    assert search(found, "acme", ["r1"]) == ["91"]
    assert search(found, "91", ["r0"]) == ["22"]
    assert search(found, "acme", []) == []


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (among_open(select(touches.c.id)), "ix_touches_owner"),
        (among_running(select(enrolments.c.id)), "ix_enrolments_running"),
    ],
)
def test_on_sqlite_the_index_is_named_as_there_are_no_statistics(
    store: Store, query: object, index: str
) -> None:
    with store.read() as conn:
        text = str(query.compile(dialect=conn.dialect))  # type: ignore[attr-defined]
        conn.execute(query)  # type: ignore[call-overload]
    assert (f"INDEXED BY {index}" in text) is (store.dialect == "sqlite")
