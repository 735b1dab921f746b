"""A due touch as the CRM task that a rep will see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.actions.rendering import Rendered, TaskContext, TaskTexts
from app.model.decisions import DueTouch
from app.model.playbook import Template
from app.model.records import ContactView, PersonView, SubjectView
from app.model.vocabulary import SubjectType
from connectors.contract import NewTask, ObjectType

MAX_ACTIVITIES = 5
_BESIDE = ("deal.follow_ups", "deal.open_tasks")

_ANY_COUNT = 10_000_000_000
"""Larger than whatever an event counts, smaller than any instant after April 1970."""

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d$")


class Beside(NamedTuple):
    """What else goes on about a record, one line each: follow-ups with their next step, tasks."""

    follow_ups: Sequence[str] = ()
    open_tasks: Sequence[str] = ()


NOTHING_BESIDE = Beside()


def tells_beside(template: Template | None) -> bool:
    """Whether a text asks for `Beside`, which is loaded for those alone."""
    return template is not None and any(token in template.body for token in _BESIDE)


def texts_for(
    subject: SubjectView,
    contact: ContactView | None,
    owner: PersonView | None,
    stage_label: str,
    zone: str,
    candidates: Sequence[str] = (),
    beside: Beside = NOTHING_BESIDE,
) -> TaskTexts:
    """Subjects and bodies of tasks about a subject. Times inside the text are local to the rep."""
    return TaskTexts(
        TaskContext(
            subject_name=subject.name,
            why=_why(subject, stage_label, zone),
            activities=_activities(subject, zone),
            values=_values(subject, contact, owner, stage_label, zone, beside),
            candidates=candidates,
        )
    )


def brief(rendered: Rendered, absent: PersonView, back_at: int, zone: str) -> Rendered:
    """The task's text for whoever stands in: for whom, and from when on it is theirs again."""
    name = escape(absent.name or absent.owner_id)
    told = (
        f"<p><strong>You stand in for {name}</strong>, who is back on {local_date(back_at, zone)}. "
        "Do this one thing; whatever can wait waits for them.</p>"
    )
    return rendered._replace(body=told + rendered.body)


def new_task(
    touch: DueTouch, rendered: Rendered, subject: SubjectView, owner_id: str | None
) -> NewTask:
    """The task with the records that it stands on: the subject, and the person where one is."""
    linked: list[tuple[ObjectType, str]] = []
    if subject.type is SubjectType.DEAL:
        linked.append(("deal", subject.crm_id))
        if touch.contact is not None:
            linked.append(("contact", touch.contact))
    else:
        # Of a CRM with leads beside people the latest: whoever works its inbox sees the task there.
        linked.extend(("lead", lead) for lead in subject.fields.get("leads", ())[-1:])
        linked.append(("contact", touch.contact or subject.crm_id))
    return NewTask(
        touch_id=touch.id,
        subject=rendered.subject,
        body=rendered.body,
        type=touch.step.task.value,
        priority=touch.step.priority.value,
        due_at=touch.due_at,
        owner_id=owner_id,
        associations=tuple(linked),
    )


def intended(task: NewTask) -> dict[str, Any]:
    """Canonical fields as we mean them to stand: later differences are a person's."""
    return {
        "status": "open",
        "subject": task.subject,
        "body": task.body,
        "type": task.type,
        "priority": task.priority,
        "due_at": task.due_at,
        "owner": task.owner_id,
    }


def _why(subject: SubjectView, stage_label: str, zone: str) -> str:
    parts: list[str] = []
    if stage_label and subject.stage_entered_at is not None:
        parts.append(f"In {stage_label} since {local_date(subject.stage_entered_at, zone)}")
    elif subject.created_at is not None:
        parts.append(f"Came in on {local_date(subject.created_at, zone)}")
    if subject.last_reply_at is None:
        parts.append("no reply yet")
    else:
        parts.append(f"last reply on {local_date(subject.last_reply_at, zone)}")
    return ", ".join(parts) + "."


def _activities(subject: SubjectView, zone: str) -> list[str]:
    dated = [
        (subject.last_reply_at, "Reply from the prospect"),
        (subject.last_meeting_at, "Meeting held"),
        (subject.last_activity_at, "Latest activity with the prospect"),
    ]
    known = {at: text for at, text in reversed(dated) if at is not None}
    lines = [f"{local_date(at, zone)}: {known[at]}" for at in sorted(known, reverse=True)]
    return lines[:MAX_ACTIVITIES]


def _values(
    subject: SubjectView,
    contact: ContactView | None,
    owner: PersonView | None,
    stage_label: str,
    zone: str,
    beside: Beside,
) -> Mapping[str, Mapping[str, str | None]]:
    first, _, last = (contact.name if contact else "").partition(" ")
    owner_name = owner.name if owner else ""
    return {
        "contact": {
            "first_name": first or None,
            "last_name": last or None,
            "name": contact.name if contact else None,
            "email": contact.email if contact else None,
        },
        "deal": {
            "name": subject.name,
            **_mapped(subject, zone),
            "stage": stage_label or None,
            "stage_since": _said(subject.stage_entered_at, zone),
            "amount": _amount(subject),
            "people": "; ".join(map(_person, subject.contacts)) or None,
            "follow_ups": "; ".join(beside.follow_ups) or None,
            "open_tasks": "; ".join(beside.open_tasks) or None,
        },
        "event": {name: _said(value, zone) for name, value in (subject.event or {}).items()},
        "owner": {
            "first_name": owner_name.partition(" ")[0] or None,
            "name": owner_name or None,
            "email": owner.email if owner else None,
        },
    }


def _person(contact: ContactView) -> str:
    """`Nora Vos (Champion)`"""
    name = contact.name or contact.email or "somebody without a name"
    return f"{name} ({', '.join(contact.labels)})" if contact.labels else name


def _mapped(subject: SubjectView, zone: str) -> dict[str, str | None]:
    """Mapped fields as text: a date as people write it, anything else as it is."""
    return {name: _said(value, zone) for name, value in subject.fields.items()}


def _said(value: Any, zone: str) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        # Mapped instants are whole numbers and so are an event's counts; no count is so large.
        return local_date(value, zone) if abs(value) > _ANY_COUNT else str(value)
    if isinstance(value, str) and _ISO_DATE.match(value):
        day = date.fromisoformat(value)
        return f"{day.day} {day:%B %Y}"
    return None if value is None else str(value)


def _amount(subject: SubjectView) -> str | None:
    if subject.amount is None:
        return None
    return f"{subject.currency or ''} {subject.amount:,.0f}".strip()


@lru_cache(maxsize=8192)
def local_date(instant: int, zone: str) -> str:
    """`4 December 2026` in a zone."""
    moment = datetime.fromtimestamp(instant / 1000, ZoneInfo(zone))
    return f"{moment.day} {moment:%B %Y}"
