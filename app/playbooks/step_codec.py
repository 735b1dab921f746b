"""Steps as JSON, with the very keys of the YAML file."""

from __future__ import annotations

from typing import Any

from app.model.ending import Assign
from app.model.flow import Node
from app.model.playbook import INSTEAD, Step
from app.playbooks.distances import forwards

Json = dict[str, Any]


def said(fields: Json, keep: tuple[str, ...] = ()) -> Json:
    """Without what is empty; an empty `body` is a body all the same."""
    empty: tuple[Any, ...] = (None, "", [], {})
    return {key: value for key, value in fields.items() if key in keep or value not in empty}


def step_of(step: Step) -> Json:
    if step.hands_over:
        to = assign_of(step.assign)
        return {
            "id": step.id, **placed_of(step), "hand_over": {"to": to, "template": step.template}
        }  # fmt: skip
    if step.note:
        return {"id": step.id, "note": step.template}
    return said(
        {
            "id": step.id,
            "at": text_of(forwards(step.at)),
            "task": step.task.value if step.native is None else None,
            "sequence": _native(step),
            "template": step.template if step.template != INSTEAD else None,
            "subject": step.subject,
            "priority": step.priority.value,
            "before": _after(step) if _is_before(step) else None,
            "after": _after(step) if not _is_before(step) else None,
            "lead": text_of(step.lead) if step.native is None else None,
            "window": step.window,
            "late": _late(step),
            "then": {"recycle": str(step.recycle)} if step.recycle is not None else None,
            "assign": assign_of(step.assign),
            "pace": "steady" if step.steady else None,
            "thread": step.thread or None,
        }
    )


def assign_of(assign: Assign) -> str | Json | None:
    if assign.to in ("rep", "team"):
        return {assign.to: assign.name}
    return None if assign.to == "owner" else assign.to


def placed_of(step: Node) -> Json:
    """When a step is reached, and from where that counts."""
    before = _after(step) if _is_before(step) else None
    after = _after(step) if before is None else None
    return said({"at": text_of(forwards(step.at)), "before": before, "after": after})


def _native(step: Step) -> Json | None:
    if step.native is None:
        return None
    return {step.native.crm: step.native.name, "sender": step.native.sender}


def _is_before(step: Node) -> bool:
    return step.at is not None and step.at.amount < 0


def _after(step: Node) -> str | Json:
    _, is_field, name = step.anchor.partition("field:")
    return {"field": name} if is_field else step.anchor


def _late(step: Step) -> str | Json:
    if step.late.action == "skip":
        return {"skip_after": text_of(step.late.older_than)}
    return step.late.action


def text_of(delay: object) -> str | None:
    return None if delay is None else str(delay)
