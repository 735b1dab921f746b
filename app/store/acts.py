"""What people asked on our pages, by the id of the request: each is done once, and answered alike
however often it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select, update

from app.model.time import DAY, Wall
from app.store import sets
from app.store.tables import acts, enrolments, touches

KEPT_MS = 7 * DAY
"""Nobody repeats a request after a week."""

_a, _t = acts.c, touches.c


def begin(
    conn: Connection, inst: int, request_id: str, asked: str, wall: Wall
) -> str:
    """Note that something was asked. Answers what it was that this request asked first."""
    row = {
        "installation_id": inst, "request_id": request_id, "asked": asked, "asked_wall": wall,
    }  # fmt: skip
    sets.insert_ignore(conn, acts, [row])
    conn.execute(delete(acts).where(_a.installation_id == inst, _a.asked_wall < wall - KEPT_MS))
    query = select(_a.asked).where(_a.installation_id == inst, _a.request_id == request_id)
    return conn.execute(query).scalar_one()


def answered(conn: Connection, inst: int, request_id: str) -> dict[str, Any] | None:
    """What a request was answered; None where it is not done."""
    query = select(_a.answer).where(_a.installation_id == inst, _a.request_id == request_id)
    found = conn.execute(query).scalar_one_or_none()
    return sets.loads(found) if found else None


def finish(conn: Connection, inst: int, request_id: str, answer: Mapping[str, Any]) -> None:
    """It is done, and this was its answer."""
    conn.execute(
        update(acts)
        .where(_a.installation_id == inst, _a.request_id == request_id)
        .values(answer=sets.dumps(dict(answer)))
    )


def touch(conn: Connection, subject_id: int, id: str) -> dict[str, Any] | None:
    """A touch of a subject's, with its enrolment's definition, version and mode."""
    e = enrolments.c
    query = (
        select(touches, e.definition, e.rule, e.version_id, e.is_firing, e.mode)
        .join(enrolments, e.id == _t.enrolment_id)
        .where(_t.id == id, _t.subject_id == subject_id)
    )
    row = conn.execute(query).mappings().one_or_none()
    return dict(row) if row is not None else None


def write_draft(conn: Connection, id: str, text: str | None) -> bool:
    """Keep a text for a touch that is not written yet; None takes the template's again. False
    where it is under way or written meanwhile."""
    result = conn.execute(
        update(touches)
        .where(_t.id == id, _t.state.in_(["planned", "waiting"]))
        .values(draft=text)
    )
    return bool(result.rowcount)
