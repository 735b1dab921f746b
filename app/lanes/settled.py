"""What is known now of enrolments in the CRM's own sequences, stored with what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.native import CHECK, UNENROL, check_title, unenrol_title
from app.decisions.native_codes import Native
from app.lanes.commit import store_decisions, store_findings
from app.lanes.context import Lanes, Tenant
from app.lanes.decide import decide_signals
from app.lanes.enrolled import active_row, performed_row
from app.lanes.observe import Observer
from app.lanes.rows import touch_row
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Explanation, PlannedTouch
from app.model.ids import touch_id
from app.model.playbook import Step
from app.model.signals import Signal
from app.model.time import MINUTE, Business
from app.model.vocabulary import Outcome, SignalKind
from app.store import duties, ledger, mirror, natives, outbox
from connectors.contract import CrmEnrolment

Row = Mapping[str, Any]

_OUTCOMES = {Native.FINISHED: Outcome.FINISHED}


def line_of(row: Row, code: str, now: Business) -> Explanation:
    """The ledger's line on an enrolment of the CRM's."""
    values = {
        "step": row["step"],
        "sequence": row["sequence"],
        "sender": row["sender"],
        "enrolment": row["crm_id"],
        "why": row["stop_why"],
    }
    scope = f"touch:{row['touch_id']}"
    return Explanation(row["subject_id"], scope, "done", code, now, True, values)


def kept(row: Row, **changed: Any) -> dict[str, Any]:
    """The row as `natives.save` takes it, with some columns changed."""
    columns = {name: row[name] for name in ("touch_id", *natives.SAVED)}
    return {**columns, "retry_wall": 0, **changed}


def adopt(
    lanes: Lanes, tenant: Tenant, row: Row, enrolment: CrmEnrolment, now: Business
) -> None:
    """The call had worked. It is looked at again at once where it is to be stopped."""
    with lanes.store.write() as conn:
        touch = outbox.by_id(conn, [row["touch_id"]])[row["touch_id"]]
        made = performed_row(row["touch_id"], row["sequence"], row["contact_id"], now)
        kept = {"owner_id": touch["owner_id"], "due_at": touch["due_at"]}
        outbox.performed(conn, [{**made, **kept}])
        look_at = now if row["stop_why"] else tenant.calendars.next_day_start(now)
        natives.save(conn, [active_row(row["touch_id"], enrolment, look_at)], now)
        if row["person_touch"]:
            duties.clear(conn, [row["person_touch"]], Native.ADOPTED, now)
        told = {**row, "crm_id": enrolment.id}
        ledger.write(conn, tenant.id, [line_of(told, Native.ADOPTED, now)])


def doubt(lanes: Lanes, tenant: Tenant, row: Row, now: Business) -> None:
    """Nobody can tell whether it was made: it is not sent again, and a person looks. It is over
    once they have, or once it has not turned up for days."""
    with lanes.store.write() as conn:
        person = _owe(conn, tenant, row, CHECK, check_title, now)
        natives.doubt(conn, [{
            "key": row["touch_id"], "reason": Native.UNKNOWN, "at": now,
            "error": "The CRM's answer was lost, and it shows no enrolment since.",
        }])  # fmt: skip
        asked = kept(row, state="unknown", person_touch=person, look_at=now + 5 * MINUTE)
        natives.save(conn, [asked], now)
        ledger.write(conn, tenant.id, [line_of(row, Native.UNKNOWN, now)])


def ask_person(lanes: Lanes, tenant: Tenant, row: Row, now: Business) -> str:
    """Plan the urgent task for whoever owns the record now; its touch id."""
    with lanes.store.write() as conn:
        person = _owe(conn, tenant, row, UNENROL, unenrol_title, now)
        ledger.write(conn, tenant.id, [line_of(row, Native.PERSON_ASKED, now)])
    return person


def _owe(
    conn: Any, tenant: Tenant, row: Row, step: Step, title: Any, now: Business
) -> str:
    contact = mirror.contact_rows(conn, tenant.id, [row["contact_id"]]).get(row["contact_id"])
    name = (contact["name"] or contact["email"]) if contact else "the contact"
    id = touch_id(row["enrolment_id"], f"{step.id}:{row['step']}", row["occurrence"])
    planned = PlannedTouch(id, step, 0, now, now, now)
    touch = touch_row(
        tenant.id, planned, row["enrolment_id"], row["subject_id"], row["contact_id"], now
    )
    outbox.add(conn, [{**touch, "shown_subject": title(name, row["sequence"])}])
    return id


def end(
    lanes: Lanes, tenant: Tenant, found: Sequence[tuple[Row, str]], now: Business
) -> None:
    """They are over; for our own follow-up that is the end of their step."""
    with lanes.store.read() as conn:
        snapshot = Snapshot(tenant, conn, {row["subject_id"] for row, _ in found}, now)
        touches = outbox.by_id(conn, [row["touch_id"] for row, _ in found])
    observer = Observer(tenant, snapshot, now)
    for row, code in found:
        if touches[row["touch_id"]]["outcome"] in (None, Outcome.RUNNING.value):
            _over(observer, row, code, now)
    writes = Writes()
    decide_signals(tenant, snapshot, observer.found.signals, writes, now)
    with lanes.store.write() as conn:
        store_findings(conn, tenant, observer.found, now)
        natives.save(
            conn,
            [
                kept(row, state="ended", ended_at=now, end_reason=code, look_at=None)
                for row, code in found
            ],
            now,
        )
        asked = [row["person_touch"] for row, _ in found if row["person_touch"]]
        duties.clear(conn, asked, Native.STOPPED, now)
        ledger.write(conn, tenant.id, [line_of(row, code, now) for row, code in found])
        store_decisions(conn, tenant, writes, observer.found.signals, now)


def _over(observer: Observer, row: Row, code: str, now: Business) -> None:
    outcome = _OUTCOMES.get(code, Outcome.UNENROLLED)
    touch = row["touch_id"]
    close = {"key": touch, "outcome": outcome.value, "outcome_at": now, "outcome_why": code}
    observer.found.closes.append(close)
    observer.snapshot.close_touch(touch, outcome.value, now)
    data = {
        "touch": touch,
        "step": row["step"],
        "enrolment": row["enrolment_id"],
        "sequence": row["sequence"],
        "how": outcome.value,
    }
    signal = Signal(
        SignalKind.SEQUENCE_ENDED, row["subject_id"], now, f"sequence:{touch}",
        contact=row["contact_id"], data=data,
    )  # fmt: skip
    observer.signal(signal)
