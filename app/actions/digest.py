"""The managers' daily task: what the rules wanted them to know, in one place, once a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from app.model.time import Business
from connectors.contract import NewTask

SUBJECT = "Follow-up digest: deals that need a manager"
MAX_LINES = 40

Row = Mapping[Any, Any]


def digest_task(
    id: str,
    owner_id: str,
    lines: Sequence[tuple[str, str, str]],
    due_at: Business,
) -> NewTask:
    """One to-do. lines: (record's name, what is to be decided, address of its page or "").

    It links to the records and stands on none: in the CRM's own figures it would be their next
    step, and done their last activity, and so hide what it tells of.
    """
    shown = "".join(
        f"<li>{_linked(name, page)}: {escape(what)}</li>" for name, what, page in lines[:MAX_LINES]
    )
    more = len(lines) - MAX_LINES
    rest = f"<p>and {more} more on your Followthrough page.</p>" if more > 0 else ""
    return NewTask(
        touch_id=id,
        subject=SUBJECT,
        body=f"<ul>{shown}</ul>{rest}",
        type="todo",
        priority="medium",
        due_at=due_at,
        owner_id=owner_id,
        associations=(),
    )


def _linked(name: str, page: str) -> str:
    shown = f"<strong>{escape(name)}</strong>"
    return f'<a href="{escape(page)}">{shown}</a>' if page else shown
