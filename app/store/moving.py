"""Running enrolments that go by another version, or count their delays from another instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select, update

from app.model.decisions import ChangeVersion
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode
from app.store import sets
from app.store.conditions import among_running
from app.store.fixed import Fixed, arg
from app.store.tables import enrolments

_e = enrolments.c

_VERSION = Fixed(
    update(enrolments)
    .where(_e.id == arg("key"), _e.state != "ended")
    .values(version_id=arg("version"), revision=_e.revision + 1)
)


def change_version(conn: Connection, changed: Sequence[ChangeVersion]) -> None:
    """Running enrolments go by another version; touches claimed before find out before they act.
    """
    _VERSION.run_many(
        conn, [{"key": one.enrolment, "version": one.version} for one in changed]
    )


_COUNT_FROM = Fixed(
    update(enrolments).where(_e.id == arg("key")).values(counts_from=arg("since"))
)


def count_from(conn: Connection, since: Mapping[str, Business]) -> None:
    """enrolment id → from when its delays count."""
    _COUNT_FROM.run_many(conn, [{"key": key, "since": at} for key, at in since.items()])


def running_of(
    conn: Connection, inst: int, rule: str, after: str, limit: int
) -> list[dict[str, Any]]:
    """Running enrolments of a rule, shadow ones aside, in the order of their ids."""
    query = (
        select(enrolments)
        .where(
            _e.installation_id == inst,
            _e.rule == rule,
            _e.state == EnrolmentState.ACTIVE.value,
            _e.mode != Mode.SHADOW.value,
            _e.id > after,
        )
        .order_by(_e.id)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def of_playbook(
    conn: Connection,
    inst: int,
    playbook: str,
    *,
    without: int,
    version: int | None,
    ids: Sequence[str] | None,
    after: str,
    limit: int,
) -> list[dict[str, Any]]:
    """Enrolments of a playbook that have not ended and go by another version than `without`, in
    the order of their ids. version, ids: only those."""
    query = among_running(
        select(enrolments).where(
            _e.installation_id == inst,
            _e.definition.startswith(f"{playbook}/", autoescape=True),
            _e.version_id != without,
            _e.id > after,
        )
    )
    if version is not None:
        query = query.where(_e.version_id == version)
    if ids is not None:
        query = query.where(sets.among(conn, _e.id, ids))
    found = conn.execute(query.order_by(_e.id).limit(limit)).mappings()
    return [dict(row) for row in found]


def by_version(conn: Connection, inst: int, playbook: str) -> dict[int, int]:
    """version id → how many enrolments of a playbook go by it and have not ended."""
    query = among_running(
        select(_e.version_id, func.count().label("running"))
        .where(
            _e.installation_id == inst,
            _e.definition.startswith(f"{playbook}/", autoescape=True),
        )
        .group_by(_e.version_id)
    )
    return {row.version_id: row.running for row in conn.execute(query)}
