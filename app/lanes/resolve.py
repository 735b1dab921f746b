"""Tasks whose reason is gone are archived; those of a deal with a new owner, or whose date moved,
move.

Both look at the task first, in this drain: what a rep completed, edited or deleted stays as it is,
and is an outcome. What we mean to write is committed as pending before the call, so that its echo
is known and a crash between the call and our commit leaves nothing in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.timing import end_of_due_day
from app.lanes.context import Lanes, Tenant
from app.lanes.reading import not_shown_yet
from app.lanes.trouble import note_error
from app.model.time import SECOND, Business
from app.model.vocabulary import Outcome
from app.signals.tasks import CONTENT, TaskChange, same, task_change
from app.store import inbox, mirror, summaries, tasks
from app.store.sets import loads
from connectors.contract import CrmError, CrmRecord, Event, Update

BATCH = 200

Row = Mapping[Any, Any]
Fields = Mapping[str, Any]


def drain_wishes(lanes: Lanes, tenant: Tenant) -> bool:
    """Carry out one batch of wishes. True if there was one."""
    if tenant.stopped or tenant.status != "active":
        return False
    with lanes.store.read() as conn:
        rows = tasks.wished(conn, tenant.id, lanes.wall(), BATCH)
        ids = [row["task_id"] for row in rows if row["task_id"]]
        stored = mirror.objects(conn, tenant.id, "task", ids) if ids else {}
        owners = mirror.by_id(conn, {row["subject_id"] for row in rows}) if rows else {}
    if not rows:
        return False
    try:
        found = lanes.connector_for(tenant.id).read("task", ids, history=True, ours=True)
        records = {record.id: record for record in found}
        rows = _shown(lanes, tenant, rows, records)
        _carry_out(lanes, tenant, rows, stored, records, owners)
    except CrmError as error:
        retry = note_error(lanes, tenant, error, 0)
        with lanes.store.write() as conn:
            tasks.put_off(conn, [row["id"] for row in rows], retry)
    return True


def _shown(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Row], records: Mapping[str, CrmRecord]
) -> Sequence[Row]:
    """All but those whose tasks we have just created and the CRM does not show yet."""
    absent = [row["task_id"] for row in rows if row["task_id"] and row["task_id"] not in records]
    unseen = not_shown_yet(lanes.connector_for(tenant.id), tenant, "task", absent)
    if not unseen:
        return rows
    later = [row["id"] for row in rows if row["task_id"] in unseen]
    with lanes.store.write() as conn:
        tasks.put_off(conn, later, lanes.wall() + SECOND // 2)
    return [row for row in rows if row["task_id"] not in unseen]


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
    moves: list[tuple[Row, Fields]] = []
    over: list[str] = []
    stay: list[dict[str, Any]] = []
    hints: list[Event] = []
    for row in rows:
        record, known = records.get(row["task_id"]), stored.get(row["task_id"])
        if row["outcome"] != Outcome.OPEN.value or known is None:
            over.append(row["id"])
        elif record is None and "archived" in loads(known["pending"]):
            # Gone already, and by us: a crash or a lost answer kept us from saying so.
            closes.append(_close(row, Outcome.RESOLVED, now))
        elif record is None or _change(record, known).completed:
            hints.append(_hint(row, record, now))
        elif row["wish"] == "resolve":
            if _is_edited(record, known):
                closes.append(_close(row, Outcome.LEFT, now))
            else:
                archive.append(row)
        else:
            owner = _holder(tenant, row, subjects[row["subject_id"]]["owner_id"])
            fields = _to_write(row, record, known, owner)
            if fields:
                moves.append((row, fields))
            else:
                over.append(row["id"])
                # An earlier attempt may have moved it although its answer was lost.
                stay.append(_stands(row, record.fields))
    if over or closes or hints:
        with lanes.store.write() as conn:
            tasks.wish(conn, over, None, None)
            tasks.moved(conn, stay)
            tasks.close(conn, closes)
            # What a rep did is a signal: it goes the way of all signals before the wish is granted.
            inbox.insert_events(conn, tenant.id, hints, lanes.wall())
    if archive:
        _archive(lanes, tenant, archive, stored, now)
    if moves:
        _move(lanes, tenant, moves, stored, now)


def _holder(tenant: Tenant, row: Row, owner: str | None) -> str | None:
    """Who is to have the task of a record that this owner has: a step may name another, who keeps
    it when the owner changes; only a manager's goes to the new owner's."""
    if row["assigned_by"] in ("rep", "team"):
        return tenant.assignee(row["assignee"])
    if row["assigned_by"] == "manager":
        person = tenant.calendars.people.get(tenant.owner_or_default(owner) or "")
        owner = (person.manager_id if person is not None else None) or owner
    return tenant.assignee(owner)


def _hint(row: Row, record: CrmRecord | None, now: Business) -> Event:
    """The event that we have not been told of: a rep completed or deleted the task."""
    return Event(
        kind="deleted" if record is None else "changed",
        object_type="task",
        object_id=row["task_id"],
        at=now,
        dedupe=f"wished:{row['task_id']}",
    )


def _close(row: Row, outcome: Outcome, now: Business) -> dict[str, Any]:
    return {
        "key": row["id"],
        "outcome": outcome.value,
        "outcome_at": now,
        "outcome_why": row["wish_why"],
    }


def _change(record: CrmRecord, known: Row) -> TaskChange:
    return task_change(
        loads(known["known"]), loads(known["pending"]), record.fields, record.history
    )


def _is_edited(record: CrmRecord, known: Row) -> bool:
    """Whether a rep made it theirs: then it stays, though its reason is gone."""
    return bool(set(_change(record, known).edited) & {*CONTENT, "due_at", "owner"})


def _to_write(row: Row, record: CrmRecord, known: Row, owner: str | None) -> Fields:
    """The owner and the due time to write; empty where the task stays as it is.

    Only while nobody has touched the task, each is still what we wrote, and it is open. What was
    observed becomes what is known, so a rep's edit is told by the touch alone.
    """
    if row["edited"] or record.fields.get("status") == "completed":
        return {}
    last = loads(known["known"])
    wanted = {"due_at": row["due_at"]}
    if owner and row["wish_why"] != tasks.DATE_MOVED:
        wanted["owner"] = owner
    return {
        name: value
        for name, value in wanted.items()
        if same(name, record.fields.get(name), last.get(name))
        and not same(name, last.get(name), value)
    }


def _stands(row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Owner and due time of a touch's task as they are in the CRM."""
    return {
        "key": row["id"],
        "owner": fields.get("owner", row["owner_id"]),
        "due_at": fields.get("due_at") or row["due_at"],
    }


