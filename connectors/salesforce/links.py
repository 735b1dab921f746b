"""Which records belong together, as Salesforce keeps it: by columns, and by tables of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, cast

from connectors.batches import chunks
from connectors.contract import CrmRecord, ObjectType
from connectors.salesforce.api import Api, Ask, Question, quoted
from connectors.salesforce.due import literal, told
from connectors.salesforce.rows import Row
from connectors.salesforce.schema import Schema
from connectors.salesforce.tables import BATCH, CALLS_ONLY, PREFIXES

ROLES = "OpportunityContactRole"
MAIL = "EmailMessageRelation"
_ACTIVITIES: tuple[ObjectType, ...] = ("task", "call", "meeting", "note")


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

    def join(self, other: Linked) -> None:
        """Take in what is said of further records."""
        self.ids |= other.ids
        self.primary |= other.primary
        self.labels |= other.labels


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
        asked: Mapping[ObjectType, Linked],
    ) -> None:
        """Fill in the associations of records of one type. rows: record id → as read. asked: what
        the questions of `beside` came to."""
        for record in records:
            record.associations = {type: [] for type in types}
        for type in types:
            linked = asked.get(type) or self._by_rows(records[0].type, type, rows)
            for record in records:
                found = linked.ids.get(record.id, [])
                assert record.associations is not None
                record.associations[type] = found
                if record.id in linked.primary:
                    record.primary[type] = linked.primary[record.id]
                for other in found:
                    if label := linked.labels.get((record.id, other)):
                        record.labels[type, other] = (label,)

    def beside(
        self, from_type: ObjectType, types: Iterable[ObjectType], ids: Sequence[str]
    ) -> dict[ObjectType, Question[Linked]]:
        """What has to be asked for the associations of records of one type, beside the records
        themselves: those of activities stand in their own rows."""
        return {
            type: question
            for type in types
            if not _in_rows(from_type, type)
            and (question := self._question(from_type, type, ids)) is not None
        }

    def of(self, from_type: ObjectType, to_type: ObjectType, ids: Sequence[str]) -> Linked:
        """id → linked ids of one type."""
        found = Linked()
        for part in chunks(list(dict.fromkeys(ids)), BATCH):
            if (question := self._question(from_type, to_type, part)) is not None:
                found.join(self._api.answers({to_type: question})[to_type])
        return found

    def of_companies(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        """Account → its opportunities or people; of one that was merged away, those of the account
        that it went into."""
        found = self.of("company", type, ids)
        shape = self._schema.find("company")
        without = [id for id in ids if id not in found.ids]
        if not without or shape is None or not shape.has("MasterRecordId"):
            return found.ids
        became = {
            str(row["Id"]): str(row["MasterRecordId"])
            for row in self._api.query_in(
                f"SELECT Id, MasterRecordId FROM {shape.sobject} "
                "WHERE Id IN {ids} AND MasterRecordId != null",
                without,
                deleted=True,
            )
        }
        theirs = self.of("company", type, list(became.values())).ids
        return found.ids | {gone: theirs[kept] for gone, kept in became.items() if kept in theirs}

    def _question(
        self, from_type: ObjectType, to_type: ObjectType, ids: Sequence[str]
    ) -> Question[Linked] | None:
        """None where the account has nothing that could be asked."""
        if (from_type, to_type) == ("deal", "contact"):
            return _people(ids)
        if (from_type, to_type) == ("contact", "deal"):
            return _deals(ids)
        if from_type == "company" and to_type in ("deal", "contact"):
            return self._by_column(to_type, "AccountId", ids)
        if to_type == "company":
            return self._companies(from_type, ids)
        if (from_type, to_type) == ("email", "contact"):
            return _people_of_mail(ids)
        if from_type in _ACTIVITIES:
            return self._parties(from_type, to_type, ids)
        if (from_type, to_type) == ("contact", "email"):
            return None if self._schema.find("email") is None else _mail_of(ids)
        if to_type == "email":
            return self._by_column("email", "RelatedToId", ids)
        if to_type in _ACTIVITIES:
            column = "WhoId" if from_type == "contact" else "WhatId"
            return self._by_column(to_type, column, ids)
        return None

    def _by_rows(
        self, from_type: ObjectType, to_type: ObjectType, rows: Mapping[str, Row]
    ) -> Linked:
        if from_type == "email":
            return _related(rows.values()) if to_type == "deal" else Linked()
        if from_type == "quote":
            column = "OpportunityId" if to_type == "deal" else "ContactId"
            return _whose(to_type, rows.values(), column)
        return _whose(to_type, rows.values()) if from_type in _ACTIVITIES else Linked()

    def latest_on(self, deals: Sequence[str], now: int) -> dict[str, int]:
        """Opportunity → when somebody last did something about it: closed a task that is none of
        ours, met, or sent or got a mail. Salesforce itself keeps but the day, our tasks included.
        """
        columns: list[str] = []
        asks: list[Ask] = []
        for type, column, at, only in (
            ("task", "WhatId", "CompletedDateTime", " AND IsClosed = true"),
            ("meeting", "WhatId", "StartDateTime", f" AND StartDateTime <= {literal(now)}"),
            ("email", "RelatedToId", "MessageDate", ""),
        ):
            shape = self._schema.find(cast(ObjectType, type))
            if not deals or shape is None or not shape.has(at):
                continue
            ours = f" AND {name} = null" if (name := shape.names.get("touch_id")) else ""
            columns.append(column)
            asks.append(
                Ask(
                    f"SELECT {column}, MAX({at}) latest FROM {shape.sobject} "
                    f"WHERE {column} IN {quoted(list(deals))}{only}{ours} GROUP BY {column}"
                )
            )
        found: dict[str, int] = {}
        for column, rows in zip(columns, self._api.ask(asks), strict=True):
            for row in rows:
                deal, when = str(row[column]), told(row.get("latest"))
                if when is not None:
                    found[deal] = max(found.get(deal, 0), when)
        return found

    def _companies(self, type: ObjectType, ids: Sequence[str]) -> Question[Linked]:
        shape = self._schema.of(type)
        of_type = [id for id in ids if kind_of(id) == type]  # a lead's company is but a name
        soql = f"SELECT Id, AccountId FROM {shape.sobject} WHERE Id IN {quoted(of_type)}"
        answers = yield [Ask(soql)] if of_type else []
        found = Linked()
        for row in chain(*answers):
            found.add(str(row["Id"]), row.get("AccountId"))
        return found

    def _by_column(
        self, type: ObjectType, column: str, ids: Sequence[str]
    ) -> Question[Linked] | None:
        shape = self._schema.find(type)
        if shape is None:
            return None
        more = f" AND {CALLS_ONLY}" if type == "call" else ""
        where = f"WHERE {column} IN {quoted(list(ids))}{more}"
        return _pairs(f"SELECT Id, {column} FROM {shape.sobject} {where}", column)

    def _parties(
        self, type: ObjectType, to_type: ObjectType, ids: Sequence[str]
    ) -> Question[Linked]:
        sobject = self._schema.of(type).sobject
        soql = f"SELECT Id, WhoId, WhatId FROM {sobject} WHERE Id IN {quoted(list(ids))}"
        (rows,) = yield [Ask(soql)]
        return _whose(to_type, rows)


def _in_rows(from_type: ObjectType, to_type: ObjectType) -> bool:
    return from_type in (*_ACTIVITIES, "quote") or (from_type, to_type) == ("email", "deal")


def _people(ids: Sequence[str]) -> Question[Linked]:
    """The people of opportunities. A role may name somebody who was deleted, or whom the user may
    not see: access to the opportunity is all that Salesforce asks for."""
    of_these = f"FROM {ROLES} WHERE OpportunityId IN {quoted(list(ids))}"
    rows, people = yield [
        Ask(
            f"SELECT OpportunityId, ContactId, Role, IsPrimary {of_these} "
            "ORDER BY IsPrimary DESC, CreatedDate, Id"
        ),
        Ask(f"SELECT Id FROM Contact WHERE Id IN (SELECT ContactId {of_these})"),
    ]
    there = {str(row["Id"]) for row in people}
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


def _deals(ids: Sequence[str]) -> Question[Linked]:
    contacts = [id for id in ids if kind_of(id) == "contact"]  # a lead has none
    soql = (
        f"SELECT OpportunityId, ContactId FROM {ROLES} WHERE ContactId IN {quoted(contacts)}"
    )
    answers = yield [Ask(soql)] if contacts else []
    found = Linked()
    for row in chain(*answers):
        found.add(str(row["ContactId"]), str(row["OpportunityId"]))
    return found


def _pairs(soql: str, column: str) -> Question[Linked]:
    (rows,) = yield [Ask(soql)]
    found = Linked()
    for row in rows:
        found.add(str(row[column]), str(row["Id"]))
    return found


def _related(rows: Iterable[Row]) -> Linked:
    found = Linked()
    for row in rows:
        related = str(row.get("RelatedToId") or "")
        found.add(str(row["Id"]), related if kind_of(related) == "deal" else None)
    return found


def _people_of_mail(ids: Sequence[str]) -> Question[Linked]:
    """Whom mails are about: those outside the firm whom they come from or go to."""
    (rows,) = yield [_relations("EmailMessageId", ids)]
    found = Linked()
    for row in rows:
        other = str(row.get("RelationId") or "")
        if kind_of(other) in ("contact", "lead"):
            found.add(str(row["EmailMessageId"]), other)
    return found


def _mail_of(ids: Sequence[str]) -> Question[Linked]:
    (rows,) = yield [_relations("RelationId", ids)]
    found = Linked()
    for row in rows:
        found.add(str(row["RelationId"]), str(row["EmailMessageId"]))
    return found


def _relations(column: str, ids: Sequence[str]) -> Ask:
    soql = f"SELECT EmailMessageId, RelationId FROM {MAIL} WHERE {column} IN {quoted(list(ids))}"
    return Ask(soql, there=False)


def _whose(to_type: ObjectType, rows: Iterable[Row], column: str = "") -> Linked:
    """column: which names the other record, where that is not what it is of any activity."""
    kinds = ("contact", "lead") if to_type == "contact" else (to_type,)
    column = column or ("WhoId" if to_type == "contact" else "WhatId")
    found = Linked()
    for row in rows:
        other = str(row.get(column) or "")
        found.add(str(row["Id"]), other if kind_of(other) in kinds else None)
    return found
