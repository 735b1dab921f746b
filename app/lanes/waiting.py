"""What waits for an admin's word: backlogs and rules above their limit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app.decisions.codes import Deed
from app.lanes.activation import ActivationError
from app.lanes.beginning import begin, end_unbegun
from app.lanes.context import Lanes, Tenant
from app.lanes.ingest import read_again
from app.lanes.trouble import note_error
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason
from app.store import approvals, audit, playbooks, running
from connectors.contract import CrmError

Row = Mapping[Any, Any]

_LOOKED_AT = 200
"""Enrolments of a backlog that are looked at together while a day's share is sought."""


# --- backlog -------------------------------------------------------------------------------------


def set_release(
    lanes: Lanes, installation_id: int, rule: str, per_day: int | None, who: str
) -> dict[str, Any]:
    """Let a rule's backlog start, `per_day` records on each day from now on; 0 pauses it."""
    tenant = lanes.tenant(installation_id)
    number = tenant.settings.backlog_per_day if per_day is None else per_day
    if number < 0:
        raise ActivationError("per_day: write how many records may start on a day, 0 for none")
    with lanes.store.write() as conn:
        _set_release(lanes, conn, installation_id, rule, number, who)
        waiting = len(running.of_rule(conn, installation_id, rule, EnrolmentState.BACKLOG))
    release_backlog(lanes, lanes.tenant(installation_id))
    return {"rule": rule, "per_day": number, "waiting": waiting}


def _set_release(
    lanes: Lanes, conn: Connection, inst: int, rule: str, per_day: int, who: str
) -> None:
    if not playbooks.change_state(conn, inst, rule, release_per_day=per_day):
        raise ActivationError(f"rule: {rule!r} was never activated; activate it first")
    data = {"rule": rule, "per_day": per_day}
    audit.write(conn, inst, who, "backlog_released", lanes.wall(), data)


def discard_backlog(lanes: Lanes, installation_id: int, rule: str, who: str) -> int:
    """End a rule's backlog unbegun. Answers how many records it held."""
    tenant = lanes.tenant(installation_id)
    with lanes.store.write() as conn:
        rows = running.of_rule(conn, installation_id, rule, EnrolmentState.BACKLOG)
        if not rows:
            raise ActivationError(f"rule: {rule!r} has no backlog; see GET /api/backlog")
        end_unbegun(conn, tenant, rows, StopReason.DISCARDED, lanes.now(), who)
        playbooks.change_state(conn, installation_id, rule, release_per_day=0)
        data = {"rule": rule, "records": len(rows)}
        audit.write(conn, installation_id, who, "backlog_discarded", lanes.wall(), data)
    return len(rows)


def release_backlog(lanes: Lanes, tenant: Tenant) -> bool:
    """Start today's share of every released backlog, the oldest first. True if anything started.

    Not while everything is stopped: the shares of those days would come at once afterwards.
    """
    if tenant.stopped or tenant.status != "active":
        return False
    now = lanes.now()
    today = tenant.calendars.day_start(now)
    with lanes.store.read() as conn:
        states = playbooks.states(conn, tenant.id)
    due = [
        state
        for state in states.values()
        if state["release_per_day"] > 0
        and state["released_until_at"] < today
        and state["paused_at"] is None
        and state["mode"] in (Mode.LIVE.value, Mode.MANUAL.value)
    ]
    return sum(_release_share(lanes, tenant, state, now) for state in due) > 0


def _release_share(lanes: Lanes, tenant: Tenant, state: Row, now: Business) -> int:
    """A day's share of one rule: what is not owed any more is dropped and takes no place in it."""
    rule, share = state["rule"], state["release_per_day"]
    started = 0
    while started < share:
        with lanes.store.read() as conn:
            most = min(_LOOKED_AT, 2 * share)
            rows = running.of_rule(conn, tenant.id, rule, EnrolmentState.BACKLOG, most)
        if not rows:
            break
        try:
            read_again(lanes, tenant, rows)
        except CrmError as error:
            # Nothing is begun on what the record was once; the next day tries again.
            note_error(lanes, tenant, error, 0)
            break
        cause = partial(_given_out, tenant.id, rule, now)
        done = begin(lanes, tenant, rows, Deed.RELEASED, cause, most=share - started)
        started += len(done.started)
    return started


def _given_out(inst: int, rule: str, now: Business, conn: Connection) -> None:
    playbooks.change_state(conn, inst, rule, released_until_at=now)


# --- approval ------------------------------------------------------------------------------------


def approve(lanes: Lanes, installation_id: int, rule: str, who: str) -> int:
    """An admin's word for a rule above its limit: what waited starts. Answers how many.

    Of a rule in manual mode it becomes proposals: the admin lets them reach the reps, who decide.
    """
    tenant = lanes.tenant(installation_id)
    granted = partial(_granted, lanes, installation_id, rule, who, "approved")
    with lanes.store.read() as conn:
        rows = running.of_rule(conn, installation_id, rule, EnrolmentState.APPROVAL)
    return len(begin(lanes, tenant, rows, Deed.APPROVED, granted).started)


def decline(lanes: Lanes, installation_id: int, rule: str, who: str) -> int:
    """What a rule began above its limit ends unbegun. Answers how many."""
    tenant = lanes.tenant(installation_id)
    with lanes.store.write() as conn:
        rows = running.of_rule(conn, installation_id, rule, EnrolmentState.APPROVAL)
        _granted(lanes, installation_id, rule, who, "declined", conn)
        end_unbegun(conn, tenant, rows, StopReason.DECLINED, lanes.now(), who)
    return len(rows)


def spread(lanes: Lanes, installation_id: int, rule: str, per_day: int | None, who: str) -> int:
    """What a rule began above its limit becomes backlog, released a few a day. How many."""
    tenant = lanes.tenant(installation_id)
    number = tenant.settings.backlog_per_day if per_day is None else per_day
    with lanes.store.write() as conn:
        rows = running.of_rule(conn, installation_id, rule, EnrolmentState.APPROVAL)
        _granted(lanes, installation_id, rule, who, "spread", conn)
        ids = [row["id"] for row in rows]
        running.set_state(conn, ids, EnrolmentState.APPROVAL, EnrolmentState.BACKLOG)
        _set_release(lanes, conn, installation_id, rule, number, who)
    release_backlog(lanes, lanes.tenant(installation_id))
    return len(rows)


def _granted(lanes: Lanes, inst: int, rule: str, who: str, what: str, conn: Connection) -> None:
    """The rule waits for no word any more; the next time above its limit it asks anew."""
    if not approvals.grant(conn, inst, rule, who, lanes.now()):
        raise ActivationError(f"rule: {rule!r} does not wait for approval")
    audit.write(conn, inst, who, what, lanes.wall(), {"rule": rule})
