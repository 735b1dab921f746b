"""Facts behind figures: the same on both databases, and the same as counted by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from app.lanes.measuring import SOURCES, reckon
from app.model.time import DAY, HOUR
from app.store import activities
from app.store.engine import Store
from app.store.measured import kept
from app.store.measured.behind import behind, listed
from app.store.measured.ground import Span
from app.store.measured.stays import Term
from app.store.tables import (
    enrolments,
    people,
    pipelines,
    stage_entries,
    stages,
    subjects,
    touches,
)

INST = 1
NOW = 1_795_000_000_000
SPAN = Span.back(INST, NOW, 60)
TERMS = (
    Term("proposal", 3 * DAY),
    Term("proposal", 7 * DAY, 3 * DAY),
    Term("new", DAY, meeting=True),
)
KINDS = ("new", "proposal", "won", "lost", "ignored")


def day(number: float) -> int:
    """So many days ago."""
    return NOW - int(number * DAY)


def account(conn: Connection) -> None:
    conn.execute(
        pipelines.insert().values(installation_id=INST, id="p", label="Sales", followed=True)
    )
    for place, kind in enumerate(KINDS):
        conn.execute(
            stages.insert().values(
                installation_id=INST, pipeline_id="p", id=kind, label=kind.title(),
                position=place, kind=kind, confirmed=True,
            )
        )  # fmt: skip
    for owner, active in (("ada", True), ("ben", True), ("gone", False)):
        conn.execute(people.insert().values(installation_id=INST, owner_id=owner, active=active))


def deal(
    conn: Connection, id: int, moves: Iterable[tuple[str, float]], owner: str | None = "ada",
    acts: Iterable[tuple[str, float]] = (), **more: Any,
) -> None:  # fmt: skip
    """A deal that entered stages and had activities so many days ago."""
    entries = list(moves)
    done = sorted(acts, key=lambda act: -act[1])
    conn.execute(
        subjects.insert().values(
            id=id, installation_id=INST, type="deal", crm_id=f"d{id}", first_type="deal",
            first_id=f"d{id}", name=f"Deal {id}", pipeline_id="p", stage_id=entries[-1][0],
            stage_entered_at=day(entries[-1][1]), owner_id=owner, amount=100.0,
            created_at=day(entries[0][1]),
            last_activity_at=day(done[-1][1]) if done else None, **more,
        )
    )  # fmt: skip
    for stage, at in entries:
        conn.execute(
            stage_entries.insert().values(
                installation_id=INST, subject_id=id, stage_id=stage, entered_at=day(at)
            )
        )
    activities.note(
        conn, INST,
        [{"subject_id": id, "cause": f"{kind}:{at}", "kind": kind, "at": day(at),
          "owner_id": owner} for kind, at in done],
    )  # fmt: skip


def follow(
    conn: Connection, id: str, subject: int, began: float, steps: Iterable[dict[str, Any]],
    **more: Any,
) -> None:  # fmt: skip
    values = {"definition": "pb/seq", "mode": "live", "state": "active", **more}
    conn.execute(
        enrolments.insert().values(
            id=id, installation_id=INST, subject_id=subject, rule="pb/rule", is_firing=False,
            version_id=1, anchor="a", anchor_at=day(began), started_at=day(began), **values,
        )
    )  # fmt: skip
    for number, step in enumerate(steps):
        given = {"state": "performed", "due_at": day(began), **step}
        conn.execute(
            touches.insert().values(
                id=f"{id}-{number}", installation_id=INST, enrolment_id=id, subject_id=subject,
                step=f"s{number + 1}", owed_at=given["due_at"], write_at=given["due_at"],
                planned_at=day(began), task_id=f"t-{id}-{number}", owner_id="ada", **given,
            )
        )  # fmt: skip


@pytest.fixture
def filled(store: Store) -> Store:
    with store.write() as conn:
        account(conn)
        # Answered after a day; silent for 20 days since.
        deal(conn, 1, [("new", 40), ("proposal", 30)],
             acts=[("call", 39), ("reply", 29), ("reply", 28.5), ("email", 28), ("meeting", 20)])
        # Nobody ever turned to it; its owner has left.
        deal(conn, 2, [("new", 20)], owner="gone")
        deal(conn, 3, [("new", 50), ("proposal", 45), ("won", 10)], owner="ben",
             acts=[("call", 49), ("task", 49.1), ("task", 30), ("email", 12)])
        # The prospect had the last word.
        deal(conn, 4, [("new", 50), ("proposal", 40), ("lost", 5)], owner=None,
             acts=[("email", 41), ("reply", 38)])
        deal(conn, 5, [("ignored", 3)])
        follow(
            conn, "e1", 1, 30,
            [
                {"outcome": "completed", "outcome_at": day(29.5), "due_at": day(29.6)},
                {"outcome": "completed", "outcome_at": day(27), "due_at": day(28.5)},
                {"outcome": "open", "due_at": day(2), "overdue_at": day(1)},
            ],
        )
        follow(
            conn, "e2", 3, 40,
            [
                {"outcome": "completed", "outcome_at": day(30), "due_at": day(30)},
                {"outcome": "deleted", "outcome_at": day(20), "due_at": day(21)},
                {"outcome": None, "state": "dropped", "due_at": day(9)},
            ],
            state="ended", end_reason="closed_won", ended_at=day(10),
        )
        follow(conn, "e3", 3, 40, [{"outcome": None, "state": "planned"}], mode="shadow")
        follow(conn, "e4", 1, 40, [], state="ended", end_reason="declined", ended_at=day(39))
    return store


def rows(store: Store, *names: str) -> dict[str, list[dict[str, Any]]]:
    with store.read() as conn:
        found = reckon(conn, SPAN, names, TERMS, "UTC")
    return {name: one.rows for name, one in found.items()}


def counts(found: Iterable[dict[str, Any]], *names: str) -> dict[Any, tuple[Any, ...]]:
    """Dimensions → what was counted."""
    return {
        tuple(str(row[name]) for name in names): (row["n"], row.get("hit"))
        for row in found
    }


def test_every_fact_can_be_counted_and_listed(filled: Store) -> None:
    found = rows(filled, *SOURCES)
    assert set(found) == set(SOURCES)
    with filled.read() as conn:
        for name, source in SOURCES.items():
            facts = source.facts(SPAN, TERMS)
            assert facts is not None
            listed = behind(conn, facts, {}, None, 100, 0)
            assert sum(row["facts"] for row in listed) == sum(row["n"] for row in found[name])
            assert behind(conn, facts, {}, ["nobody"], 100, 0) == []


def test_how_records_stand(filled: Store) -> None:
    found = rows(filled, "silent_14", "unowned", "covered", "overdue")
    assert counts(found["silent_14"], "owner_id", "stage_id") == {
        ("ada", "proposal"): (1, 1), ("gone", "new"): (1, 1),
    }  # fmt: skip
    assert counts(found["unowned"], "owner_id") == {("ada",): (1, 0), ("gone",): (1, 1)}
    assert counts(found["covered"], "owner_id") == {("ada",): (1, 1), ("gone",): (1, 0)}
    assert counts(found["overdue"], "owner_id") == {("ada",): (1, 1)}


def test_what_came_in_and_how_soon_it_was_turned_to(filled: Store) -> None:
    found = rows(filled, "first_contact", "contacts_made", "responses", "after_meeting")
    took = {row["owner_id"]: (row["n"], row["values"]) for row in found["first_contact"]}
    assert took == {
        "ada": (1, [DAY]), "gone": (1, []), "ben": (1, [int(0.9 * DAY)]), None: (1, [9 * DAY]),
    }  # fmt: skip
    made = {row["owner_id"]: row["values"] for row in found["contacts_made"]}
    # A task that was completed within four hours of a call is the same deed.
    assert made == {"ada": [3], "gone": [0], "ben": [3], None: [1]}
    heard = {row["owner_id"]: (row["n"], row["values"]) for row in found["responses"]}
    assert heard == {"ada": (1, [DAY]), None: (1, [])}
    assert [row["values"] for row in found["after_meeting"]] == [[]]


def test_what_comes_of_steps(filled: Store) -> None:
    found = rows(filled, "enrolled", "steps", "answered", "completion")
    assert counts(found["enrolled"], "definition", "ended") == {
        ("pb/seq", "running"): (1, None), ("pb/seq", "closed_won"): (1, None),
    }  # fmt: skip
    assert {(row["step"], row["fate"]): row["n"] for row in found["steps"]} == {
        ("s1", "done"): 2, ("s2", "done"): 1, ("s2", "deleted"): 1, ("s3", "open"): 1,
        ("s3", "moot"): 1,
    }  # fmt: skip
    # The answers after a day are the first touch's, and nothing came of the others.
    assert counts(found["answered"], "number", "step") == {
        ("1", "s1"): (2, 1), ("2", "s2"): (1, 0),
    }  # fmt: skip
    assert sum(row["n"] for row in found["completion"]) == 5
    assert sum(row["hit"] for row in found["completion"]) == 3
    assert sum(row["on_time"] for row in found["completion"]) == 2


def test_where_deals_go_silent(filled: Store) -> None:
    found = rows(filled, "silence_map", "terms", "momentum_lost", "by_contacts")
    assert {
        (row["owner_id"], row["stage_id"], row["bucket"]): row["n"] for row in found["silence_map"]
    } == {
        ("ada", "new", None): 1, ("ada", "proposal", 3): 1, ("gone", "new", 0): 1,
        ("ben", "new", None): 1, ("ben", "proposal", 0): 1, (None, "new", None): 1,
        (None, "proposal", 1): 1,
    }  # fmt: skip
    assert {(row["owner_id"], row["term"]): (row["n"], row["hit"]) for row in found["terms"]} == {
        ("ada", 0): (1, 1), ("ada", 1): (1, 0), ("ben", 0): (1, 0), ("ben", 1): (1, 0),
        (None, 0): (1, 0), (None, 1): (1, 0), ("ada", 2): (1, 0), ("ben", 2): (1, 0),
        ("gone", 2): (1, 0), (None, 2): (1, 0),
    }  # fmt: skip
    lost = {(row["stage_id"], row["how"], row["ended"]) for row in found["momentum_lost"]}
    assert lost == {
        ("proposal", "theirs", "silent"), ("new", "never", "silent"), ("proposal", "ours", "lost"),
    }  # fmt: skip
    assert counts(found["by_contacts"], "few") == {("3",): (1, 1), ("1",): (1, 0)}


def test_the_records_behind_a_count_come_with_the_largest_value_first(filled: Store) -> None:
    with filled.read() as conn:
        facts = SOURCES["silent_14"].facts(SPAN, TERMS)
        assert facts is not None
        found = behind(conn, facts, {"hit": 1}, None, 10, 0)
        assert [row["name"] for row in found] == ["Deal 1", "Deal 2"]
        assert behind(conn, facts, {"hit": [0]}, None, 10, 0) == []
        assert [r["crm_id"] for r in behind(conn, facts, {}, None, 1, 1)] == ["d2"]
        assert [r["crm_id"] for r in behind(conn, facts, {}, ["gone"], 9, 0)] == ["d2"]


def test_a_kept_list_is_the_one_that_is_found_anew(filled: Store) -> None:
    """Of every figure: whole, of each of its counts, of each owner, and page by page."""
    with filled.read() as conn:
        kept_ones = reckon(conn, SPAN, SOURCES, TERMS, "UTC", keep=True)
        lists = 0
        for name, source in SOURCES.items():
            facts, packed = source.facts(SPAN, TERMS), kept_ones[name].behind
            assert facts is not None
            assert packed is not None
            asked: list[dict[str, Any]] = [{}, {"owner_id": [None, "ben"]}]
            for row in kept_ones[name].rows if source.fold is None else ():
                asked.append({dim: row[dim] for dim in source.dims})
            asked += [{flag: [1]} for flag in source.sums or () if flag != "amount"]
            asked += [{"value": None}] if source.sums is None else []
            for where in asked:
                for owners in (None, ["ada", "gone"]):
                    expected = behind(conn, facts, where, owners, 50, 0)
                    whole = listed(conn, packed, where, owners, 50, 0)
                    assert whole == (expected, False), (name, where)
                    if expected:
                        paged = listed(conn, packed, where, owners, 1, len(expected) - 1)
                        assert paged == (expected[-1:], False)
                        lists += 1
            assert listed(conn, packed, {"of_another_version": 1}, None, 9, 0) is None
        assert lists > 100


def test_a_kept_list_goes_on_behind_a_record_that_was_merged_since(filled: Store) -> None:
    with filled.read() as conn:
        packed = reckon(conn, SPAN, ("silent_7",), TERMS, "UTC", keep=True)["silent_7"].behind
        assert packed is not None
        before = listed(conn, packed, {}, None, 99, 0)
        assert before is not None
    first, second, *_ = before[0]
    with filled.write() as conn:
        conn.execute(delete(subjects).where(subjects.c.crm_id == first["crm_id"]))
    with filled.read() as conn:
        assert listed(conn, packed, {}, None, 1, 0) == ([], True)
        found = listed(conn, packed, {}, None, 1, 1)
        assert found == ([second], len(before[0]) > 2)
        assert listed(conn, packed, {"value": [8]}, None, 1, 0) is None, "the largest alone is kept"


def test_the_spread_is_of_the_twenty_deals_that_answered_last(store: Store) -> None:
    with store.write() as conn:
        account(conn)
        for number in range(1, 26):
            deal(conn, number, [("new", 50)], acts=[("reply", number), ("call", number - 0.5)])
        deal(conn, 30, [("new", 50)], owner="ben", acts=[("reply", 55), ("reply", 40)])
    found = rows(store, "latest_responses")["latest_responses"]
    assert {(row["owner_id"], row["stage_id"]): row["n"] for row in found} == {
        ("ada", "new"): 20, ("ben", None): 1,
    }, "an answer after one that nobody reacted to is no other"  # fmt: skip
    with store.read() as conn:
        facts = SOURCES["latest_responses"].facts(SPAN, TERMS)
        assert facts is not None
        those = {row["crm_id"] for row in behind(conn, facts, {}, ["ada"], 99, 0)}
    assert those == {f"d{number}" for number in range(1, 21)}


def test_kept_figures_are_told_only_whole(store: Store) -> None:
    with store.write() as conn:
        assert kept.load(conn, INST, 60, ["a", "b"]) is None
        kept.put(conn, INST, 60, {"a": [{"n": 1}]}, NOW, 5)
        assert kept.load(conn, INST, 60, ["a", "b"]) is None
        kept.put(conn, INST, 60, {"b": []}, NOW + HOUR, 9)
        assert kept.load(conn, INST, 60, ["a", "b"]) == ({"a": [{"n": 1}], "b": []}, NOW, 5)
        assert kept.load(conn, INST, 30, ["a", "b"]) is None
        kept.want(conn, INST, 60, ["a", "b"])
        kept.want(conn, INST, 60, ["b"])
        assert kept.wanted_now(conn, INST) == [[60, "a"], [60, "b"]]
        kept.met(conn, INST, 60, "a")
        assert kept.wanted_now(conn, INST) == [[60, "b"]]
        kept.met(conn, INST, 60, "b")
        assert kept.wanted_now(conn, INST) == []


@pytest.mark.feature("W01")
def test_first_steps_are_held_against_what_was_promised(store: Store) -> None:
    """Of each follow-up the first step alone, once it is due, if it was owed within a day."""
    minutes = DAY / 60_000

    def first(promised: int, **more: Any) -> dict[str, Any]:
        """A step owed `promised` minutes after ten days ago; its task stood at once."""
        at = day(10) + promised * 60_000
        return {"due_at": at, "performed_at": day(10), **more}

    with store.write() as conn:
        account(conn)
        for id in range(1, 8):
            deal(conn, id, [("new", 11)])
        done = {"outcome": "completed"}
        in_time = first(5, **done, outcome_at=day(10 - 4 / minutes))
        later = first(60, **done, outcome_at=day(1))
        follow(conn, "a", 1, 10, [later, in_time])  # whichever stands first in the table
        late = first(15, **done, outcome_at=day(10 - 45 / minutes))
        late["performed_at"] = day(10 - 20 / minutes)
        follow(conn, "b", 2, 10, [late])
        follow(conn, "c", 3, 10, [first(240, outcome="open")])
        follow(conn, "d", 4, 10, [first(60, outcome="resolved")])  # its reason was gone
        follow(conn, "e", 5, 10, [first(3 * 1440, outcome="open")])  # promised in days
        follow(conn, "f", 6, 0.01, [{"due_at": NOW + HOUR, "performed_at": NOW, "outcome": "open"}])
        never = {**first(1), "state": "planned", "performed_at": None}
        follow(conn, "g", 7, 10, [never])
    found = rows(store, "promise_stood", "promise_kept")
    told = {
        name: {row["promise"]: (row["n"], row["values"]) for row in found[name]} for name in found
    }
    assert told["promise_stood"] == {
        "1min": (1, []), "5min": (1, [0]), "15min": (1, [5 * 60_000]), "4h": (1, [0]),
    }  # fmt: skip
    assert told["promise_kept"] == {
        "1min": (1, []), "5min": (1, [0]), "15min": (1, [30 * 60_000]), "4h": (1, []),
    }  # fmt: skip
    with store.read() as conn:
        facts = SOURCES["promise_kept"].facts(SPAN, TERMS)
        assert facts is not None
        (who,) = behind(conn, facts, {"promise": "15min"}, None, 10, 0)
    assert (who["crm_id"], who["value"]) == ("d2", 30 * 60_000)
