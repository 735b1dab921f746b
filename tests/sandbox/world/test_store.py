"""Mutations of the world: history, uniqueness, associations, merges, snapshots."""

from __future__ import annotations

import pytest

from sandbox.world.records import Actor, Change, Link, NotFound, Property, UniqueConflict
from sandbox.world.store import Account, World
from tests.sandbox.support import START, ManualClock

USER = Actor.user(7)
APP = Actor.app(777)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(clock: ManualClock) -> World:
    return World(clock)


@pytest.fixture
def account(world: World) -> Account:
    return world.add_account(1)


@pytest.fixture
def changes(world: World) -> list[Change]:
    told: list[Change] = []
    world.on_change(told.append)
    return told


def test_history_runs_oldest_first_and_names_its_source(
    clock: ManualClock, account: Account
) -> None:
    deal = account.create("deals", {"dealname": "A", "amount": ""}, USER)
    clock.advance(10)
    account.update("deals", deal.id, {"dealname": "B"}, APP)
    account.update("deals", deal.id, {"dealname": "B"}, USER)
    first, second = deal.history["dealname"]
    assert first == ("A", START, "CRM_UI", "userId:7", 7)
    assert second == ("B", START + 10, "INTEGRATION", "777", None)
    assert "amount" not in deal.fields
    assert (deal.created_at, deal.updated_at) == (START, START + 10)


def test_backdated_changes(account: Account) -> None:
    deal = account.create("deals", {"dealname": "A"}, Actor.file_import(), at=START - 500)
    account.update("deals", deal.id, {"dealname": "B"}, Actor.file_import(), at=START - 100)
    assert deal.created_at == START - 500
    assert deal.get("createdate") == str(START - 500)
    assert deal.history["dealname"][1].at == START - 100


def test_unique_values_until_changed_or_archived(account: Account) -> None:
    account.add_property("tasks", Property("touch", "Touch", unique=True, built_in=False))
    one = account.create("tasks", {"touch": "x", "hs_timestamp": "1"}, APP)
    with pytest.raises(UniqueConflict) as refused:
        account.create("tasks", {"touch": "x"}, APP)
    assert refused.value.existing_id == one.id
    two = account.create("tasks", {"touch": "y"}, APP)
    with pytest.raises(UniqueConflict):
        account.update("tasks", two.id, {"touch": "x"}, APP)
    assert two.get("touch") == "y"
    account.update("tasks", one.id, {"touch": "z"}, APP)
    account.update("tasks", two.id, {"touch": "x"}, APP)
    account.archive("tasks", two.id, USER)
    assert account.find_unique("tasks", "touch", "x") is None
    assert account.find_unique("tasks", "touch", "x", archived=True) is two
    account.create("tasks", {"touch": "x"}, APP)
    with pytest.raises(UniqueConflict):
        account.restore("tasks", two.id, USER)
    assert two.archived


def test_refused_creation_leaves_nothing(account: Account, changes: list[Change]) -> None:
    with pytest.raises(NotFound):
        account.create("tasks", {"hs_timestamp": "1"}, APP, [Link("deals", "999")])
    assert account.objects["tasks"] == {}
    assert changes == []


def test_accounts_share_no_ids(world: World, account: Account) -> None:
    other = world.add_account(2)
    deal = account.create("deals", {"dealname": "A"}, USER)
    theirs = other.create("deals", {"dealname": "B"}, USER)
    assert deal.id != theirs.id
    assert other.find("deals", deal.id) is None
    with pytest.raises(ValueError, match="exists already"):
        world.add_account(2)


def test_links_on_both_ends_with_labels(account: Account, changes: list[Change]) -> None:
    deal = account.create("deals", {"dealname": "A"}, USER)
    person = account.create("contacts", {"firstname": "P"}, USER)
    changes.clear()
    account.associate(("deals", deal.id), Link("contacts", person.id, ("Champion",)), USER)
    account.associate(("contacts", person.id), Link("deals", deal.id), USER)
    assert deal.links["contacts"][person.id] == ("", "Champion")
    assert person.links["deals"][deal.id] == ("", "Champion")
    linked = [(c.kind, c.other_kind) for c in changes if c.action == "associated"]
    assert linked == [("deals", "contacts"), ("contacts", "deals")], "the second was there already"
    account.dissociate(("deals", deal.id), ("contacts", person.id), USER, labels=("Champion",))
    assert deal.links["contacts"][person.id] == ("",)
    assert account.dissociate(("deals", deal.id), ("contacts", person.id), USER)
    assert not account.dissociate(("deals", deal.id), ("contacts", person.id), USER)
    assert person.linked("deals") == []


