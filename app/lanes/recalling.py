"""When the people of touches did something before, for accounts that use their best time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.decisions.guard.best_time import asked
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.model.records import PersonDeed
from app.model.time import DAY, Business
from app.store import mirror, outcomes

YEAR_MS = 365 * DAY
"""How far back is looked. Habits of longer ago are somebody else's by now."""


def recall(lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business) -> None:
    """Let the facts of those touches say it: two queries for all of them, none where nobody asks.
    """
    asking = {
        case.facts.contact.crm_id
        for case in cases
        if case.facts.contact is not None and asked(case.facts)
    }
    if not asking:
        return
    with lanes.store.read() as conn:
        theirs = mirror.subjects_of_contacts(conn, tenant.id, asking)
        subjects = sorted({one for found in theirs.values() for one in found})
        found = outcomes.deeds(conn, tenant.id, subjects, now - YEAR_MS)
    for case in cases:
        contact = case.facts.contact
        if contact is not None and contact.crm_id in asking:
            done = tuple(
                PersonDeed(Business(at), answer)
                for at, answer in sorted(found.get(contact.crm_id, ()))
                if at <= now
            )
            case.ground.contact = replace(contact, deeds=done)
            case.facts = replace(case.facts, contact=case.ground.contact)
