"""Touches of reps and other tools, read one by one: which of them are touches of their own.

A task of ours was counted when it was written. The call that a rep then makes and logs, or the mail
that they send, within four hours of completing it is the same touch, not another one; and so is the
first mail of a sequence of the CRM in which we enrolled the person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.decisions.timing import local_date
from app.model.time import HOUR
from app.model.touches import DayCount, Done, Logged

ONE_TOUCH_MS = 4 * HOUR


def others(logged: Iterable[Logged], done: Sequence[Done]) -> Iterator[Logged]:
    """What one person bore without what was our own task's doing, in the order of time."""
    left = list(done)
    for one in sorted(logged, key=lambda one: one.at):
        ours = _same_touch(one, left)
        if ours is None:
            yield one
        else:
            left.remove(ours)


def days_of(
    logged: Iterable[Logged], done: Sequence[Done], zone: str
) -> Mapping[str, DayCount]:
    """ISO day → what one person bore from others on it, without what was our own task's doing."""
    found: dict[str, DayCount] = defaultdict(DayCount)
    for one in others(logged, done):
        day = found[local_date(one.at, zone)]
        day.others += 1
        day.whose[one.owner or ""] += 1
        if one.kind is not None:
            day.kinds[one.kind] += 1
    return found


def _same_touch(one: Logged, done: Sequence[Done]) -> Done | None:
    """The task of ours that this carried out: of the same kind, by the same rep, nearest in time.
    Each is carried out once."""
    near = [
        ours
        for ours in done
        if ours.kind is one.kind
        and ours.owner == one.owner
        and abs(ours.at - one.at) <= ONE_TOUCH_MS
    ]
    return min(near, key=lambda ours: abs(ours.at - one.at), default=None)
