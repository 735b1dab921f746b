"""Which events a reading settles, and which have to wait for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.lanes.context import Lanes, Tenant
from app.lanes.heard import SAID
from app.lanes.reading import Readings
from app.lanes.trouble import note_error
from app.model.time import SECOND
from app.store import inbox
from app.store.sets import loads
from connectors.contract import SEVERAL, CrmRecord, Forbidden

_GIVE_UP = 8
"""Readings of a record that is never there, or never reaches its event, before it is let go."""

_LAG_MS = 2 * SECOND
"""How far a history entry's timestamp may lie before its event's and still be the same change."""


def hold_refused(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Mapping[Any, Any]], readings: Readings
) -> list[Mapping[Any, Any]]:
    """The events whose records could be read. The others wait, visible with what is missing, until
    the account shows us such records again; those about leads beside people are let go, since what
    is to be known of the person comes by itself, and those about quotes, since all are read again
    once they may be. A quote whose deal is hidden waits with it."""
    readable: list[Mapping[Any, Any]] = []
    waiting: dict[Forbidden, list[Mapping[Any, Any]]] = {}
    let_go: list[int] = []
    deals = [error for (type, _), error in readings.refused.items() if type == "deal"]
    for row in rows:
        error = readings.refused.get((row["object_type"], row["object_id"]))
        if error is None:
            readable.append(row)
        elif row["object_type"] == "lead" or (
            row["object_type"] == "quote" and error not in deals and _of_quotes(error)
        ):
            let_go.append(row["id"])
        else:
            waiting.setdefault(error, []).append(row)
    if let_go:
        with lanes.store.write() as conn:
            inbox.done(conn, let_go)
    for error, held in waiting.items():
        retry = note_error(lanes, tenant, error, max(row["attempts"] for row in held))
        with lanes.store.write() as conn:
            inbox.again(conn, [row["id"] for row in held], retry, error.message)
    return readable


def _of_quotes(error: Forbidden) -> bool:
    """Whether quotes themselves are hidden, and not what they stand on. Only HubSpot says so: there
    a quote whose deals may not be told is refused by itself; elsewhere those deals are."""
    return all("quote" in scope for scope in error.scopes)


def finished(
    events: Sequence[Mapping[Any, Any]], readings: Readings, unadopted: set[str]
) -> tuple[list[int], list[int]]:
    """Which events are over, and which need another reading because the record lags behind."""
    if not events:
        return [], []
    read = {(type, r.id): r for type, found in readings.records.items() for r in found}
    done: list[int] = []
    behind: list[int] = []
    back = {
        (row["object_type"], row["object_id"]): row["occurred_at"]
        for row in events
        if row["kind"] == "restored"
    }
    for row in events:
        key = (row["object_type"], row["object_id"])
        record = read.get(key)
        late = _lags(row, record) or row["object_id"] in unadopted
        if row["kind"] == "deleted" and record is not None:
            late = back.get(key, 0) < row["occurred_at"]
        again = late and row["attempts"] < _GIVE_UP
        (behind if again else done).append(row["id"])
    return done, behind


def _lags(row: Mapping[str, Any], record: CrmRecord | None) -> bool:
    """Whether a record was read as it stood before the event.

    Its history tells exactly, where it was read; else the instant of its last change has to do, by
    which a change within two seconds of an earlier one is not told from it.
    """
    if row["kind"] in ("deleted", "erased", "associated", SAID):
        return False
    if record is None:
        return row["kind"] == "created"
    seen_from = row["occurred_at"] - _LAG_MS
    if record.updated_at < seen_from:
        return True
    return any(
        value != record.fields.get(name)
        and not any(version.value == value and version.at >= seen_from for version in versions)
        for name, value in _named(row).items()
        if (versions := record.history.get(name)) is not None
    )


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """Field → canonical value that an event names. A single one comes as the CRM's text, and the
    fields whose histories are read have ids and words for values, which are canonical as they are.
    """
    if row["field"] == SEVERAL:
        return loads(row["value"])
    if row["kind"] != "changed" or row["field"] is None:
        return {}
    return {row["field"]: row["value"] or None}
