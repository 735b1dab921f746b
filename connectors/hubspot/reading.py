"""Reading HubSpot's records: by id in batches, page by page, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.model.time import MINUTE, Business
from connectors.batches import chunks
from connectors.contract import CrmRecord, ObjectType, Page
from connectors.hubspot.api import ASSOCIATIONS, SEARCH, Api
from connectors.hubspot.tables import (
    ASSOCIATION_BATCH,
    BATCH,
    ENGAGEMENTS,
    FURTHER_EMAILS,
    HISTORY_BATCH,
    PATHS,
    PRIMARY_TYPES,
    SEARCH_GROUPS,
    SEARCH_PAGE,
)
from connectors.mapping import CrmMapping

OVERLAP_MS = MINUTE
"""A poll looks back so far before its watermark: HubSpot's index lags its writes by seconds."""

Link = tuple[str, bool, tuple[str, ...]]
"""One association: the other id, primary or not, its labels."""


class Reader:
    """Reads of one installation; every call here may be repeated safely."""

    def __init__(self, api: Api, mapping: CrmMapping) -> None:
        self._api = api
        self._mapping = mapping

    def read(
        self,
        type: ObjectType,
        ids: Sequence[str],
        *,
        history: bool = False,
        also: Sequence[str] = (),
        associations: Sequence[ObjectType] = (),
        archived: bool = False,
        id_property: str | None = None,
    ) -> list[CrmRecord]:
        """Records by id, or by the value of a unique property; missing ones are absent.

        also: canonical fields whose history is read beside that of the usual ones.
        """
        fields = self._mapping.of(type)
        more = [fields.fields[name].property for name in also]
        body: dict[str, Any] = {
            "properties": fields.properties,
            "propertiesWithHistory": (*fields.history_properties, *more) if history else (),
        }
        if id_property:
            body["idProperty"] = id_property
        found: list[CrmRecord] = []
        for part in chunks(list(dict.fromkeys(ids)), HISTORY_BATCH if history else BATCH):
            answer = self._api.call(
                "POST",
                f"/crm/objects/{{version}}/{PATHS[type]}/batch/read",
                query={"archived": "true"} if archived else None,
                body={**body, "inputs": [{"id": one} for one in part]},
                safe=True,
            )
            found.extend(map(fields.parse, answer.get("results") or ()))
        self._associate(type, found, associations)
        return found

    def page(
        self,
        type: ObjectType,
        after: str | None,
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
        archived: bool = False,
    ) -> Page:
        """One page of all live records, or of all archived ones.

        Associations are read apart although the listing could carry them: it names neither labels
        nor which one is primary.
        """
        fields = self._mapping.of(type)
        query: dict[str, Any] = {
            "limit": HISTORY_BATCH if history else BATCH,
            "properties": ",".join(fields.properties),
        }
        if history and fields.history_properties:
            query["propertiesWithHistory"] = ",".join(fields.history_properties)
        if archived:
            query["archived"] = "true"
        if after:
            query["after"] = after
        answer = self._api.call(
            "GET", f"/crm/objects/{{version}}/{PATHS[type]}", query=query, safe=True
        )
        records = [fields.parse(item) for item in answer["results"]]
        self._associate(type, records, associations)
        following = ((answer.get("paging") or {}).get("next") or {}).get("after")
        return Page(records, str(following) if following else None)

    def changed_since(self, type: ObjectType, watermark: Business, after: str | None) -> Page:
        """One page of records modified at or after the watermark, oldest first.

        Pages are keyed by time, never by offset: HubSpot ends a query at 10,000 results, and a
        record that changes while we page would shift the others past an offset unseen. A page
        therefore repeats the last instant of the one before. Where a whole page shares one instant
        (an import), that instant is paged by id.
        """
        instant, last_id = _cursor(after)
        if instant is None:
            instant = max(0, watermark - OVERLAP_MS)
        fields = self._mapping.of(type)
        if last_id is None:
            filters = [_filter(fields.modified, "GTE", instant)]
            sort = fields.modified
        else:
            filters = [
                _filter(fields.modified, "EQ", instant),
                _filter("hs_object_id", "GT", last_id),
            ]
            sort = "hs_object_id"
        answer = self._api.call(
            "POST",
            f"/crm/objects/{{version}}/{PATHS[type]}/search",
            body={
                "filterGroups": [{"filters": filters}],
                "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
                "properties": fields.properties,
                "limit": SEARCH_PAGE,
            },
            safe=True,
            buckets=SEARCH,
        )
        records = [fields.parse(item) for item in answer["results"]]
        return Page(records, _next_cursor(records, instant, last_id))

    def logged_since(self, type: ObjectType, since: Business, after: str | None) -> Page:
        """As `changed_since`, with deals and people: whatever was logged since then was changed
        since then too."""
        page = self.changed_since(type, since, after)
        self._associate(type, page.records, ("deal", "contact"))
        return page

    def associated(
        self, from_type: ObjectType, to_type: ObjectType, ids: Sequence[str]
    ) -> dict[str, list[Link]]:
        """id → its associations with one type, for many records at once."""
        found: dict[str, list[Link]] = {}
        path = (
            f"/crm/associations/{{version}}/{PATHS[from_type]}/{PATHS[to_type]}/batch/read"
        )
        waiting: list[dict[str, str]] = [{"id": one} for one in dict.fromkeys(ids)]
        while waiting:
            part, waiting = waiting[:ASSOCIATION_BATCH], waiting[ASSOCIATION_BATCH:]
            answer = self._api.call(
                "POST", path, body={"inputs": part}, safe=True, buckets=ASSOCIATIONS
            )
            for result in answer.get("results") or ():
                from_id = str(result["from"]["id"])
                links = found.setdefault(from_id, [])
                links.extend(_link(entry) for entry in result.get("to") or ())
                more = ((result.get("paging") or {}).get("next") or {}).get("after")
                if more:
                    waiting.append({"id": from_id, "after": str(more)})
        return found

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        """By the unique property, which lags behind nothing; and among the further addresses of
        contacts that were merged, which only search finds."""
        wanted = list(dict.fromkeys(email.lower() for email in emails))
        found: dict[str, list[str]] = {}
        for record in self.read("contact", wanted, id_property="email"):
            found.setdefault(str(record.fields.get("email") or "").lower(), []).append(record.id)
        for part in chunks([email for email in wanted if email not in found], SEARCH_GROUPS):
            answer = self._api.call(
                "POST",
                f"/crm/objects/{{version}}/{PATHS['contact']}/search",
                body={
                    "filterGroups": [
                        {"filters": [_filter(FURTHER_EMAILS, "CONTAINS_TOKEN", email)]}
                        for email in part
                    ],
                    "properties": [FURTHER_EMAILS],
                    "limit": SEARCH_PAGE,
                },
                safe=True,
                buckets=SEARCH,
            )
            for row in answer["results"]:
                theirs = str(row["properties"].get(FURTHER_EMAILS) or "").lower().split(";")
                for email in set(part) & set(theirs):
                    found.setdefault(email, []).append(str(row["id"]))
        return found

    def engagements_of(self, type: ObjectType, id: str) -> list[tuple[ObjectType, str]]:
        """All engagements of one record, by type."""
        return [
            (engagement, link[0])
            for engagement in ENGAGEMENTS
            for link in self.associated(type, engagement, [id]).get(id, ())
        ]

    def _associate(
        self, type: ObjectType, records: list[CrmRecord], to_types: Sequence[ObjectType]
    ) -> None:
        if not to_types or not records:
            return
        for record in records:
            record.associations = {to_type: [] for to_type in to_types}
        ids = [record.id for record in records]
        for to_type in to_types:
            links = self.associated(type, to_type, ids)
            for record in records:
                if record.associations is not None and record.id in links:
                    _attach(record, record.associations, to_type, links[record.id])


