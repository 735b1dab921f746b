"""Deals with their history and people, activity, changes: as the CRM really keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import QUOTES, WEBHOOKS, Business, CrmRecord, ObjectType, Page
from tests.contract.house import ADA, DAY, HOUR, MINUTE, House


def walk(ask: Callable[[str | None], Page]) -> list[CrmRecord]:
    """All pages of a listing."""
    found: list[CrmRecord] = []
    after: str | None = None
    for _ in range(50):
        page = ask(after)
        found += page.records
        after = page.after
        if after is None:
            return found
    raise AssertionError("a listing without an end")


def changed(house: House, type: ObjectType, since: int) -> list[CrmRecord]:
    return walk(lambda after: house.connector.changed_since(type, Business(since), after))


def read(house: House, type: ObjectType, id: str, **more: Any) -> CrmRecord:
    (record,) = house.connector.read(type, [id], **more)
    return record


def test_a_deal_says_whose_it_is_where_it_stands_and_what_it_is_worth(house: House) -> None:
    deal = house.deal("proposal")
    fields = read(house, "deal", deal).fields
    assert fields["name"] == "Big sale"
    assert fields["stage"] == house.kind.kinds["proposal"]
    assert fields["owner"] == house.outer("owners", ADA)
    assert fields["amount"] == 5000
    assert fields["created_at"] == house.now
    assert fields["pipeline"]
    assert not fields["closed"]
    house.act("move_deal", deal=deal, stage="won")
    fields = read(house, "deal", deal).fields
    assert (fields["closed"], fields["won"]) == (True, True)


def test_what_is_gone_is_absent_and_found_in_the_bin(house: House) -> None:
    kept, gone = house.deal(), house.deal()
    house.act("delete_deal", deal=gone)
    assert [r.id for r in house.connector.read("deal", [kept, gone, kept])] == [kept]
    (binned,) = house.connector.read("deal", [kept, gone], archived=True)
    assert (binned.id, binned.archived) == (gone, True)


def test_which_of_many_are_there_is_told_without_reading_them(house: House) -> None:
    kept, gone = house.deal(), house.deal()
    nora, otto = house.contact(), house.contact("Otto")
    house.act("delete_deal", deal=gone)
    house.act("delete", kind="contacts", record=otto)
    assert house.connector.there("deal", [kept, gone, kept]) == {kept}
    assert house.connector.there("contact", [nora, otto]) == {nora}
    assert house.connector.there("contact", []) == set()


def test_many_are_read_in_batches(house: House) -> None:
    deals = [house.deal(name=f"D{number}") for number in range(230)]
    records = house.connector.read("deal", deals)
    assert {r.id: r.fields["name"] for r in records} == {
        id: f"D{number}" for number, id in enumerate(deals)
    }
    assert len(house.calls.made) < 25, "no call for each"


def test_every_stage_that_a_deal_passed_through_is_dated(house: House) -> None:
    began = house.now
    deal = house.deal("new")
    house.pass_time(HOUR)
    house.act("move_deal", deal=deal, stage="qualified")
    house.pass_time(MINUTE)
    house.act("move_deal", deal=deal, stage="proposal")
    house.pass_time(DAY)
    house.act("set_property", kind="deals", record=deal, property="amount", value="7000")
    record = read(house, "deal", deal, history=True)
    assert house.can("stage_history")
    kinds = house.kind.kinds
    stages = [(version.value, version.at) for version in record.history["stage"]]
    assert stages == [
        (kinds["new"], began),
        (kinds["qualified"], began + HOUR),
        (kinds["proposal"], began + HOUR + MINUTE),
    ], "a changed amount enters nothing"


def test_the_person_of_a_deal_is_known_from_both_sides(house: House) -> None:
    nora = house.contact()
    deal, alone = house.deal(contact=nora), house.deal()
    records = {
        r.id: r for r in house.connector.read("deal", [deal, alone], associations=("contact",))
    }
    assert records[deal].associations == {"contact": [nora]}
    assert records[alone].associations == {"contact": []}
    person = read(house, "contact", nora, associations=("deal",))
    assert person.associations == {"deal": [deal]}


def test_a_person_has_a_name_an_address_and_consent(house: House) -> None:
    nora = house.contact()
    fields = read(house, "contact", nora).fields
    assert (fields["first_name"], fields["last_name"]) == ("Nora", "Vos")
    assert fields["email"] == "nora@prospect.example"
    assert not fields["opted_out"]
    assert not fields.get("bounced")
    house.act("opt_out", contact=nora)
    assert read(house, "contact", nora).fields["opted_out"] is True


def test_people_are_found_by_address_whatever_its_case(house: House) -> None:
    nora, olaf = house.contact("Nora"), house.contact("Olaf")
    found = house.connector.contacts_by_email(
        ["NORA@prospect.example", "olaf@prospect.example", "nobody@prospect.example"]
    )
    assert found == {"nora@prospect.example": [nora], "olaf@prospect.example": [olaf]}


def test_a_listing_has_every_live_deal_once_with_history_and_people(house: House) -> None:
    nora = house.contact()
    deals = [house.deal(contact=nora if number == 0 else "") for number in range(215)]
    house.act("delete_deal", deal=deals[7])
    found = walk(
        lambda after: house.connector.page(
            "deal", after, history=True, associations=("contact",)
        )
    )
    assert sorted(r.id for r in found) == sorted(set(deals) - {deals[7]})
    (first,) = [r for r in found if r.id == deals[0]]
    assert first.associations == {"contact": [nora]}
    assert all(r.history["stage"] for r in found)


def test_what_changed_is_listed_the_oldest_first(house: House) -> None:
    deals = [house.deal(name=f"D{number}") for number in range(4)]
    house.pass_time(DAY)
    since = house.now
    for deal in (deals[2], deals[0]):
        house.pass_time(MINUTE)
        house.act("move_deal", deal=deal, stage="proposal")
    found = [r.id for r in changed(house, "deal", since + MINUTE // 2 + MINUTE)]
    assert deals[2] in found
    assert found.index(deals[2]) < found.index(deals[0])
    assert deals[1] not in found


def test_without_webhooks_the_list_of_changes_tells_what_they_would(house: House) -> None:
    """Deletions, and people who come to a deal."""
    if house.can(WEBHOOKS):
        pytest.skip("webhooks tell it")
    gone, joined, nora = house.deal(), house.deal(), house.contact()
    house.pass_time(DAY)
    since = house.now
    house.act("delete_deal", deal=gone)
    house.act("associate", kind="deals", record=joined, to_kind="contacts", to=nora)
    found = {r.id: r for r in changed(house, "deal", since)}
    assert found[gone].archived
    assert found[joined].associations == {"contact": [nora]}


def test_a_merge_leaves_what_the_company_has_and_the_person_who_is_left(house: House) -> None:
    deals = [house.deal(), house.deal()]
    kept, gone = (
        house.act("create_company", name=name, deal=deal)
        for name, deal in zip(("Acme", "Acme Inc"), deals, strict=True)
    )
    who = house.act("merge", kind="companies", primary=kept, other=gone)
    assert sorted(house.connector.deals_of_companies([who])[who]) == sorted(deals)
    if house.kind.name == "salesforce":  # a customer's tool may go on naming the other account
        assert sorted(house.connector.deals_of_companies([gone])[gone]) == sorted(deals)
    nora, double = house.contact(), house.contact("Vera")
    house.act("opt_out", contact=double)
    left = house.act("merge", kind="contacts", primary=nora, other=double)
    record = read(house, "contact", left)
    assert record.id == left
    if house.kind.name == "salesforce":
        (record,) = house.connector.read("contact", [double])
        assert (record.id, record.fields["merged_ids"]) == (nora, [double])
        (binned,) = house.connector.read("contact", [double], archived=True)
        assert binned.fields["opted_out"], "what the other had said can still be read"


def test_a_reply_is_an_incoming_mail_of_that_person(house: House) -> None:
    nora = house.contact()
    deal = house.deal(contact=nora)
    house.pass_time(HOUR)
    house.act("reply", deal=deal, text="Let us talk")
    assert house.can("email_content")
    mails = changed(house, "email", house.now - MINUTE)
    (mail,) = [record for record in mails if record.fields["direction"] == "in"]
    record = read(house, "email", mail.id, associations=("contact", "deal"))
    assert record.fields["direction"] == "in"
    assert record.fields["at"] == house.now
    assert record.fields["from_email"] == "nora@prospect.example"
    assert record.associations is not None
    assert record.associations["contact"] == [nora]
    assert ("email", mail.id) in house.connector.engagements_of("contact", nora)


def test_a_call_is_an_activity_of_a_rep_with_that_person(house: House) -> None:
    nora = house.contact()
    deal = house.deal(contact=nora)
    call = house.act("log_call", deal=deal)
    record = read(house, "call", call, associations=("contact", "deal"))
    assert house.now - HOUR < record.fields["at"] <= house.now
    assert record.fields["owner"] == house.outer("owners", ADA)
    assert record.associations is not None
    assert record.associations["contact"] == [nora]
    assert call in [r.id for r in changed(house, "call", house.now - HOUR)]
    assert call not in [r.id for r in changed(house, "task", house.now - MINUTE)], "told once"


def test_a_meeting_has_its_time_its_people_and_what_came_of_it(house: House) -> None:
    nora = house.contact()
    deal = house.deal(contact=nora)
    start = house.now + DAY
    meeting = house.act("book_meeting", deal=deal, start=start)
    record = read(house, "meeting", meeting, associations=("contact", "deal"))
    assert record.fields["start_at"] == start
    assert record.fields["end_at"] > start
    assert record.fields.get("outcome") in (None, "scheduled")
    assert record.associations is not None
    assert record.associations["contact"] == [nora]
    house.pass_time(2 * DAY)
    told, read_as = ("COMPLETED", "held") if house.kind.name == "pipedrive" else (
        "NO_SHOW", "no_show"
    )  # fmt: skip
    house.act("meeting_outcome", meeting=meeting, outcome=told)
    record = read(house, "meeting", meeting)
    assert record.fields["outcome"] == read_as


def test_a_quote_stands_on_its_deal_and_says_how_it_stands(house: House) -> None:
    if house.lacks(QUOTES):
        return
    deal = house.deal("proposal", house.contact())
    march = house.now + 100 * DAY
    quote = house.act("create_quote", deal=deal, title="Quote 7", amount="900", expires=march)

    def quoted() -> CrmRecord:
        return read(house, "quote", quote, history=True, associations=("deal", "contact"))

    drawn = quoted()
    assert (drawn.fields["title"], drawn.fields["amount"]) == ("Quote 7", 900)
    day = datetime.fromtimestamp(march / 1000, UTC).date().isoformat()
    assert (drawn.fields["status"], drawn.fields["expires"]) == ("draft", day)
    assert drawn.associations is not None
    assert drawn.associations["deal"] == [deal]
    assert len(drawn.associations["contact"]) == 1
    house.act("review_quote", quote=quote, verdict="refused")
    assert quoted().fields["status"] == "draft", "an approver's no is not the buyer's"
    house.pass_time(HOUR)
    house.act("send_quote", quote=quote)
    sent = quoted()
    assert sent.fields["status"] == "sent"
    assert all(one.at <= house.now for one in sent.history.get("status", ()))
    page = house.connector.page("quote", None, history=True, associations=("deal", "contact"))
    assert [one.id for one in page.records] == [quote]
    assert [one.id for one in changed(house, "quote", house.now - MINUTE)] == [quote]
    house.act("accept_quote", quote=quote)
    signed = quoted().fields
    assert signed.get("signed_at") == house.now or signed["status"] == "accepted"


def test_what_was_logged_is_listed_whole_and_gives_way_to_all_else(house: House) -> None:
    """Of deals that were closed since too, with whom and on what it was done, in pages that end."""
    nora = house.contact()
    deal = house.deal(contact=nora)
    begun = house.now
    house.pass_time(HOUR)
    house.act("reply", deal=deal, text="Let us talk")
    house.pass_time(HOUR)
    house.act("log_call", deal=deal)
    house.act("send_email", deal=deal, subject="Our talk")
    house.act("move_deal", deal=deal, stage="won")
    house.calls.made.clear()
    found = {
        (type, record.fields.get("direction") or "out"): record.associations
        for type in ("email", "call")
        for record in walk(
            lambda after, type=type: house.connector.aside().logged_since(
                type, Business(begun), after
            )
        )
    }
    on = {"deal": [deal], "contact": [nora]}
    assert found == dict.fromkeys([("email", "in"), ("email", "out"), ("call", "out")], on)
    lists = [priority for _, path, _, priority in house.calls.made if "/describe" not in path]
    assert set(lists) == {"aside"}
