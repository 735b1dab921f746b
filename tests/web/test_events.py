"""How fast one key may send."""

from __future__ import annotations

from app.model.time import MINUTE, Wall
from app.web.events import EVENTS_A_MINUTE, REQUESTS_A_MINUTE, Pace

NOW = Wall(1_000_000)


def test_a_key_has_so_many_requests_in_any_minute() -> None:
    pace = Pace()
    assert [pace.wait(1, 1, Wall(NOW + n)) for n in range(REQUESTS_A_MINUTE)] == (
        [0] * REQUESTS_A_MINUTE
    )
    assert pace.wait(1, 1, Wall(NOW + 1000)) == MINUTE - 1000
    assert pace.wait(2, 1, Wall(NOW + 1000)) == 0, "another key is not slowed"
    assert pace.wait(1, 1, Wall(NOW + MINUTE)) == 0


def test_and_so_many_events() -> None:
    pace = Pace()
    for _ in range(EVENTS_A_MINUTE // 100):
        assert pace.wait(1, 100, NOW) == 0
    assert pace.wait(1, 1, NOW) == MINUTE
    assert pace.wait(1, 100, Wall(NOW + MINUTE)) == 0
