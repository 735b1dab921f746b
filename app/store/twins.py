"""Contacts that the CRM has under one e-mail address, and what ran for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from app.model.vocabulary import EnrolmentState, Mode, SubjectType, TouchState
from app.store.fixed import Fixed, among, arg
from app.store.tables import contacts, enrolments, subjects, touches

_mine, _other = contacts.alias("mine"), contacts.alias("other")
_SAME = Fixed(
    select(_mine.c.crm_id, _other.c.crm_id)
    .join(
        _other,
        and_(
            _other.c.installation_id == _mine.c.installation_id,
            _other.c.email == _mine.c.email,
            _other.c.crm_id != _mine.c.crm_id,
        ),
    )
    .where(
        _mine.c.installation_id == arg("inst"),
        among(_mine.c.crm_id, "ids"),
        _mine.c.email != "",
        _other.c.deleted.is_(False),
    )
)


def same_address(conn: Connection, inst: int, ids: Collection[str]) -> dict[str, list[str]]:
    """Contact → the live contacts with the same address; those who are alone are absent."""
    found: dict[str, list[str]] = defaultdict(list)
    # Put in order here: for its sake SQLite would read all of an account's contacts for each.
    for mine, other in sorted(_SAME.rows(conn, inst=inst, ids=list(ids))):
        found[mine].append(other)
    return found


_e = enrolments.c
_RUNS = Fixed(
    select(_e.id, _e.definition, _e.started_at, subjects.c.crm_id)
    .join(subjects, subjects.c.id == _e.subject_id)
    .where(
        subjects.c.installation_id == arg("inst"),
        subjects.c.type == SubjectType.CONTACT.value,
        among(subjects.c.crm_id, "ids"),
        _e.mode == Mode.LIVE.value,
        or_(
            _e.state == EnrolmentState.ACTIVE.value,
            and_(
                _e.state == EnrolmentState.ENDED.value,
                _e.ended_at > arg("since"),
                select(touches.c.id)
                .where(
                    touches.c.enrolment_id == _e.id,
                    touches.c.state == TouchState.PERFORMED.value,
                )
                .exists(),
            ),
        ),
    )
    .order_by(_e.started_at, _e.id)
)


def runs(
    conn: Connection, inst: int, ids: Collection[str], since: int
) -> list[dict[str, Any]]:
    """What runs about these contacts as inquiries, or ran until after an instant and did something:
    id, definition, started_at, crm_id; oldest first."""
    return _RUNS.dicts(conn, inst=inst, ids=list(ids), since=since)
