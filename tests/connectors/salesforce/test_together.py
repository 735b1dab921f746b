"""What is asked for together: a poll, or a reading, costs few of an account's calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contract import Business, ObjectType, Page
from connectors.salesforce import changes, listing, reading
from sandbox.salesforce.state import OrgState
from tests.contract.house import HOUR, House
from tests.scenarios.crms import SALESFORCE

EVERYTHING: tuple[ObjectType, ...] = ("deal", "contact", "task", "email", "meeting", "call")

Told = tuple[str, int, bool, object]


@pytest.fixture
def house() -> Iterator[House]:
    with House(SALESFORCE) as made:
        yield made


def poll(house: House, since: int) -> dict[ObjectType, Page]:
    """What a poll is told, with cold memory of nothing but the account's fields."""
    return dict(house.connector.changes({type: Business(since) for type in EVERYTHING}))


def told(page: Page) -> list[Told]:
    rows = page.records
    return [(one.id, one.updated_at, one.archived, one.associations) for one in rows]


def walked(house: House, begun: int, type: ObjectType, page: Page) -> list[Told]:
    """What a page and all that follow it tell."""
    rows = told(page)
    while page.after is not None:
        page = house.connector.changed_since(type, Business(begun), page.after)
        rows += told(page)
    return rows


def busy(house: House) -> int:
    """A firm in which something of every kind has changed; from when on."""
    begun = house.now
    house.pass_time(HOUR)
    nora, otto = house.contact(), house.contact()
    deal, gone = house.deal(contact=nora), house.deal(contact=otto)
    house.act("send_email", deal=deal, subject="Hello")
    house.act("delete_deal", deal=gone)
    house.connector.create_tasks([house.task(associations=(("deal", deal),))])
    return begun


def test_a_poll_of_everything_takes_two_calls(house: House) -> None:
    poll(house, house.now)  # learns the account's fields
    house.calls.made.clear()
    pages = poll(house, house.now + HOUR)
    assert not any(page.records or page.after for page in pages.values())
    assert len(house.calls.made) == 2


def test_a_poll_tells_what_the_lists_tell_one_by_one(house: House) -> None:
    begun = busy(house)
    pages = poll(house, begun)
    assert list(pages) == list(EVERYTHING)
    assert len(pages["deal"].records) > 2
    assert pages["task"].records
    assert pages["email"].records
    for type, page in pages.items():
        one_by_one = house.connector.changed_since(type, Business(begun), None)
        assert told(page) == walked(house, begun, type, one_by_one), type
        assert page.after is None


def test_more_than_a_page_is_listed_in_order(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = busy(house)
    whole = poll(house, begun)
    for module in (changes, listing, reading):
        monkeypatch.setattr(module, "PAGE", 1)
    for type, first in poll(house, begun).items():
        rows = walked(house, begun, type, first)
        assert sorted({row[:3] for row in rows}) == sorted({row[:3] for row in told(whole[type])})


def test_a_column_that_goes_spoils_no_other_list(house: House) -> None:
    begun = busy(house)
    before = poll(house, begun)
    state = OrgState.of(house.account)
    state.hidden.add("Opportunity.Amount")
    state.fields_version += 1
    after = poll(house, begun)
    for type, page in after.items():
        assert walked(house, begun, type, page) == told(before[type]), type
    assert "amount" not in after["deal"].records[0].fields


def test_an_account_without_mail_is_polled_for_the_rest(house: House) -> None:
    begun = busy(house)
    state = OrgState.of(house.account)
    state.hidden_objects.add("EmailMessage")
    state.fields_version += 1
    house.connector = house.again()
    pages = poll(house, begun)
    assert not pages["email"].records
    assert pages["deal"].records
    assert pages["task"].records


def test_a_deal_its_history_and_its_people_are_read_in_one_call(house: House) -> None:
    nora = house.contact()
    deal = house.deal("proposal", contact=nora)
    house.connector.read("deal", [deal])  # learns the account's fields
    house.calls.made.clear()
    (record,) = house.connector.read("deal", [deal], history=True, associations=("contact",))
    assert record.history["stage"]
    assert record.associations == {"contact": [nora]}
    assert record.primary == {"contact": nora}
    assert len(house.calls.made) == 1


def test_whether_a_thousand_are_there_takes_one_call(house: House) -> None:
    deals = [house.deal() for _ in range(3)]
    house.connector.there("deal", deals)  # learns the account's fields
    made_up = [f"006Fx0000{number:06}AAA" for number in range(990)]
    house.calls.made.clear()
    assert house.connector.there("deal", [*made_up, *deals]) == set(deals)
    assert len(house.calls.made) == 1
    lead = house.act("submit_form", form="Contact us", email="lea@prospect.example")
    assert lead.startswith("00Q")
    assert house.connector.there("contact", [lead]) == {lead}
