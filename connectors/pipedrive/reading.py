"""Reading Pipedrive's records: by id, page by page, and what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from app.model.time import MINUTE, Business, Clocks
from connectors.batches import chunks
from connectors.contract import CrmRecord, Forbidden, NotFound, ObjectType, Page, Version
from connectors.marks import lately
from connectors.pipedrive.api import SEARCH, Api, following, path_of, v2
from connectors.pipedrive.history import Histories
from connectors.pipedrive.kinds import Kinds
from connectors.pipedrive.linking import Linker
from connectors.pipedrive.mails import Mails
from connectors.pipedrive.records import Parser, Row, Texts, done_at, due_at, is_gone, mailed_at
from connectors.pipedrive.tables import (
    ALONE,
    BATCH,
    DEAL_PAGE,
    DELETED_ARE_SHOWN,
    INCLUDED,
    KEYS,
    PAGE,
    V1_ONLY,
)

OVERLAP_MS = MINUTE
"""A poll looks back so far before its watermark."""

_THEN = "activities:"
"""Cursors of what changed in mails begin so once the deals' own mails are through: then come the
mails that reps logged as activities."""

_ACTIVITIES = frozenset({"task", "meeting", "call", "email"})
_NO_TEXTS: Mapping[str, Texts] = {}
_NOTHING: Row = {}


class Reader:
    """Reads of one installation; every call here may be repeated safely."""

    def __init__(
        self,
        api: Api,
        parser: Parser,
        kinds: Kinds,
        clocks: Clocks,
        mails: Mails,
        leads: Callable[[], bool],
    ) -> None:
        """leads: whether the grant shows them."""
        self._api = api
        self._parser = parser
        self._kinds = kinds
        self._mails = mails
        self._leads = leads
        self._clocks = clocks
        self.linker = Linker(api, kinds)
        self._histories = Histories(api, clocks)

    def read(
        self,
        type: ObjectType,
        ids: Sequence[str],
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
        archived: bool = False,
        ours: bool = False,
    ) -> list[CrmRecord]:
        """Records by id; missing ones are absent. archived: deleted and archived ones instead.

        ours: tasks of ours. Whoever replaces a task's note takes our mark out of it, and a call
        that is done would then pass for one that the rep made.
        """
        wanted = list(dict.fromkeys(ids))
        if type == "email":
            mails, wanted = [] if archived else self._mails.read(wanted), _plain(wanted)
        else:
            mails = []
        rows = self._rows(type, wanted, archived=archived)
        shown = [row for row in rows if is_gone(row) == archived and (ours or self._is(type, row))]
        records = self._records(type, shown, history, associations)
        if archived and type == "contact" and not DELETED_ARE_SHOWN:
            there = {str(row["id"]) for row in rows}
            records += [_binned(type, id) for id in wanted if id not in there]
        return mails + records

    def page(
        self,
        type: ObjectType,
        after: str | None,
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
    ) -> Page:
        """One page of all live records."""
        limit = DEAL_PAGE if type == "deal" else PAGE
        answer = self._list(type, {"limit": limit, "sort_by": "id"}, after)
        rows = [row for row in answer.get("data") or () if not is_gone(row) and self._is(type, row)]
        return Page(self._records(type, rows, history, associations, deep=False), _next(answer))

    def changed_since(
        self, type: ObjectType, watermark: Business, after: str | None, *, past: bool = False
    ) -> Page:
        """One page of records modified at or after the watermark, oldest first. past: each with
        its deals and people, and the mails of closed deals too."""
        since = max(0, watermark - OVERLAP_MS)
        if type == "email" and not (after or "").startswith(_THEN):
            page = self._mails.changed_since(Business(since), after, past=past)
            return Page(page.records, page.after or _THEN)
        if type == "lead" and not self._leads():
            return Page([], None)
        after = (after or "").removeprefix(_THEN) or None
        query: dict[str, Any] = {"limit": PAGE, "updated_since": rfc3339(since)}
        if type == "lead":
            query["sort"] = "update_time ASC"
        elif type not in V1_ONLY:
            query |= {"sort_by": "update_time", "sort_direction": "asc"}
        try:
            answer = self._list(type, query, after)
        except Forbidden:
            if type != "lead":
                raise
            return Page([], None)  # withdrawn since; deals and people are followed all the same
        rows = [row for row in answer.get("data") or () if not is_gone(row) and self._is(type, row)]
        more = _next(answer)
        first = _THEN if more and type == "email" else ""
        found = self._records(type, rows, False, ("deal", "contact") if past else ())
        return Page(found, f"{first}{more}" if more else None)

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        """Each by a search of its own, which only Pipedrive's search index answers."""
        found: dict[str, list[str]] = {}
        for email in dict.fromkeys(email.lower() for email in emails):
            answer = self._api.call(
                "GET",
                v2("persons/search"),
                query={"term": email, "fields": "email", "exact_match": "true", "limit": BATCH},
                buckets=SEARCH,
            )
            items = (hit["item"] for hit in (answer.get("data") or {}).get("items") or ())
            ids = [str(item["id"]) for item in items if email in _addresses(item)]
            if ids:
                found[email] = ids
        return found

    def of_companies(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        """Company id → ids of its deals, or of its people."""
        found: dict[str, list[str]] = {}
        for id in dict.fromkeys(ids):
            rows = self._api.listed(path_of(type), {KEYS["company"]: id, "limit": PAGE})
            if theirs := [str(row["id"]) for row in rows]:
                found[id] = theirs
        return found

    def companies_of(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        """Id of a deal or a person → id of its company."""
        rows = self._rows(type, list(dict.fromkeys(ids)), archived=False)
        return {str(row["id"]): [str(row["org_id"])] for row in rows if row.get("org_id")}

    def engagements_of(self, type: ObjectType, id: str) -> list[tuple[ObjectType, str]]:
        """Activities, notes, and mails where they may be read."""
        found: list[tuple[ObjectType, str]] = [
            (kind, str(row["id"])) for kind, row in self.linker.activities(type, id)
        ]
        found.extend(("note", str(row["id"])) for row in self.notes_of(type, id))
        if self._mails.readable():
            deals = [id] if type == "deal" else self.linker.deals(type, id, _NOTHING)
            found.extend(
                ("email", mail.id)
                for deal in deals
                for mail in self._mails.of_deal(deal)
                if type == "deal" or id in (mail.associations or {}).get(type, ())
            )
        return found

    def notes_of(self, type: ObjectType, id: str) -> Iterable[Row]:
        """Rows of the notes on a record."""
        return self._api.listed(path_of("note"), {KEYS[type]: id, "limit": PAGE})

    def lately(self) -> Iterable[Row]:
        """Rows of the activities that were written in the last days."""
        since = rfc3339(lately(self._clocks))
        query = {"updated_since": since, "sort_by": "update_time", "sort_direction": "desc"}
        return self._api.listed(path_of("task"), {**query, "limit": PAGE})

    def records_of(self, type: ObjectType, rows: Sequence[Row]) -> list[CrmRecord]:
        """Records of rows at hand, with history and the deals and people that they stand on."""
        return self._records(type, rows, True, ("deal", "contact"))

    # --- rows --------------------------------------------------------------------------------

    def _is(self, type: ObjectType, row: Row) -> bool:
        return type not in _ACTIVITIES or self._kinds.of(row) == type

    def _rows(self, type: ObjectType, ids: Sequence[str], *, archived: bool) -> list[Row]:
        """Lists leave out what is deleted, and cost as much as ten readings of one."""
        rows: list[Row] = []
        alone = archived or type in V1_ONLY
        for part in chunks(ids, BATCH):
            if alone or len(part) <= ALONE:
                rows.extend(row for id in part if (row := self._one(type, id)) is not None)
            else:
                answer = self._list(type, {"ids": ",".join(part), "limit": BATCH}, None)
                rows.extend(answer.get("data") or ())
        return rows

    def _one(self, type: ObjectType, id: str) -> Row | None:
        included = INCLUDED.get(type)
        query = {"include_fields": included} if included else None
        try:
            return self._api.call("GET", path_of(type, id), query=query).get("data")
        except NotFound:
            return None

    def _list(self, type: ObjectType, query: Mapping[str, Any], after: str | None) -> Row:
        asked = dict(query)
        if type in INCLUDED:
            asked["include_fields"] = INCLUDED[type]
        if after:
            asked["start" if type in V1_ONLY else "cursor"] = after
        return self._api.call("GET", path_of(type), query=asked)

    # --- records -----------------------------------------------------------------------------

    def _records(
        self,
        type: ObjectType,
        rows: Sequence[Row],
        history: bool,
        associations: Sequence[ObjectType],
        *,
        deep: bool = True,
    ) -> list[CrmRecord]:
        by_id = {str(row["id"]): row for row in rows}
        more = self._activities_near(rows) if type == "deal" else _NO_TEXTS
        records = [self._parser.record(type, row, more.get(id)) for id, row in by_id.items()]
        if history and type == "deal":
            self._histories.add(records, by_id, deep=deep)
        if history and type in _ACTIVITIES:
            for record in records:
                _as_made(record)
        if associations:
            self.linker.add(type, records, by_id, associations)
        return records

    def _activities_near(self, rows: Sequence[Row]) -> dict[str, Texts]:
        """deal → when its next activity is due and when its last one was done: version 2 names no
        more than the activities."""
        names = ("next_activity_id", "last_activity_id")
        ids = [str(row[name]) for row in rows for name in names if row.get(name)]
        try:
            there = {str(one["id"]): one for one in self._rows("task", list(dict.fromkeys(ids)),
                                                              archived=False)}  # fmt: skip
        except Forbidden:
            return {}
        found: dict[str, Texts] = {}
        for row in rows:
            if "next_activity_id" not in row:
                continue
            following, last = (there.get(str(row.get(name))) for name in names)
            due = due_at(following, self._parser.facts) if following else None
            done = done_at(last, self._parser.facts) if last else None
            texts: Texts = {"next_activity_at": None if due is None else str(due)}
            came = max(filter(None, (done, mailed_at(row))), default=None)
            texts["last_contact_time"] = None if came is None else str(came)
            found[str(row["id"])] = texts
        return found


def _as_made(record: CrmRecord) -> None:
    """The history of an activity that nobody changed since it was made; of others there is none."""
    if record.updated_at - record.created_at <= 1_000:
        record.history = {
            name: [Version(value, record.created_at)] for name, value in record.fields.items()
        }


def _binned(type: ObjectType, id: str) -> CrmRecord:
    return CrmRecord(type, id, {}, Business(0), Business(0), archived=True)


def _plain(ids: Sequence[str]) -> list[str]:
    """Ids of activities among those of mails."""
    return [id for id in ids if id.isdigit()]


def _addresses(item: Row) -> set[str]:
    """Addresses of a hit; some answers give them bare, others with a label."""
    given = item.get("emails") or ()
    return {str(one.get("value") if isinstance(one, dict) else one).lower() for one in given}


def rfc3339(instant: int) -> str:
    """As v2 wants a time: UTC, to the second, never later than the instant."""
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next(answer: Row) -> str | None:
    more = following(answer)
    return str(more.get("cursor") or more["start"]) if more else None
