"""The manager's pages, figure by figure: pure, from what was counted to what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.feedback.board import audit, pipeline, sequences, speed, today, week
from app.feedback.counted import Counted
from app.feedback.figures import Figure

TITLES: Mapping[str, str] = {
    "today": "Today",
    "speed": "Speed and reach",
    "sequences": "Sequences",
    "pipeline": "Pipeline and silence",
    "audit": "Audit",
    "week": "Weekly review",
}

_PAGES: Mapping[str, Callable[[Counted], Sequence[Figure]]] = {
    "today": today.figures,
    "speed": speed.figures,
    "sequences": sequences.figures,
    "pipeline": pipeline.figures,
    "audit": audit.figures,
    "week": week.figures,
}


def figures(page: str, counted: Counted) -> Sequence[Figure]:
    """The figures of a page, in the order in which they are read."""
    return _PAGES[page](counted)