def test_archive_and_restore_with_associations(
    clock: ManualClock, account: Account, changes: list[Change]
) -> None:
    person = account.create("contacts", {"firstname": "P"}, USER)
    deal = account.create("deals", {"dealname": "A"}, USER, [Link("contacts", person.id)])
    assert account.archive("deals", deal.id, USER) is deal
    assert account.archive("deals", deal.id, USER) is None
    assert person.linked("deals") == []
    assert deal.linked("contacts") == [person.id], "kept for a restore"
    assert account.find("deals", deal.id, archived=True) is deal
    with pytest.raises(NotFound):
        account.update("deals", deal.id, {"dealname": "B"}, USER)
    clock.advance(5)
    account.restore("deals", deal.id, USER)
    assert person.linked("deals") == [deal.id]
    assert (deal.archived, deal.archived_at) == (False, None)
    told = [c.action for c in changes if c.kind == "deals"]
    assert told == ["created", "associated", "updated", "deleted", "restored"]


def test_changes_are_told_in_order(account: Account, changes: list[Change]) -> None:
    deal = account.create("deals", {"dealname": "A", "dealstage": "qualifiedtobuy"}, USER)
    account.update("deals", deal.id, {"dealstage": "closedwon"}, APP)
    account.archive("deals", deal.id, USER)
    created, updated, deleted = changes
    assert created.fields["dealstage"] == "qualifiedtobuy"
    assert created.derived["hs_is_closed"] == "false"
    assert (updated.action, updated.fields["dealstage"], updated.actor) == (
        "updated",
        "closedwon",
        APP,
    )
    assert deleted.action == "deleted"


def test_snapshot_and_restore(clock: ManualClock, world: World, account: Account) -> None:
    account.add_property("tasks", Property("touch", "Touch", unique=True, built_in=False))
    deal = account.create("deals", {"dealname": "A"}, USER)
    task = account.create("tasks", {"touch": "x"}, APP, [Link("deals", deal.id)])
    gone = account.create("deals", {"dealname": "Gone"}, USER)
    account.archive("deals", gone.id, USER)
    world.extra["mine"] = {"a": 1}
    clock.advance(123)
    saved = world.snapshot()
    account.update("deals", deal.id, {"dealname": "later"}, USER)
    fresh = World(ManualClock(0))
    assert fresh.restore(saved) == START + 123
    back = fresh.accounts[1]
    assert back.world is fresh
    assert back.need("deals", deal.id).get("dealname") == "A"
    assert back.need("tasks", task.id).linked("deals") == [deal.id]
    assert back.find("deals", gone.id, archived=True) is not None
    assert fresh.extra["mine"] == {"a": 1}
    with pytest.raises(UniqueConflict):
        back.create("tasks", {"touch": "x"}, APP)
    assert int(back.create("deals", {"dealname": "N"}, USER).id) > int(gone.id)


def test_former_state_is_kept_only_when_asked_for(world: World, account: Account) -> None:
    deal = account.create("deals", {"dealname": "A"}, USER)
    account.update("deals", deal.id, {"dealname": "B"}, USER)
    assert deal.shadow is None
    world.shadow_seconds = 60.0
    account.update("deals", deal.id, {"dealname": "C"}, USER)
    account.update("deals", deal.id, {"dealname": "D"}, USER)
    assert deal.shadow is not None
    former = deal.shadow[1]
    assert former is not None
    assert former.get("dealname") == "B", "two changes within the lag show the state before both"


def test_forgotten_for_good(account: Account, changes: list[Change]) -> None:
    person = account.create("contacts", {"email": "p@x.example"}, USER)
    deal = account.create("deals", {"dealname": "D"}, USER, [Link("contacts", person.id)])
    changes.clear()
    assert account.forget("contacts", person.id, USER)
    assert not account.forget("contacts", person.id, USER)
    told = [c.action for c in changes if c.kind == "contacts"]
    assert told == ["deleted", "forgotten"]
    assert account.find("contacts", person.id, archived=True) is None
    assert account.find_unique("contacts", "email", "p@x.example", archived=True) is None
    assert person.fields == {}
    assert deal.linked("contacts") == []
    one, two = (account.create("contacts", {"email": f"{n}@x.example"}, USER) for n in "ab")
    merged = account.merge("contacts", one.id, two.id, USER)
    assert account.forget("contacts", two.id, USER), "by an id that led to it"
    assert merged.fields == {}
    assert account.find_unique("contacts", "email", "b@x.example") is None
