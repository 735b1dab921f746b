"""What changed in a Salesforce account, since it sends no webhooks: all of it, deletions included.

A poll asks for every kind of record at once. Nearly always nothing has changed, or little has, so
that the first pages are all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from app.model.time import MINUTE, Business
from connectors.contract import CrmRecord, NotFound, ObjectType, Page
from connectors.salesforce.api import Api, Ask, Found
from connectors.salesforce.due import told
from connectors.salesforce.links import ROLES
from connectors.salesforce.listing import ROLES_FROM, behind, changes, modified, place_of
from connectors.salesforce.reading import Reader
from connectors.salesforce.rows import Row
from connectors.salesforce.schema import Schema
from connectors.salesforce.tables import MAIL_SUBTYPES, PAGE

OVERLAP_MS = MINUTE
"""A poll looks back so far before its watermark: a long transaction is stamped before it is seen.
"""

_KINDS: Mapping[ObjectType, tuple[ObjectType, ...]] = {"contact": ("contact", "lead")}
"""Types whose records are of several objects."""

_MAY_LACK: tuple[ObjectType, ...] = ("email", "meeting", "quote")
"""Types that an account may not have, or not show us: nothing of them changes then. Without deals,
people or tasks nothing can be followed up, and that is an error."""

_Listings = list[tuple[ObjectType | None, Found]]
"""Rows by what they are of; None: of who belongs to an opportunity."""


class Changes:
    """Lists of what changed in one account. Deleted records are among them, as archived.

    Who belongs to an opportunity is kept beside it, and its change is no change of the opportunity:
    those follow, with their people.
    """

    def __init__(self, api: Api, schema: Schema, reader: Reader) -> None:
        self._api = api
        self._schema = schema
        self._reader = reader

    def first(self, since: Mapping[ObjectType, Business]) -> Iterator[tuple[ObjectType, Page]]:
        """The first page of each type, asked for together. What cannot be had so is asked for alone
        when its turn comes."""
        found = self._together(since)
        for type, watermark in since.items():
            page = self._page(type, found[type]) if type in found else None
            yield type, page or self.since(type, watermark, None)

    def since(self, type: ObjectType, watermark: Business, after: str | None) -> Page:
        """One page of what was modified at or after the watermark, oldest first."""
        begin = _begin(watermark)
        if after is not None and after.startswith(ROLES_FROM):
            cursor = after.removeprefix(ROLES_FROM)
            return self._of_roles(self._api.query(_roles(begin, cursor), deleted=True))
        if type in _MAY_LACK and self._schema.find(type) is None:
            return Page([], None)
        kind, cursor = place_of(type, after)
        try:
            rows = self._reader.selected(
                kind, lambda shape: self._api.query(changes(shape, begin, cursor), deleted=True)
            )
        except NotFound:
            if type in _MAY_LACK and self._schema.find(type) is None:
                return Page([], None)  # it was there before
            raise
        following = self._reader.following(type, kind, rows, behind(rows[-1]) if rows else "")
        more = ROLES_FROM if type == "deal" and following is None else following
        return Page(self._records(type, kind, rows), more)

    # --- several types -----------------------------------------------------------------------

    def _together(self, since: Mapping[ObjectType, Business]) -> dict[ObjectType, _Listings]:
        """Type → what it is listed of, and the rows; a type that could not be asked for so is
        absent."""
        asks: list[tuple[ObjectType, ObjectType | None, Ask]] = []
        for type, watermark in since.items():
            begin = _begin(watermark)
            for kind in _KINDS.get(type, (type,)):
                if (shape := self._schema.find(kind)) is not None:
                    asks.append((type, kind, Ask(changes(shape, begin, ""), True)))
            if type == "deal":
                asks.append((type, None, Ask(_roles(begin, ""), True)))
        found: dict[ObjectType, _Listings] = {}
        refused: set[ObjectType] = set()
        answers = self._api.asked([ask for *_, ask in asks])
        for (type, kind, _), rows in zip(asks, answers, strict=True):
            if rows is None:
                refused.add(type)
            else:
                found.setdefault(type, []).append((kind, rows))
        return {type: rows for type, rows in found.items() if type not in refused}

    def _page(self, type: ObjectType, listings: _Listings) -> Page | None:
        """The page that the first pages of all listings of a type make; None where there is more,
        which then is listed in order."""
        if any(len(rows) == PAGE for _, rows in listings):
            return None
        records: list[CrmRecord] = []
        for kind, rows in listings:
            if kind is None:
                records += self._of_roles(rows).records
            else:
                records += self._records(type, kind, rows)
        return Page(records, None)

    # --- records -----------------------------------------------------------------------------

    def _records(
        self, type: ObjectType, kind: ObjectType, rows: Sequence[Row]
    ) -> list[CrmRecord]:
        records = self._reader.made(kind, rows)
        return [one for one, row in zip(records, rows, strict=True) if self._counts(type, one, row)]

    def _of_roles(self, rows: Sequence[Row]) -> Page:
        """Opportunities whose people changed, modified when that was."""
        changed: dict[str, int] = {}
        for row in rows:
            changed[str(row["OpportunityId"])] = told(row["SystemModstamp"]) or 0
        records = self._reader.read("deal", list(changed), associations=("contact",))
        for record in records:
            record.updated_at = Business(max(record.updated_at, changed[record.id]))
        more = len(rows) == PAGE
        return Page(records, f"{ROLES_FROM}{behind(rows[-1])}" if more else None)

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


def _begin(watermark: Business) -> int:
    return max(0, watermark - OVERLAP_MS)


def _roles(begin: int, cursor: str) -> str:
    return (
        f"SELECT Id, OpportunityId, SystemModstamp FROM {ROLES} "
        f"WHERE {modified(begin, cursor)} ORDER BY SystemModstamp, Id LIMIT {PAGE}"
    )
