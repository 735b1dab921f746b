"""Rules that reached their limit and wait for an admin's word."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, func, select, update

from app.model.vocabulary import EnrolmentState
from app.store import sets
from app.store.tables import approvals, enrolments


def ask(conn: Connection, inst: int, rules: Iterable[str], now: int) -> None:
    """Note that these rules wait; one that was granted before asks again."""
    rows = [
        {"installation_id": inst, "rule": rule, "asked_at": now, "granted_by": None,
         "granted_at": None}
        for rule in rules
    ]  # fmt: skip
    sets.upsert(conn, approvals, rows, ("installation_id", "rule"))


def grant(conn: Connection, inst: int, rule: str, who: str, now: int) -> bool:
    """True if the rule was waiting."""
    a = approvals.c
    query = (
        update(approvals)
        .where(a.installation_id == inst, a.rule == rule, a.granted_at.is_(None))
        .values(granted_by=who, granted_at=now)
    )
    return conn.execute(query).rowcount == 1


def waiting(conn: Connection, inst: int) -> frozenset[str]:
    a = approvals.c
    query = select(a.rule).where(a.installation_id == inst, a.granted_at.is_(None))
    return frozenset(conn.execute(query).scalars())


def asked(conn: Connection, inst: int) -> dict[str, tuple[int, int]]:
    """Rule → since when it waits, and how many records with it; the longest waiting first."""
    a, e = approvals.c, enrolments.c
    held = and_(
        e.installation_id == a.installation_id,
        e.rule == a.rule,
        e.state == EnrolmentState.APPROVAL.value,
    )
    query = (
        select(a.rule, a.asked_at, func.count(e.id))
        .outerjoin(enrolments, held)
        .where(a.installation_id == inst, a.granted_at.is_(None))
        .group_by(a.rule, a.asked_at)
        .order_by(a.asked_at, a.rule)
    )
    return {str(row[0]): (int(row[1]), int(row[2])) for row in conn.execute(query)}
