"""Rules that reached their limit and wait for an admin's word."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from app.store import sets
from app.store.tables import approvals


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
