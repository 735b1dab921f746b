"""Whether steps come closer together than caps allow, so that some could never be on time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.decisions.guard.caps import channel_of
from app.model.guard import Cap
from app.model.playbook import Step
from app.model.time import DAY
from app.model.vocabulary import TaskType

_WINDOWS = (7, 30)


@dataclass(frozen=True, slots=True)
class Crowd:
    """The first steps that do not fit: `count` touches within `days`, where `cap` are allowed.

    step: the one that is too many. channel: whose cap it is; None: that over all.
    """

    step: str
    count: int
    cap: int
    days: int
    channel: TaskType | None = None


def crowded(steps: Sequence[Step], cap: Cap, channel: TaskType | None = None) -> Crowd | None:
    """The first step of a follow-up that its own steps before it push over a cap; None: all fit.

    Steps that address nobody do not count, and neither do those that count from a date or from the
    completion of the step before: when those come is not known beforehand. Delays are taken as they
    are written; moving into working hours changes no week's number by more than one.
    """
    at: list[tuple[int, str]] = []
    for step in steps:
        kind = channel_of(step)
        if kind is None or step.anchor != "entry" or channel not in (None, kind):
            continue
        at.append((step.at.approximate_ms() if step.at else 0, step.id))
    at.sort(key=lambda one: one[0])
    for days, most in zip(_WINDOWS, (cap.week, cap.month), strict=True):
        if not most:
            continue
        for index, (due, step_id) in enumerate(at):
            count = sum(1 for other, _ in at[: index + 1] if other > due - days * DAY)
            if count > most:
                return Crowd(step_id, count, most, days, channel)
    return None
