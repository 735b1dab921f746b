"""Writing to Pipedrive whatever is no new task: fields of records, and deleting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.batches import in_batches
from connectors.contract import Invalid, NotFound, ObjectType, Recorder, Update, Updated
from connectors.mapping import CrmMapping
from connectors.marks import marked, touch_of
from connectors.pipedrive.account import LOST, WON
from connectors.pipedrive.api import Api, path_of
from connectors.pipedrive.fields import FieldInfo, Fields, day_after, typed
from connectors.pipedrive.records import due_of
from connectors.pipedrive.tables import PATHS
from connectors.pipedrive.tasks import REFUSALS

_NOT_HELD: Mapping[str, frozenset[str]] = {
    "task": frozenset({"state", "state_reason", "touch_id"}),
    "note": frozenset({"state", "touch_id"}),
}
"""What Pipedrive has no place for on an activity or a note: it stands here alone."""

_INTEGERS = frozenset({"owner_id", "pipeline_id", "stage_id", "person_id", "org_id", "user_id"})


class Writer:
    """Writes of one installation; Pipedrive takes one record a call."""

    def __init__(
        self,
        api: Api,
        mapping: CrmMapping,
        fields: Fields,
        recorder: Recorder,
        zone: Callable[[], str],
    ) -> None:
        """zone: of the account, in which days begin."""
        self._api = api
        self._mapping = mapping
        self._fields = fields
        self._recorder = recorder
        self._zone = zone

    def update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        """One answer per update, in their order."""

        def send(part: Sequence[Update]) -> list[Updated]:
            return [self._update(type, one) for one in part]

        return in_batches(updates, send, lambda one, error: Updated(one.id, error), size=1)

    def _update(self, type: ObjectType, update: Update) -> Updated:
        try:
            body = self._body(type, update.fields)
            if not body:
                return Updated(update.id)
            if "note" in body:
                self._keep_mark(update.id, body)
            try:
                self._patch(type, update.id, body)
            except Invalid:
                # A custom field that was deleted since the fields were read spoils all the others.
                before = self._fields.of(type)
                if self._fields.of(type, fresh=True).keys() >= before.keys():
                    raise
                body = self._body(type, update.fields)
                if body:
                    self._patch(type, update.id, body)
        except REFUSALS as error:
            return Updated(update.id, error)
        return Updated(update.id)

    def _keep_mark(self, id: str, body: dict[str, Any]) -> None:
        """Other words of a task of ours bear its mark as the first ones did."""
        row = self._api.call("GET", path_of("task", id)).get("data") or {}
        touch = touch_of(str(row.get("note") or ""))
        if touch is not None:
            body["note"] = marked(str(body["note"] or ""), touch)

    def _patch(self, type: ObjectType, id: str, body: Mapping[str, Any]) -> None:
        method = "PUT" if type == "note" else "PATCH"
        self._api.call(method, path_of(type, id), body=body, priority="dispatch")

    def _body(self, type: ObjectType, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent. Raises Invalid for a value that the account's field cannot hold."""
        of = self._mapping.of(type)
        held = _NOT_HELD.get(type, frozenset())
        body: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for name, value in fields.items():
            if name in held:
                continue
            if name == "due_at":
                body.update(due_of(int(value)))
                continue
            if name == "pause_until" and value:
                # The field holds a day, whose beginning counts: a pause ends late, never early.
                value = day_after(int(value), self._zone())
            try:
                ((property, text),) = of.write({name: value}).items()
                field = of.fields[name]
                info = self._fields.resolve(type, property)
                if info is not None and info.custom:
                    custom[info.code] = typed(text, info, self._zone())
                elif field.ours or _is_code(property):
                    self._lost(type, property)
                else:
                    body.update(_standard(property, text, info, self._zone))
            except ValueError as error:
                raise Invalid(
                    f"{type}.{name} cannot be written: {error}. Correct the field's mapping in the "
                    "settings, then retry.",
                    {name: str(error)},
                ) from error
        return {**body, "custom_fields": custom} if custom else body

    def _lost(self, type: ObjectType, property: str) -> None:
        """A field of ours is gone from the account; what else there is to write goes on."""
        self._recorder.lost(f"{PATHS[type]}.{property}")

    def archive(self, type: ObjectType, ids: Sequence[str]) -> None:
        """Delete; it can be restored for 30 days. Repeating it changes nothing."""
        for id in dict.fromkeys(ids):
            try:
                self._api.call("DELETE", path_of(type, id), safe=True, priority="dispatch")
            except NotFound:
                continue


def _is_code(property: str) -> bool:
    return len(property) == 40 and all(letter in "0123456789abcdef" for letter in property)


def _standard(
    property: str, text: str, info: FieldInfo | None, zone: Callable[[], str]
) -> dict[str, Any]:
    """A field that every account has, strictly typed."""
    if property == "stage":
        stage, _, status = text.partition(":")
        return {"status": status} if status in (WON, LOST) else {"stage_id": int(stage)}
    if property == "done":
        return {"done": text == "true"}
    if property in _INTEGERS:
        return {property: int(text) if text else None}
    if info is not None:
        return {property: typed(text, info, zone())}
    return {property: text or None}
