"""A playbook as people read it: in words, on an axis of days, and what changed between two."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from app.playbooks import phrases
from app.playbooks.codec import to_json
from app.playbooks.differences import differences
from app.playbooks.presets import preset, preset_ids
from app.playbooks.timeline import WIDTH, drawing, marks


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"stage_entered": "proposal"}, "a deal enters the stage proposal"),
        ({"stage_entered": ["negotiation", "won"]}, "a deal enters the stage negotiation or won"),
        ({"stage_entered": "any"}, "a deal enters any stage"),
        ({"subject_created": "contact"}, "a contact is created"),
        ({"no_activity_for": "7d"}, "nothing has happened for 7d"),
        ({"meeting_held": "any", "unless": ["meeting_booked"], "within": "1d"},
         "a meeting was held and within 1d comes no meeting booked"),
        ({"date": {"field": "deal.contract_end", "before": "90d"}},
         "it is 90d before deal.contract_end"),
        ({"stalled": {"momentum": "hot", "for": "2d"}}, "a hot record has stalled for 2d"),
        ({"event": {"name": "page_viewed", "count": 3, "within": "7d"}},
         "the event page viewed comes 3 times"),
        ({"event": "quote_sent", "unless": ["replied"], "within": "3d"},
         "a quote is sent and within 3d comes no replied"),
        ({"event": ["quote_rejected", "quote_expired"]}, "a quote is refused or expires"),
        ({"event": ["quote_sent", "proposal_sent"]}, "the event quote sent or proposal sent comes"),
        ({"date": {"field": "deal.quote_expires", "before": "3d"}},
         "it is 3d before the open quote expires"),
        ({"opened": {"count": 2, "within": "7d"}}, "a mail is opened 2 times within 7d"),
        ({"replied": ["positive", "question"]}, "a reply comes (positive or question)"),
        ({"something_new": "any"}, "something new"),
        ({}, "nothing yet"),
        (None, "nothing yet"),
    ],
)  # fmt: skip
def test_a_signal_in_words(when: Any, said: str) -> None:
    assert phrases.signal(when) == said


def test_a_condition_in_words() -> None:
    asked = {"all": [
        {"field": "deal.amount", "op": ">=", "value": 1000},
        {"any": [{"field": "deal.owner", "op": "known"},
                 {"not": {"field": "deal.stage_kind", "op": "in", "value": ["won", "lost"]}}]},
    ]}  # fmt: skip
    assert phrases.condition(asked) == (
        "deal.amount is at least 1000 and (deal.owner is known or not (deal.stage_kind is one of "
        "won or lost))"
    )


STEPS: list[dict[str, Any]] = [
    {"id": "one", "at": "1d", "task": "call", "template": "t", "subject": "Call"},
    {"id": "hold", "wait": {"until": {"replied": "any"}, "timeout": "5d"},
     "then": [{"id": "thanks", "task": "todo", "template": "t", "assign": "manager"}],
     "else": [{"id": "again", "email": "t", "at": "9d"}]},
    {"id": "after", "at": "2d", "after": "previous_done", "task": "todo", "template": "t",
     "assign": {"team": "Inside"}},
    {"id": "drawn", "split": [{"cohort": "a", "percent": 50, "steps": [{"id": "x", "note": "t"}]},
                              {"cohort": "b", "percent": 50}]},
    {"id": "dated", "at": "30d", "before": {"field": "deal.contract_end"}, "task": "meeting"},
]  # fmt: skip


def test_steps_on_an_axis_with_their_ways() -> None:
    found = {mark.id: mark for mark in marks(STEPS)}
    told = {id: (m.day, m.lane, m.way, m.channel) for id, m in found.items()}
    assert told == {
        "one": (1, 0, "", "call"),
        "hold": (1, 0, "", "wait"),
        "thanks": (1, 1, "if it came", "todo"),
        "again": (9, 1, "if not", "email"),
        "after": (11, 0, "", "todo"),
        "drawn": (11, 0, "", "split"),
        "x": (11, 1, "cohort a", "note"),
        "dated": (-30, 0, "", "meeting"),
    }
    assert found["hold"].path == (1,)
    assert found["again"].path == (1, "else", 0)
    assert found["x"].path == (3, "split", 0, "steps", 0)
    assert (found["thanks"].who, found["after"].who) == (
        "the owner's manager", "the team Inside, in turn",
    )  # fmt: skip
    assert found["hold"].text == "wait until a reply comes, at most 5d"
    assert (found["one"].short, found["after"].short, found["dated"].short) == (
        "day 1", "≥ day 11", "−30 d",
    )  # fmt: skip


def test_a_drawing_keeps_order_and_distance() -> None:
    close = [{"id": f"s{n}", "at": f"{n}min", "task": "call"} for n in range(20)]
    drawn = drawing(marks(close))
    xs = [one.x for one in drawn["placed"]]
    assert all(later - sooner >= 50 for sooner, later in pairwise(xs))
    assert drawn["width"] >= max(xs)
    assert drawing([])["placed"] == []
    wide = drawing(marks(STEPS))
    assert wide["width"] >= WIDTH
    assert len(wide["lines"]) == 2


def test_what_cannot_be_read_is_still_drawn() -> None:
    odd: Any = [{"id": "a", "at": "3 dayz"}, "no step", {"wait": None}, {"split": 5}, {}]
    assert len(marks(odd)) == 5
    assert marks("nothing") == []


@pytest.mark.parametrize("name", preset_ids())
def test_every_preset_can_be_said_and_drawn(name: str) -> None:
    data = to_json(preset(name))
    for rule in data["rules"]:
        assert "nothing yet" not in phrases.signal(rule["when"])
        assert all(phrases.action(one) for one in rule["then"])
    for sequence in data.get("sequences", ()):
        for mark in marks(sequence["steps"]):
            assert mark.channel in phrases.CHANNELS, mark
            assert mark.text, mark
            assert mark.when, mark
        assert meeting(sequence["steps"]) == []
    assert differences(data, data) == []


def test_what_changed_between_two_versions() -> None:
    before = {
        "rules": [{"id": "r", "when": {"stage_entered": "proposal"}, "limit": 50, "then": [
            {"create_tasks": [{"id": "c", "at": "1d", "task": "call"}]}, {"enrol": "s"}]}],
        "sequences": [{"id": "s", "steps": [STEPS[0], STEPS[1]]}],
        "templates": {"t": {"decides": "Now?", "body": "One.\nTwo.\n"}},
    }  # fmt: skip
    again = {**STEPS[1], "else": [{**STEPS[1]["else"][0], "at": "8d"}]}
    after = {
        "rules": [{"id": "r", "when": {"stage_entered": ["proposal", "won"]}, "then": [
            {"create_tasks": [{"id": "c", "at": "2d", "task": "call"}]},
            {"notify": {"who": "manager", "template": "t"}}]}],
        "sequences": [{"id": "s", "steps": [again, STEPS[0], STEPS[2]]}],
        "templates": {"t": {"decides": "Now?", "body": "One.\nThree.\n"}},
    }  # fmt: skip
    told = [
        (one.where[-1] if one.where else "", one.what, one.field, one.before, one.after)
        for one in differences(before, after)
    ]
    assert told == [
        ("rule r", "changed", "signal", "a deal enters the stage proposal",
         "a deal enters the stage proposal or won"),
        ("task c", "changed", "when it is due", "1d", "2d"),
        ("rule r", "changed", "what it does", "begin the sequence s", "tell the manager (t)"),
        ("rule r", "removed", "limit", "50", ""),
        ("else again", "changed", "when it is due", "9d", "8d"),
        ("step after", "added", "", "", "to-do, 2d"),
        ("sequence s", "moved", "order of the steps", "one, hold", "hold, one"),
        ("text t", "changed", "text", "", ""),
    ]  # fmt: skip
    (text,) = [one for one in differences(before, after) if one.lines]
    assert text.lines == (" One.", "-Two.", "+Three.")


@pytest.mark.parametrize("steps", [
    [{"id": f"n{n}", "at": f"{n}h", "task": "linkedin"} for n in range(1, 20)],
    [{"id": "a", "note": "t"}, {"id": "b", "at": "20min", "after": "previous_done", "task": "call"},
     {"id": "c", "at": "30min", "sequence": {"hubspot": "Ours"}}],
])  # fmt: skip
def test_the_words_of_a_drawing_do_not_meet(steps: list[dict[str, Any]]) -> None:
    assert meeting(steps) == []


def meeting(steps: Any) -> list[str]:
    """Steps whose words reach into those of the one before, or out of the drawing."""
    drawn, found = drawing(marks(steps)), list[str]()
    ends: dict[int, float] = {}
    for one in drawn["placed"]:
        left, right = one.x - one.mark.wide / 2, one.x + one.mark.wide / 2
        if left < ends.get(one.y, 0) - 1 or right > drawn["width"]:
            found.append(one.mark.id)
        ends[one.y] = right
    return found


def test_hours_are_told_as_hours_under_a_mark() -> None:
    steps = [{"id": "a", "at": at, "after": "previous_done", "task": "call"}
             for at in ("20min", "100min", "2d")]  # fmt: skip
    assert [mark.short for mark in marks(steps)] == ["≥ 20 min", "≥ 2 h", "≥ day 2.08"]
