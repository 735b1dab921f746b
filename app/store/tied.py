"""What runs on what an admin took away: follow-ups by pipeline and stage, deals by owner."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from app.model.vocabulary import EnrolmentState, Outcome
from app.store import sets
from app.store.tables import enrolments, pipelines, stages, subjects, touches

_e, _s, _t = enrolments.c, subjects.c, touches.c


def unsupported(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """Running enrolments of deals whose pipeline is not followed, or that began with a stage which
    the CRM does not have any more: id, subject_id, rule, followed, stage."""
    followed = pipelines.alias("of_subject")
    gone = stages.alias("began_with")
    query = (
        select(
            _e.id, _e.subject_id, _e.rule, followed.c.followed, gone.c.label.label("stage"),
        )
        .join(subjects, _s.id == _e.subject_id)
        .outerjoin(
            followed, and_(followed.c.installation_id == inst, followed.c.id == _s.pipeline_id)
        )
        .outerjoin(
            gone,
            and_(
                gone.c.installation_id == inst,
                gone.c.pipeline_id == _s.pipeline_id,
                gone.c.id == _e.anchor_stage,
                gone.c.archived.is_(True),
            ),
        )
        .where(
            _e.installation_id == inst,
            _e.state != EnrolmentState.ENDED.value,
            _s.type == "deal",
            or_(followed.c.followed.is_(False), gone.c.id.is_not(None)),
        )
        .order_by(_e.id)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def with_open_tasks(conn: Connection, inst: int, people: Collection[str]) -> dict[str, list[int]]:
    """person → subjects on which a task of ours is open that they have, or whose owner they are."""
    query = (
        select(_s.owner_id, _t.owner_id.label("holder"), _s.id)
        .join(touches, _t.subject_id == _s.id)
        .where(
            _s.installation_id == inst,
            _t.outcome == Outcome.OPEN.value,
            or_(sets.among(conn, _s.owner_id, people), sets.among(conn, _t.owner_id, people)),
        )
        .order_by(_s.id)
    )
    found: dict[str, dict[int, None]] = {person: {} for person in people}
    for owner, holder, subject in conn.execute(query):
        for person in {owner, holder} & found.keys():
            found[person][subject] = None
    return {person: list(subjects) for person, subjects in found.items()}


def owned(conn: Connection, inst: int, owners: Collection[str]) -> dict[str, int]:
    """owner id → how many records they own that still exist."""
    query = (
        select(_s.owner_id, func.count())
        .where(
            _s.installation_id == inst,
            sets.among(conn, _s.owner_id, owners),
            _s.deleted.is_(False),
        )
        .group_by(_s.owner_id)
    )
    return {owner: count for owner, count in conn.execute(query)}  # noqa: C416 - rows, not pairs
