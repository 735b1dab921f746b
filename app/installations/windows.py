"""Windows of the person's day in which nobody of the team works: no task could be due in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.installations.people import view
from app.installations.settings import Settings
from app.model.calendar import NINE_TO_FIVE

_HOURS = {"call": "call_hours", "email": "email_hours"}
"""Window as a playbook names it → the setting that says when it is."""


def closed(settings: Settings, people: Iterable[Mapping[Any, Any]]) -> dict[str, str]:
    """Window → why no task can ever be due in it; {} where all is well or windows are off.

    Each rep's week is compared with the window as if rep and prospect lived in one zone: whether
    far zones meet is found out for each touch, but a window that misses its own office is a
    mistake. people: rows of the table; the inactive do not count.
    """
    if not settings.working_hours:
        return {}
    views = [view(row) for row in people if row["active"]]
    weeks = [person.hours or NINE_TO_FIVE for person in views] or [NINE_TO_FIVE]
    spans = {span for week in weeks for day in week.values() for span in day}
    found: dict[str, str] = {}
    for name, setting in _HOURS.items():
        start, end = getattr(settings, setting)
        if not any(first < end and start < last for first, last in spans):
            found[name] = (
                f"nobody works between {_clock(start)} and {_clock(end)}, so no task could be due "
                f"then; the setting `{setting}` says when this window is"
            )
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"
