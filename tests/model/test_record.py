"""Records for the hot path: equal by value, changed by copy."""

from __future__ import annotations

import pytest

from app.model.record import changer, record


@record
class Point:
    x: int
    y: int = 0
    name: str = ""


def test_a_record_is_a_value() -> None:
    assert Point(1, 2) == Point(1, y=2)
    assert hash(Point(1)) == hash(Point(1))
    assert len({Point(1), Point(1), Point(2)}) == 2
    with pytest.raises(AttributeError):
        Point(1).z = 1  # type: ignore[attr-defined]


def test_a_change_is_a_copy_with_the_fields_named() -> None:
    before = Point(1, 2, "a")
    moved = changer(Point, "name", "x")(before, "b", 5)
    assert moved == Point(5, 2, "b")
    assert before == Point(1, 2, "a")


def test_a_change_takes_a_value_for_each_field() -> None:
    with pytest.raises(ValueError, match="shorter"):
        changer(Point, "x", "y")(Point(1), 5)
    with pytest.raises(ValueError, match="tuple"):
        changer(Point, "z")
