"""What enrolments passed: one row a control step, and the first decision about it stands."""

from __future__ import annotations

from app.model.decisions import NotePassages
from app.model.flow import Passage
from app.model.time import Business
from app.store import passages
from app.store.engine import Store

AT = Business(50)
WAITS = Passage("w", "wait", AT, Business(90))
CAME = Passage("w", "wait", AT, None, Business(70), Business(70), "then")
TIMED_OUT = Passage("w", "wait", AT, None, None, Business(90), "else")


def _put(store: Store, *known: Passage) -> set[str]:
    with store.write() as conn:
        return passages.put(conn, 1, [NotePassages("e1", 1, known)])


def _of(store: Store) -> dict[str, Passage]:
    with store.read() as conn:
        return passages.of(conn, ["e1"]).get("e1", {})


def test_what_waits_changes_until_it_is_passed(store: Store) -> None:
    assert _put(store, WAITS) == set()
    assert _of(store) == {"w": WAITS}
    assert _put(store, CAME, Passage("b", "branch")) == set()
    assert _of(store) == {"w": CAME, "b": Passage("b", "branch")}


def test_deciding_twice_is_no_quarrel(store: Store) -> None:
    assert _put(store, CAME) == set()
    assert _put(store, CAME) == set()


def test_of_two_that_decide_apart_the_first_has_its_way(store: Store) -> None:
    assert _put(store, CAME) == set()
    assert _put(store, TIMED_OUT) == {"e1"}
    assert _of(store) == {"w": CAME}
    assert _put(store, WAITS) == set()
    assert _of(store) == {"w": CAME}
