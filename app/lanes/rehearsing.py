"""A test event: whom it would be about, and what each rule would make of it. Nothing is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.explain import text
from app.decisions.rules import RuleContext, decide
from app.decisions.sequences import advance
from app.lanes.context import Lanes, Tenant
from app.lanes.events import REASONS, Posting, resolve, subjects_of
from app.lanes.loading import load_snapshot
from app.lanes.observe import Observer
from app.lanes.reading import Readings
from app.lanes.snapshot import Snapshot
from app.lanes.trouble import note_error
from app.model.decisions import Explanation
from app.model.posted import Posted
from app.model.signals import Signal
from app.model.time import Business
from app.signals.events import event_cause, event_signal
from app.store import audit
from app.store.sets import dumps
from connectors.contract import CrmError

_ACTS = ("fired", "shadow", "proposed", "approval", "waiting", "backlog", "held")
"""Verdicts of a rule that would do something, now or once it has waited."""


def rehearse(lanes: Lanes, installation_id: int, posted: Posted, who: str) -> dict[str, Any]:
    """What an event like this would do now. Writes only that somebody asked. Raises CrmError."""
    tenant, now = lanes.tenant(installation_id), lanes.now()
    row = {
        "id": 0, "event_id": posted.id, "name": posted.name, "at": posted.at,
        "person_id": posted.person_id, "person_email": posted.person_email,
        "company_id": posted.company_id, "deal_id": posted.deal_id, "data": dumps(posted.data),
    }  # fmt: skip
    posting, readings = Posting(row), Readings()
    try:
        resolve(lanes, tenant, [posting], readings)
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        raise
    readings.posted.append(posting)
    with lanes.store.read() as conn:
        snapshot, known = load_snapshot(conn, tenant, readings, (), now)
    observer = Observer(tenant, snapshot, now)
    observer.contacts(readings.of("contact"))
    observer.deals(readings.of("deal"), known)
    about, problem = ([], posting.problem) if posting.problem else subjects_of(posting, observer)
    told = {
        "contact": posting.contact,
        "problem": problem,
        "next": REASONS.get(problem or "", ""),
        "records": [_record(tenant, snapshot, id, posted, posting, now) for id in about],
    }
    with lanes.store.write() as conn:
        data = {"name": posted.name, "contact": posting.contact, "problem": problem}
        audit.write(conn, tenant.id, who, "event_tested", lanes.wall(), data)
    return {**told, "said": _said(told)}


def _record(
    tenant: Tenant, snapshot: Snapshot, id: int, posted: Posted, posting: Posting, now: Business
) -> dict[str, Any]:
    subject = snapshot.subject(id)
    signal = event_signal(
        id, posted.name, posted.at, event_cause(posted.id), posting.contact, posted.data
    )
    snapshot.note(signal)
    context = snapshot.context(id, now)
    return {
        "type": subject.type.value,
        "id": subject.crm_id,
        "name": subject.name,
        "ends": _ends(tenant, snapshot, id, signal, now),
        "rules": [
            line
            for active in tenant.rules
            for line in _rule(tenant, replace(context, rules=[active]), signal, now)
        ],
    }


def _rule(
    tenant: Tenant, context: RuleContext, signal: Signal, now: Business
) -> list[dict[str, Any]]:
    (active,) = context.rules
    return [
        {
            "rule": active.rule.key,
            "title": active.rule.title,
            "mode": active.mode.value,
            "reacts": line.verdict in _ACTS and line.code != Code.DATE_UNKNOWN,
            "code": line.code,
            "text": _words(tenant, line),
        }
        for line in decide(signal, context, now).explanations
    ]


def _ends(
    tenant: Tenant, snapshot: Snapshot, id: int, signal: Signal, now: Business
) -> list[dict[str, str]]:
    subject = snapshot.subject(id)
    calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
    return [
        {"definition": enrolment.definition, "text": _words(tenant, line)}
        for enrolment in snapshot.enrolments(id)
        for line in advance(enrolment, signal, subject, calendar, now).explanations
    ]


def _words(tenant: Tenant, line: Explanation) -> str:
    return text(line.code, line.values, tenant.zone)


def _said(told: dict[str, Any]) -> str:
    """The same in a few sentences, for the page."""
    if told["problem"]:
        return f"Nobody would be found. {told['next']}"
    parts: list[str] = []
    who = f"Matched contact {told['contact']}. " if told["contact"] else ""
    if not told["records"]:
        return f"{who}There is no record that it would be about."
    for record in told["records"]:
        lines = [f"{end['definition']} would end: {end['text']}" for end in record["ends"]]
        lines += [
            f"{rule['rule']} ({rule['mode']}) {'reacts' if rule['reacts'] else 'does not react'}: "
            f"{rule['text']}"
            for rule in record["rules"]
        ]
        said = " ".join(lines) or "No rule in force waits for this event."
        parts.append(f"{record['type']} {record['name'] or record['id']}: {said}")
    return who + " ".join(parts)
