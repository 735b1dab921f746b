"""How many touches there are in each state, over all installations, for machines that watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.lanes.context import WORKING
from app.lanes.keeping import EVER, is_old
from app.store import figures, installations
from app.store.engine import Store
from app.store.measured import kept

FEW = 20_000
"""Touches up to which all are counted while somebody waits."""

_FIGURE = "all_touches"


@dataclass(frozen=True, slots=True)
class Tally:
    """States with their counts; age_ms: how long ago the oldest part was counted (wall); old: the
    installations that are to be counted anew."""

    states: Mapping[str, int]
    age_ms: int = 0
    old: Sequence[int] = ()


def tally(store: Store, now: int, wall: int) -> Tally:
    """Few are counted now. Of many, each installation's are kept, counted now where nothing is kept
    of it yet, and noted as wanted where that is old."""
    with store.read() as conn:
        if not figures.more_touches_than(conn, FEW):
            return Tally(figures.touch_states(conn))
        found = kept.of_all(conn, EVER, _FIGURE)
        status = {row["id"]: row["status"] for row in installations.read(conn)}
        new = {i: figures.touch_counts(conn, i) for i in status if i not in found}
    # What nobody works for any more does not change.
    working = {i: one for i, one in found.items() if status.get(i) in WORKING}
    old = [i for i, (_, at, since) in working.items() if is_old(at, since, now, wall)]
    if new or old:
        with store.write() as conn:
            for installation_id, rows in new.items():
                kept.put(conn, installation_id, EVER, {_FIGURE: rows}, now, wall)
            for installation_id in old:
                kept.want(conn, installation_id, EVER, (_FIGURE,))
    states: Counter[str] = Counter()
    for rows in (*new.values(), *(rows for rows, _, _ in found.values())):
        for row in rows:
            states[row["state"]] += row["count"]
    age = max((wall - since for _, _, since in working.values()), default=0)
    return Tally(dict(sorted(states.items())), max(0, age), old)
