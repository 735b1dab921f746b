"""Forgetting a person: their words go, what was done stays, and a tombstone stands."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.model.activities import PersonAct
from app.model.decisions import Explanation
from app.model.time import Business, Wall
from app.store import activities, erasure, inbox, ledger, mirror, notices, outcomes, sets
from app.store.engine import Store
from app.store.tables import inbox as inbox_table
from app.store.tables import metadata, suppressions
from connectors.contract import Event

NAME, MAIL = 'Zoë "Zo" Vos', "zoe@prospect.example"


@pytest.fixture
def deal(store: Store) -> int:
    """A deal with two people, one of whom asks to be forgotten, and something in every table."""
    values: dict[str, Any] = {
        "zone": None, "opted_out": False, "bounced": False, "control": "run", "owner_id": None,
        "created_at": 1, "last_reply_at": None, "form_submitted_at": None, "deleted": False,
    }  # fmt: skip
    with store.write() as conn:
        mirror.add_subjects(conn, [mirror.blank(1, "deal", "d")])
        deal = mirror.by_crm_id(conn, 1, "deal", ["d"])["d"]["id"]
        mirror.save_contacts(
            conn, 1,
            {"z": {**values, "name": NAME, "email": MAIL},
             "o": {**values, "name": "Otto", "email": "otto@prospect.example"}},
        )  # fmt: skip
        mirror.link_contacts(conn, 1, {deal: [("z", True, ()), ("o", False, ())]})
        said = {"read": {"contact.email": MAIL, "contact.name": NAME}}
        ledger.write(
            conn, 1, [Explanation(deal, "rule:pb/r", "not_fired", "x", Business(1), values=said)]
        )
        notices.add(conn, 1, [{"id": "n", "subject_id": deal, "owner_id": None, "code": "c",
                               "data": {"name": f"Ring {NAME}"}, "noticed_at": 1}])  # fmt: skip
        outcomes.add(conn, 1, [{"subject_id": deal, "kind": "replied", "cause": "reply:1",
                                "occurred_at": 1, "contact_id": "z",
                                "data": {"subject": "Re: us"}}])  # fmt: skip
        activities.note_people(
            conn, 1, [PersonAct(who, "reply", 1, "reply:1", None, True) for who in ("z", "o")]
        )
        events = [
            Event("changed", "contact", "z", Business(1), "email", MAIL, dedupe=f"a|{MAIL}"),
            Event("changed", "task", "7", Business(1), "*", sets.dumps({"subject": NAME}),
                  dedupe=sets.dumps(NAME)),
            Event("changed", "deal", "d", Business(1), "amount", "7", dedupe="b"),
        ]  # fmt: skip
        inbox.insert_events(conn, 1, events, Wall(0))
    return deal


def _words(store: Store) -> str:
    with store.read() as conn:
        return "\n".join(
            str(tuple(row))
            for table in metadata.sorted_tables
            for row in conn.execute(table.select())
        )


def test_a_person_is_nowhere_and_everybody_else_is(store: Store, deal: int) -> None:
    assert MAIL in _words(store)
    with store.write() as conn:
        assert erasure.erase(conn, 1, ["z"], 5) == [deal]
    said = _words(store)
    assert MAIL not in said
    assert "Zo" not in said
    assert "Re: us" not in said
    assert "Otto" in said
    with store.read() as conn:
        assert [link[0] for link in mirror.links(conn, 1, [deal])[deal]] == ["o"]
        assert list(activities.with_people(conn, 1, ["z", "o"], 0)) == ["o"]
        (line,) = ledger.read(conn, deal)
        assert line.values == {"read": {"contact.email": "[erased]", "contact.name": "[erased]"}}
        waiting = conn.execute(select(inbox_table.c.object_type, inbox_table.c.value)).all()
    assert sorted(map(tuple, waiting), key=str) == [("deal", "7"), ("task", None)]


def test_a_tombstone_bars_the_address_and_reads_as_nobody(store: Store, deal: int) -> None:
    with store.write() as conn:
        assert not erasure.tombstones(conn, 1).bar(MAIL)
        erasure.erase(conn, 1, ["z"], 5)
    with store.read() as conn:
        stones = erasure.tombstones(conn, 1)
        assert stones.bar(f" {MAIL.upper()}")
        assert not stones.bar("otto@prospect.example")
        assert not stones.bar(None)
        assert not erasure.tombstones(conn, 2).bar(MAIL), "another installation's own affair"
        kinds = conn.execute(select(suppressions.c.kind, suppressions.c.reason))
        assert sorted(map(tuple, kinds)) == [("contact", "erased"), ("email_hash", "erased")]
        assert mirror.suppressed(conn, 1, ["z"]) == {"z": "erased"}


def test_an_inquiry_of_theirs_keeps_no_more_than_what_became_of_it(store: Store) -> None:
    with store.write() as conn:
        mirror.add_subjects(conn, [mirror.blank(1, "contact", "z")])
        own = mirror.by_crm_id(conn, 1, "contact", ["z"])["z"]["id"]
        fields = sets.dumps({"became_deal": 7, "city": "Zoëtermeer"})
        mirror.update_subjects(conn, {own: {"name": NAME, "fields": fields}})
        assert erasure.erase(conn, 1, ["z"], 5) == []
        row = mirror.by_id(conn, [own])[own]
    assert (row["name"], row["fields"], row["deleted"]) == ("", '{"became_deal":7}', True)


def test_forgetting_twice_or_a_stranger_changes_nothing(store: Store, deal: int) -> None:
    with store.write() as conn:
        erasure.erase(conn, 1, ["z"], 5)
    with store.write() as conn:
        assert erasure.erase(conn, 1, ["z"], 5) == [deal]
        assert erasure.erase(conn, 1, ["stranger"], 5) == []
    said = _words(store)
    assert MAIL not in said
    assert "Otto" in said
