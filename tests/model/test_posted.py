"""What an event may be, and what is said of one that may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.model.events import EVENTS, is_name, spec
from app.model.posted import AHEAD_MS, MAX_DATA, OLDEST_MS, Posted, read
from app.model.time import Business

NOW = Business(1_796_032_800_000)


def event(**changes: Any) -> dict[str, Any]:
    given = {"id": "e-1", "name": "page_viewed", "at": NOW, "person": {"email": "Nora@X.example "}}
    return {key: value for key, value in (given | changes).items() if value is not None}


def test_an_event_as_it_should_be() -> None:
    one = read(event(data={"url": "/a", "n": 1, "ok": True, "none": None}), NOW)
    assert isinstance(one, Posted)
    assert (one.id, one.at, one.person_email) == ("e-1", NOW, "nora@x.example")


@pytest.mark.parametrize("at", [NOW, "2026-11-30T10:00:00Z", "2026-11-30T11:00:00+01:00", str(NOW)])
def test_an_instant_may_be_written_in_two_ways(at: Any) -> None:
    one = read(event(at=at), NOW)
    assert isinstance(one, Posted)
    assert one.at == NOW


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"id": None}, "id", "missing"),
        ({"id": " "}, "id", "characters"),
        ({"id": "x" * 65}, "id", "64"),
        ({"id": True}, "id", "characters"),
        ({"name": None}, "name", "missing"),
        ({"name": "Page_Viewed"}, "name", "did you mean page_viewed"),
        ({"name": "custom."}, "name", "no event"),
        ({"name": ["page_viewed"]}, "name", "no event"),
        ({"at": None}, "at", "missing"),
        ({"at": True}, "at", "no instant"),
        ({"at": "yesterday"}, "at", "no instant"),
        ({"at": NOW + AHEAD_MS + 1}, "at", "future"),
        ({"at": NOW * 1000}, "at", "microseconds"),
        ({"at": NOW - OLDEST_MS - 1}, "at", "too old"),
        ({"at": NOW // 1000}, "at", "Send milliseconds"),
        ({"person": None}, "person", "missing"),
        ({"person": {}}, "person", "write"),
        ({"person": {"phone": "1"}}, "person", "write"),
        ({"person": "nora@x.example"}, "person", "write"),
        ({"person": {"email": "nora"}}, "person.email", "e-mail"),
        ({"person": {"email": 7}}, "person.email", "e-mail"),
        ({"person": {"id": ""}}, "person.id", "characters"),
        ({"deal": {"name": "Big"}}, "deal", "id"),
        ({"company": "Acme"}, "company", "id"),
        ({"data": []}, "data", "object"),
        ({"data": {"a": {}}}, "data.a", "text"),
        ({"data": {"a": "é" * MAX_DATA}}, "data", "larger"),
        ({"mail": "x"}, "mail", "unknown"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], field: str, word: str) -> None:
    (problem,) = read(event(**changes), NOW)  # type: ignore[misc]
    assert problem.field == field
    assert word in problem.message


def test_the_edges_of_time_are_inside() -> None:
    for at in (NOW + AHEAD_MS, NOW - OLDEST_MS):
        assert isinstance(read(event(at=at), NOW), Posted)


def test_every_mistake_is_told_at_once() -> None:
    problems = read({"nam": 1}, NOW)
    assert isinstance(problems, list)
    assert [one.field for one in problems] == ["nam", "id", "name", "at"]


@pytest.mark.parametrize("name", ["custom.a", "custom.audit_2", *EVENTS])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "custom", "custom.2a", "custom.A", "custom.a-b", "custom.é"])
def test_no_names(name: str) -> None:
    assert not is_name(name)


def test_the_document_has_the_table_of_names() -> None:
    page = (Path(__file__).parents[2] / "docs/events.md").read_text(encoding="utf-8")
    for name, one in EVENTS.items():
        fields = ", ".join(f"`{field}`" for field in one.fields)
        breaks = "yes" if one.breaks_silence else "no"
        assert f"| `{name}` | {one.what} | {one.actor.value} | {breaks} | {fields} |" in page
    assert not spec("custom.anything").breaks_silence
