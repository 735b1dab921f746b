"""Letters and machines, told of mail as it really looks; dates, read only where they are sure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.vocabulary import ReplyClass
from app.signals.reply_dates import read_date
from app.signals.reply_mail import choice_of, is_automatic, own_words

A, B, C = ReplyClass.CHOICE_A, ReplyClass.CHOICE_B, ReplyClass.CHOICE_C
TODAY = date(2026, 9, 8)

BODIES = [
    ("a", A), ("B", B), ("c)", C), ("(b)", B), ("*b*", B), ("Option a.", A), ("a!", A),
    ("  b \r\n\r\n", B),
    ("b\n\nOn Mon, 28 Sep 2026 at 10:02, Ada <ada@firm.example> wrote:\n> a) Keep it open", B),
    ("b\n\nOn Mon, 28 Sep 2026 at 10:02, Ada Firm\n<ada@firm.example> wrote:\n> a) Keep", B),
    ("c\n\nAm 28.09.2026 um 10:02 schrieb Ada Firm:\n> a) Offen lassen", C),
    ("a\n\nLe lun. 28 sept. 2026 à 10:02, Ada <a@b.example> a écrit :\n> a)", A),
    ("b\n-- \nNora Vos\nHead of things", B),
    ("b\n\nSent from my iPhone", B),
    ("b\n________________________________\nFrom: Ada\nSent: Monday", B),
    ("b\n\nFrom: Ada Firm <ada@firm.example>\nSubject: x", B),
    ("b\n-----Original Message-----\nFrom: Ada", B),
    ("a, but not before May", None), ("b or c", None), ("d", None), ("", None), (None, None),
    ("b\n\nNora", None), ("A question: what does it cost?", None), ("> b", None), ("ab", None),
    ("On holiday until Monday, then b", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "found"), BODIES)
def test_one_letter_alone_is_a_choice(body: str | None, found: ReplyClass | None) -> None:
    assert choice_of(body) is found


def test_own_words_end_where_the_quote_begins() -> None:
    assert own_words("Fine.\n\nSee you.\n\n> Shall we?") == "Fine.\n\nSee you."


@pytest.mark.parametrize(
    ("headers", "machine"),
    [
        ({"Auto-Submitted": "auto-replied"}, True),
        ({"auto-submitted": "auto-generated; owner-email=x"}, True),
        ({"Auto-Submitted": "no"}, False),
        ({"Auto-Submitted": ""}, False),
        ({"X-Auto-Response-Suppress": "All"}, False),
        ({"Precedence": "bulk"}, False),
        ({}, False),
    ],
)
def test_rfc_3834_alone_proves_a_machine(headers: dict[str, str], machine: bool) -> None:
    assert is_automatic(headers) is machine


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-09-21", "2026-09-21"), ("2026-9-1", "2026-09-01"), ("21/9", "2026-09-21"),
        ("9/21", "2026-09-21"), ("21.9.", "2026-09-21"), ("3.10.2026", "2026-10-03"),
        ("1.9.", "2027-09-01"), ("5/5", "2027-05-05"), ("31/12/26", "2026-12-31"),
        ("21 September", "2026-09-21"), ("21st sep 2026", "2026-09-21"),
        ("September 21, 2026", "2026-09-21"), ("Sept. 21", "2026-09-21"),
        ("2026-09-21T08:00:00Z", "2026-09-21"), (1789992000000, "2026-09-21"),
    ],
)  # fmt: skip
def test_a_date_that_can_be_read_in_one_way(text: str | int, day: str) -> None:
    assert read_date(text, TODAY).day == day


def test_two_readings_are_two_and_a_wrong_one_says_what_would_be_right() -> None:
    assert read_date("03/04", TODAY).readings == ("2027-03-04", "2027-04-03")
    assert read_date("03/04/2027", TODAY).day is None
    for wrong in ("next week", "2026-02-30", "13/13", "2031-01-01", "32 May", "tomorrow"):
        read = read_date(wrong, TODAY)
        assert read.day is None
        assert not read.readings
        assert read.problem
    assert read_date("", TODAY).problem == read_date(None, TODAY).problem == ""


@given(st.dates(TODAY, TODAY + timedelta(days=700)))
def test_a_day_is_never_read_as_another(day: date) -> None:
    assert read_date(day.isoformat(), TODAY).day == day.isoformat()
    written = read_date(f"{day.day}/{day.month}/{day.year}", TODAY)
    readings = written.readings or (written.day,)
    assert day.isoformat() in readings
    unsure = day.day <= 12 and day.day != day.month
    swapped = date(day.year, day.day, day.month) if unsure else None
    near = swapped is not None and (swapped - TODAY).days <= 732
    assert (len(readings) == 2) is near
