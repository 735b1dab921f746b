"""Versions of playbooks, none ever changed, and what each rule was set to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select, update

from app.model.time import Wall
from app.model.vocabulary import EnrolmentState, Mode
from app.store import sets
from app.store.fixed import Fixed, arg
from app.store.tables import enrolments, installations, playbook_versions, rule_states

WAITS, APPROVED, SENT_BACK = "waits", "approved", "sent_back"
"""What became of a version that somebody else has to approve."""


def hold(conn: Connection, installation_id: int) -> None:
    """Keep others from saving and from deciding on what was saved until this transaction ends."""
    conn.execute(
        select(installations.c.id).where(installations.c.id == installation_id).with_for_update()
    )


def next_version(conn: Connection, installation_id: int, playbook: str) -> int:
    """The number that the next save gets; keeps others from saving until this transaction ends."""
    hold(conn, installation_id)
    query = select(func.coalesce(func.max(playbook_versions.c.version), 0)).where(
        playbook_versions.c.installation_id == installation_id,
        playbook_versions.c.playbook == playbook,
    )
    return conn.execute(query).scalar_one() + 1


def save(
    conn: Connection,
    installation_id: int,
    playbook: str,
    source: str,
    data: Mapping[str, Any],
    saved_by: str,
    wall: Wall,
    review: str | None = None,
) -> tuple[int, int]:
    """Store a new version; (row id, version number). source: the YAML; data: its JSON form.
    review: WAITS where somebody else has to approve it."""
    version = next_version(conn, installation_id, playbook)
    values = {
        "installation_id": installation_id,
        "playbook": playbook,
        "version": version,
        "source": source,
        "data": sets.dumps(data),
        "saved_by": saved_by,
        "saved_wall": wall,
        "review": review,
    }
    query = playbook_versions.insert().values(values).returning(playbook_versions.c.id)
    return conn.execute(query).scalar_one(), version


def load(conn: Connection, ids: Iterable[int]) -> dict[int, RowMapping]:
    """Versions by row id; `data` is JSON."""
    wanted = sets.among(conn, playbook_versions.c.id, list(ids))
    rows = conn.execute(select(playbook_versions).where(wanted)).mappings()
    return {row["id"]: row for row in rows}


def versions(conn: Connection, installation_id: int, playbook: str) -> list[RowMapping]:
    """All versions of a playbook, the latest first."""
    query = (
        select(playbook_versions)
        .where(
            playbook_versions.c.installation_id == installation_id,
            playbook_versions.c.playbook == playbook,
        )
        .order_by(playbook_versions.c.version.desc())
    )
    return list(conn.execute(query).mappings())


def latest(conn: Connection, installation_id: int) -> list[RowMapping]:
    """The newest version of each playbook, by playbook id."""
    newest = (
        select(func.max(playbook_versions.c.id))
        .where(playbook_versions.c.installation_id == installation_id)
        .group_by(playbook_versions.c.playbook)
    )
    query = select(playbook_versions).where(playbook_versions.c.id.in_(newest))
    return list(conn.execute(query.order_by(playbook_versions.c.playbook)).mappings())


def passed(
    conn: Connection, installation_id: int, playbook: str | None = None
) -> dict[str, RowMapping]:
    """By playbook id, of all or of one, the newest version that waits for nobody's approval."""
    v = playbook_versions.c
    newest = select(func.max(v.id)).where(
        v.installation_id == installation_id, or_(v.review.is_(None), v.review == APPROVED)
    )
    if playbook is not None:
        newest = newest.where(v.playbook == playbook)
    query = select(playbook_versions).where(v.id.in_(newest.group_by(v.playbook)))
    return {row["playbook"]: row for row in conn.execute(query).mappings()}


def review(
    conn: Connection, id: int, verdict: str, who: str, comment: str, wall: Wall
) -> None:
    """Note what somebody decided on a version, by its row: APPROVED or SENT_BACK."""
    conn.execute(
        update(playbook_versions)
        .where(playbook_versions.c.id == id)
        .values(review=verdict, reviewed_by=who, review_comment=comment, reviewed_wall=wall)
    )


_STATES = Fixed(
    select(rule_states)
    .where(rule_states.c.installation_id == arg("inst"))
    .order_by(rule_states.c.rule)
)


def states(
    conn: Connection, installation_id: int, rules: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """What rules are set to, by rule key; None: all that were ever activated."""
    found = {row["rule"]: row for row in _STATES.dicts(conn, inst=installation_id)}
    return found if rules is None else {key: found[key] for key in found if key in set(rules)}


def put_states(conn: Connection, installation_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set rules: columns of `rule_states` but the installation; columns not given stay."""
    full = [{"installation_id": installation_id, **row} for row in rows]
    sets.upsert(conn, rule_states, full, ("installation_id", "rule"))


def change_state(conn: Connection, installation_id: int, rule: str, **values: Any) -> bool:
    """Change columns of one rule's state; False when it was never activated."""
    query = (
        update(rule_states)
        .where(rule_states.c.installation_id == installation_id, rule_states.c.rule == rule)
        .values(values)
    )
    return conn.execute(query).rowcount == 1


def running_by_version(conn: Connection, installation_id: int, playbook: str) -> dict[int, int]:
    """Version number → live enrolments that run by it; versions without any are left out."""
    v, e = playbook_versions.c, enrolments.c
    query = (
        select(v.version, func.count())
        .join(enrolments, e.version_id == v.id)
        .where(
            v.installation_id == installation_id,
            v.playbook == playbook,
            e.installation_id == installation_id,
            e.state == EnrolmentState.ACTIVE.value,
            e.mode != Mode.SHADOW.value,
        )
        .group_by(v.version)
    )
    return {int(row[0]): int(row[1]) for row in conn.execute(query)}