def _attach(
    record: CrmRecord,
    associations: dict[str, list[str]],
    to_type: ObjectType,
    links: list[Link],
) -> None:
    associations[to_type] = list(dict.fromkeys(other for other, _, _ in links))
    for other, primary, labels in links:
        if primary:
            record.primary[to_type] = other
        if labels:
            record.labels[to_type, other] = labels


def _link(entry: dict[str, Any]) -> Link:
    labels: list[str] = []
    primary = False
    for kind in entry.get("associationTypes") or ():
        label = kind.get("label")
        defined = kind.get("category") == "HUBSPOT_DEFINED"
        if defined and (kind.get("typeId") in PRIMARY_TYPES or label == "Primary"):
            primary = True
        elif label:
            labels.append(label)
    return str(entry["toObjectId"]), primary, tuple(labels)


def _filter(property: str, operator: str, value: int | str) -> dict[str, str]:
    return {"propertyName": property, "operator": operator, "value": str(value)}


def _cursor(after: str | None) -> tuple[int | None, str | None]:
    """(instant, last id within it) of a cursor of ours."""
    if not after:
        return None, None
    instant, _, last_id = after.partition("/")
    return int(instant), last_id or None


def _next_cursor(records: list[CrmRecord], instant: int, last_id: str | None) -> str | None:
    full = len(records) == SEARCH_PAGE
    if last_id is not None:
        return f"{instant}/{records[-1].id}" if full else str(instant + 1)
    if not full:
        return None
    last = records[-1].updated_at
    # Every record of the page shares this instant: no later page by time could get past it.
    return f"{last}/0" if last <= instant else str(last)
