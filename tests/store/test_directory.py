"""Installations, people, pipelines, playbooks, notices and outcomes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.model.time import Wall
from app.model.vocabulary import StageKind
from app.store import installations, notices, outcomes, people, pipelines, playbooks, sets
from app.store.engine import Store


@pytest.fixture
def inst(store: Store) -> int:
    with store.write() as conn:
        return installations.create(conn, "hubspot", "42", Wall(5), name="Acme")


# --- installations -------------------------------------------------------------------------------


def test_installing_again_keeps_the_row(store: Store, inst: int) -> None:
    with store.write() as conn:
        again = installations.create(conn, "hubspot", "42", Wall(9), status="active")
        other = installations.create(conn, "hubspot", "43", Wall(9))
        assert again == inst != other
        row = installations.get(conn, inst)
        assert row is not None
        assert (row["name"], row["status"], row["installed_wall"]) == ("Acme", "active", 5)
        assert row["stopped"] is False
        assert row["unique_touch_id"] is True


def test_finding_and_changing(store: Store, inst: int) -> None:
    with store.write() as conn:
        found = installations.find(conn, "hubspot", "42")
        assert found is not None
        assert found["id"] == inst
        assert installations.find(conn, "pipedrive", "42") is None
        assert installations.get(conn, 999) is None
        assert installations.change(conn, inst, stopped=True, status="active")
        assert not installations.change(conn, 999, stopped=True)
        assert [r["stopped"] for r in installations.read(conn, ["active"])] == [True]
        assert installations.read(conn, ["left"]) == []


def test_events_of_those_who_left_are_nobodys(store: Store, inst: int) -> None:
    with store.write() as conn:
        gone = installations.create(conn, "hubspot", "43", Wall(0), status="left")
        assert installations.by_account(conn, "hubspot") == {"42": inst}
        installations.change(conn, gone, status="importing")
        assert installations.by_account(conn, "hubspot") == {"42": inst, "43": gone}


def test_tokens_are_kept_byte_by_byte(store: Store, inst: int) -> None:
    with store.write() as conn:
        assert installations.get_tokens(conn, inst) is None
        installations.put_tokens(conn, inst, b"\x00\xffa", b"r1", "crm.read", Wall(10))
        installations.put_tokens(conn, inst, b"\x00\xffb", b"r2", "crm.read crm.write", Wall(20))
        row = installations.get_tokens(conn, inst)
        assert row is not None
        assert (bytes(row["access"]), bytes(row["refresh"])) == (b"\x00\xffb", b"r2")
        assert (row["scopes"], row["expires_wall"]) == ("crm.read crm.write", 20)
        installations.drop_tokens(conn, inst)
        assert installations.get_tokens(conn, inst) is None


def test_settings(store: Store, inst: int) -> None:
    with store.write() as conn:
        assert installations.get_settings(conn, inst) == {}
        installations.put_settings(conn, inst, {"settle_ms": 0}, Wall(1))
        installations.put_settings(conn, inst, {"settle_ms": 5, "order": ["a"]}, Wall(2))
        assert installations.get_settings(conn, inst) == {"settle_ms": 5, "order": ["a"]}


# --- people --------------------------------------------------------------------------------------


def test_a_sync_changes_only_what_the_crm_tells(store: Store, inst: int) -> None:
    with store.write() as conn:
        people.put(conn, inst, [{"owner_id": "1", "email": "Ada@Example.com", "name": "Ada"}])
        assert people.change(conn, inst, "1", role="admin", cover_id="2")
        assert not people.change(conn, inst, "9", role="admin")
        people.put(
            conn,
            inst,
            [
                {"owner_id": "1", "email": "ada@example.com", "name": "Ada L."},
                {"owner_id": "2", "email": "bob@example.com", "name": "Bob"},
            ],
        )
        read = people.read(conn, inst)
        assert list(read) == ["1", "2"]
        ada = read["1"]
        assert (ada["name"], ada["role"], ada["cover_id"], ada["absences"]) == (
            "Ada L.", "admin", "2", "[]",
        )  # fmt: skip
        assert list(people.read(conn, inst, ["2", "7"])) == ["2"]


def test_signing_in_finds_active_people_by_address(store: Store, inst: int) -> None:
    with store.write() as conn:
        people.put(
            conn,
            inst,
            [
                {"owner_id": "1", "email": "Ada@Example.com", "active": True},
                {"owner_id": "2", "email": "bob@example.com", "active": True},
            ],
        )
        people.put(conn, inst + 1, [{"owner_id": "7", "email": "ada@example.com"}])
        found = people.by_email(conn, " ADA@example.com ")
        assert [(r["installation_id"], r["owner_id"]) for r in found] == [
            (inst, "1"),
            (inst + 1, "7"),
        ]
        assert people.deactivate_others(conn, inst, ["2"]) == ["1"]
        assert people.deactivate_others(conn, inst, ["2"]) == []
        assert [r["owner_id"] for r in people.by_email(conn, "ada@example.com")] == ["7"]


# --- pipelines -----------------------------------------------------------------------------------


def _stage(id: str, position: int, kind: str, label: str = "") -> dict[str, Any]:
    return {"pipeline_id": "p", "id": id, "label": label or id, "position": position, "kind": kind}


def test_only_confirmed_stages_of_followed_pipelines_act(store: Store, inst: int) -> None:
    with store.write() as conn:
        pipelines.put(
            conn, inst, {"p": "Sales"}, [_stage("a", 0, "new"), _stage("b", 1, "proposal")]
        )
        ignored = {("p", "a"): StageKind.IGNORED, ("p", "b"): StageKind.IGNORED}
        assert pipelines.kinds(conn, inst) == ignored
        assert pipelines.confirm(conn, inst, {("p", "b"): StageKind.NEGOTIATION}) == []
        assert pipelines.kinds(conn, inst) == ignored
        assert pipelines.follow(conn, inst, "p", True)
        assert not pipelines.follow(conn, inst, "zzz", True)
        assert pipelines.kinds(conn, inst) == {**ignored, ("p", "b"): StageKind.NEGOTIATION}


def test_a_sync_keeps_what_the_admin_decided(store: Store, inst: int) -> None:
    with store.write() as conn:
        stages = [_stage("a", 0, "new"), _stage("b", 1, "proposal"), _stage("c", 2, "won")]
        pipelines.put(conn, inst, {"p": "Sales"}, stages)
        pipelines.follow(conn, inst, "p", True)
        pipelines.confirm(conn, inst, {("p", "a"): StageKind.QUALIFIED})
        renamed = [_stage("a", 1, "new", "Renamed"), _stage("b", 0, "negotiation")]
        pipelines.put(conn, inst, {"p": "Deals"}, renamed)
        assert [(r["label"], r["followed"]) for r in pipelines.read(conn, inst)] == [
            ("Deals", True)
        ]
        read = {r["id"]: r for r in pipelines.read_stages(conn, inst)}
        assert list(read) == ["b", "a", "c"]
        assert (read["a"]["kind"], read["a"]["label"], read["a"]["confirmed"]) == (
            "qualified", "Renamed", True,
        )  # fmt: skip
        assert read["b"]["kind"] == "negotiation"
        assert [read[key]["archived"] for key in "abc"] == [False, False, True]
        assert pipelines.labels(conn, inst, ["a", "zzz"]) == {"a": "Renamed"}


def test_confirming_a_stage_that_is_not_there_changes_nothing(store: Store, inst: int) -> None:
    with store.write() as conn:
        pipelines.put(conn, inst, {"p": "Sales"}, [_stage("a", 0, "new")])
        wanted = {("p", "a"): StageKind.WON, ("q", "a"): StageKind.WON, ("p", "z"): StageKind.LOST}
        assert pipelines.confirm(conn, inst, wanted) == [("q", "a"), ("p", "z")]
        assert pipelines.read_stages(conn, inst)[0]["confirmed"] is False


# --- playbooks -----------------------------------------------------------------------------------


def test_every_save_is_a_version(store: Store, inst: int) -> None:
    with store.write() as conn:
        first, one = playbooks.save(conn, inst, "p", "yaml 1", {"a": 1}, "ada", Wall(1))
        second, two = playbooks.save(conn, inst, "p", "yaml 2", {"a": 2}, "ada", Wall(2))
        third, other = playbooks.save(conn, inst, "q", "yaml 3", {}, "ada", Wall(3))
        assert (one, two, other) == (1, 2, 1)
        assert playbooks.next_version(conn, inst, "p") == 3
        loaded = playbooks.load(conn, [first, third, 999])
        assert sorted(loaded) == [first, third]
        assert (loaded[first]["source"], sets.loads(loaded[first]["data"])) == ("yaml 1", {"a": 1})
        assert [row["id"] for row in playbooks.latest(conn, inst)] == [second, third]
        assert [row["version"] for row in playbooks.versions(conn, inst, "p")] == [2, 1]


def test_rule_states(store: Store, inst: int) -> None:
    state = {"rule": "p/r", "version_id": 1, "mode": "shadow", "activated_at": 5}
    with store.write() as conn:
        playbooks.put_states(
            conn, inst, [{**state, "approval": True}, {**state, "rule": "p/s"}][:1]
        )
        playbooks.put_states(conn, inst, [{**state, "mode": "live"}, {**state, "rule": "p/s"}])
        states = playbooks.states(conn, inst)
        assert list(states) == ["p/r", "p/s"]
        assert (states["p/r"]["mode"], states["p/r"]["approval"]) == ("live", True)
        assert list(playbooks.states(conn, inst, ["p/s", "p/zzz"])) == ["p/s"]
        assert playbooks.change_state(conn, inst, "p/s", stopped_why="loop")
        assert not playbooks.change_state(conn, inst, "p/zzz", stopped_why="loop")
        assert playbooks.states(conn, inst)["p/s"]["stopped_why"] == "loop"


# --- notices and outcomes ------------------------------------------------------------------------


def _notice(id: str, owner: str | None, at: int) -> dict[str, Any]:
    return {"id": id, "subject_id": 1, "owner_id": owner, "code": "stale", "data": {"days": 14},
            "noticed_at": at}  # fmt: skip


def test_a_notice_is_told_once(store: Store, inst: int) -> None:
    with store.write() as conn:
        rows = [_notice("a", "1", 10), _notice("b", "1", 20), _notice("c", None, 30)]
        assert notices.add(conn, inst, rows) == 3
        assert notices.add(conn, inst, [*rows, _notice("d", "2", 5)]) == 1
        assert [row["id"] for row in notices.read(conn, inst, "1")] == ["b", "a"]
        assert [row["id"] for row in notices.read(conn, inst, "1", limit=1)] == ["b"]
        assert [row["id"] for row in notices.read(conn, inst, None)] == ["c"]
        assert [row["id"] for row in notices.undigested(conn, inst)] == ["d", "a", "b", "c"]
        assert notices.digest(conn, ["a", "d"]) == 2
        assert [row["id"] for row in notices.undigested(conn, inst)] == ["b", "c"]


def test_an_outcome_counts_once_by_its_cause(store: Store, inst: int) -> None:
    reply = {"subject_id": 1, "kind": "replied", "cause": "email:1", "occurred_at": 9}
    with store.write() as conn:
        assert outcomes.add(conn, inst, [reply, reply, {**reply, "subject_id": 2}]) == 2
        more = {**reply, "cause": "email:2", "occurred_at": 3, "touch_id": "t", "data": {"x": 1}}
        assert outcomes.add(conn, inst, [reply, more, {**reply, "kind": "completed"}]) == 2
        assert outcomes.counts(conn, inst) == {"replied": 3, "completed": 1}
        read = outcomes.of_subjects(conn, 1, [1])
        assert [(r["kind"], r["cause"]) for r in read] == [
            ("replied", "email:2"), ("replied", "email:1"), ("completed", "email:1"),
        ]  # fmt: skip
        assert (read[0]["touch_id"], sets.loads(read[0]["data"])) == ("t", {"x": 1})


def test_two_saves_cannot_share_a_version(store: Store, inst: int) -> None:
    from sqlalchemy import insert

    from app.store.tables import playbook_versions

    row = {"installation_id": inst, "playbook": "p", "version": 1, "source": "", "data": "{}",
           "saved_wall": 0}  # fmt: skip
    with pytest.raises(IntegrityError), store.write() as conn:
        conn.execute(insert(playbook_versions), [row, row])
