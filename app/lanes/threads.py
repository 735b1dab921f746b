"""Mails that answer the one before them: which of a sequence's mails that was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from app.actions.rendering import template_of
from app.lanes.context import Tenant
from app.model.playbook import Step, Template
from app.model.vocabulary import Outcome, TaskType
from app.store import running

Row = Mapping[Any, Any]
Threads = Mapping[str, Template]


def load_threads(
    conn: Connection, tenant: Tenant, rows: Iterable[Row], enrolments: Mapping[str, Row]
) -> Threads:
    """Touch → the template of the latest mail that a rep sent before it, where the step asks for
    it; absent where there was none: then it is a new mail."""
    wanted: dict[str, tuple[Row, Mapping[str, Step]]] = {}
    for row in rows:
        one = enrolments.get(row["enrolment_id"])
        if one is None:
            continue
        steps = tenant.steps(one["version_id"], one["definition"], one["is_firing"])
        by_id = {step.id: step for step in steps}
        if row["step"] in by_id and by_id[row["step"]].thread:
            wanted[row["id"]] = one, by_id
    if not wanted:
        return {}
    touches = running.steps_of(conn, {one["id"] for one, _ in wanted.values()})
    found: dict[str, Template] = {}
    for id, (one, by_id) in wanted.items():
        sent = [
            touch
            for touch in touches.get(one["id"], ())
            if touch["outcome"] == Outcome.COMPLETED.value
            and touch["step"] in by_id
            and by_id[touch["step"]].task is TaskType.EMAIL
        ]
        playbook = tenant.playbooks.get(one["version_id"])
        if sent and playbook is not None:
            last = max(sent, key=lambda touch: touch["outcome_at"])
            template = template_of(playbook, by_id[last["step"]])
            if template is not None:
                found[id] = template
    return found
