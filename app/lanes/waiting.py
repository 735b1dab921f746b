"""What waits for an admin's word: released backlogs and rules above their limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app.decisions.backlog import accept, release
from app.decisions.codes import Deed
from app.lanes.activation import ActivationError, ledger_line
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import StartEnrolment
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode
from app.store import approvals, audit, playbooks, running

Row = Mapping[Any, Any]


def set_release(
    lanes: Lanes, installation_id: int, rule: str, per_day: int | None, who: str
) -> dict[str, Any]:
    """Let a rule's backlog start, `per_day` records on each day from now on; 0 stops it again."""
    tenant = lanes.tenant(installation_id)
    number = tenant.settings.backlog_per_day if per_day is None else per_day
    if number < 0:
        raise ActivationError("per_day: write how many records may start on a day, 0 for none")
    with lanes.store.write() as conn:
        known = playbooks.change_state(conn, installation_id, rule, release_per_day=number)
        if not known:
            raise ActivationError(f"rule: {rule!r} was never activated; activate it first")
        audit.write(
            conn, installation_id, who, "backlog_released", lanes.wall(),
            {"rule": rule, "per_day": number},
        )  # fmt: skip
        waiting = len(running.of_rule(conn, installation_id, rule, EnrolmentState.BACKLOG))
    release_backlog(lanes, lanes.tenant(installation_id))
    return {"rule": rule, "per_day": number, "waiting": waiting}


def release_backlog(lanes: Lanes, tenant: Tenant) -> bool:
    """Start today's share of every released backlog. True if anything started."""
    now = lanes.now()
    today = tenant.calendars.day_start(now)
    started = False
    with lanes.store.read() as conn:
        states = playbooks.states(conn, tenant.id)
    for key, state in states.items():
        due = state["release_per_day"] > 0 and state["released_until_at"] < today
        if not due or state["mode"] != Mode.LIVE.value:
            continue
        with lanes.store.read() as conn:
            rows = running.of_rule(
                conn, tenant.id, key, EnrolmentState.BACKLOG, state["release_per_day"]
            )
        _begin(lanes, tenant, rows, now, partial(_given_out, key, now))
        started = started or bool(rows)
    return started


def approve(lanes: Lanes, installation_id: int, rule: str, who: str) -> int:
    """An admin's word for a rule above its limit: what waited starts. Answers how many."""
    tenant, now = lanes.tenant(installation_id), lanes.now()

    def granted(conn: Connection, inst: int) -> None:
        if not approvals.grant(conn, inst, rule, who, now):
            raise ActivationError(f"rule: {rule!r} does not wait for approval")
        audit.write(conn, inst, who, "approved", lanes.wall(), {"rule": rule})

    with lanes.store.read() as conn:
        rows = running.of_rule(conn, installation_id, rule, EnrolmentState.APPROVAL)
    _begin(lanes, tenant, rows, now, granted, late=True)
    return len(rows)


def _given_out(rule: str, now: Business, conn: Connection, inst: int) -> None:
    playbooks.change_state(conn, inst, rule, released_until_at=now)


def _begin(
    lanes: Lanes,
    tenant: Tenant,
    rows: Sequence[Row],
    now: Business,
    cause: Callable[[Connection, int], None],
    *,
    late: bool = False,
) -> None:
    """Make waiting enrolments active, with the touches that they had not.

    cause: stores why, in the same transaction. Apart, a crash between the two would give out a
    second share on one day, or leave what was approved waiting for ever. late: delays count from
    the cause of each enrolment and not from now.
    """
    with lanes.store.read() as conn:
        snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in rows}, now)
    writes = Writes()
    begin = accept if late else release
    for row in rows:
        start = _start_of(tenant, snapshot, row)
        if start is None:
            continue
        subject = snapshot.subject(row["subject_id"])
        calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
        begun = begin(start, now, calendar, subject.fields)
        writes.add_touches(tenant, begun, now)
        code = Deed.APPROVED if late else Deed.RELEASED
        writes.explanations.append(ledger_line(begun, code, "fired", now))
    with lanes.store.write() as conn:
        cause(conn, tenant.id)
        running.set_state(conn, [row["id"] for row in rows], EnrolmentState.ACTIVE)
        store_decisions(conn, tenant, writes, (), now)


def _start_of(tenant: Tenant, snapshot: Snapshot, row: Row) -> StartEnrolment | None:
    active = tenant.rule(row["rule"])
    if active is None:
        return None
    view = snapshot.enrolment(row)
    return StartEnrolment(
        id=row["id"],
        subject=row["subject_id"],
        rule=active,
        definition=row["definition"],
        sequence=view.sequence,
        steps=view.steps,
        anchor=row["anchor"],
        anchor_at=row["anchor_at"],
        started_at=row["started_at"],
        contact=row["contact_id"],
        choice=row["choice"],
        state=EnrolmentState(row["state"]),
        mode=Mode.LIVE,
        touches=(),
        anchor_stage=row["anchor_stage"],
    )
