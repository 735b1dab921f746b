"""Quotes: what a reading says that the one before did not, and what a deal keeps of them."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.time import DAY, HOUR, Business
from app.signals.quotes import Reading, kept_of, quote_gone, read_quote
from connectors.contract import CrmRecord, Version

BEGUN = 10 * DAY
NOW = 20 * DAY
END = 30 * DAY


def quote(
    updated: int, *history: tuple[str, int], created: int = 12 * DAY, **fields: Any
) -> CrmRecord:
    """A quote; its status is the last of its history unless another is given."""
    if history:
        fields.setdefault("status", history[-1][0])
    versions = [Version(value, Business(at)) for value, at in history]
    found = {"status": versions} if versions else {}
    return CrmRecord("quote", "7", fields, Business(created), Business(updated), history=found)


def read(
    record: CrmRecord, known: Reading | None = None, end: int | None = END, **more: Any
) -> Reading:
    given = {"deals": ["1"], "now": NOW, "begun": BEGUN, **more}
    found = read_quote(record, known.known if known else None, end=end, **given)
    assert found is not None, "no older reading"
    return found


DRAFT = read(quote(12 * DAY, ("draft", 12 * DAY)))
SENT = read(quote(13 * DAY, ("draft", 12 * DAY), ("sent", 13 * DAY)), DRAFT)


def test_a_draft_says_nothing_and_a_sent_quote_says_so_once() -> None:
    assert (DRAFT.event, DRAFT.expires_at) == (None, None)
    assert (SENT.event, SENT.at, SENT.expires_at) == ("quote_sent", 13 * DAY, END)
    again = read(quote(14 * DAY, ("sent", 13 * DAY)), SENT)
    assert (again.event, again.known["sent_at"]) == (None, 13 * DAY)


def test_the_instant_is_the_historys_else_that_of_the_last_change() -> None:
    assert read(quote(14 * DAY, status="sent"), DRAFT).at == 14 * DAY
    # Approved before it was published, in a property whose history is not read.
    late = quote(15 * DAY, ("sent", 12 * DAY), lifecycle="sent")
    known = read(quote(14 * DAY, ("sent", 12 * DAY), lifecycle="draft"))
    assert read(late, known).at == 15 * DAY


@pytest.mark.parametrize(
    ("fields", "event", "at"),
    [
        ({"signed_at": 15 * DAY}, "quote_accepted", 15 * DAY),
        ({"signed": True}, "quote_accepted", 16 * DAY),
        ({"paid": True, "paid_at": 15 * DAY + HOUR}, "quote_accepted", 15 * DAY + HOUR),
        ({"status": "accepted"}, "quote_accepted", 16 * DAY),
        ({"lifecycle": "accepted"}, "quote_accepted", 16 * DAY),
        ({"status": "rejected"}, "quote_rejected", 16 * DAY),
        ({"status": "draft"}, "quote_withdrawn", 16 * DAY),
        ({"lifecycle": "withdrawn"}, "quote_withdrawn", 16 * DAY),
        ({"lifecycle": "expired"}, "quote_expired", END),
    ],
)
def test_whatever_becomes_of_a_sent_quote(fields: dict[str, Any], event: str, at: int) -> None:
    given = {"status": "sent", **fields}
    found = read(quote(16 * DAY, **given), SENT)
    assert (found.event, found.at, found.expires_at) == (event, at, None)
    assert read(quote(17 * DAY, **given), found).event is None


def test_it_expires_by_itself_and_a_longer_validity_is_no_second_sending() -> None:
    over = read(quote(13 * DAY, ("sent", 13 * DAY)), SENT, end=19 * DAY)
    assert (over.event, over.at) == ("quote_expired", 19 * DAY)
    longer = read(quote(20 * DAY, ("sent", 13 * DAY)), over)
    assert (longer.event, longer.is_open, longer.expires_at) == (None, True, END)
    assert longer.known["sent_at"] == 13 * DAY
    back = read(quote(21 * DAY, status="draft"), longer)
    anew = read(quote(22 * DAY, ("draft", 21 * DAY), ("sent", 22 * DAY)), back)
    assert (back.event, anew.event, anew.at) == ("quote_withdrawn", "quote_sent", 22 * DAY)


def test_what_stood_before_quotes_were_read_is_no_news() -> None:
    old = quote(9 * DAY, ("sent", 9 * DAY), created=8 * DAY)
    assert read(old).event is None
    assert read(old).expires_at == END  # but it will be news that it expires
    assert read(old, begun=None).event is None
    # Changed since, and nothing says what of it: it may have been out for months.
    assert read(quote(15 * DAY, status="sent", created=8 * DAY)).event is None
    assert read(quote(15 * DAY, status="sent", created=11 * DAY)).event == "quote_sent"
    missed = quote(15 * DAY, ("draft", 8 * DAY), ("sent", 15 * DAY), created=8 * DAY)
    assert read(missed).event == "quote_sent"
    assert read(old, end=9 * DAY).event is None


def test_a_deleted_quote_was_taken_back_if_it_was_out() -> None:
    assert quote_gone(SENT.known, 16 * DAY).event == "quote_withdrawn"
    assert quote_gone(DRAFT.known, 16 * DAY).event is None


def test_an_older_reading_than_the_last_says_nothing() -> None:
    """A CRM that answers late shows the draft once more, and it was not taken back."""
    late = quote(12 * DAY, ("draft", 12 * DAY))
    assert read_quote(late, SENT.known, ["1"], END, NOW, BEGUN) is None
    # Restored with the dates that it had.
    gone = quote_gone(SENT.known, 16 * DAY)
    back = read(quote(13 * DAY, ("sent", 13 * DAY)), gone)
    assert (back.event, back.is_open) == ("quote_sent", True)


def test_a_deal_keeps_the_quote_that_was_sent_last() -> None:
    assert kept_of("7", DRAFT, {}) == {}
    fields = kept_of("7", SENT, {})
    assert fields == {
        "quote_status": "sent", "quote_sent_at": 13 * DAY, "quote:last": [13 * DAY, "7"],
    }  # fmt: skip
    dated = read(quote(13 * DAY, ("sent", 13 * DAY), expires="1970-01-30"), DRAFT)
    assert kept_of("7", dated, fields) == {"quote_expires": "1970-01-30"}
    older = {**fields, "quote:last": [14 * DAY, "8"], "quote_sent_at": 14 * DAY}
    assert kept_of("7", SENT, older) == {}
    back = read(quote(16 * DAY, status="draft"), dated)
    assert kept_of("7", back, {**fields, "quote_expires": "1970-01-30"}) == {
        "quote_status": "withdrawn", "quote_expires": None,
    }  # fmt: skip


def test_a_field_that_an_account_mapped_under_such_a_name_stays_its_own() -> None:
    theirs = {"quote_status": "to be renewed", "quote_sent_at": "last May"}
    kept = kept_of("7", SENT, theirs, tuple(theirs))
    assert kept == {"quote:last": [13 * DAY, "7"]}
