"""Deals: the whole history is walked, and told once."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.vocabulary import SignalKind, StageKind
from app.signals.deals import Change, deal_change
from app.signals.stages import StageMap
from app.store.sets import dumps, loads
from connectors.contract import Version

KINDS = ("new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost")
STAGES = StageMap(
    [
        {
            "id": kind, "pipeline_id": "p", "label": kind, "kind": kind, "position": position,
            "confirmed": True, "archived": False,
        }
        for position, kind in enumerate(KINDS)
    ],
    ["p"],
)  # fmt: skip
CREATED = 1_000


def row(**more: Any) -> dict[str, Any]:
    """A deal that we know, standing in `new` since 1,000."""
    known: dict[str, Any] = {
        "modified_at": 1_000, "stage_id": "new", "stage_entered_at": 1_000, "furthest": 0,
        "next_activity_at": None,
        "owner_id": "1", "control": "run", "pause_until_at": None, "last_reply_at": None,
        "last_activity_at": None, "name": "Deal", "pipeline_id": "p", "amount": None,
        "currency": None, "created_at": CREATED, "deleted": False,
    }  # fmt: skip
    return {**known, **more}


UNSEEN = row(
    modified_at=None, stage_id=None, stage_entered_at=None, furthest=-1, owner_id=None, name="",
    pipeline_id=None, created_at=None,
)  # fmt: skip


def change(
    known: dict[str, Any],
    *entries: tuple[str, int],
    remembered: frozenset[tuple[str, int]] = frozenset(),
    history: dict[str, list[Version]] | None = None,
    **fields: Any,
) -> Change:
    stages = [Version(stage, at) for stage, at in entries]
    read = {"name": "Deal", "pipeline": "p", "owner": "1", "created_at": CREATED, **fields}
    told = {"stage": stages, **(history or {})}
    return deal_change(7, known, read, told, CREATED, 9_000, STAGES, remembered)


def entered(made: Change) -> list[tuple[str, int, bool]]:
    """(stage, at, forward) of the entries that are told."""
    return [
        (str(s.data["stage_id"]), s.at, s.forward)
        for s in made.signals
        if s.kind is SignalKind.STAGE_ENTERED
    ]


def kinds(made: Change) -> list[SignalKind]:
    return [signal.kind for signal in made.signals]


START = ("new", 1_000)


@pytest.mark.parametrize(
    ("entries", "remembered", "told"),
    [
        pytest.param([START], {START}, [], id="nothing new"),
        pytest.param([START, ("proposal", 2_000)], {START}, [("proposal", 2_000, True)], id="one"),
        pytest.param(
            [START, ("qualified", 2_000), ("proposal", 2_500), ("negotiation", 2_600)],
            {START},
            [("qualified", 2_000, True), ("proposal", 2_500, True), ("negotiation", 2_600, True)],
            id="stages passed through between two readings are entered all the same",
        ),
        pytest.param(
            [START, ("proposal", 2_000), ("qualified", 3_000), ("proposal", 4_000)],
            {START},
            [("proposal", 2_000, True), ("qualified", 3_000, False), ("proposal", 4_000, False)],
            id="back and forth: only the first way was forward",
        ),
        pytest.param(
            [START, ("qualified", 1_000)],
            {START},
            [("qualified", 1_000, True)],
            id="a second entry in the millisecond of the last one counts",
        ),
        pytest.param(
            [START, ("new", 1_500)],
            {START},
            [],
            id="a stage written again is not entered again",
        ),
        pytest.param(
            [("proposal", 500), START],
            {START},
            [],
            id="what lies before the mirror was known",
        ),
        pytest.param([START, ("", 2_000)], {START}, [], id="an emptied stage is no stage"),
    ],
)
def test_entries(
    entries: list[tuple[str, int]],
    remembered: set[tuple[str, int]],
    told: list[tuple[str, int, bool]],
) -> None:
    made = change(row(), *entries, remembered=frozenset(remembered))
    assert entered(made) == told
    assert made.entries == [(stage, at) for stage, at, _ in told]
    if told:
        assert made.values["stage_id"] == told[-1][0]
        assert made.values["stage_entered_at"] == told[-1][1]


def test_two_entries_of_one_millisecond_are_each_told_once() -> None:
    known = row(stage_id="qualified", furthest=1)
    both = frozenset({START, ("qualified", 1_000)})
    made = change(known, START, ("qualified", 1_000), ("proposal", 1_000), remembered=both)
    assert entered(made) == [("proposal", 1_000, True)]


def test_an_entry_that_is_told_again_under_its_time_keeps_its_cause() -> None:
    first = change(row(), START, ("proposal", 2_000), remembered=frozenset({START}))
    second = change(row(), START, ("proposal", 2_000), remembered=frozenset({START}))
    assert first.signals[-1].cause == second.signals[-1].cause == "stage:proposal:2000"


def test_a_deal_opened_again_enters_its_old_stage_anew() -> None:
    """Pipedrive gives it back the stage, and the date of it, that it had before it was lost."""
    lost = row(stage_id="lost", stage_entered_at=5_000, furthest=6)
    made = change(lost, ("proposal", 3_000), stage="proposal")
    assert [stage for stage, _, _ in entered(made)] == ["proposal"]
    assert made.values["stage_id"] == "proposal"
    assert made.values["stage_entered_at"] == 9_000, "with its last change"
    again = row(stage_id="proposal", stage_entered_at=9_000, furthest=6)
    assert entered(change(again, ("proposal", 3_000), stage="proposal")) == []


@pytest.mark.parametrize(
    ("known", "stage"),
    [
        (row(stage_id="lost", stage_entered_at=9_500), "proposal"),  # read before it was lost
        (row(stage_id="lost", stage_entered_at=5_000), "qualified"),  # the history lags behind
    ],
)
def test_a_reading_that_lags_opens_nothing_again(known: dict[str, Any], stage: str) -> None:
    assert entered(change(known, ("proposal", 3_000), stage=stage)) == []


@pytest.mark.parametrize("kind", ["won", "lost"])
def test_closing_is_told_beside_the_entry(kind: str) -> None:
    made = change(row(), START, (kind, 2_000), remembered=frozenset({START}))
    assert kinds(made) == [SignalKind.STAGE_ENTERED, SignalKind.CLOSED]
    assert made.signals[1].stage is StageKind(kind)
    assert made.signals[1].previous is StageKind.NEW


def test_a_stage_that_nobody_confirmed_is_entered_as_ignored() -> None:
    made = change(row(), START, ("elsewhere", 2_000), remembered=frozenset({START}))
    (signal,) = made.signals
    assert (signal.stage, signal.forward) == (StageKind.IGNORED, False)


def test_a_deal_not_seen_before_is_created_and_entered() -> None:
    made = change(UNSEEN, ("new", 1_000), ("proposal", 1_200))
    assert kinds(made) == [
        SignalKind.SUBJECT_CREATED, SignalKind.STAGE_ENTERED, SignalKind.STAGE_ENTERED,
    ]  # fmt: skip
    assert made.signals[0].at == CREATED
    assert made.values["owner_id"] == "1", "the first owner is no change of owner"
    assert made.values["furthest"] == 3


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [("1", "1", False), ("1", "2", True), ("1", None, True), (None, "2", True), (None, "", False)],
)
def test_owners(before: str | None, after: str | None, told: bool) -> None:
    made = change(
        row(owner_id=before), START, remembered=frozenset({START}), owner=after,
        history={"owner": [Version("1", 1_000), Version(after, 3_000)]},
    )  # fmt: skip
    assert kinds(made) == ([SignalKind.OWNER_CHANGED] if told else [])
    if told:
        (signal,) = made.signals
        assert (signal.at, signal.data["from"], signal.data["to"]) == (3_000, before, after or None)
        assert made.values["owner_id"] == (after or None)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, False),
        ({"control": "run"}, False),
        ({"control": "stop"}, True),
        ({"control": "pause", "pause_until": 5_000}, True),
        ({"control": None, "pause_until": 5_000}, True),
    ],
)
def test_the_reps_control(fields: dict[str, Any], told: bool) -> None:
    made = change(row(), START, remembered=frozenset({START}), **fields)
    assert kinds(made) == ([SignalKind.CONTROL_CHANGED] if told else [])
    if told:
        assert made.signals[0].data["control"] == (fields.get("control") or "run")


def test_a_control_whose_field_is_gone_stays_as_the_rep_set_it() -> None:
    made = change(row(control="stop"), START, remembered=frozenset({START}))
    assert not made.signals
    assert "control" not in made.values
    emptied = change(row(control="stop"), START, remembered=frozenset({START}), control=None)
    assert kinds(emptied) == [SignalKind.CONTROL_CHANGED]


def test_a_reply_is_told_once_by_the_crms_own_stamp() -> None:
    made = change(row(), START, remembered=frozenset({START}), last_reply_at=4_000)
    assert kinds(made) == [SignalKind.REPLIED]
    again = change(
        row(last_reply_at=4_000), START, remembered=frozenset({START}), last_reply_at=4_000
    )
    assert again.signals == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"last_contacted_at": 4_000}, 4_000),
        ({"last_contacted_at": 4_000, "last_reply_at": 5_000}, 5_000),
        ({"last_activity_at": 8_000}, None),  # our own tasks and notes move that stamp too
        ({"last_contacted_at": 400}, None),
    ],
)
def test_activity_is_what_people_did(fields: dict[str, Any], expected: int | None) -> None:
    made = change(row(last_activity_at=500), START, remembered=frozenset({START}), **fields)
    assert made.values.get("last_activity_at") == expected


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"amount": 10.0}, 10.0),
        ({"amount": 10.0, "currency": "USD", "amount_company": 9.0}, 9.0),
        ({"amount": 10.0, "currency": "USD"}, None),  # another currency is unknown, never zero
        ({"amount": None}, None),
    ],
)
def test_amounts_are_in_the_companys_currency(
    fields: dict[str, Any], amount: float | None
) -> None:
    made = change(row(amount=1.0), START, remembered=frozenset({START}), **fields)
    assert made.values["amount"] == amount


def test_a_restored_deal_is_no_longer_deleted() -> None:
    made = change(row(deleted=True), START, remembered=frozenset({START}))
    assert made.values["deleted"] is False
    assert made.signals == []


def test_a_field_that_an_account_mapped_under_a_name_of_a_quotes_stays_its_own() -> None:
    theirs = {"quote_status": "to be renewed"}
    kept = {"quote_sent_at": 5_000, "quote:last": [5_000, "7"]}
    known = row(fields=dumps({"quote_status": "draft", **kept}))
    read = {"name": "Deal", "pipeline": "p", "owner": "1", "created_at": CREATED, **theirs}
    args: Any = (read, {}, CREATED, 9_000, STAGES, frozenset(), tuple(theirs))
    made = deal_change(7, known, *args)
    assert [one.kind for one in made.signals] == [SignalKind.FIELD_CHANGED]
    assert loads(made.values["fields"]) == {**theirs, **kept}
    again = deal_change(7, {**known, "fields": made.values["fields"]}, *args)
    assert again.signals == []
    assert "fields" not in again.values
