"""Rows of single tables made of what was decided."""

from __future__ import annotations

from typing import Any

from app.lanes.context import Tenant
from app.lanes.snapshot import Snapshot
from app.model.decisions import Notice, PlannedTouch
from app.model.playbook import Step
from app.model.time import Business
from app.model.vocabulary import Priority, TouchState

_PRIORITY = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


def instants_row(touch: PlannedTouch) -> dict[str, Any]:
    return {
        "key": touch.id,
        "owed_at": touch.owed_at,
        "due_at": touch.due_at,
        "write_at": touch.write_at,
    }


def touch_row(
    inst: int,
    touch: PlannedTouch,
    enrolment: str,
    subject: int,
    contact: str | None,
    now: Business,
) -> dict[str, Any]:
    """A row of `touches` for a planned touch."""
    return {
        "id": touch.id,
        "installation_id": inst,
        "enrolment_id": enrolment,
        "subject_id": subject,
        "contact_id": contact,
        "step": touch.step.id,
        "occurrence": touch.occurrence,
        "owed_at": touch.owed_at,
        "due_at": touch.due_at,
        "write_at": touch.write_at,
        "planned_at": now,
        "priority": priority_of(touch.step),
        "state": TouchState.PLANNED.value,
    }


def priority_of(step: Step) -> int:
    """0 urgent, 1 normal, 2 low: the order in which touches due at one instant are admitted."""
    return _PRIORITY[step.priority]


def notice_row(tenant: Tenant, notice: Notice, snapshot: Snapshot) -> dict[str, Any]:
    subject = snapshot.subject(notice.subject)
    person = tenant.calendars.people.get(subject.owner_id or "")
    recipient = {
        "owner": subject.owner_id or tenant.settings.default_owner,
        "manager": person.manager_id if person else None,
    }.get(notice.who)
    return {
        "id": notice.id,
        "subject_id": notice.subject,
        "owner_id": recipient,
        "code": notice.template,
        "data": {"rule": notice.rule, "name": subject.name, "who": notice.who},
        "noticed_at": notice.at,
    }
