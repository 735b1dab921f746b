"""Consent, tokens, the account, its people, its pipelines, and what the CRM can do."""

from __future__ import annotations

import pytest

from connectors.contract import (
    WEBHOOKS,
    AuthRevoked,
    BadSignature,
    EnrolRefused,
    Forbidden,
    Invalid,
    RateLimited,
    Stopped,
)
from tests.contract.house import ADA, BEN, MINUTE, READ, House

STATED = (
    WEBHOOKS, "stage_history", "tasks_with_associations", "uninstalled_webhook",
    "unenrol_from_native_sequence", "read_deals", "write_tasks", "working_hours", "email_content",
    "lookup_by_touch_id", "own_fields", "native_sequences",
)  # fmt: skip
"""What every connector says of itself, that it can or what is done instead."""


def test_consent_tells_whose_account_it_is(house: House) -> None:
    tokens = house.tokens
    assert tokens.access
    assert tokens.refresh
    assert tokens.scopes
    assert tokens.expires_wall > house.clocks.wall()
    account = house.connector.account()
    assert tokens.account == account.id
    assert tokens.user == "otto@firm.example"
    assert (account.name != "", account.zone) == (True, "Europe/Amsterdam")


def test_a_code_is_good_once(house: House) -> None:
    with pytest.raises(Invalid, match="Start the connection again"):
        house.vendor.exchange("nonsense", house.redirect_uri, "v" * 50)


def test_a_records_page_is_addressed(house: House) -> None:
    deal = house.deal()
    assert deal in house.connector.account().page("deal", deal)


def test_people_own_records_and_have_zones(house: House) -> None:
    house.act("archive_owner", owner=BEN)
    people = {person.email: person for person in house.connector.people()}
    ada, ben = people["ada@firm.example"], people["ben@firm.example"]
    assert (ada.owner_id, ada.name, ada.active) == (house.outer("owners", ADA), "Ada Firm", True)
    assert not ben.active
    assert ada.team == (None if house.lacks("teams") else "EMEA")
    assert ada.zone == "Europe/Amsterdam"
    if not house.can("working_hours"):
        assert ada.hours is None


def test_stages_stand_in_order_with_the_kind_that_they_are_proposed_to_be(house: House) -> None:
    (pipeline,) = house.connector.pipelines()
    assert [stage.position for stage in pipeline.stages] == list(range(len(pipeline.stages)))
    by_id = {stage.id: stage for stage in pipeline.stages}
    won, lost = by_id[house.kind.kinds["won"]], by_id[house.kind.kinds["lost"]]
    assert (won.proposed_kind, won.closed) == ("won", True)
    assert (lost.proposed_kind, lost.closed) == ("lost", True)
    assert pipeline.stages[0].proposed_kind in ("new", "qualified")
    assert len({stage.proposed_kind for stage in pipeline.stages}) >= 5


def test_every_capability_is_there_or_its_absence_is_stated(house: House) -> None:
    found = {one.name: one for one in house.connector.capabilities()}
    assert set(STATED) <= found.keys()
    for one in found.values():
        assert one.label, one.name
        if not one.available:
            assert one.why, one.name
            assert one.instead, one.name


def test_what_is_installed_is_checked_and_may_be_installed_again(house: House) -> None:
    report = house.connector.install()
    assert report.refused == ()
    assert report.created == ()
    assert report.existing
    assert report.unique_touch_id == house.can("lookup_by_touch_id")
    found = house.connector.checkup()
    assert [m.name for m in found.misfits if m.ours] == []
    assert found.account == house.connector.account()


def test_a_refused_token_is_renewed_once_and_the_call_repeated(house: House) -> None:
    deal = house.deal()
    house.token_is_refused()
    assert [record.id for record in house.connector.read("deal", [deal])] == [deal]
    assert house.store.tokens.access != "withdrawn"
    saved = len(house.store.saved)
    house.connector.read("deal", [deal])
    assert len(house.store.saved) == saved


def test_access_that_was_given_back_is_revoked(house: House) -> None:
    house.connector.uninstall()
    house.token_runs_out()
    with pytest.raises(AuthRevoked, match="Connect it again"):
        house.connector.pipelines()


def test_a_failing_read_is_repeated_and_a_limit_is_waited_for(house: House) -> None:
    deal = house.deal()
    house.connector.read("deal", [deal])
    house.fault(READ[house.kind.name], "503_before")
    assert len(house.connector.read("deal", [deal])) == 1
    house.fault(READ[house.kind.name], "429", times=9)
    with pytest.raises(RateLimited) as caught:
        house.connector.read("deal", [deal])
    assert caught.value.until > house.clocks.wall() - MINUTE


def test_everything_stopped_stops_what_acts_and_not_what_clears_up(house: House) -> None:
    deal = house.deal()
    task = house.task(associations=(("deal", deal),))
    house.budget.halted = True
    with pytest.raises(Stopped):
        house.connector.create_tasks([task])
    assert house.connector.read("deal", [deal]), "reading goes on"
    (made,) = house.connector.clearing().create_tasks([task])
    assert made.id


def test_webhooks_are_signed_or_not_sent(house: House) -> None:
    with pytest.raises(BadSignature):
        house.vendor.verify_webhook("POST", "https://x.example/w", {}, b"[]", house.clocks.wall())
    if not house.can(WEBHOOKS):
        assert house.vendor.parse_webhook(b"[]") == []


def test_sequences_of_the_crms_own_are_listed_or_refused(house: House) -> None:
    ada = next(p for p in house.connector.people() if p.email == "ada@firm.example")
    if house.can("native_sequences"):
        assert house.connector.sequences(ada.user_id or "") == []
        return
    with pytest.raises((EnrolRefused, Forbidden)):
        house.connector.sequences(ada.user_id or "")


def test_a_property_that_the_account_has_not_is_refused_by_name(house: House) -> None:
    with pytest.raises(Invalid, match=r"contract_end.*no_such_field"):
        house.connector.fit({"deal": {"contract_end": "no_such_field"}})
