"""Reading Salesforce's records: by id in batches, and page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from app.model.time import DAY, HOUR, Business, Clocks
from connectors.batches import chunks
from connectors.contract import CrmRecord, Invalid, NotFound, ObjectType, Page, Version
from connectors.salesforce.api import Api, Ask, Question, quoted
from connectors.salesforce.cadences import Cadences
from connectors.salesforce.due import told
from connectors.salesforce.links import Linked, Links, kind_of
from connectors.salesforce.listing import LEADS_FROM, listing, place_of
from connectors.salesforce.rows import Row, Rows, stage_versions
from connectors.salesforce.schema import Schema, Shape
from connectors.salesforce.tables import BATCH, ENGAGEMENTS, PAGE

_PEOPLE: tuple[ObjectType, ...] = ("contact", "lead")

T = TypeVar("T")


class Reader:
    """Reads of one installation; every call here may be repeated safely."""

    def __init__(
        self,
        api: Api,
        schema: Schema,
        rows: Rows,
        links: Links,
        cadences: Cadences,
        clocks: Clocks,
    ) -> None:
        self._api = api
        self._schema = schema
        self._rows = rows
        self._links = links
        self._cadences = cadences
        self._clocks = clocks

    # --- by id -------------------------------------------------------------------------------

    def read(
        self,
        type: ObjectType,
        ids: Sequence[str],
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
        archived: bool = False,
    ) -> list[CrmRecord]:
        """As the contract says. A lead is read as a contact; one that was converted, and a contact
        that was merged, lead to the contact that they have become."""
        if type != "contact":
            return self._of_shape(type, ids, history, associations, archived)
        leads = [id for id in ids if kind_of(id) == "lead"]
        others = [id for id in ids if kind_of(id) != "lead"]
        found = self._of_shape("contact", others, history, associations, archived)
        found += self._of_shape("lead", leads, history, associations, archived)
        if archived:
            return found
        found = [record for record in found if "converted_to" not in record.fields]
        became = self._became(set(ids) - {record.id for record in found})
        if became:
            kept = [id for id in set(became.values()) if id not in {r.id for r in found}]
            found += self._of_shape("contact", kept, history, associations, False)
            for record in found:
                gone = sorted(one for one, to in became.items() if to == record.id)
                if gone:
                    record.fields["merged_ids"] = gone
        return found

    def _of_shape(
        self,
        type: ObjectType,
        ids: Sequence[str],
        history: bool,
        associations: Sequence[ObjectType],
        archived: bool,
    ) -> list[CrmRecord]:
        # An event that was taken out of the calendar says that the meeting is off.
        deleted = archived or type == "meeting"
        # A lead that was converted is as little there as a deleted one.
        gone = "(IsDeleted = true OR IsConverted = true)" if type == "lead" else "IsDeleted = true"
        only = f" AND {gone}" if archived else ""
        found: list[CrmRecord] = []
        for part in chunks(list(dict.fromkeys(ids)), BATCH):
            asked = self.selected(
                type,
                lambda shape, part=part: self._api.answers(
                    {
                        "rows": _rows(
                            f"SELECT {', '.join(shape.columns)} FROM {shape.sobject} "
                            f"WHERE Id IN {quoted(list(part))}{only}",
                            deleted,
                        ),
                        **self._beside(type, part, history, associations),
                    }
                ),
            )
            found += self._made(type, asked["rows"], asked, history, associations)
        return found

    def _beside(
        self,
        type: ObjectType,
        ids: Sequence[str],
        history: bool,
        associations: Sequence[ObjectType],
    ) -> dict[str, Question[Any]]:
        """What is to be asked beside records themselves, by what it is of."""
        asked: dict[str, Question[Any]] = {}
        if type in _PEOPLE and (question := self._cadences.question(ids)) is not None:
            asked["cadences"] = question
        if history and type == "deal":
            asked["history"] = _history(ids)
        return asked | dict(self._links.beside(type, associations, ids))

    def made(self, type: ObjectType, rows: Sequence[Row]) -> list[CrmRecord]:
        """Records of rows at hand, without what stands beside them: to be read where it matters."""
        return self._made(type, rows, {}, False, ())

    def _followed(
        self,
        type: ObjectType,
        rows: Sequence[Row],
        history: bool,
        associations: Sequence[ObjectType],
    ) -> list[CrmRecord]:
        """Records of rows at hand; what stands beside them is asked for."""
        if not rows:
            return []
        ids = [str(row["Id"]) for row in rows]
        asked = self._api.answers(self._beside(type, ids, history, associations))
        return self._made(type, rows, asked, history, associations)

    def _made(
        self,
        type: ObjectType,
        rows: Sequence[Row],
        asked: Mapping[str, Any],
        history: bool,
        associations: Sequence[ObjectType],
    ) -> list[CrmRecord]:
        """asked: what `_beside` came to."""
        shape = self._schema.of(type)
        as_type: ObjectType = "contact" if type == "lead" else type
        records = [self._rows.record(shape, row, as_type) for row in rows]
        if not records:
            return records
        by_id = {str(row["Id"]): row for row in rows}
        if type == "lead":
            for record in records:
                if by_id[record.id].get("IsConverted"):
                    record.fields["converted_to"] = by_id[record.id].get("ConvertedContactId")
        if "cadences" in asked:
            self._cadences.attach(records, asked["cadences"])
        if history and type == "deal":
            _date(records, by_id, asked["history"])
        if associations:
            linked = cast(Mapping[ObjectType, Linked], asked)
            self._links.attach(records, by_id, associations, linked)
        return records

    def _became(self, ids: set[str]) -> dict[str, str]:
        """id → contact that it is by now: of leads that were converted, and of people who were
        merged, whose records lie in the recycle bin and say into whom."""
        found: dict[str, str] = {}
        leads = sorted(id for id in ids if kind_of(id) == "lead")
        contacts = sorted(id for id in ids if kind_of(id) == "contact")
        people: dict[ObjectType, list[str]] = {"lead": leads, "contact": contacts}
        for type, members in people.items():
            shape = self._schema.find(type) if members else None
            if shape is None:
                continue
            names = ("ConvertedContactId", "MasterRecordId")
            columns = [name for name in names if shape.has(name)]
            if not columns:
                continue
            for row in self._api.query_in(
                f"SELECT Id, {', '.join(columns)} FROM {shape.sobject} WHERE Id IN {{ids}}",
                members,
                deleted=True,
            ):
                to = next((str(row[name]) for name in columns if row.get(name)), None)
                if to is not None:
                    found[str(row["Id"])] = to
        # Merged twice, or merged and then converted.
        for id, to in found.items():
            while to in found and found[to] != to:
                to = found[to]
            found[id] = to
        return found

    # --- listings ----------------------------------------------------------------------------

    def page(
        self,
        type: ObjectType,
        after: str | None,
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
    ) -> Page:
        """One page of all live records, by id: a listing goes on where it was left, even days
        later. Of deals, the last activity comes along, for where silence begins. It is asked for
        here alone: what happens from now on is read by itself."""
        kind, last = place_of(type, after)
        rows = self.selected(kind, lambda shape: self._api.query(listing(shape, last)))
        records = self._followed(kind, rows, history, associations)
        if type == "deal":
            latest = self._links.latest_on([r.id for r in records], self._clocks.business())
            for record, row in zip(records, rows, strict=True):
                at = latest.get(record.id) or self._day(row.get("LastActivityDate"))
                record.fields["last_contacted_at"] = at
        live = [record for record in records if "converted_to" not in record.fields]
        return Page(live, self.following(type, kind, rows, str(rows[-1]["Id"]) if rows else ""))

    def following(
        self, type: ObjectType, kind: ObjectType, rows: Sequence[Row], place: str
    ) -> str | None:
        """The cursor of the page behind one of rows that ends at a place; None for the last."""
        prefix = LEADS_FROM if kind == "lead" else ""
        if len(rows) == PAGE:
            return f"{prefix}{place}"
        if type == "contact" and kind == "contact" and self._schema.find("lead") is not None:
            return LEADS_FROM
        return None

    def _day(self, value: Any) -> int | None:
        """Noon of a day that is past: an event that is still to come is no activity yet."""
        day = told(value)
        now = self._clocks.business()
        if day is None or day > now:
            return None
        return min(day + DAY // 2, now - now % HOUR)

    def there(self, type: ObjectType, ids: Sequence[str]) -> set[str]:
        """Those of the ids whose records are live; a lead that was converted is none any more."""
        asks: list[Ask] = []
        for kind in _PEOPLE if type == "contact" else (type,):
            members = [id for id in ids if kind not in _PEOPLE or (kind_of(id) or kind) == kind]
            shape = self._schema.of(kind) if members else None
            if shape is None:
                continue
            more = " AND IsConverted = false" if shape.has("IsConverted") else ""
            for part in chunks(list(dict.fromkeys(members)), BATCH):
                where = f"WHERE Id IN {quoted(list(part))}{more}"
                asks.append(Ask(f"SELECT Id FROM {shape.sobject} {where}"))
        return {str(row["Id"]) for rows in self._api.ask(asks) for row in rows}

    # --- look-ups ----------------------------------------------------------------------------

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        wanted = list(dict.fromkeys(email.lower() for email in emails))
        found: dict[str, list[str]] = {}
        kinds: dict[ObjectType, str] = {"contact": "", "lead": " AND IsConverted = false"}
        for type, more in kinds.items():
            shape = self._schema.find(type)
            if shape is None or "email" not in shape.names:
                continue
            column = shape.names["email"]
            soql = f"SELECT Id, {column} FROM {shape.sobject} WHERE {column} IN {{ids}}{more}"
            for row in self._api.query_in(soql, wanted, size=100):
                found.setdefault(str(row[column]).lower(), []).append(str(row["Id"]))
        return found

    def engagements_of(self, type: ObjectType, id: str) -> list[tuple[ObjectType, str]]:
        """All engagements of one record, by type; a call that is a task stands as the call."""
        found: dict[str, ObjectType] = {}
        for engagement in ENGAGEMENTS:
            for other in self._links.of(type, engagement, [id]).ids.get(id, ()):
                found[other] = engagement
        return [(engagement, other) for other, engagement in found.items()]

    def selected(self, type: ObjectType, ask: Callable[[Shape], T]) -> T:
        """An answer for the shape as known; once more where a column, or the whole object, has
        gone since."""
        try:
            return ask(self._schema.of(type))
        except (Invalid, NotFound) as error:
            if isinstance(error, Invalid) and not error.missing:
                raise
            self._schema.forget()
            return ask(self._schema.of(type))


def _rows(soql: str, deleted: bool) -> Question[Sequence[Row]]:
    (rows,) = yield [Ask(soql, deleted)]
    return rows


def _history(deals: Sequence[str]) -> Question[dict[str, list[Row]]]:
    """Opportunity → its entries, oldest first."""
    (rows,) = yield [
        Ask(
            "SELECT Id, OpportunityId, StageName, CreatedDate, CreatedById FROM OpportunityHistory "
            f"WHERE OpportunityId IN {quoted(list(deals))} ORDER BY CreatedDate, Id"
        )
    ]
    entries: dict[str, list[Row]] = {}
    for row in rows:
        entries.setdefault(str(row["OpportunityId"]), []).append(row)
    return entries


def _date(
    records: Sequence[CrmRecord], rows: Mapping[str, Row], entries: Mapping[str, list[Row]]
) -> None:
    """Give opportunities the history of their stages."""
    for record in records:
        stage = record.fields.get("stage")
        versions = stage_versions(record.fields["pipeline"], entries.get(record.id, []))
        if stage is not None and (not versions or versions[-1].value != stage):
            at = told(rows[record.id].get("LastStageChangeDate"))
            versions.append(Version(stage, Business(at or record.created_at)))
        record.history["stage"] = versions
