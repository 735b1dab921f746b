"""What a replay makes of what is known of people: their habits and their load, as of each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.decisions.backtest import replay
from app.decisions.guard.best_time import LOOK_BACK_MS
from app.installations.people import Calendars
from app.installations.settings import Settings
from app.lanes.backtest.files import TOLD
from app.lanes.backtest.report import Ground, Span, terms_of
from app.model.backtest import History, Owed, PersonPast
from app.model.records import ContactView, PersonDeed, SubjectView
from app.model.signals import Signal
from app.model.time import DAY, HOUR, Business
from app.model.vocabulary import SignalKind, StageKind, SubjectType, TaskType
from app.playbooks.loader import load_text
from tests.decisions.build import AMSTERDAM, at

RING = """
playbook: test
rules:
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then: [{create_tasks: [{id: one, at: 1d, task: call, template: t, subject: One}]}]
templates: {t: {decides: Is it decided?, body: Ask.}}
"""
MONDAY = at("2026-03-02 10:00")
TUESDAY = Business(MONDAY + DAY)
ANSWERS = [
    PersonDeed(at(f"2026-02-{day} {hour}"), True)
    for day, hour in (("03", "14:10"), ("10", "14:50"), ("17", "15:20"), ("24", "15:59"),
                      ("26", "09:10"))
]  # fmt: skip
"""Four of five between two and four."""


def replayed(past: PersonPast, **settings: Any) -> Owed:
    """The one step that is owed to somebody of whom this is known, a proposal being sent on Monday
    at ten."""
    book = load_text(RING, "t.yaml", {})
    made = Settings.model_validate({"merge": False, **settings})
    ground = Ground(
        "test:1", AMSTERDAM, made, Calendars((), made, AMSTERDAM), frozenset({"p"}), TOLD
    )
    subject = SubjectView(
        id=1, type=SubjectType.DEAL, crm_id="1", first_seen=("deal", "1"), name="Deal",
        pipeline="p", created_at=Business(MONDAY - DAY),
        contacts=(ContactView("c", primary=True, zone=AMSTERDAM),),
    )  # fmt: skip
    entered = Signal(
        SignalKind.STAGE_ENTERED, 1, MONDAY, f"s@{MONDAY}", stage=StageKind.PROPOSAL,
        data={"stage_id": "s"},
    )  # fmt: skip
    span = Span(Business(MONDAY + 30 * DAY), 60)
    terms = terms_of(book, list(book.rules), ground, span)
    (owed,) = replay([History(subject, [entered], {"c": past})], terms).owed
    return owed


@pytest.mark.feature("W04")
@pytest.mark.parametrize(
    ("deeds", "days", "due"),
    [
        (ANSWERS, 0, at("2026-03-03 14:00")),
        (ANSWERS, None, TUESDAY),
        (ANSWERS[1:], 0, TUESDAY),  # four are too few
        ([replace(one, at=Business(one.at + 28 * DAY)) for one in ANSWERS], 0, TUESDAY),
        ([replace(one, at=Business(one.at - LOOK_BACK_MS)) for one in ANSWERS], 0, TUESDAY),
    ],
    ids=["known", "not asked for", "too few", "not yet done", "too long ago"],
)
def test_a_call_is_due_when_they_had_answered_by_then(
    deeds: Sequence[PersonDeed], days: int | None, due: int
) -> None:
    assert replayed(PersonPast(deeds=deeds), best_time_days=days).due_at == due


@pytest.mark.feature("P16")
@pytest.mark.parametrize(
    ("touches", "limits", "put_off"),
    [
        ([MONDAY], {"cap_7_days": 2}, ()),
        ([Business(MONDAY - HOUR), MONDAY], {"cap_7_days": 2}, ("cap_7_days",)),
        ([MONDAY, Business(MONDAY + HOUR)], {"cap_7_days": 2}, ()),  # it is written at once
        ([Business(MONDAY - 7 * DAY)] * 2, {"cap_7_days": 2}, ()),
        ([Business(MONDAY - 7 * DAY)] * 2, {"cap_30_days": 2}, ("cap_30_days",)),
        ([Business(MONDAY - 40 * DAY)] * 2, {"cap_30_days": 2}, ()),
    ],
)
def test_what_reps_did_counts_against_caps_once_it_is_done(
    touches: list[Business], limits: dict[str, int], put_off: tuple[str, ...]
) -> None:
    past = PersonPast([(one, TaskType.CALL) for one in sorted(touches)])
    none = {"cap_7_days": None, "cap_30_days": None}
    assert replayed(past, **{**none, **limits}).put_off == put_off
