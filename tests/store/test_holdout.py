"""From when which share was held out."""

from __future__ import annotations

from app.store import holdout
from app.store.engine import Store
from app.store.holdout import Period


def test_the_latest_stretch_with_a_share_is_what_counts(store: Store) -> None:
    def told(percent: int, at: int) -> Period | None:
        with store.write() as conn:
            holdout.note_share(conn, 1, percent, at)
            assert holdout.latest(conn, 2) is None, "of another installation"
            return holdout.latest(conn, 1)

    assert told(0, 5) is None
    assert told(10, 10) == Period(10, 10, None)
    assert told(10, 20) == Period(10, 10, None), "set to the same"
    assert told(30, 30) == Period(30, 30, None)
    assert told(0, 40) == told(0, 50) == Period(30, 30, 40)
    assert told(20, 60) == Period(20, 60, None)
