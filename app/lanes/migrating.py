"""Running enrolments are moved to another version of their playbook, each as its preview said.

The preview and the deed compute the same. An enrolment whose rows have changed in between, or of
which something is being carried out at this moment, is left as it is and named: whoever asked
looks again. Each enrolment is moved whole, so a crash leaves some to be moved by asking once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha1
from typing import Any

from sqlalchemy import Connection

from app.decisions.explain import text
from app.decisions.migrating import migrate
from app.lanes.activation import ActivationError
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant, steps_in
from app.lanes.governing import barred, chosen
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.migration import Migration, Target, Wanted
from app.model.playbook import Playbook
from app.model.time import Business
from app.model.vocabulary import NewSteps, Outcome, TouchState
from app.store import audit, installations, moving, playbooks, summaries
from app.store.sets import dumps

Row = Mapping[Any, Any]

PAGE = 200
_TOGETHER = 50
"""Enrolments moved in one transaction."""

_UNDER_WAY = frozenset(
    {TouchState.CLAIMED.value, TouchState.SENDING.value, TouchState.UNKNOWN.value}
)


class MigrationError(ActivationError):
    """The move was refused; nothing changed. The message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class _Versions:
    """The target, and each version's number by its row."""

    row: int
    number: int
    playbook: Playbook
    numbers: Mapping[int, int]


def preview(
    lanes: Lanes, installation_id: int, wanted: Wanted, after: str = "", limit: int = PAGE
) -> dict[str, Any]:
    """What the move would do to each enrolment, from behind the id `after`, `limit` at most.

    `versions` says how many run by each. Raises MigrationError for a version that is not there.
    """
    tenant, now = lanes.tenant(installation_id), lanes.now()
    with lanes.store.read() as conn:
        versions = _versions(lanes, conn, tenant, wanted)
        rows = _rows(conn, tenant, wanted, versions, after, limit)
        snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in rows}, now)
        counts = moving.by_version(conn, tenant.id, wanted.playbook)
    return {
        "playbook": wanted.playbook,
        "to": versions.number,
        "new_steps": wanted.new_steps.value,
        "versions": [
            {"version": versions.numbers[id], "running": number}
            for id, number in sorted(counts.items())
        ],
        "enrolments": [
            _told(tenant, snapshot, row, versions, wanted, now) for row in rows
        ],
        "after": rows[-1]["id"] if len(rows) == limit else None,
    }


def move(
    lanes: Lanes, installation_id: int, wanted: Wanted, chosen: Mapping[str, str], who: str
) -> dict[str, Any]:
    """Move enrolments, by id, whose revision is still the one that the preview gave.

    Answers `migrated` and `ended` (ids), and `changed`: those left as they are, each with `why`.
    Raises MigrationError for a version that is not there.
    """
    tenant, now = lanes.tenant(installation_id), lanes.now()
    done: dict[str, Any] = {"migrated": [], "ended": [], "changed": []}
    ids = sorted(chosen)
    for start in range(0, len(ids), _TOGETHER):
        part = {id: chosen[id] for id in ids[start : start + _TOGETHER]}
        with lanes.store.write() as conn:
            _move(lanes, conn, tenant, wanted, part, done, now, who)
    return {"playbook": wanted.playbook, **done}


def _move(
    lanes: Lanes,
    conn: Connection,
    tenant: Tenant,
    wanted: Wanted,
    chosen: Mapping[str, str],
    done: dict[str, Any],
    now: Business,
    who: str,
) -> None:
    versions = _versions(lanes, conn, tenant, wanted)
    asked = Wanted(wanted.playbook, wanted.to, wanted.new_steps, ids=tuple(chosen))
    rows = _rows(conn, tenant, asked, versions, "", len(chosen))
    snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in rows}, now)
    writes, moved = Writes(), 0
    for row in rows:
        made = _migration(tenant, snapshot, row, versions, wanted.new_steps, now, who)
        why = in_the_way(snapshot, row)
        if why is None and revision(row, snapshot, made) != chosen[row["id"]]:
            why = "It has changed since the preview."
        if why is not None:
            done["changed"].append({"id": row["id"], "why": why})
            continue
        writes.take(tenant, made.decision, snapshot, now)
        moved += 1
        done["migrated" if made.ends is None else "ended"].append(row["id"])
    met = {row["id"] for row in rows}
    gone = "It has ended, or goes by that version already."
    done["changed"] += [{"id": id, "why": gone} for id in chosen if id not in met]
    if not moved:
        return
    store_decisions(conn, tenant, writes, (), now)
    summaries.mark_dirty(conn, writes.dirty, now, 0)
    installations.bump(conn, tenant.id)
    data = {
        "playbook": wanted.playbook,
        "to": versions.number,
        "new_steps": wanted.new_steps.value,
        "enrolments": moved,
    }
    audit.write(conn, tenant.id, who, "enrolments_migrated", lanes.wall(), data)


