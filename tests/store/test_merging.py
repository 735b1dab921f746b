"""Uniting rows: nothing is lost, nothing counted twice, and what both had is there once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.model.activities import PersonAct
from app.model.decisions import ArmTimer
from app.model.time import Business
from app.model.touches import Borne
from app.model.vocabulary import TaskType
from app.store import activities, aliases, counts, holds, merging, mirror, outcomes, timers
from app.store.engine import Store
from app.store.sets import dumps, loads
from app.store.tables import contact_activity, stage_entries, suppressions

LINKEDIN = TaskType.LINKEDIN


def _subjects(store: Store, *crm_ids: str) -> list[dict[str, Any]]:
    with store.write() as conn:
        mirror.add_subjects(conn, [mirror.blank(1, "deal", id) for id in crm_ids])
    with store.read() as conn:
        rows = mirror.by_crm_id(conn, 1, "deal", crm_ids)
    return [dict(rows[id]) for id in crm_ids]


def test_subjects_are_united_with_what_hangs_on_them(store: Store) -> None:
    kept, gone = _subjects(store, "k", "g")
    with store.write() as conn:
        mirror.update_subjects(conn, {gone["id"]: {"last_activity_at": 9}})
        mirror.update_subjects(conn, {kept["id"]: {"last_activity_at": 5}})
        both = [(row["id"], "s", 1) for row in (kept, gone)]
        mirror.add_entries(conn, 1, [*both, (gone["id"], "t", 2)])
        seen = {"kind": "replied", "cause": "reply:7", "occurred_at": 7}
        more = {"kind": "replied", "cause": "reply:8", "occurred_at": 8}
        outcomes.add(conn, 1, [{**seen, "subject_id": kept["id"]}])
        outcomes.add(conn, 1, [{**row, "subject_id": gone["id"]} for row in (seen, more)])
        holds.put(conn, [{"installation_id": 1, "subject_id": gone["id"], "reason": "h",
                          "until_at": None}])  # fmt: skip
        timers.arm(conn, 1, [
            ArmTimer(kept["id"], "pb/a", Business(3), {}),
            ArmTimer(gone["id"], "pb/a", Business(1), {}),
            ArmTimer(gone["id"], "pb/b", Business(2), {"subject": gone["id"]}),
        ])  # fmt: skip
    with store.read() as conn:
        rows = mirror.by_id(conn, [kept["id"], gone["id"]])
    with store.write() as conn:
        merging.unite_subjects(conn, 1, rows[kept["id"]], rows[gone["id"]])
    with store.read() as conn:
        assert list(mirror.by_crm_id(conn, 1, "deal", ["k", "g"])) == ["k"]
        assert mirror.by_id(conn, [kept["id"]])[kept["id"]]["last_activity_at"] == 9
        entries = conn.execute(select(stage_entries.c.stage_id, stage_entries.c.entered_at))
        assert sorted(map(tuple, entries)) == [("s", 1), ("t", 2)]
        causes = [row["cause"] for row in outcomes.of_subjects(conn, 1, [kept["id"]])]
        assert causes == ["reply:7", "reply:8"]
        assert holds.of(conn, 1, [kept["id"]], 0) == {kept["id"]: {"h": None}}
        found = {row["rule"]: row for row in timers.of_subjects(conn, 1, [kept["id"]])}
    assert {rule: row["due_at"] for rule, row in found.items()} == {"pb/a": 3, "pb/b": 2}
    assert loads(found["pb/b"]["data"]) == {"subject": kept["id"]}


def test_of_two_deals_quotes_the_one_that_was_sent_last_counts(store: Store) -> None:
    kept, gone = _subjects(store, "k", "g")
    older = {"quote_status": "expired", "quote_sent_at": 3, "quote:last": [3, "6"], "plan": "a"}
    later = {"quote_status": "sent", "quote_expires": "2026-12-04", "quote_sent_at": 5,
             "quote:last": [5, "7"], "plan": "b"}  # fmt: skip
    for mine, theirs in ((older, later), (later, older), ({"plan": "a"}, later)):
        rows = [{**row, "fields": dumps(one)} for row, one in ((kept, mine), (gone, theirs))]
        with store.write() as conn:
            mirror.update_subjects(conn, {row["id"]: {"fields": row["fields"]} for row in rows})
            nested = conn.begin_nested()
            merging.unite_subjects(conn, 1, *rows)
            row = mirror.by_id(conn, [kept["id"]])[kept["id"]]
            nested.rollback()
        assert loads(row["fields"]) == {**later, "plan": mine["plan"]}


def test_people_are_united_with_counts_and_suppressions(store: Store) -> None:
    (subject,) = _subjects(store, "d")
    with store.write() as conn:
        values = {"name": "Nora", "email": "n@x.example", "zone": None, "opted_out": False,
                  "bounced": False, "control": "run", "owner_id": None, "created_at": 1,
                  "last_reply_at": None, "form_submitted_at": None, "deleted": False,
                  "contacted": 5}  # fmt: skip
        mirror.save_contacts(conn, 1, {"k": values, "g": {**values, "name": "N.", "contacted": 7}})
        mirror.note_two_way(conn, 1, {"g": 50})
        mirror.link_contacts(conn, 1, {subject["id"]: [("k", False, ()), ("g", True, ("Boss",))]})
        call, email, first = TaskType.CALL, TaskType.EMAIL, "2026-09-01"
        counts.count_contact(conn, 1, [("k", first, call), ("g", first, call), ("g", first, email)])
        counts.count_contact(conn, 1, [("g", "2026-09-02", email)] * 4)
        counts.count_others(conn, 1, [("k", first, 1), ("g", first, 2)])
        mirror.suppress(conn, 1, "g", "opted_out", 7)
    with store.write() as conn:
        merging.unite_contacts(conn, 1, "k", "g")
    with store.read() as conn:
        people = mirror.contact_rows(conn, 1, ["k", "g"])
        assert {id: (row["name"], row["last_two_way_at"]) for id, row in people.items()} == {
            "k": ("Nora", 50)
        }
        assert [link[0] for link in mirror.links(conn, 1, [subject["id"]])[subject["id"]]] == ["k"]
        assert people["k"]["contacted"] == 12, "as the CRM adds them: no growth is read into it"
        assert counts.borne(conn, 1, ["k", "g"], "2026-09-01", "2026-08-01") == {
            "k": Borne((4, 10), {call: (0, 2), email: (4, 5), LINKEDIN: (0, 0)}, (0, 3))
        }
        counted = select(contact_activity.c.contact_id).distinct()
        assert list(conn.execute(counted).scalars()) == ["k"]
        assert mirror.suppressed(conn, 1, ["k"]) == {"k": "opted_out"}
        assert len(conn.execute(select(suppressions.c.value)).all()) == 2, "the old id stays on it"


def test_what_was_done_with_both_at_once_was_done_once(store: Store) -> None:
    acts = [
        PersonAct("k", "email", 5, "email:1", "501", False),
        PersonAct("g", "email", 5, "email:1", "501", False),
        PersonAct("g", "reply", 7, "reply:7", None, True),
    ]
    with store.write() as conn:
        activities.note_people(conn, 1, acts)
        merging.unite_contacts(conn, 1, "k", "g")
    with store.read() as conn:
        found = activities.with_people(conn, 1, ["k", "g"], 0)
    assert found == {"k": [acts[0], PersonAct("k", "reply", 7, "reply:7", None, True)]}


def test_an_alias_leads_to_the_last_survivor(store: Store) -> None:
    with store.write() as conn:
        aliases.add(conn, 1, "deal", "a", "b")
        aliases.add(conn, 1, "deal", "b", "c")
        aliases.add(conn, 2, "deal", "a", "z")
    with store.read() as conn:
        assert aliases.of(conn, 1, "deal", ["a", "b", "c"]) == {"a": "c", "b": "c"}
        assert aliases.former(conn, 1, "deal", "c") == ["a", "b"]
        assert aliases.of(conn, 1, "contact", ["a"]) == {}
