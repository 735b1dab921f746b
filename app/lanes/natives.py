"""The CRM's own sequences that run because of us: lost answers settled, ends noticed, stops seen
through.

Running ones are looked at together once a day, with one reading for a hundred contacts, and at once
when something happens with a contact that may have ended theirs. No stop of ours is over before the
CRM shows that the contact has left: a workflow of the account is asked, and after five minutes a
person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.native import SKEW_MS, look
from app.decisions.native_codes import Native
from app.lanes.context import Lanes, Tenant
from app.lanes.dispatch import drain_duties
from app.lanes.ingest import take_in
from app.lanes.reading import fetch
from app.lanes.settled import adopt, ask_person, doubt, end, kept, line_of
from app.lanes.trouble import note_error
from app.model.native import Do, Look
from app.model.time import SECOND, Business
from app.model.vocabulary import Outcome, TouchState
from app.store import ledger, natives, outbox
from connectors.contract import Connector, CrmEnrolment, CrmError, Forbidden, Invalid, Update

BATCH = 100

_ANSWERED = (Outcome.COMPLETED.value, Outcome.DELETED.value)

Row = Mapping[str, Any]


def drain_natives(lanes: Lanes, tenant: Tenant) -> bool:
    """Look at one batch of enrolments that are due for it. True if there was one.

    Not even the stop of everything keeps it from working: stopping them is its work.
    """
    if tenant.status != "active":
        return False
    now, wall = lanes.now(), lanes.wall()
    with lanes.store.read() as conn:
        rows = natives.due(conn, tenant.id, now, wall, BATCH)
    if not rows:
        return False
    try:
        _settle(lanes, tenant, [row for row in rows if row["state"] == "sending"], now)
        _look_at(lanes, tenant, [row for row in rows if row["state"] != "sending"], now)
    except CrmError as error:
        retry = note_error(lanes, tenant, error, 2)
        with lanes.store.write() as conn:
            for row in rows:
                natives.ask_from(conn, row["touch_id"], retry)
    return True


# --- lost answers --------------------------------------------------------------------------------


def _settle(lanes: Lanes, tenant: Tenant, rows: Sequence[Row], now: Business) -> None:
    """What was being sent when a process died, or when its answer was lost: the CRM is asked."""
    connector = lanes.connector_for(tenant.id)
    for row in rows:
        found = _enrolment(connector, row)
        if found is not None:
            adopt(lanes, tenant, row, found, now)
        else:
            doubt(lanes, tenant, row, now)
            drain_duties(lanes, tenant)


def _enrolment(connector: Connector, row: Row) -> CrmEnrolment | None:
    """The enrolment that our call made; None where the CRM shows none."""
    try:
        found = connector.enrolment_of(row["contact_id"])
    except Forbidden:
        return None
    if found is None or found.sequence_id != row["sequence_id"]:
        return None
    return found if found.enrolled_at >= row["sent_at"] - SKEW_MS else None


# --- looking -------------------------------------------------------------------------------------


def _look_at(lanes: Lanes, tenant: Tenant, rows: Sequence[Row], now: Business) -> None:
    if not rows:
        return
    readings = fetch(lanes, tenant, {("contact", False): {row["contact_id"] for row in rows}})
    take_in(lanes, tenant, readings)
    contacts = {record.id: record.fields for record in readings.of("contact")}
    with lanes.store.read() as conn:
        # Read again: a merge may have given them another contact, and a signal a reason to stop.
        rows = natives.by_id(conn, [row["touch_id"] for row in rows])
        asked = outbox.by_id(conn, [row["person_touch"] for row in rows if row["person_touch"]])
    answered = {id for id, touch in asked.items() if touch["outcome"] in _ANSWERED}
    next_day = tenant.calendars.next_day_start(now)
    found = [
        (
            row,
            look(
                row,
                contacts.get(row["contact_id"]),
                now,
                next_day,
                answered=row["person_touch"] in answered,
            ),
        )
        for row in rows
    ]
    _wait(lanes, found, now)
    for row, one in found:
        if one.do is Do.ADOPT:
            enrolled = contacts[row["contact_id"]].get("sequence_enrolled_at") or now
            adopt(lanes, tenant, row, CrmEnrolment(row["crm_id"] or "", enrolled), now)
    _ask(lanes, tenant, [pair for pair in found if pair[1].do is Do.ASK], now)
    _ask_people(lanes, tenant, [pair for pair in found if pair[1].do is Do.ASK_PERSON], now)
    _end(lanes, tenant, [pair for pair in found if pair[1].do is Do.END], contacts, now)


def _wait(lanes: Lanes, found: Sequence[tuple[Row, Look]], now: Business) -> None:
    waiting = [(row, one) for row, one in found if one.do is Do.WAIT]
    if waiting:
        with lanes.store.write() as conn:
            rows = [kept(row, look_at=one.again_at) for row, one in waiting]
            natives.save(conn, rows, now)


def _ask(
    lanes: Lanes, tenant: Tenant, found: Sequence[tuple[Row, Look]], now: Business
) -> None:
    """Stamp the property on which the account's workflow acts; where that cannot be, a person."""
    if not found:
        return
    connector = lanes.connector_for(tenant.id).clearing()
    updates = [Update(row["contact_id"], {"unenrol_requested_at": now}) for row, _ in found]
    answers = {a.id: a.error for a in connector.update("contact", updates)}
    refused: list[tuple[Row, Look]] = []
    with lanes.store.write() as conn:
        for row, one in found:
            error = answers.get(row["contact_id"])
            if isinstance(error, Invalid | Forbidden):
                refused.append((row, one))
            elif error is not None:
                natives.ask_from(conn, row["touch_id"], lanes.wall() + 5 * SECOND)
            else:
                natives.save(conn, [kept(row, asked_at=now, look_at=one.again_at)], now)
                ledger.write(conn, tenant.id, [line_of(row, one.code, now)])
    _ask_people(lanes, tenant, refused, now)


def _ask_people(
    lanes: Lanes, tenant: Tenant, found: Sequence[tuple[Row, Look]], now: Business
) -> None:
    """One urgent task for each; the enrolment stays due until its task stands in the CRM."""
    if not found:
        return
    asked = {row["touch_id"]: ask_person(lanes, tenant, row, now) for row, _ in found}
    drain_duties(lanes, tenant)
    with lanes.store.write() as conn:
        touches = outbox.by_id(conn, asked.values())
        for row, one in found:
            person = asked[row["touch_id"]]
            stands = touches[person]["state"] == TouchState.PERFORMED.value
            changed = kept(
                row,
                asked_at=row["asked_at"] or now,
                person_touch=person,
                look_at=one.again_at if stands else now,
                retry_wall=0 if stands else lanes.wall() + 5 * SECOND,
            )
            natives.save(conn, [changed], now)


def _end(
    lanes: Lanes,
    tenant: Tenant,
    found: Sequence[tuple[Row, Look]],
    contacts: Mapping[str, Mapping[str, Any]],
    now: Business,
) -> None:
    """The contacts are out. The property is cleared first: set, it could never ask again."""
    stamped = [
        row["contact_id"]
        for row, _ in found
        if row["asked_at"] is not None and row["contact_id"] in contacts
    ]
    if stamped:
        clear = [Update(contact, {"unenrol_requested_at": None}) for contact in stamped]
        lanes.connector_for(tenant.id).clearing().update("contact", clear)
    if found:
        end(lanes, tenant, [(row, one.code or Native.LEFT) for row, one in found], now)
