"""People whom the CRM has more than once: contacts with one e-mail address are one person.

They share what they are asked to bear and what they have said no to, and an inquiry that the CRM
holds twice is followed up once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.lanes.context import Tenant
from app.lanes.snapshot import Snapshot
from app.model.records import ContactView
from app.model.time import DAY, Business
from app.model.touches import Borne
from app.model.vocabulary import SubjectType, TaskType
from app.store import twins

LATELY_MS = 30 * DAY
"""What ended longer ago under another record is past; the person may be followed up anew."""

Row = Mapping[Any, Any]


@dataclass(slots=True)
class Twins:
    """of: contact → the others with the same address. runs: contact → what runs or ran for it."""

    of: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    runs: Mapping[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    @property
    def all(self) -> set[str]:
        return {other for others in self.of.values() for other in others}

    def person(self, contact: str | None) -> str | None:
        """The contact under whose id the person is counted, the same for all of their records."""
        others = self.of.get(contact or "")
        return min(contact, *others) if contact and others else contact

    def views(self, contact: str | None, snapshot: Snapshot) -> tuple[ContactView, ...]:
        found = (snapshot.contact(other) for other in self.of.get(contact or "", ()))
        return tuple(one for one in found if one is not None)

    def earlier(self, row: Row, enrolment: Row, snapshot: Snapshot) -> str | None:
        """The other record under which the same inquiry has been followed up, since before this
        one was; None where there is none, or where it is a deal's own follow-up."""
        if not self.runs or snapshot.rows[row["subject_id"]]["type"] != SubjectType.CONTACT.value:
            return None
        mine = (enrolment["started_at"], enrolment["id"])
        return next(
            (
                other
                for other in self.of.get(snapshot.rows[row["subject_id"]]["crm_id"], ())
                for run in self.runs.get(other, ())
                if run["definition"] == enrolment["definition"]
                and (run["started_at"], run["id"]) < mine
            ),
            None,
        )


def load_twins(
    conn: Connection, tenant: Tenant, people: Collection[str], now: Business
) -> Twins:
    """Of the people about to be touched; nobody where each record is to be taken by itself."""
    if tenant.settings.same_address == "each" or not people:
        return Twins()
    found = Twins(twins.same_address(conn, tenant.id, people))
    if not found.of:
        return found
    runs: dict[str, list[Row]] = defaultdict(list)
    for row in twins.runs(conn, tenant.id, found.all, now - LATELY_MS):
        runs[row["crm_id"]].append(row)
    return Twins(found.of, runs)


def united(borne: Mapping[str, Borne], found: Twins) -> Mapping[str, Borne]:
    """What each person bore, under whatever record."""
    if not found.of:
        return borne
    sums: dict[str, Borne] = {}
    for contact, one in borne.items():
        key = found.person(contact) or contact
        sums[key] = _sum(sums[key], one) if key in sums else one
    return sums


def _sum(one: Borne, other: Borne) -> Borne:
    kinds: set[TaskType] = {*one.channels, *other.channels}
    none = (0, 0)
    return Borne(
        _both(one.all, other.all),
        {
            kind: _both(one.channels.get(kind, none), other.channels.get(kind, none))
            for kind in kinds
        },
        _both(one.others, other.others),
        {
            who: one.whose.get(who, 0) + other.whose.get(who, 0)
            for who in {*one.whose, *other.whose}
        },
    )


def _both(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
