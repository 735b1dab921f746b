"""A mail and the word about it that are read in one turn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.decisions.exits import NO_END
from app.lanes.observe_replies import ReplyObserver
from app.model.replies import Said
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import ReplyClass, SignalKind


def left(kind: ReplyClass, at: int = 1000) -> list[Signal]:
    """The signals of two records' replies that stand after something was said of the first's."""
    signals = [Signal(SignalKind.REPLIED, one, Business(at), f"reply:{at}") for one in (1, 2)]
    found = SimpleNamespace(signals=signals)
    observer = ReplyObserver(cast(Any, SimpleNamespace(found=found)))
    observer._came_together({**Said(kind).as_data(), "reply_at": 1000}, [1])  # pyright: ignore[reportPrivateUsage]
    return found.signals


def test_a_machines_mail_is_no_reply() -> None:
    assert [one.subject for one in left(ReplyClass.OUT_OF_OFFICE)] == [2]


def test_a_promise_is_a_reply_that_ends_nothing() -> None:
    mine, other = left(ReplyClass.PROMISE)
    assert mine.data == {NO_END: "promise"}
    assert other.data == {}


def test_what_ends_and_what_came_at_another_time_stays_as_it_is() -> None:
    assert [one.data for one in left(ReplyClass.POSITIVE)] == [{}, {}]
    assert [one.data for one in left(ReplyClass.OUT_OF_OFFICE, at=2_000_000)] == [{}, {}]
