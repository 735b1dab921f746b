"""One inbox starts so many sequences in a day, and not two at once."""

from __future__ import annotations

from app.decisions.native_codes import Native
from app.decisions.pacing import Wait, pace
from app.model.native import Used
from app.model.time import DAY, HOUR, MINUTE, Business

NOW = Business(100 * DAY)


def test_without_limit_and_gap_all_go() -> None:
    assert pace(["a"] * 5, {}, NOW, limit=None, gap_ms=0) == [None] * 5


def test_beyond_the_limit_an_enrolment_waits_until_the_oldest_is_a_day_old() -> None:
    used = {"a": Used(2, Business(NOW - 20 * HOUR), Business(NOW - HOUR))}
    full = Wait(Native.INBOX_FULL, Business(NOW + 4 * HOUR))
    found = pace(["a", "b", "a", "a"], used, NOW, limit=3, gap_ms=0)
    assert found == [None, None, full, full]


def test_a_batch_alone_may_fill_the_day() -> None:
    found = pace(["a", "a"], {}, NOW, limit=1, gap_ms=0)
    assert found == [None, Wait(Native.INBOX_FULL, Business(NOW + DAY))]


def test_enrolments_of_one_inbox_are_spaced_out_and_others_are_not_held_up() -> None:
    used = {"a": Used(1, Business(NOW - MINUTE), Business(NOW - MINUTE))}
    found = pace(["a", "b", "a", "b"], used, NOW, limit=None, gap_ms=5 * MINUTE)
    assert found == [
        Wait(Native.SPACED, Business(NOW + 4 * MINUTE)),
        None,
        Wait(Native.SPACED, Business(NOW + 9 * MINUTE)),
        Wait(Native.SPACED, Business(NOW + 5 * MINUTE)),
    ]


def test_what_waited_for_the_gap_goes_when_its_instant_has_come() -> None:
    used = {"a": Used(1, Business(NOW - 5 * MINUTE), Business(NOW - 5 * MINUTE))}
    assert pace(["a"], used, NOW, limit=None, gap_ms=5 * MINUTE) == [None]
