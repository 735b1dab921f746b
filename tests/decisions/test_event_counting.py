"""Events that rules count: within a span, of several people, anew after each firing."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.codes import Code
from app.decisions.rules import decide, settled
from app.decisions.sequences import advance
from app.model.decisions import Decision, StartEnrolment
from app.model.playbook import ActiveRule, Compare, When
from app.model.records import Happened
from app.model.signals import Signal
from app.model.time import DAY, HOUR, MINUTE, Business, parse_delay
from app.model.vocabulary import SignalKind, StopReason
from tests.decisions.build import (
    CAL,
    NOW,
    active,
    context,
    enrolment,
    rule,
    sequence,
    signal,
    step,
    subject,
)


def viewed(number: int, ago: int = 0, **more: Any) -> Happened:
    return Happened(
        more.pop("name", "page_viewed"), Business(NOW - ago), f"event:{number}",
        more.pop("contact", "c1"), more,
    )  # fmt: skip


def told(one: Happened) -> Signal:
    data = {"name": one.name, "event": dict(one.data)}
    return signal(SignalKind.EVENT, one.at, one.cause, contact=one.contact, data=data)


def counting(count: int = 3, persons: int = 1, span: str = "1d", **more: Any) -> ActiveRule:
    when = When(
        more.pop("kind", SignalKind.EVENT),
        events=more.pop("events", frozenset({"page_viewed"})),
        count=count, persons=persons, span=parse_delay(span), **more.pop("when", {}),
    )  # fmt: skip
    return active(rule(when=when, **more))


def made(one: ActiveRule, past: list[Happened], **more: Any) -> Decision:
    last = past[-1]
    return decide(told(last), context(one, happened=tuple(past), **more), NOW)


def fires(decision: Decision) -> bool:
    return any(isinstance(action, StartEnrolment) for action in decision.actions)


def code(decision: Decision) -> str:
    (line,) = decision.explanations
    return line.code


def test_the_third_within_the_span_fires_and_the_second_does_not() -> None:
    rule_ = counting()
    assert code(made(rule_, [viewed(1, 2 * HOUR), viewed(2)])) == Code.TOO_FEW
    assert fires(made(rule_, [viewed(1, 2 * HOUR), viewed(2, HOUR), viewed(3)]))


@pytest.mark.parametrize(("ago", "fired"), [(DAY, True), (DAY + 1, False)])
def test_the_span_includes_its_first_instant(ago: int, fired: bool) -> None:
    assert fires(made(counting(), [viewed(1, ago), viewed(2, HOUR), viewed(3)])) is fired


def test_one_event_that_came_twice_is_one() -> None:
    assert not fires(made(counting(), [viewed(1, HOUR), viewed(1, HOUR), viewed(2)]))


def test_an_event_that_arrives_late_is_not_helped_by_what_came_after_it() -> None:
    past = [viewed(1, 3 * HOUR), viewed(2, HOUR), viewed(3)]
    late = told(viewed(4, 2 * HOUR))
    assert not fires(decide(late, context(counting(), happened=tuple(past)), NOW))


def test_what_led_to_a_firing_counts_no_more() -> None:
    past = [viewed(1, 3 * HOUR), viewed(2, 2 * HOUR), viewed(3, HOUR), viewed(4)]
    fired = {"pb/r": Business(NOW - HOUR)}
    assert not fires(made(counting(), past, last_fired=fired))
    assert fires(made(counting(), past))


def test_open_tasks_of_the_rule_are_not_added_to() -> None:
    running = [enrolment(definition="pb/r", anchor="event:0", sequence=None)]
    one = counting(count=1)
    assert code(made(one, [viewed(1)], running=running)) == Code.STILL_RUNNING


def test_only_events_that_the_condition_would_take_are_counted() -> None:
    one = counting(condition=Compare("event.url", "contains", "pricing"))
    blog, price = {"url": "/blog"}, {"url": "/pricing"}
    later = [viewed(2, 1, **price), viewed(3, **price)]
    assert not fires(made(one, [viewed(1, HOUR, **blog), *later]))
    assert fires(made(one, [viewed(1, HOUR, **price), *later]))
    lone = counting(count=1, condition=Compare("event.url", "contains", "pricing"))
    assert code(made(lone, [viewed(1, **blog)])) == Code.CONDITION_FALSE


def test_a_surge_of_several_people_counts_replies_too() -> None:
    one = counting(
        count=1, persons=2, kind=SignalKind.SURGE, events=frozenset({"replied", "link_clicked"})
    )
    same = [viewed(1, HOUR, name="link_clicked"), viewed(2, name="link_clicked")]
    assert code(made(one, same)) == Code.TOO_FEW
    other = [viewed(1, HOUR, name="replied", contact="c2"), viewed(2, name="link_clicked")]
    assert fires(made(one, other))
    nobody = [viewed(1, HOUR, name="replied", contact=None), viewed(2, name="link_clicked")]
    assert not fires(made(one, nobody))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-03-20", None),
        ("2026-05-20", Code.NOT_NEAR),
        ("2026-02-20", Code.NOT_NEAR),
        (None, Code.DATE_UNKNOWN),
    ],
)
def test_a_date_has_to_lie_ahead_and_near(date: str | None, expected: str | None) -> None:
    one = counting(
        count=1, kind=SignalKind.SURGE, when={"near": "close", "near_within": parse_delay("30d")}
    )
    decision = made(one, [viewed(1)], subject=subject(fields={"close": date}))
    assert fires(decision) if expected is None else code(decision) == expected


def test_a_spike_that_goes_on_is_none_that_ended() -> None:
    one = counting(
        count=2, when={"unless_events": frozenset({"page_viewed"}), "within": parse_delay("7d")}
    )
    spike = [viewed(1, HOUR), viewed(2)]
    assert code(made(one, spike)) == Code.AWAITING_ABSENCE
    week = Business(NOW + 7 * DAY)
    quiet = settled(told(spike[-1]), one, context(one, happened=tuple(spike)), week)
    assert fires(quiet)
    more = (*spike, viewed(3, -DAY))
    on = settled(told(spike[-1]), one, context(one, happened=more), week)
    assert code(on) == Code.ANSWERED_MEANWHILE


def test_a_goal_by_event_ends_only_what_began_before_it() -> None:
    goal = When(SignalKind.EVENT, events=frozenset({"payment_recovered"}))
    paid = sequence("s", (step(),), goal=goal)
    running = enrolment(sequence=paid, anchor="event:0", anchor_at=Business(NOW - DAY))
    for ago, ends in ((HOUR, True), (DAY + MINUTE, False)):
        event = told(viewed(1, ago, name="payment_recovered"))
        decision = advance(running, event, subject(), CAL, NOW)
        assert [getattr(one, "reason", None) for one in decision.actions] == (
            [StopReason.GOAL] if ends else []
        )
    other = advance(running, told(viewed(2, name="payment_failed")), subject(), CAL, NOW)
    assert other.actions == ()
