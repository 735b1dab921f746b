"""Enrolling contacts in the CRM's own sequences: at most once, whatever becomes of us.

What is to be sent is marked as being sent, by compare-and-set, in a commit just before the call.
Nothing that carries the mark is ever sent again: whoever finds it, after a crash or without an
answer, asks the CRM what became of it (`app.lanes.natives`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from app.decisions.codes import Code
from app.decisions.guard.quiet_hours import place
from app.decisions.native import SKEW_MS, obstacle
from app.decisions.native_codes import SENDER_PROBLEMS, Native
from app.decisions.pacing import pace
from app.decisions.timing import next_working_day
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.lanes.enrolled import Failed, Letter, record_failed, record_made
from app.lanes.senders import by_team, find_sequence, note_problem, senders_of
from app.lanes.trouble import note_error
from app.model.native import Sender, Used
from app.model.time import DAY, SECOND, Business, Wall
from app.store import installations, natives, sending
from connectors.config import NAMES
from connectors.contract import (
    NATIVE_SEQUENCES,
    AuthRevoked,
    Connector,
    CrmEnrolment,
    CrmError,
    EnrolReason,
    EnrolRefused,
    Forbidden,
    RateLimited,
    Stopped,
    Transient,
    Unknown,
)

AT_ONCE = 8
"""Enrolments in flight together: so many at most are in doubt after a crash."""

SETTLE_MS = 30 * SECOND
"""For so long a call whose answer was lost may still be at work in the CRM."""

_PROBLEMS: Mapping[EnrolReason, str] = {
    "already_enrolled": Native.ELSEWHERE,
    "no_seat": Native.NO_SEAT,
    "inbox_not_connected": Native.NO_INBOX,
    "sequence_gone": Native.SEQUENCE_GONE,
    "no_email": Native.NO_EMAIL,
    "unavailable": Native.UNAVAILABLE,
}


def enrol_cases(lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business) -> None:
    """Enrol those whom nothing stands against; the others get a task, and the ledger says why."""
    if not cases:
        return
    connector = lanes.connector_for(tenant.id)
    letters: list[Letter] = []
    failed: list[Failed] = []
    with lanes.store.read() as conn:
        used = sending.used_since(conn, tenant.id, now - DAY)
    senders = senders_of(lanes, tenant, cases, used, now)
    unavailable = _why_unavailable(connector)
    for case in cases:
        found = _prepared(lanes, tenant, connector, case, senders[case.id], unavailable, now)
        (letters if isinstance(found, Letter) else failed).append(found)  # type: ignore[arg-type]
    letters, waiting = _paced(tenant, letters, used, now)
    failed += waiting
    for start in range(0, len(letters), AT_ONCE):
        failed += _send(lanes, tenant, connector, letters[start : start + AT_ONCE], now)
    record_failed(lanes, tenant, failed, now)


def _why_unavailable(connector: Connector) -> str:
    found = next((c for c in connector.capabilities() if c.name == NATIVE_SEQUENCES), None)
    if found is None:
        return "this CRM has none."
    return "" if found.available else f"{found.why}."


def _prepared(
    lanes: Lanes,
    tenant: Tenant,
    connector: Connector,
    case: Case,
    sender: Sender,
    unavailable: str,
    now: Business,
) -> Letter | Failed:
    native = case.facts.touch.step.native
    assert native is not None
    words = {"step": case.row["step"], "sequence": native.name, "sender": sender.inbox}
    if native.crm != tenant.crm:
        unavailable = f"it names one of {NAMES[native.crm]}, and this account is another CRM's."
    code = obstacle(
        case.facts, on=tenant.settings.native_sequences, unavailable=unavailable, sender=sender
    )
    if code is not None:
        return Failed(case, code, {**words, "said": unavailable})
    assert sender.user_id is not None
    try:
        sequence = find_sequence(lanes, tenant, connector, native.name, sender.user_id)
    except CrmError as error:
        return _refused(lanes, tenant, case, words, error)
    if sequence is None:
        return Failed(case, Native.SEQUENCE_GONE, words)
    return Letter(case, sequence, sender)


def _paced(
    tenant: Tenant, letters: Sequence[Letter], used: Mapping[str, Used], now: Business
) -> tuple[list[Letter], list[Failed]]:
    """Those that may go now, and those that their inbox has to wait with."""
    settings = tenant.settings
    waits = pace(
        [one.sender.inbox for one in letters], used, now,
        limit=settings.sequence_daily_limit, gap_ms=settings.sequence_gap_ms,
    )  # fmt: skip
    going: list[Letter] = []
    waiting: list[Failed] = []
    for one, wait in zip(letters, waits, strict=True):
        if wait is None:
            going.append(one)
            continue
        until = place(wait.until, one.case.facts)
        waiting.append(Failed(one.case, wait.code, one.words, instead=False, write_at=until))
    return going, waiting


# --- sending -------------------------------------------------------------------------------------


def _send(
    lanes: Lanes, tenant: Tenant, connector: Connector, letters: Sequence[Letter], now: Business
) -> list[Failed]:
    wall = lanes.wall()
    with lanes.store.write() as conn:
        row = installations.get(conn, tenant.id)
        if row is None or row["stopped"]:
            return [Failed(one.case, Code.STOPPED, one.words, instead=False) for one in letters]
        ours = natives.begin(conn, [_row(tenant, one, now, wall) for one in letters])
    jobs: list[tuple[Letter, Future[CrmEnrolment]]] = [
        (
            one,
            lanes.pool.submit(
                connector.enrol,
                one.sequence.id,
                one.case.facts.touch.contact or "",
                user_id=one.sender.user_id or "",
                sender=one.sender.inbox,
            ),
        )
        for one in letters
        if one.case.id in ours
    ]
    made: list[tuple[Letter, CrmEnrolment]] = []
    failed: list[Failed] = []
    for one, job in jobs:
        try:
            enrolment = job.result()
        except Unknown as error:
            _in_doubt(lanes, one.case, error, now)
        except CrmError as error:
            failed.append(_refused(lanes, tenant, one.case, one.words, error, one.sender, now))
        else:
            if enrolment.enrolled_at < now - SKEW_MS:
                # The answer to a contact that is in a sequence already may be that enrolment.
                failed.append(Failed(one.case, Native.ELSEWHERE, one.words))
            else:
                made.append((one, enrolment))
    record_made(lanes, tenant, made, now)
    return failed


def _row(tenant: Tenant, one: Letter, now: Business, wall: Wall) -> dict[str, Any]:
    row = one.case.row
    return {
        "held": row["fence"],
        "touch_id": row["id"],
        "installation_id": tenant.id,
        "enrolment_id": row["enrolment_id"],
        "contact_id": one.case.facts.touch.contact,
        "sequence_id": one.sequence.id,
        "sequence": one.sequence.name,
        "sender": one.sender.inbox,
        "state": "sending",
        "sent_at": now,
        "sent_wall": wall,
        "look_at": now,
        "retry_wall": wall + SETTLE_MS,
    }


def _in_doubt(lanes: Lanes, case: Case, error: Unknown, now: Business) -> None:
    """It stays as being sent; the CRM is asked what became of it once it is done with the call."""
    wait = 0 if error.answered else SETTLE_MS
    with lanes.store.write() as conn:
        natives.ask_from(conn, case.id, Wall(lanes.wall() + wait))


def _refused(
    lanes: Lanes,
    tenant: Tenant,
    case: Case,
    words: dict[str, Any],
    error: CrmError,
    sender: Sender | None = None,
    now: Business | None = None,
) -> Failed:
    """The CRM certainly did nothing: a task instead, or once more later."""
    words = {**words, "said": error.message}
    if isinstance(error, Stopped):
        return Failed(case, Code.STOPPED, words, instead=False)
    if isinstance(error, RateLimited | Transient | AuthRevoked):
        retry = note_error(lanes, tenant, error, case.row["attempts"])
        return Failed(case, Native.LATER, words, instead=False, retry_wall=retry)
    if not isinstance(error, EnrolRefused):
        code = Native.UNAVAILABLE if isinstance(error, Forbidden) else Native.REFUSED
        return Failed(case, code, words)
    if error.reason == "daily_limit" and now is not None:
        until = place(next_working_day(now, case.facts.calendar), case.facts)
        return Failed(case, Native.DAILY_LIMIT, words, instead=False, write_at=until)
    if error.reason == "unsubscribed":
        return Failed(case, Native.UNSUBSCRIBED, words, instead=False)
    code = _PROBLEMS.get(error.reason, Native.REFUSED)
    if sender is not None and now is not None and code in (Native.NO_SEAT, Native.NO_INBOX):
        note_problem(lanes, tenant, sender, code, now)
        if by_team(case):
            said = SENDER_PROBLEMS[code].format(sender=sender.inbox)
            told = {**words, "said": said}
            return Failed(case, Native.NEXT_SENDER, told, instead=False, write_at=now)
    return Failed(case, code, words)
