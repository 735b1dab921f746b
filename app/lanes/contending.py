"""What else of the same record stands in a touch's way: sequences that go first, open tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.decisions.beside import outranks
from app.decisions.guard.rep_budget_and_merge import same_words
from app.lanes.context import Tenant
from app.model.decisions import DueTouch
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode

Row = Mapping[Any, Any]


def outranked(
    tenant: Tenant, enrolment: Row, running: Iterable[Row]
) -> tuple[str, int] | None:
    """The highest sequence that acts for the same record and goes before this one."""
    if enrolment["is_firing"]:
        return None
    own = tenant.sequence(enrolment["version_id"], enrolment["definition"])
    found: list[tuple[int, str]] = []
    for row in running:
        if row["is_firing"] or row["state"] != EnrolmentState.ACTIVE.value:
            continue
        if row["mode"] == Mode.SHADOW.value:
            continue
        other = tenant.sequence(row["version_id"], row["definition"])
        if own is not None and other is not None and outranks(other, own):
            found.append((other.priority or 0, row["definition"]))
    if not found:
        return None
    priority, definition = max(found)
    return definition, priority


def twin(tenant: Tenant, touch: DueTouch, tasks: Iterable[Row]) -> str | None:
    """The open task by which a rule asked the same before, by its touch."""
    if not touch.is_firing:
        return None
    for task in tasks:
        if not task["is_firing"] or task["enrolment_id"] == touch.enrolment:
            continue
        definition = task["definition"]
        for step in tenant.steps(task["version_id"], definition, True):
            if step.id == task["step"] and same_words(
                touch.definition, touch.step, definition, step
            ):
                return task["id"]
    return None


def in_the_way(
    row: Row, enrolment: Row, tasks: Iterable[Row], owner_id: str | None, now: Business
) -> str | None:
    """The open task of the same record and person that a touch has to wait for, by its touch."""
    for task in tasks:
        if (task["owner_id"] or "") != (owner_id or ""):
            continue
        if task["is_firing"] and (task["due_at"] > now or enrolment["is_firing"]):
            continue
        if enrolment["is_firing"] and task["enrolment_id"] == row["enrolment_id"]:
            continue
        return task["id"]
    return None
