"""Our tasks: what a rep made of them since we wrote them.

A pending value, committed before a write of ours, is matched to one history entry not older than
the write and is our echo; every other difference is a person's, and an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CONTENT = ("subject", "body", "type", "priority")
WATCHED = ("status", "due_at", "owner", *CONTENT)


@dataclass(slots=True)
class TaskChange:
    """known, pending: what to store now. completed, edited: by a person."""

    known: dict[str, Any]
    pending: dict[str, Any]
    completed: bool = False
    completed_at: int | None = None
    edited: list[str] = field(default_factory=list[str])

    @property
    def touched(self) -> bool:
        return self.completed or bool(self.edited)


def task_change(
    known: Mapping[str, Any],
    pending: Mapping[str, Any],
    fields: Mapping[str, Any],
    history: Mapping[str, list[Any]],
) -> TaskChange:
    """Compare a task as read with what we last knew and what we meant to write."""
    change = TaskChange(dict(known), dict(pending))
    for name in WATCHED:
        if name not in fields:
            continue
        value = fields[name]
        if value == known.get(name):
            continue
        if name in pending and _ours(pending[name], history.get(name) or [], value):
            change.known[name] = value
            del change.pending[name]
            continue
        change.known[name] = value
        if name == "status":
            if value == "completed":
                change.completed = True
                versions = history.get("status") or []
                change.completed_at = fields.get("completed_at") or (
                    versions[-1].at if versions else None
                )
        else:
            change.edited.append(name)
    return change


def _ours(pending: list[Any], versions: list[Any], value: Any) -> bool:
    """Is the value now in the CRM the one that we wrote, not older than our write?"""
    intended, written_at = pending
    if value != intended:
        return False
    return not versions or versions[-1].at >= written_at
