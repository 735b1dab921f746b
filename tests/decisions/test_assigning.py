"""Who gets a task, and whose turn it is."""

from __future__ import annotations

from collections import Counter

import pytest

from app.decisions.assigning import assign, away_until, find, members
from app.decisions.codes import Code
from app.model.ending import Assign
from app.model.records import PersonView
from app.model.time import Business

AT = Business(1_000)


def person(owner_id: str, **more: object) -> PersonView:
    given = {"team": "Desk", "email": f"P{owner_id}@firm.example", **more}
    return PersonView(owner_id, f"P{owner_id}", **given)  # type: ignore[arg-type]


def people(*found: PersonView) -> dict[str, PersonView]:
    return {one.owner_id: one for one in found}


TEAM = Assign("team", "desk")
RING = people(person("1"), person("2"), person("3"))


@pytest.mark.parametrize(
    ("last", "chosen"), [("", "1"), ("1", "2"), ("2", "3"), ("3", "1"), ("9", "1"), ("15", "2")]
)
def test_the_turn_goes_round_and_survives_who_left(last: str, chosen: str) -> None:
    assert assign(TEAM, None, RING, {"desk": last}, AT).to == chosen


def test_over_many_turns_everybody_has_as_many() -> None:
    turns: dict[str, str] = {}
    given: Counter[str | None] = Counter()
    for _ in range(30):
        found = assign(TEAM, None, RING, turns, AT)
        assert found.team == "desk"
        turns["desk"] = str(found.to)
        given[found.to] += 1
    assert set(given.values()) == {10}


def test_who_is_away_is_passed_over_and_named() -> None:
    ring = people(person("1", absences=((500, 1_500),)), person("2"))
    found = assign(TEAM, None, ring, {}, AT)
    assert (found.to, found.values["away"]) == ("2", ["P1"])
    assert assign(TEAM, None, ring, {}, Business(1_500)).to == "1", "the end is exclusive"


def test_where_all_are_away_it_falls_to_the_first_back() -> None:
    ring = people(
        person("1", absences=((0, 9_000),)), person("2", absences=((0, 2_000), (2_000, 3_000)))
    )
    found = assign(TEAM, None, ring, {}, AT)
    assert (found.to, found.values["away"]) == ("2", ["P1", "P2"])
    assert away_until(ring["2"], AT) == 3_000


def test_managers_and_admins_take_turns_only_where_there_are_no_reps() -> None:
    boss, idle = person("1", role="manager"), person("3", active=False)
    assert [p.owner_id for p in members("DESK ", [boss, person("2"), idle])] == ["2"]
    assert [p.owner_id for p in members("Desk", [boss, idle])] == ["1"]


def test_a_team_without_anybody_leaves_it_with_the_owner() -> None:
    found = assign(Assign("team", "Nobody"), "7", RING, {}, AT)
    assert (found.to, found.by, found.code, found.team) == ("7", "owner", Code.ASSIGNED_OWNER, None)


@pytest.mark.parametrize(("name", "chosen"), [("2", "2"), (" p2@FIRM.example", "2"), ("x@y", "7")])
def test_a_person_by_id_or_address(name: str, chosen: str) -> None:
    assert assign(Assign("rep", name), "7", RING, {}, AT).to == chosen


def test_of_two_with_one_address_the_active_one() -> None:
    old, new = person("1", email="a@b", active=False), person("2", email="a@b")
    assert find([old, new], "a@b") is new
    assert find([old], "a@b") is old


@pytest.mark.parametrize(
    ("held", "to", "by"),
    [
        ({"manager_id": "2"}, "2", "manager"),
        ({"manager_id": None}, "1", "owner"),
        ({"manager_id": "8"}, "1", "owner"),
        ({"manager_id": "3"}, "1", "owner"),
    ],
)
def test_the_manager_or_else_the_owner(held: dict[str, str | None], to: str, by: str) -> None:
    ring = people(person("1", **held), person("2"), person("3", active=False))
    found = assign(Assign("manager"), "1", ring, {}, AT)
    assert (found.to, found.by) == (to, by)
