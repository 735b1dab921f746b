"""A running enrolment's touches as rows: which are over, and how a withdrawn one will stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.model.decisions import WithdrawTouches
from app.model.vocabulary import Outcome, TouchState

Row = Mapping[Any, Any]

_OVER = frozenset({TouchState.DROPPED.value, TouchState.FAILED.value})
_STANDING = frozenset({None, Outcome.OPEN.value, Outcome.RUNNING.value})
DONE = frozenset(
    {
        Outcome.COMPLETED.value,
        Outcome.FINISHED.value,
        Outcome.UNENROLLED.value,
        Outcome.WRITTEN.value,
    }
)
"""Outcomes of what was carried out, by a rep, by the CRM or, a note, by us."""


def withdrawn(rows: Iterable[Row], action: WithdrawTouches) -> list[Row]:
    """The rows as they will stand: what is in the CRM is resolved, the rest dropped."""
    return [_gone(row, action.reason) if row["id"] in action.touches else row for row in rows]


def _gone(row: Row, reason: str) -> Row:
    if row["state"] == TouchState.PERFORMED.value:
        return {**row, "outcome": Outcome.RESOLVED.value, "outcome_why": reason}
    return {**row, "state": TouchState.DROPPED.value, "reason": reason}


def is_over(step: Row) -> bool:
    """A touch is over when its task is or the CRM's sequence, or when it was dropped or given up.
    """
    return step["state"] in _OVER or step["outcome"] not in _STANDING
