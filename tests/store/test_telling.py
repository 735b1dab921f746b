"""What an admin's pages ask: a rule's decisions over all records, what waits for a word, what runs
by which version, who changed what, which calls are taken."""

from __future__ import annotations

from typing import Any

from app.model.decisions import Explanation
from app.model.time import Business, Wall
from app.store import approvals, audit, budgets, ledger, playbooks
from app.store.engine import Store
from app.store.tables import enrolments, subjects


def _record(conn: Any, number: int, inst: int = 1, owner: str = "1", **more: Any) -> None:
    row = {
        "id": number, "installation_id": inst, "type": "deal", "crm_id": f"9{number}",
        "first_type": "deal", "first_id": f"9{number}", "name": f"Deal {number}",
        "owner_id": owner, "created_at": 1, **more,
    }  # fmt: skip
    conn.execute(subjects.insert().values(row))


def _enrolment(conn: Any, id: str, subject: int, version: int = 1, **more: Any) -> None:
    row = {
        "id": id, "installation_id": 1, "subject_id": subject, "rule": "p/r", "definition": "p/s",
        "is_firing": False, "version_id": version, "anchor": id, "anchor_at": 1, "started_at": 1,
        "mode": "live", "state": "active", **more,
    }  # fmt: skip
    conn.execute(enrolments.insert().values(row))


def _said(subject: int, code: str, scope: str = "rule:p/r") -> Explanation:
    return Explanation(subject, scope, "no", code, Business(subject), False)


def test_a_rules_decisions_over_all_records(store: Store) -> None:
    with store.write() as conn:
        for number, owner in ((1, "1"), (2, "1"), (3, "2")):
            _record(conn, number, owner=owner)
        _record(conn, 4, inst=2)
        _record(conn, 5, deleted=True)
        ledger.write(conn, 1, [_said(n, "condition") for n in (1, 2, 3, 5)])
        ledger.write(conn, 1, [_said(1, "settling"), _said(2, "x", "rule:p/other")])
        ledger.write(conn, 2, [_said(4, "condition")])

        def found(**asked: Any) -> list[tuple[str, str]]:
            rows = ledger.of_rule(conn, 1, "p/r", asked.pop("owners", None), **asked)
            return [(row["name"], row["code"]) for row in rows]

        assert found() == [
            ("Deal 1", "settling"), ("Deal 3", "condition"), ("Deal 2", "condition"),
            ("Deal 1", "condition"),
        ]  # fmt: skip
        assert found(owners={"2"}) == [("Deal 3", "condition")]
        assert found(code="settling") == [("Deal 1", "settling")]
        assert found(limit=1) == [("Deal 1", "settling")]
        last = ledger.of_rule(conn, 1, "p/r", None, limit=2)[-1]["id"]
        assert found(before=last) == [("Deal 2", "condition"), ("Deal 1", "condition")]
        assert ledger.reasons(conn, 1, "p/r") == {"condition": 4, "settling": 1}


def test_what_waits_for_a_word_and_how_much_of_it(store: Store) -> None:
    with store.write() as conn:
        for number in (1, 2, 3):
            _record(conn, number)
        approvals.ask(conn, 1, ["p/late"], 20)
        approvals.ask(conn, 1, ["p/r"], 10)
        approvals.ask(conn, 2, ["p/r"], 5)
        _enrolment(conn, "a", 1, state="approval")
        _enrolment(conn, "b", 2, state="approval")
        _enrolment(conn, "c", 3)
        assert list(approvals.asked(conn, 1).items()) == [("p/r", (10, 2)), ("p/late", (20, 0))]
        approvals.grant(conn, 1, "p/r", "ada", 30)
        assert approvals.asked(conn, 1) == {"p/late": (20, 0)}


def test_who_runs_by_which_version(store: Store) -> None:
    with store.write() as conn:
        one, _ = playbooks.save(conn, 1, "p", "a", {}, "ada", Wall(1))
        two, _ = playbooks.save(conn, 1, "p", "b", {}, "ada", Wall(2))
        other, _ = playbooks.save(conn, 1, "q", "c", {}, "ada", Wall(3))
        for number in range(1, 7):
            _record(conn, number)
        for id, number, version, more in (
            ("a", 1, one, {}), ("b", 2, one, {}), ("c", 3, two, {}), ("d", 4, other, {}),
            ("e", 5, two, {"mode": "shadow"}), ("f", 6, two, {"state": "ended"}),
        ):  # fmt: skip
            _enrolment(conn, id, number, version, **more)
        assert playbooks.running_by_version(conn, 1, "p") == {1: 2, 2: 1}
        assert playbooks.running_by_version(conn, 2, "p") == {}


def test_the_audit_is_asked_by_person_and_by_kind(store: Store) -> None:
    with store.write() as conn:
        for inst, who, what in (
            (1, "ada", "person"), (1, "ben", "settings"), (1, "ada", "settings"),
            (2, "cleo", "stop"),
        ):  # fmt: skip
            audit.write(conn, inst, who, what, Wall(1))
        found = audit.read(conn, 1, who="ada")
        assert [row["what"] for row in found] == ["settings", "person"]
        assert [row["who"] for row in audit.read(conn, 1, what="settings")] == ["ada", "ben"]
        assert (audit.people(conn, 1), audit.kinds(conn, 1)) == (
            ["ada", "ben"], ["person", "settings"],
        )  # fmt: skip


def test_which_calls_are_taken_now(store: Store) -> None:
    budget = budgets.SqlBudget(store, 1)
    budget.lease("default", 5, 1_000, 10, Wall(0))
    budget.lease("default", 2, 9_000, 10, Wall(0))
    budget.lease("day", 70, 90_000, 100, Wall(0))
    budgets.SqlBudget(store, 2).lease("default", 3, 9_000, 10, Wall(0))
    with store.read() as conn:
        assert budgets.taken(conn, 1, Wall(500)) == {"day": 70, "default": 7}
        assert budgets.taken(conn, 1, Wall(5_000)) == {"day": 70, "default": 2}
        assert budgets.taken(conn, 3, Wall(0)) == {}
