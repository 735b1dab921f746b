"""Our tasks: what a rep made of them since we wrote them.

A pending value, committed before a write of ours, is matched to a history entry not older than the
write and is our echo, then forgotten; every other difference is a person's, and an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.time import MINUTE, SECOND

CONTENT = ("subject", "body", "type", "priority")
WATCHED = ("status", "due_at", "owner", *CONTENT)

SKEW_MS = 30 * SECOND
"""How far the CRM's clock may lie behind ours. Without it our own write, stamped a moment before we
thought of it, would pass for a person's edit, and the task could never be withdrawn again."""


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
        value, versions = fields[name], history.get(name) or []
        if name not in known:
            # What it quoted was erased here: whoever wrote after us shows in its history alone.
            if len(versions) > 1:
                change.edited.append(name)
            continue
        ours = name in pending and _arrived(name, pending[name], versions, value)
        if ours:
            del change.pending[name]
        if same(name, value, known.get(name)):
            continue
        if name in change.pending and change.pending[name][0] == known[name]:
            # The CRM confirmed our write and this reading is from before it.
            continue
        change.known[name] = value
        if ours and same(name, value, pending[name][0]):
            continue
        if name == "status":
            if value == "completed":
                change.completed = True
                change.completed_at = fields.get("completed_at") or (
                    versions[-1].at if versions else None
                )
        else:
            change.edited.append(name)
    return change


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a task's field are one: some CRMs keep no seconds of a due time."""
    if one == other:
        return True
    return name == "due_at" and bool(one and other) and one // MINUTE == other // MINUTE


def _arrived(name: str, pending: list[Any], versions: list[Any], value: Any) -> bool:
    """Whether our write stands in the history, also below a later change of somebody else's.

    A property without history can only be judged by its value.
    """
    intended, written_at = pending
    if not versions:
        return same(name, value, intended)
    return any(
        same(name, version.value, intended) and version.at >= written_at - SKEW_MS
        for version in versions
    )
