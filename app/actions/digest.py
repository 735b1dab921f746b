"""The managers' daily task: what the rules wanted them to know, in one place, once a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from app.model.time import Business
from connectors.contract import NewTask, ObjectType

SUBJECT = "Follow-up digest: deals that need a manager"
MAX_LINES = 40
MAX_LINKED = 10
"""Deals that the task is put on; a task without any record is shown nowhere but in a list."""

Row = Mapping[Any, Any]


def digest_task(
    id: str,
    owner_id: str,
    lines: Sequence[tuple[str, str]],
    deals: Sequence[str],
    due_at: Business,
) -> NewTask:
    """One to-do. lines: (deal's name, what is to be decided). deals: CRM ids, the latest first."""
    shown = "".join(
        f"<li><strong>{escape(name)}</strong>: {escape(what)}</li>"
        for name, what in lines[:MAX_LINES]
    )
    more = len(lines) - MAX_LINES
    rest = f"<p>and {more} more on your Followthrough page.</p>" if more > 0 else ""
    linked: list[tuple[ObjectType, str]] = [("deal", deal) for deal in deals[:MAX_LINKED]]
    return NewTask(
        touch_id=id,
        subject=SUBJECT,
        body=f"<ul>{shown}</ul>{rest}",
        type="todo",
        priority="medium",
        due_at=due_at,
        owner_id=owner_id,
        associations=tuple(linked),
    )
