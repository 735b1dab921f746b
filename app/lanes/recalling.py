"""When the people of touches did something before, for accounts that use their best time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from app.decisions.guard.best_time import LOOK_BACK_MS, asked
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.model.records import PersonDeed
from app.model.time import Business
from app.store import activities, mirror, outcomes


def recall(lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business) -> None:
    """Let the facts of those touches say it: few queries for all of them, none where nobody asks.
    """
    asking = {
        case.facts.contact.crm_id
        for case in cases
        if case.facts.contact is not None and asked(case.facts)
    }
    if not asking:
        return
    with lanes.store.read() as conn:
        found = deeds_of(conn, tenant.id, asking, Business(now - LOOK_BACK_MS))
    for case in cases:
        contact = case.facts.contact
        if contact is not None and contact.crm_id in asking:
            done = tuple(one for one in found.get(contact.crm_id, ()) if one.at <= now)
            case.ground.contact = replace(contact, deeds=done)
            case.facts = replace(case.facts, contact=case.ground.contact)


def deeds_of(
    conn: Connection, inst: int, people: Collection[str], since: Business
) -> dict[str, list[PersonDeed]]:
    """contact id → what they did since then, oldest first: what was taken in as it happened, and
    answers of before the connection as the CRM had logged them."""
    theirs = mirror.subjects_of_contacts(conn, inst, people)
    subjects = sorted({one for found in theirs.values() for one in found})
    done = outcomes.deeds(conn, inst, subjects, since)
    connected = activities.connected(conn, inst)
    for contact, acts in activities.with_people(conn, inst, people, since).items():
        done.setdefault(contact, []).extend(
            (one.at, True) for one in acts if one.answered and one.at < connected
        )
    return {
        contact: [PersonDeed(Business(at), answer) for at, answer in sorted(set(found))]
        for contact, found in done.items()
    }