def _versions(lanes: Lanes, conn: Connection, tenant: Tenant, wanted: Wanted) -> _Versions:
    rows = playbooks.versions(conn, tenant.id, wanted.playbook)
    numbers = {row["id"]: row["version"] for row in rows}
    known = ", ".join(str(row["version"]) for row in rows)
    if not rows:
        raise MigrationError(f"playbook: there is no saved playbook {wanted.playbook!r}")
    newest = chosen(conn, tenant.id, wanted.playbook) or rows[0]
    number = newest["version"] if wanted.to is None else wanted.to
    for field, asked in (("to", number), ("from", wanted.since)):
        if asked is not None and asked not in numbers.values():
            raise MigrationError(f"{field}: there is no version {asked}; there are {known}")
    target = next(row for row in rows if row["version"] == number)
    why = barred(conn, target)
    if why is not None:
        raise MigrationError(f"to: {why}")
    return _Versions(target["id"], number, lanes.playbook(target["id"]), numbers)


def _rows(
    conn: Connection, tenant: Tenant, wanted: Wanted, versions: _Versions, after: str, limit: int
) -> list[dict[str, Any]]:
    since = next((id for id, n in versions.numbers.items() if n == wanted.since), None)
    return moving.of_playbook(
        conn, tenant.id, wanted.playbook, without=versions.row, version=since, ids=wanted.ids,
        after=after, limit=limit,
    )  # fmt: skip


def _migration(
    tenant: Tenant,
    snapshot: Snapshot,
    row: Row,
    versions: _Versions,
    new_steps: NewSteps,
    now: Business,
    who: str,
) -> Migration:
    definition, is_firing = row["definition"], row["is_firing"]
    name = definition.split("/", 1)[1]
    target = Target(
        version=versions.row,
        number=versions.number,
        was=versions.numbers.get(row["version_id"], 0),
        sequence=None if is_firing else versions.playbook.sequences.get(name),
        steps=steps_in(versions.playbook, definition, is_firing),
    )
    subject = snapshot.subject(row["subject_id"])
    calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
    return migrate(snapshot.enrolment(row), target, new_steps, subject, calendar, now, who)


def in_the_way(snapshot: Snapshot, row: Row) -> str | None:
    """Why an enrolment cannot be changed at this moment; None if it can."""
    states = {touch["state"] for touch in snapshot.steps.get(row["id"], ())}
    if states & _UNDER_WAY:
        return "One of its touches is being carried out, or its fate is unknown; ask again later."
    return None


def revision(row: Row, snapshot: Snapshot, made: Migration) -> str:
    """A word that stays the same while the move would do what its preview showed.

    Of steps that are late the instant is left out: it goes on with the clock.
    """
    touches = sorted(
        [t["id"], t["state"], t["outcome"], t["due_at"], t["edited"], t["wish"]]
        for t in snapshot.steps.get(row["id"], ())
    )
    steps = [[s.step, s.fate.value, None if s.late else s.due_at] for s in made.steps]
    said = dumps([row["revision"], row["version_id"], row["state"], touches, steps, made.ends])
    return sha1(said.encode(), usedforsecurity=False).hexdigest()[:16]


def _told(
    tenant: Tenant, snapshot: Snapshot, row: Row, versions: _Versions, wanted: Wanted, now: Business
) -> dict[str, Any]:
    made = _migration(tenant, snapshot, row, versions, wanted.new_steps, now, "")
    subject = snapshot.rows[row["subject_id"]]
    why = made.ends.value if made.ends else None
    values = {"version": versions.number, "definition": row["definition"], "who": "this",
              "steps": len(made.steps)}  # fmt: skip
    return {
        "id": row["id"],
        "revision": revision(row, snapshot, made),
        "definition": row["definition"],
        "subject_type": subject["type"],
        "subject_id": subject["crm_id"],
        "subject": subject["name"],
        "state": row["state"],
        "mode": row["mode"],
        "version": versions.numbers.get(row["version_id"]),
        "ends": why,
        "ends_why": text(why, values, tenant.zone) if why else None,
        "blocked": in_the_way(snapshot, row),
        "steps": [{**asdict(one), "fate": one.fate.value} for one in made.steps],
        "finished": sum(t["outcome"] == Outcome.COMPLETED.value
                        for t in snapshot.steps.get(row["id"], ())),
    }  # fmt: skip
