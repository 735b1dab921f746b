"""Tasks whose reason is gone are archived, tasks of a deal with a new owner move.

Both look at the task first, in this drain: what a rep completed, edited or deleted stays as it is,
and is an outcome. What we mean to write is committed as pending before the call, so that its echo
is known and a crash between the call and our commit leaves nothing in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.lanes.context import Lanes, Tenant
from app.lanes.trouble import note_error
from app.model.time import Business
from app.model.vocabulary import Outcome
from app.signals.tasks import CONTENT, task_change
from app.store import mirror, work
from app.store.sets import loads
from connectors.contract import CrmError, CrmRecord, Update

BATCH = 200

Row = Mapping[Any, Any]


def drain_wishes(lanes: Lanes, tenant: Tenant) -> bool:
    """Carry out one batch of wishes. True if there was one."""
    if tenant.stopped or tenant.status != "active":
        return False
    with lanes.store.read() as conn:
        rows = work.wished(conn, tenant.id, lanes.wall(), BATCH)
        ids = [row["task_id"] for row in rows if row["task_id"]]
        stored = mirror.objects(conn, tenant.id, "task", ids) if ids else {}
        owners = mirror.by_id(conn, {row["subject_id"] for row in rows}) if rows else {}
    if not rows:
        return False
    try:
        records = {r.id: r for r in lanes.connector_for(tenant.id).read("task", ids, history=True)}
        _carry_out(lanes, tenant, rows, stored, records, owners)
    except CrmError as error:
        retry = note_error(lanes, tenant, error, 0)
        with lanes.store.write() as conn:
            work.put_off(conn, [row["id"] for row in rows], retry)
    return True


def _carry_out(
    lanes: Lanes,
    tenant: Tenant,
    rows: Sequence[Row],
    stored: Mapping[str, Row],
    records: Mapping[str, CrmRecord],
    subjects: Mapping[int, Row],
) -> None:
    now = lanes.now()
    closes: list[dict[str, Any]] = []
    archive: list[Row] = []
    moves: list[tuple[Row, str]] = []
    over: list[str] = []
    for row in rows:
        record, known = records.get(row["task_id"]), stored.get(row["task_id"])
        if row["outcome"] != Outcome.OPEN.value or known is None:
            over.append(row["id"])
        elif record is None:
            # Gone already: by us, if we had meant to before a crash; else somebody deleted it.
            ours = "archived" in loads(known["pending"])
            closes.append(_close(row, Outcome.RESOLVED if ours else Outcome.DELETED, now))
        elif row["wish"] == "resolve":
            outcome = _left_by_rep(record, known)
            if outcome is None:
                archive.append(row)
            else:
                closes.append(_close(row, outcome, now))
        else:
            owner = tenant.owner_or_default(subjects[row["subject_id"]]["owner_id"])
            if owner and _may_move(row, record, known, owner):
                moves.append((row, owner))
            else:
                over.append(row["id"])
    if over or closes:
        with lanes.store.write() as conn:
            work.wish(conn, over, None, None)
            work.close(conn, closes)
    if archive:
        _archive(lanes, tenant, archive, stored, now)
    if moves:
        _move(lanes, tenant, moves, stored, now)


def _close(row: Row, outcome: Outcome, now: Business) -> dict[str, Any]:
    why = row["wish_why"] if outcome is not Outcome.DELETED else "deleted_by_rep"
    return {
        "key": row["id"],
        "outcome": outcome.value,
        "outcome_at": now,
        "outcome_why": why,
    }


def _left_by_rep(record: CrmRecord, known: Row) -> Outcome | None:
    """None for a task that nobody touched; else what it is to us from now on."""
    change = task_change(
        loads(known["known"]), loads(known["pending"]), record.fields, record.history
    )
    if change.completed or record.fields.get("status") == "completed":
        return Outcome.COMPLETED
    was_edited = set(change.edited) & {*CONTENT, "due_at", "owner"}
    return Outcome.LEFT if was_edited else None


def _may_move(row: Row, record: CrmRecord, known: Row, owner: str) -> bool:
    """Only while nobody has touched the task, the owner is still whom we wrote, and it is open.

    What was observed becomes what is known, so a rep's edit is told by the touch alone.
    """
    if row["edited"]:
        return False
    last = loads(known["known"]).get("owner")
    current = record.fields.get("owner")
    return record.fields.get("status") != "completed" and current == last and current != owner


def _archive(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Row], stored: Mapping[str, Row], now: Business
) -> None:
    edited = [row for row in rows if row["edited"]]
    rows = [row for row in rows if not row["edited"]]
    with lanes.store.write() as conn:
        work.close(conn, [_close(row, Outcome.LEFT, now) for row in edited])
        mirror.save_objects(
            conn, tenant.id, "task",
            [_pending(stored[row["task_id"]], "archived", True, now) for row in rows],
        )  # fmt: skip
    if not rows:
        return
    connector = lanes.connector_for(tenant.id)
    states = [
        Update(row["task_id"], {"state": "resolved", "state_reason": row["wish_why"] or ""})
        for row in rows
    ]
    connector.update("task", states)
    connector.archive("task", [row["task_id"] for row in rows])
    with lanes.store.write() as conn:
        work.close(conn, [_close(row, Outcome.RESOLVED, now) for row in rows])
        mirror.mark_dirty(conn, {row["subject_id"] for row in rows}, now, 0)


def _move(
    lanes: Lanes,
    tenant: Tenant,
    moves: Sequence[tuple[Row, str]],
    stored: Mapping[str, Row],
    now: Business,
) -> None:
    with lanes.store.write() as conn:
        mirror.save_objects(
            conn, tenant.id, "task",
            [_pending(stored[row["task_id"]], "owner", owner, now) for row, owner in moves],
        )  # fmt: skip
    updates = [Update(row["task_id"], {"owner": owner}) for row, owner in moves]
    answers = {a.id: a for a in lanes.connector_for(tenant.id).update("task", updates)}
    moved = [(row, owner) for row, owner in moves
             if (a := answers.get(row["task_id"])) is None or a.error is None]  # fmt: skip
    with lanes.store.write() as conn:
        mirror.save_objects(
            conn, tenant.id, "task",
            [_known(stored[row["task_id"]], "owner", owner) for row, owner in moved],
        )  # fmt: skip
        work.set_owner(conn, [{"key": row["id"], "owner": owner} for row, owner in moved])
        work.wish(conn, [row["id"] for row, _ in moves], None, None)


def _pending(stored: Row, name: str, value: Any, now: Business) -> dict[str, Any]:
    return {
        "crm_id": stored["crm_id"],
        "touch_id": stored["touch_id"],
        "known": loads(stored["known"]),
        "pending": {**loads(stored["pending"]), name: [value, now]},
    }


def _known(stored: Row, name: str, value: Any) -> dict[str, Any]:
    """The write was confirmed: what we meant is what is known."""
    pending = loads(stored["pending"])
    pending.pop(name, None)
    return {
        "crm_id": stored["crm_id"],
        "touch_id": stored["touch_id"],
        "known": {**loads(stored["known"]), name: value},
        "pending": pending,
    }
