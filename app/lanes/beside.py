"""What else goes on about a record, in words: for texts that ask for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.actions.rendering import NAME_SEPARATOR, template_of
from app.actions.tasks import Beside, local_date, tells_beside
from app.lanes.context import Tenant
from app.lanes.steps import is_over
from app.model.vocabulary import EnrolmentState, Mode
from app.store import running

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Alongside:
    """subject → its enrolments that run; enrolment → its touches."""

    running: Mapping[int, list[Row]] = field(default_factory=dict[int, list[Row]])
    steps: Mapping[str, list[Row]] = field(default_factory=dict[str, list[Row]])


def load_alongside(conn: Connection, tenant: Tenant, enrolments: Collection[Row]) -> Alongside:
    """Of the subjects of those enrolments whose texts ask for it; mostly there are none."""
    asking = {kind for kind in {*map(_kind, enrolments)} if _asks(tenant, *kind)}
    if not asking:
        return Alongside()
    subjects = {row["subject_id"] for row in enrolments if _kind(row) in asking}
    found = running.running(conn, subjects)
    ids = [row["id"] for rows in found.values() for row in rows]
    return Alongside(found, running.steps_of(conn, ids))


def _kind(enrolment: Row) -> tuple[int, str, bool]:
    """What the texts of an enrolment hang on, the same for most of a batch."""
    return enrolment["version_id"], enrolment["definition"], enrolment["is_firing"]


def _asks(tenant: Tenant, version: int, definition: str, is_firing: bool) -> bool:
    playbook = tenant.playbooks.get(version)
    if playbook is None:
        return False
    steps = tenant.steps(version, definition, is_firing)
    return any(tells_beside(template_of(playbook, step)) for step in steps)


def beside(
    tenant: Tenant, alongside: Alongside, open_tasks: Iterable[Row], enrolment: Row, zone: str
) -> Beside:
    """In the words of whoever reads it: everything but the enrolment that writes the text."""
    follow_ups: list[str] = []
    for row in alongside.running.get(enrolment["subject_id"], ()):
        told = row["state"] == EnrolmentState.ACTIVE.value and row["mode"] == Mode.LIVE.value
        if told and row["id"] != enrolment["id"]:
            follow_ups.append(_follow_up(tenant, row, alongside.steps.get(row["id"], ()), zone))
    mine = [task for task in open_tasks if task["enrolment_id"] != enrolment["id"]]
    return Beside(follow_ups, [_task(task, zone) for task in mine])


def _follow_up(tenant: Tenant, row: Row, touches: Iterable[Row], zone: str) -> str:
    ahead = [touch for touch in touches if not is_over(touch)]
    name = _title(tenant, row)
    if not ahead:
        return f"{name}, nothing planned"
    touch = min(ahead, key=lambda touch: touch["due_at"])
    steps = tenant.steps(row["version_id"], row["definition"], row["is_firing"])
    subject = next((step.subject for step in steps if step.id == touch["step"]), touch["step"])
    return f"{name}, next: {subject} on {local_date(touch['due_at'], zone)}"


def _title(tenant: Tenant, row: Row) -> str:
    if not row["is_firing"]:
        sequence = tenant.sequence(row["version_id"], row["definition"])
        return (sequence.title if sequence else "") or row["definition"]
    active = tenant.rule(row["rule"])
    return (active.rule.title if active else "") or row["rule"]


def _task(task: Row, zone: str) -> str:
    title, _, _ = (task["shown_subject"] or task["step"]).partition(NAME_SEPARATOR)
    return f"{title}, due {local_date(task['due_at'], zone)}"
