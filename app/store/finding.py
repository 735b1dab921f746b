"""Records as people look for them: by name or id, and those where something is to be done next."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union, union_all

from app.model.vocabulary import SubjectType
from app.store import sets
from app.store.conditions import IS_NAMED, IS_PLANNED, among_open
from app.store.reading import rows
from app.store.tables import subjects, touches

_t, _s = touches.c, subjects.c


def search(
    conn: Connection, inst: int, words: str, owners: Collection[str] | None, limit: int = 50
) -> list[dict[str, Any]]:
    """Subjects whose CRM id the words are, then those whose name contains them; owners None:
    everybody's."""
    named = (
        select(_s.id)
        .where(_s.installation_id == inst, IS_NAMED, _s.deleted.is_(False), _contains(conn, words))
        .with_hint(subjects, "INDEXED BY ix_subjects_name", "sqlite")
        .order_by(_s.name, _s.id)
        .limit(limit)
    )
    is_it = and_(_s.type.in_([*SubjectType]), _s.crm_id == words)
    exact = select(_s.id).where(_s.installation_id == inst, _s.deleted.is_(False), is_it)
    if owners is not None:
        seen = sets.among(conn, _s.owner_id, sorted(owners))
        named, exact = named.where(seen), exact.where(seen)
    ids = union(select(named.subquery().c.id), exact)
    query = (
        select(_s.type, _s.crm_id, _s.name, _s.stage_id, _s.owner_id)
        .where(_s.id.in_(ids))
        .order_by(_s.crm_id != words, _s.name, _s.id)
        .limit(limit)
    )
    return rows(conn, query)


def _contains(conn: Connection, words: str) -> ColumnElement[bool]:
    """Whether a subject's name contains the words, whatever their case."""
    # SQLite, and PostgreSQL in some locales, know the cases of English letters alone: of others
    # they are shown the usual ones. SQLite's LIKE needs no lower() for the English ones.
    cases = {words.lower()} if words.isascii() else {
        "".join(one.lower() if one.isascii() else one for one in form)
        for form in (words, words.lower(), words.upper(), words.title())
    }
    name = _s.name if conn.dialect.name == "sqlite" else func.lower(_s.name)
    return or_(*(name.contains(one, autoescape=True) for one in sorted(cases)))


_PLANNED_LOOKED_AT = 1_000
"""Touches to be written next among which the earliest are sought: one subject may have several."""


def ahead(
    conn: Connection, inst: int, owners: Collection[str] | None, limit: int = 50
) -> list[dict[str, Any]]:
    """Subjects with a task open or a touch to be written, by its due time: what is to be done next.
    """
    touched = select(_t.subject_id, _t.due_at).where(_t.installation_id == inst)
    if owners is not None:
        seen = sets.among(conn, _s.owner_id, sorted(owners))
        touched = touched.join(subjects, _s.id == _t.subject_id).where(seen)
    coming = touched.where(IS_PLANNED).order_by(_t.write_at).limit(_PLANNED_LOOKED_AT).subquery()
    pending = union_all(among_open(touched), select(coming)).subquery()
    first = (
        select(pending.c.subject_id, func.min(pending.c.due_at).label("due_at"))
        .group_by(pending.c.subject_id)
        .subquery()
    )
    query = (
        select(_s.type, _s.crm_id, _s.name, _s.stage_id, _s.owner_id, first.c.due_at)
        .join(first, first.c.subject_id == _s.id)
        .where(_s.deleted.is_(False))
    )
    return rows(conn, query.order_by(first.c.due_at, _s.id).limit(limit))
