"""Our tasks: what is our own echo, and what a person did."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.time import MINUTE, Business
from app.signals.tasks import SKEW_MS, TaskChange, task_change
from connectors.contract import Version

WROTE = 1_000_000
KNOWN: dict[str, Any] = {
    "status": "open", "subject": "Ring", "body": "<p>Ask.</p>", "type": "call",
    "priority": "high", "due_at": 30 * MINUTE + 500, "owner": "1",
}  # fmt: skip


def change(
    fields: dict[str, Any],
    pending: dict[str, Any] | None = None,
    history: dict[str, list[Version]] | None = None,
) -> TaskChange:
    return task_change(KNOWN, pending or {}, {**KNOWN, **fields}, history or {})


def test_a_task_as_we_wrote_it_is_untouched() -> None:
    made = change({})
    assert (made.touched, made.known, made.pending) == (False, KNOWN, {})


def test_a_property_that_was_not_read_is_no_difference() -> None:
    assert not task_change(KNOWN, {}, {"status": "open"}, {}).touched


@pytest.mark.parametrize(
    ("field", "value"),
    [("subject", "Ring Nora"), ("body", ""), ("type", "todo"), ("priority", "low"),
     ("due_at", 31 * MINUTE), ("owner", "2")],
)  # fmt: skip
def test_a_persons_edit_is_told_and_becomes_known(field: str, value: Any) -> None:
    made = change({field: value})
    assert (made.edited, made.completed) == ([field], False)
    assert made.known[field] == value
    assert not change({}).edited


def test_completion_is_dated_by_the_crm_or_by_its_history() -> None:
    history = {"status": [Version("open", 100), Version("completed", 700)]}
    made = change({"status": "completed"}, history=history)
    assert (made.completed, made.completed_at, made.edited) == (True, 700, [])
    dated = change({"status": "completed", "completed_at": 650}, history=history)
    assert dated.completed_at == 650


def test_reopening_or_deferring_completes_nothing() -> None:
    made = change({"status": "deferred"})
    assert (made.completed, made.edited, made.known["status"]) == (False, [], "deferred")


@pytest.mark.parametrize(
    ("versions", "value", "edited", "left"),
    [
        pytest.param([("2", WROTE)], "2", [], {}, id="our echo"),
        pytest.param([("2", WROTE + 900)], "2", [], {}, id="our echo, late"),
        pytest.param([("2", WROTE - SKEW_MS)], "2", [], {}, id="their clock is behind ours"),
        pytest.param([("2", WROTE - SKEW_MS - 1)], "2", ["owner"], {"owner": ["2", WROTE]},
                     id="somebody wrote the same long before us"),
        pytest.param([("2", WROTE), ("3", WROTE + 1)], "3", ["owner"], {},
                     id="somebody changed it after us"),
        pytest.param([("2", WROTE), ("1", WROTE + 1)], "1", [], {},
                     id="somebody put it back after us"),
        pytest.param([("1", 10)], "1", [], {"owner": ["2", WROTE]}, id="our write is not seen yet"),
        pytest.param([], "2", [], {}, id="without history the value tells"),
        pytest.param([], "3", ["owner"], {"owner": ["2", WROTE]}, id="and another value too"),
    ],
)  # fmt: skip
def test_a_pending_value_is_matched_to_the_history_once(
    versions: list[tuple[str, int]], value: str, edited: list[str], left: dict[str, Any]
) -> None:
    history = {"owner": [Version(v, at) for v, at in versions]}  # type: ignore[arg-type]
    made = change({"owner": value}, {"owner": ["2", WROTE]}, history)
    assert made.edited == edited
    assert made.pending == left


def test_a_due_time_without_its_seconds_is_the_one_we_wrote() -> None:
    """Pipedrive keeps minutes, Salesforce seconds; nobody moves a task by less."""
    assert not change({"due_at": 30 * MINUTE}).touched
    wrote = {"due_at": [50 * MINUTE + 999, WROTE]}
    echo = change({"due_at": 50 * MINUTE}, wrote)
    assert (echo.edited, echo.pending) == ([], {})
    assert change({"due_at": 51 * MINUTE}, wrote).edited == ["due_at"]
    assert change({"due_at": None}).edited == ["due_at"]


def test_a_pending_value_excuses_only_its_own_field() -> None:
    made = change({"owner": "2", "due_at": 40 * MINUTE}, {"owner": ["2", WROTE]})
    assert made.edited == ["due_at"]


def test_of_a_text_that_was_erased_the_history_tells_who_wrote() -> None:
    """A privacy deletion takes what we knew of the title; it must not look like a rep's edit."""
    known = {name: value for name, value in KNOWN.items() if name != "subject"}
    once = [Version("Call Nora", Business(1))]
    untouched = task_change(known, {}, {**KNOWN, "subject": "Call Nora"}, {"subject": once})
    assert not untouched.edited
    assert "subject" not in untouched.known, "it is not taken in again"
    twice = [*once, Version("Call her", Business(2))]
    edited = task_change(known, {}, {**KNOWN, "subject": "Call her"}, {"subject": twice})
    assert edited.edited == ["subject"]


def test_a_reading_from_before_our_confirmed_write_is_no_rep_s_change() -> None:
    known, pending = {"owner": "ben"}, {"owner": ["ben", 500_000]}
    before = {"owner": [Version("ada", Business(1))]}
    lags = task_change(known, pending, {"owner": "ada"}, before)
    assert (lags.edited, lags.known, lags.pending) == ([], known, pending)
    after = {"owner": [*before["owner"], Version("ben", Business(500_000))]}
    assert task_change(known, pending, {"owner": "ben"}, after).pending == {}
    back = {"owner": [*after["owner"], Version("ada", Business(900_000))]}
    assert task_change(known, pending, {"owner": "ada"}, back).edited == ["owner"]
