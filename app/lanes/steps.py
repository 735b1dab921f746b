"""A running enrolment's touches as rows: which are over, and how a withdrawn one will stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.model.decisions import WithdrawTouches
from app.model.vocabulary import Outcome, TouchState

Row = Mapping[Any, Any]

_OVER = frozenset({TouchState.DROPPED.value, TouchState.FAILED.value})


def withdrawn(rows: Iterable[Row], action: WithdrawTouches) -> list[Row]:
    """The rows as they will stand: what is in the CRM is resolved, the rest dropped."""
    return [_gone(row, action.reason) if row["id"] in action.touches else row for row in rows]


def _gone(row: Row, reason: str) -> Row:
    if row["state"] == TouchState.PERFORMED.value:
        return {**row, "outcome": Outcome.RESOLVED.value, "outcome_why": reason}
    return {**row, "state": TouchState.DROPPED.value, "reason": reason}


def is_over(step: Row) -> bool:
    """A touch is over when its task is, or when it was dropped or given up."""
    if step["state"] in _OVER:
        return True
    return step["outcome"] not in (None, Outcome.OPEN.value)
