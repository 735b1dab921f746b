"""Leaving an account cleanly, and erasing what was kept once the time of grace is over.

`begin` says what is to be done: follow-ups end, tasks that nobody touched are archived, our values
are cleared. The lanes do it as they do all else, and when nothing is left `finish_leaving` takes
the app out of the account. What we know stays for the time of grace, so that somebody who comes
back finds history, playbooks and settings as they were.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from app.lanes.activation import ActivationError
from app.lanes.commit import store_decisions
from app.lanes.context import LEAVING, Lanes, Tenant
from app.lanes.trouble import note_error
from app.lanes.writes import Writes
from app.model.decisions import EndEnrolment, Explanation
from app.model.time import DAY, MINUTE
from app.model.vocabulary import StopReason
from app.store import agenda, audit, cursors, installations, leaving, natives
from app.store.engine import Store
from connectors.contract import AuthRevoked, CrmError, Forbidden, Invalid, ObjectType, Update

PATIENCE_MS = 30 * MINUTE
"""So long is tried to clean up (wall); then the app leaves with what was done."""

_SINCE = "leaving:since"
_PAGE = 500
_CLEARED = 300
_WHY = StopReason.APP_LEFT.value


def begin(lanes: Lanes, installation_id: int, who: str) -> dict[str, int]:
    """Start to leave: from here on nothing new is begun. Answers what it met. Raises
    ActivationError where the account is not connected: then there is nothing to clean up with."""
    now = lanes.now()
    with lanes.store.write() as conn:
        row = installations.get(conn, installation_id)
        if row is None or row["status"] not in ("active", LEAVING):
            raise ActivationError(
                "status: the CRM does not let us in, so nothing can be cleaned up there; connect "
                "the account again first, or uninstall the app in the CRM"
            )
        met = {**leaving.counts(conn, installation_id), **leaving.sizes(conn, installation_id)}
        # A stop would keep us from cleaning up, and nothing but that is written from here on.
        installations.change(conn, installation_id, status=LEAVING, stopped=False)
        leaving.rules_to_shadow(conn, installation_id, now)
        cursors.put(conn, installation_id, _SINCE, str(lanes.wall()))
        installations.bump(conn, installation_id)
        audit.write(conn, installation_id, who, "leaving", lanes.wall(), met)
    tenant = lanes.tenant(installation_id)
    after = ""
    while True:
        with lanes.store.write() as conn:
            rows = leaving.alive(conn, installation_id, after, _PAGE)
            if not rows:
                leaving.take_along(conn, installation_id, _WHY, now)
                natives.stop_all(conn, installation_id, _WHY)
                return met
            writes = Writes()
            for row in rows:
                id, subject = row["id"], row["subject_id"]
                writes.ends.append(EndEnrolment(id, subject, StopReason.APP_LEFT, now))
                writes.explanations.append(
                    Explanation(subject, f"enrolment:{id}", "ended", _WHY, now, True)
                )
            store_decisions(conn, tenant, writes, (), now)
        after = rows[-1]["id"]


def finish_leaving(lanes: Lanes, tenant: Tenant) -> bool:
    """With nothing due any more: clear what is left of ours, then leave. True if it did anything.

    What waits for a retry is waited for, up to `PATIENCE_MS`.
    """
    with lanes.store.read() as conn:
        ahead = agenda.horizon(conn, tenant.id)
        since = cursors.number(conn, tenant.id, _SINCE)
        held = natives.held(conn, tenant.id)
    patient = lanes.wall() - since < PATIENCE_MS
    if patient and (held or ahead.claimed or ahead.wishes or ahead.summaries is not None):
        return False
    try:
        if _clear(lanes, tenant, "deal") or _clear(lanes, tenant, "contact"):
            return True
        _clear_asked(lanes, tenant)
        lanes.connector_for(tenant.id).uninstall()
    except AuthRevoked as error:
        note_error(lanes, tenant, error, 0)
        return True
    except CrmError as error:
        if patient and not isinstance(error, Forbidden | Invalid):
            note_error(lanes, tenant, error, 0)
            return False
    with lanes.store.write() as conn:
        installations.drop_tokens(conn, tenant.id)
        installations.withdraw(conn, tenant.id, "left", lanes.wall())
        cursors.forget(conn, tenant.id, _SINCE)
        audit.write(conn, tenant.id, "followthrough", "left", lanes.wall())
    return True


def _clear(lanes: Lanes, tenant: Tenant, type: ObjectType) -> bool:
    """Empty the control property of one batch of records, whoever had set it."""
    with lanes.store.read() as conn:
        ids = leaving.controlled(conn, tenant.id, type, _CLEARED)
    if not ids:
        return False
    empty: dict[str, Any] = {"control": None, **({"pause_until": None} if type == "deal" else {})}
    # Where it is not ours to write any more, the rest can be left all the same.
    with suppress(Forbidden, Invalid):
        lanes.connector_for(tenant.id).update(type, [Update(id, empty) for id in ids])
    with lanes.store.write() as conn:
        leaving.uncontrolled(conn, tenant.id, type, ids)
    return True


def _clear_asked(lanes: Lanes, tenant: Tenant) -> None:
    """Contacts that no workflow took out of their sequence: their owners have a task for it."""
    with lanes.store.read() as conn:
        asked = natives.asked(conn, tenant.id)
    if asked:
        empty = {"unenrol_requested_at": None}
        with suppress(Forbidden, Invalid):
            lanes.connector_for(tenant.id).update("contact", [Update(id, empty) for id in asked])


def erase_withdrawn(store: Store, wall: int, grace_days: int) -> list[int]:
    """Erase what is kept of accounts that we left, or that shut us out, longer ago than the time of
    grace. grace_days: for those that never set it. Answers the installations erased."""
    with store.read() as conn:
        rows = installations.read(conn, ["left", "revoked"])
        due = [
            row["id"]
            for row in rows
            if (since := cursors.number(conn, row["id"], installations.WITHDRAWN))
            and wall - since
            >= installations.get_settings(conn, row["id"]).get("grace_days", grace_days) * DAY
        ]
    for installation_id in due:
        gone = True
        while gone:
            with store.write() as conn:
                gone = bool(leaving.erase(conn, installation_id, _PAGE))
    return due
