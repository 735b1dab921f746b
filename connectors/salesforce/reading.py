"""Reading Salesforce's records: by id in batches, page by page, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.model.time import DAY, HOUR, MINUTE, Business, Clocks
from connectors.contract import CrmRecord, Invalid, ObjectType, Page, Version
from connectors.salesforce.api import Api
from connectors.salesforce.cadences import Cadences
from connectors.salesforce.due import told
from connectors.salesforce.links import ROLES, Links, kind_of
from connectors.salesforce.listing import (
    LEADS_FROM,
    ROLES_FROM,
    behind,
    changes,
    listing,
    modified,
    place_of,
)
from connectors.salesforce.rows import Row, Rows, stage_versions
from connectors.salesforce.schema import Schema, Shape
from connectors.salesforce.tables import ENGAGEMENTS, MAIL_SUBTYPES, PAGE

OVERLAP_MS = MINUTE
"""A poll looks back so far before its watermark: a long transaction is stamped before it is seen.
"""

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
        if not ids:
            return []
        # An event that was taken out of the calendar says that the meeting is off.
        deleted = archived or type == "meeting"
        rows = self._selected(
            type,
            lambda shape: self._api.query_in(
                f"SELECT {', '.join(shape.columns)} FROM {shape.sobject} WHERE Id IN {{ids}}"
                + (" AND IsDeleted = true" if archived else ""),
                ids,
                deleted=deleted,
            ),
        )
        return self._made(type, rows, history, associations)

    def _made(
        self,
        type: ObjectType,
        rows: Sequence[Row],
        history: bool,
        associations: Sequence[ObjectType],
    ) -> list[CrmRecord]:
        shape = self._schema.of(type)
        as_type: ObjectType = "contact" if type == "lead" else type
        records = [self._rows.record(shape, row, as_type) for row in rows]
        if not records:
            return records
        if type == "lead":
            for record, row in zip(records, rows, strict=True):
                if row.get("IsConverted"):
                    record.fields["converted_to"] = row.get("ConvertedContactId")
        if as_type == "contact":
            self._cadences.attach(records)
        if history and type == "deal":
            self._history(records, {str(row["Id"]): row for row in rows})
        if associations:
            self._links.attach(records, {str(row["Id"]): row for row in rows}, associations)
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

    def _history(self, records: Sequence[CrmRecord], rows: dict[str, Row]) -> None:
        entries: dict[str, list[Row]] = {}
        for row in self._api.query_in(
            "SELECT Id, OpportunityId, StageName, CreatedDate, CreatedById FROM OpportunityHistory "
            "WHERE OpportunityId IN {ids} ORDER BY CreatedDate, Id",
            [record.id for record in records],
        ):
            entries.setdefault(str(row["OpportunityId"]), []).append(row)
        for record in records:
            stage = record.fields.get("stage")
            versions = stage_versions(record.fields["pipeline"], entries.get(record.id, []))
            if stage is not None and (not versions or versions[-1].value != stage):
                at = told(rows[record.id].get("LastStageChangeDate"))
                versions.append(Version(stage, Business(at or record.created_at)))
            record.history["stage"] = versions

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
        rows = self._selected(kind, lambda shape: self._api.query(listing(shape, last)))
        records = self._made(kind, rows, history, associations)
        if type == "deal":
            latest = self._links.latest_on([r.id for r in records], self._clocks.business())
            for record, row in zip(records, rows, strict=True):
                at = latest.get(record.id) or self._day(row.get("LastActivityDate"))
                record.fields["last_contacted_at"] = at
        live = [record for record in records if "converted_to" not in record.fields]
        return Page(live, self._following(type, kind, rows, str(rows[-1]["Id"]) if rows else ""))

    def changed_since(self, type: ObjectType, watermark: Business, after: str | None) -> Page:
        """One page of records modified at or after the watermark, oldest first; what was deleted
        among them, as archived. Who belongs to an opportunity is kept beside it, and its change is
        no change of the opportunity: those follow, with their people."""
        begin = max(0, watermark - OVERLAP_MS)
        if after is not None and after.startswith(ROLES_FROM):
            return self._of_roles(begin, after.removeprefix(ROLES_FROM))
        kind, cursor = place_of(type, after)
        rows = self._selected(
            kind, lambda shape: self._api.query(changes(shape, begin, cursor), deleted=True)
        )
        records = self._made(kind, rows, False, ())
        last = rows[-1] if rows else None
        place = behind(last) if last else ""
        kept = [r for r, row in zip(records, rows, strict=True) if self._counts(type, r, row)]
        following = self._following(type, kind, rows, place)
        return Page(kept, ROLES_FROM if type == "deal" and following is None else following)

    def _of_roles(self, begin: int, cursor: str) -> Page:
        """Opportunities whose people changed, modified when that was."""
        rows = self._api.query(
            f"SELECT Id, OpportunityId, SystemModstamp FROM {ROLES} "
            f"WHERE {modified(begin, cursor)} ORDER BY SystemModstamp, Id LIMIT {PAGE}",
            deleted=True,
        )
        changed: dict[str, int] = {}
        for row in rows:
            changed[str(row["OpportunityId"])] = told(row["SystemModstamp"]) or 0
        records = self._of_shape("deal", list(changed), False, ("contact",), False)
        for record in records:
            record.updated_at = Business(max(record.updated_at, changed[record.id]))
        last = rows[-1] if len(rows) == PAGE else None
        return Page(records, f"{ROLES_FROM}{behind(last)}" if last else None)

    def _counts(self, type: ObjectType, record: CrmRecord, row: Row) -> bool:
        """Whether a change is told under this type. What Salesforce keeps as one task may be a
        call, or stand for an e-mail that is a record of its own: each is told once."""
        if type == "call":
            return not record.fields.get("touch_id")
        if type != "task" or record.fields.get("touch_id"):
            return True
        subtype = row.get("TaskSubtype")
        if subtype in MAIL_SUBTYPES and self._schema.find("email") is not None:
            return False
        return not (subtype == "Call" and row.get("IsClosed"))

    def _following(
        self, type: ObjectType, kind: ObjectType, rows: Sequence[Row], place: str
    ) -> str | None:
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

    def _selected(self, type: ObjectType, ask: Callable[[Shape], T]) -> T:
        """An answer for the shape as known; once more where a column has gone since."""
        try:
            return ask(self._schema.of(type))
        except Invalid as error:
            if not error.missing:
                raise
            self._schema.forget()
            return ask(self._schema.of(type))