def _archive(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Row], stored: Mapping[str, Row], now: Business
) -> None:
    edited = [row for row in rows if row["edited"]]
    rows = [row for row in rows if not row["edited"]]
    with lanes.store.write() as conn:
        tasks.close(conn, [_close(row, Outcome.LEFT, now) for row in edited])
        mirror.save_objects(
            conn, tenant.id, "task",
            [_pending(stored[row["task_id"]], {"archived": True}, now) for row in rows],
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
        tasks.close(conn, [_close(row, Outcome.RESOLVED, now) for row in rows])
        summaries.mark_dirty(conn, {row["subject_id"] for row in rows}, now, 0)


def _move(
    lanes: Lanes,
    tenant: Tenant,
    moves: Sequence[tuple[Row, Fields]],
    stored: Mapping[str, Row],
    now: Business,
) -> None:
    with lanes.store.write() as conn:
        mirror.save_objects(
            conn, tenant.id, "task",
            [_pending(stored[row["task_id"]], fields, now) for row, fields in moves],
        )  # fmt: skip
    updates = [Update(row["task_id"], fields) for row, fields in moves]
    answers = {a.id: a for a in lanes.connector_for(tenant.id).update("task", updates)}
    moved = [(row, fields) for row, fields in moves
             if (a := answers.get(row["task_id"])) is None or a.error is None]  # fmt: skip
    with lanes.store.write() as conn:
        mirror.save_objects(
            conn, tenant.id, "task",
            [_known(stored[row["task_id"]], fields, now) for row, fields in moved],
        )  # fmt: skip
        tasks.moved(conn, [_stands(row, fields) for row, fields in moved])
        tasks.redue(
            conn,
            [
                {"key": row["id"], "overdue_at": end_of_due_day(
                    fields["due_at"], tenant.calendar(fields.get("owner", row["owner_id"]), now)
                )}
                for row, fields in moved
                if "due_at" in fields
            ],
        )  # fmt: skip
        tasks.wish(conn, [row["id"] for row, _ in moves], None, None)


def _pending(stored: Row, fields: Fields, now: Business) -> dict[str, Any]:
    written = {name: [value, now] for name, value in fields.items()}
    return {
        "crm_id": stored["crm_id"],
        "touch_id": stored["touch_id"],
        "known": loads(stored["known"]),
        "pending": {**loads(stored["pending"]), **written},
    }


def _known(stored: Row, fields: Fields, now: Business) -> dict[str, Any]:
    """The write was confirmed: what we meant is what is known. It stays pending until it is seen,
    or a reading that lags behind it would look like a rep's change back."""
    row = _pending(stored, fields, now)
    return {**row, "known": {**row["known"], **fields}}
