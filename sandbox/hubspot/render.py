"""Records as HubSpot's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.hubspot.kinds import BY_KIND, TYPE_IDS
from sandbox.hubspot.values import VIRTUAL, definition, iso, read_value
from sandbox.world.records import Record
from sandbox.world.store import Account

_CRM_DATES = ("createdate", "hs_lastmodifieddate", "hs_object_id")
_ACTIVITY_DATES = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
_ALWAYS = {
    "deals": _CRM_DATES,
    "companies": _CRM_DATES,
    "contacts": ("createdate", "lastmodifieddate", "hs_object_id"),
}
_DEFAULTS = {
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    "companies": ("domain", "name"),
    "contacts": ("email", "firstname", "lastname"),
}


class View:
    """What one call wants to see of records of one kind; made once, applied to many."""

    def __init__(
        self,
        account: Account,
        kind: str,
        properties: Sequence[str] | None,
        history: Sequence[str] = (),
        *,
        everything: bool = False,
        hide: frozenset[str] = frozenset(),
    ) -> None:
        self.account = account
        self.kind = kind
        self.hide = hide
        self.everything = everything
        names = dict.fromkeys((*(properties or _DEFAULTS.get(kind, ())), *history))
        names.update(dict.fromkeys(_ALWAYS.get(kind, _ACTIVITY_DATES)))
        self.plan = self._planned(names)
        self.history = self._planned(dict.fromkeys(history))

    def _planned(self, names: Iterable[str]) -> list[tuple[str, bool]]:
        plan: list[tuple[str, bool]] = []
        for name in names:
            known = definition(self.account, self.kind, name)
            if known is not None and name not in self.hide:
                plan.append((name, known.type == "datetime"))
        return plan

    def show(self, record: Record) -> dict[str, Any]:
        """One record as JSON."""
        account, fields = self.account, record.fields
        plan = self.plan
        if self.everything:
            plan = [*plan, *self._planned(name for name in fields if fields[name])]
        properties: dict[str, str | None] = {}
        for name, is_instant in plan:
            value = fields.get(name)
            if value and name not in VIRTUAL:
                properties[name] = iso(int(value)) if is_instant else value
            else:
                properties[name] = read_value(account, record, name, is_instant)
        shown: dict[str, Any] = {
            "id": record.id,
            "properties": properties,
            "createdAt": iso(record.created_at),
            "updatedAt": iso(record.updated_at),
            "archived": record.archived,
        }
        if record.archived and record.archived_at is not None:
            shown["archivedAt"] = iso(record.archived_at)
        if self.history:
            shown["propertiesWithHistory"] = {
                name: self._versions(record, name, is_instant) for name, is_instant in self.history
            }
        return shown

    def _versions(self, record: Record, name: str, is_instant: bool) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = []
        for version in reversed(record.history.get(name, ())):
            value = version.value
            entry: dict[str, Any] = {
                "value": iso(int(value)) if is_instant and value else value,
                "timestamp": iso(version.at),
                "sourceType": version.source_type,
            }
            if version.source_id:
                entry["sourceId"] = version.source_id
            if version.user_id is not None:
                entry["updatedByUserId"] = version.user_id
            shown.append(entry)
        return shown


def type_name(from_kind: str, to_kind: str, label: str) -> str:
    """The v3-style name of an association type, ``deal_to_contact`` and the like.

    Where a pair has a primary type, that one has the plain name and the other ends in
    ``_unlabeled``.
    """
    plain = f"{BY_KIND[from_kind].singular}_to_{BY_KIND[to_kind].singular}"
    if label == "primary":
        return plain
    if label:
        return label.lower().replace(" ", "_")
    return f"{plain}_unlabeled" if (from_kind, to_kind, "primary") in TYPE_IDS else plain


def associations(account: Account, record: Record, kinds: Iterable[str]) -> dict[str, Any]:
    """The ``associations`` part of a read: kind → results of id and type."""
    shown: dict[str, Any] = {}
    for kind in kinds:
        live = account.objects[kind]
        results = [
            {"id": other, "type": type_name(record.kind, kind, label)}
            for other, labels in record.links.get(kind, {}).items()
            if other in live
            for label in labels
        ]
        if results:
            shown[kind] = {"results": results}
    return shown
