"""What is linked to what: a deal's people, a person's deals, what was done with either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import CrmRecord, FeatureUnavailable, Forbidden, NotFound, ObjectType
from connectors.pipedrive.api import Api, path_of, v1, v2
from connectors.pipedrive.kinds import Kinds
from connectors.pipedrive.records import Row
from connectors.pipedrive.tables import KEYS, PAGE

_NONE: Mapping[str, Any] = {}


class Linker:
    """Associations of one account's records."""

    def __init__(self, api: Api, kinds: Kinds) -> None:
        self._api = api
        self._kinds = kinds

    def add(
        self,
        type: ObjectType,
        records: Sequence[CrmRecord],
        rows: Mapping[str, Row],
        wanted: Sequence[ObjectType],
    ) -> None:
        """Give each record its associations with those types."""
        for record in records:
            row = rows.get(record.id, _NONE)
            record.associations = {kind: [] for kind in wanted}
            for kind, ids in self._of(type, record.id, row, wanted).items():
                record.associations[kind] = list(dict.fromkeys(ids))
            primary = primary_person(row)
            if primary and "contact" in wanted:
                record.primary["contact"] = primary

    def _of(
        self, type: ObjectType, id: str, row: Row, wanted: Sequence[ObjectType]
    ) -> dict[ObjectType, list[str]]:
        found: dict[ObjectType, list[str]] = {}
        done = [kind for kind in wanted if kind in ("task", "meeting", "call", "email")]
        if done and type in ("deal", "contact"):
            for kind, activity in self.activities(type, id):
                if kind in done:
                    found.setdefault(kind, []).append(str(activity["id"]))
        if "contact" in wanted:
            found["contact"] = self._people(type, id, row)
        if "deal" in wanted:
            found["deal"] = self.deals(type, id, row)
        if "company" in wanted and row.get("org_id"):
            found["company"] = [str(row["org_id"])]
        return found

    def _people(self, type: ObjectType, id: str, row: Row) -> list[str]:
        primary = primary_person(row)
        people = [primary] if primary else []
        if type != "deal":
            return people + [str(one["person_id"]) for one in row.get("participants") or ()
                             if one.get("person_id")]  # fmt: skip
        count = row.get("participants_count")
        # The deal's own person counts among its participants. A closed deal is owed nothing, and
        # each list of participants costs ten tokens.
        if row.get("status") in ("won", "lost") or (count is not None and count <= len(people)):
            return people
        return people + self.participants(id)

    def participants(self, deal: str) -> list[str]:
        """People beside a deal's own one; none where they are not shown."""
        try:
            rows = list(self._api.listed(f"{v1('deals', deal)}/participants", {"limit": PAGE}))
        except (Forbidden, NotFound, FeatureUnavailable):
            return []
        found: list[str] = []
        for row in rows:
            person: Any = row.get("person_id", row.get("id"))
            id = person.get("value") if isinstance(person, dict) else person
            if id:
                found.append(str(id))
        return found

    def deals(self, type: ObjectType, id: str, row: Row) -> list[str]:
        """Ids of a person's deals, or of the deal that a record stands on."""
        if type != "contact":
            return [str(row["deal_id"])] if row.get("deal_id") else []
        counts = (row.get("open_deals_count"), row.get("closed_deals_count"))
        if counts == (0, 0):
            return []
        deals = self._api.listed(v2("deals"), {"person_id": id, "limit": PAGE})
        return [str(deal["id"]) for deal in deals]

    def activities(self, type: ObjectType, id: str) -> list[tuple[ObjectType, Row]]:
        """All activities of a deal, a lead or a person, by what they are."""
        query = {KEYS[type]: id, "limit": PAGE}
        return [(self._kinds.of(row), row) for row in self._api.listed(path_of("task"), query)]


def primary_person(row: Row) -> str | None:
    """The record's own person: of an activity, its first participant."""
    if row.get("person_id"):
        return str(row["person_id"])
    people = [one for one in row.get("participants") or () if one.get("person_id")]
    first = next((one for one in people if one.get("primary")), people[0] if people else None)
    return str(first["person_id"]) if first else None
