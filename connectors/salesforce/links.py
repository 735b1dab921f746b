"""Which records belong together, as Salesforce keeps it: by columns, and by tables of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from connectors.contract import CrmRecord, NotFound, ObjectType
from connectors.salesforce.api import Api
from connectors.salesforce.due import literal, told
from connectors.salesforce.rows import Row
from connectors.salesforce.schema import Schema
from connectors.salesforce.tables import CALLS_ONLY, PREFIXES

ROLES = "OpportunityContactRole"
MAIL = "EmailMessageRelation"


@dataclass(slots=True)
class Linked:
    """What stands beside some records: id → ids of the other type, with what is said of each."""

    ids: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    primary: dict[str, str] = field(default_factory=dict[str, str])
    labels: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def add(self, id: str, other: str | None) -> None:
        if other:
            listed = self.ids.setdefault(id, [])
            if other not in listed:
                listed.append(other)


def kind_of(id: str | None) -> ObjectType | None:
    """What a record is, by its id; None for what we know nothing of."""
    return PREFIXES.get((id or "")[:3])


class Links:
    """Links of one account's records."""

    def __init__(self, api: Api, schema: Schema) -> None:
        self._api = api
        self._schema = schema

    def attach(
        self,
        records: Sequence[CrmRecord],
        rows: Mapping[str, Row],
        types: Iterable[ObjectType],
    ) -> None:
        """Fill in the associations of records of one type. rows: record id → as read."""
        for record in records:
            record.associations = {type: [] for type in types}
        for type in types:
            linked = self.of(records[0].type, type, [r.id for r in records], rows)
            for record in records:
                found = linked.ids.get(record.id, [])
                assert record.associations is not None
                record.associations[type] = found
                if record.id in linked.primary:
                    record.primary[type] = linked.primary[record.id]
                for other in found:
                    if label := linked.labels.get((record.id, other)):
                        record.labels[type, other] = (label,)

    def of(
        self,
        from_type: ObjectType,
        to_type: ObjectType,
        ids: Sequence[str],
        rows: Mapping[str, Row] | None = None,
    ) -> Linked:
        """id → linked ids of one type. rows: the records themselves, where they are at hand."""
        if not ids:
            return Linked()
        if (from_type, to_type) == ("deal", "contact"):
            return self._people(ids)
        if (from_type, to_type) == ("contact", "deal"):
            return self._deals(ids)
        if from_type == "company" and to_type in ("deal", "contact"):
            return self._by_column(to_type, "AccountId", ids)
        if to_type == "company":
            return self._companies(from_type, ids)
        if from_type == "email":
            return self._of_mail(to_type, ids, rows)
        if from_type in ("task", "call", "meeting", "note"):
            return _whose(to_type, self._rows(from_type, ids, rows))
        if to_type == "email":
            return self._mail_of(from_type, ids)
        if to_type in ("task", "call", "meeting", "note"):
            column = "WhoId" if from_type == "contact" else "WhatId"
            return self._by_column(to_type, column, ids)
        return Linked()

    def latest_on(self, deals: Sequence[str], now: int) -> dict[str, int]:
        """Opportunity → when somebody last did something about it: closed a task that is none of
        ours, met, or sent or got a mail. Salesforce itself keeps but the day, our tasks included.
        """
        found: dict[str, int] = {}
        for type, column, at, only in (
            ("task", "WhatId", "CompletedDateTime", " AND IsClosed = true"),
            ("meeting", "WhatId", "StartDateTime", f" AND StartDateTime <= {literal(now)}"),
            ("email", "RelatedToId", "MessageDate", ""),
        ):
            shape = self._schema.find(cast(ObjectType, type))
            if shape is None or not shape.has(at):
                continue
            ours = f" AND {name} = null" if (name := shape.names.get("touch_id")) else ""
            for row in self._api.query_in(
                f"SELECT {column}, MAX({at}) latest FROM {shape.sobject} "
                f"WHERE {column} IN {{ids}}{only}{ours} GROUP BY {column}",
                deals,
            ):
                deal, when = str(row[column]), told(row.get("latest"))
                if when is not None:
                    found[deal] = max(found.get(deal, 0), when)
        return found

    def _people(self, ids: Sequence[str]) -> Linked:
        """The people of opportunities. A role may name somebody who was deleted, or whom the user
        may not see: access to the opportunity is all that Salesforce asks for."""
        rows = self._api.query_in(
            f"SELECT OpportunityId, ContactId, Role, IsPrimary FROM {ROLES} "
            "WHERE OpportunityId IN {ids} ORDER BY IsPrimary DESC, CreatedDate, Id",
            ids,
        )
        people = [str(row["ContactId"]) for row in rows if row.get("ContactId")]
        there = {
            str(row["Id"])
            for row in self._api.query_in("SELECT Id FROM Contact WHERE Id IN {ids}", people)
        }
        found = Linked()
        for row in rows:
            deal, contact = str(row["OpportunityId"]), str(row.get("ContactId") or "")
            if contact not in there:
                continue
            found.add(deal, contact)
            if row.get("IsPrimary"):
                found.primary[deal] = contact
            if row.get("Role"):
                found.labels[deal, contact] = str(row["Role"])
        return found

    def _deals(self, ids: Sequence[str]) -> Linked:
        contacts = [id for id in ids if kind_of(id) == "contact"]  # a lead has none
        rows = self._api.query_in(
            f"SELECT OpportunityId, ContactId FROM {ROLES} WHERE ContactId IN {{ids}}", contacts
        )
        found = Linked()
        for row in rows:
            found.add(str(row["ContactId"]), str(row["OpportunityId"]))
        return found

    def _companies(self, type: ObjectType, ids: Sequence[str]) -> Linked:
        shape = self._schema.of(type)
        of_type = [id for id in ids if kind_of(id) == type]  # a lead's company is but a name
        found = Linked()
        for row in self._api.query_in(
            f"SELECT Id, AccountId FROM {shape.sobject} WHERE Id IN {{ids}}", of_type
        ):
            found.add(str(row["Id"]), row.get("AccountId"))
        return found

    def _by_column(self, type: ObjectType, column: str, ids: Sequence[str]) -> Linked:
        shape = self._schema.find(type)
        found = Linked()
        if shape is None:
            return found
        more = f" AND {CALLS_ONLY}" if type == "call" else ""
        rows = self._api.query_in(
            f"SELECT Id, {column} FROM {shape.sobject} WHERE {column} IN {{ids}}{more}", ids
        )
        for row in rows:
            found.add(str(row[column]), str(row["Id"]))
        return found

    def _rows(
        self, type: ObjectType, ids: Sequence[str], rows: Mapping[str, Row] | None
    ) -> Iterable[Row]:
        if rows is not None:
            return [rows[id] for id in ids if id in rows]
        shape = self._schema.of(type)
        return self._api.query_in(
            f"SELECT Id, WhoId, WhatId FROM {shape.sobject} WHERE Id IN {{ids}}", ids
        )

    def _of_mail(
        self, to_type: ObjectType, ids: Sequence[str], rows: Mapping[str, Row] | None
    ) -> Linked:
        """Whom mails are about: those outside the firm whom they come from or go to."""
        found = Linked()
        if to_type == "deal":
            for id in ids:
                related = str((rows or {}).get(id, {}).get("RelatedToId") or "")
                found.add(id, related if kind_of(related) == "deal" else None)
            return found
        for row in self._relations("EmailMessageId", ids):
            other = str(row.get("RelationId") or "")
            if to_type == "contact" and kind_of(other) in ("contact", "lead"):
                found.add(str(row["EmailMessageId"]), other)
        return found

    def _mail_of(self, from_type: ObjectType, ids: Sequence[str]) -> Linked:
        found = Linked()
        if self._schema.find("email") is None:
            return found
        if from_type != "contact":
            return self._by_column("email", "RelatedToId", ids)
        for row in self._relations("RelationId", ids):
            found.add(str(row["RelationId"]), str(row["EmailMessageId"]))
        return found

    def _relations(self, column: str, ids: Sequence[str]) -> list[Row]:
        soql = f"SELECT EmailMessageId, RelationId FROM {MAIL} WHERE {column} IN {{ids}}"
        try:
            return list(self._api.query_in(soql, ids))
        except NotFound:
            return []


def _whose(to_type: ObjectType, rows: Iterable[Row]) -> Linked:
    column, kinds = "WhatId", (to_type,)
    if to_type == "contact":
        column, kinds = "WhoId", ("contact", "lead")
    found = Linked()
    for row in rows:
        other = str(row.get(column) or "")
        found.add(str(row["Id"]), other if kind_of(other) in kinds else None)
    return found
