"""Tasks and notes in Pipedrive: made with what they stand on, never updated, found by their mark.

An activity is the only record of Pipedrive's that has a time to be done at and an owner, so every
task is one. It has no field of an account's own, so the touch id travels in its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.batches import in_batches
from connectors.contract import (
    Conflict,
    Created,
    CrmError,
    CrmRecord,
    FeatureUnavailable,
    Invalid,
    NewTask,
    NotFound,
    ObjectType,
    Written,
)
from connectors.mapping import CrmMapping
from connectors.marks import is_marked, marked, unmark
from connectors.pipedrive.api import Api, path_of
from connectors.pipedrive.fields import Fields
from connectors.pipedrive.priorities import priority_id
from connectors.pipedrive.reading import Reader
from connectors.pipedrive.records import Parser, due_of
from connectors.pipedrive.tables import KEYS

TYPE_PREFIX = {"linkedin": "LinkedIn: "}

REFUSALS = (Invalid, Conflict, NotFound, FeatureUnavailable)
"""Errors that are about one input; the others go on."""

_SOUGHT: tuple[ObjectType, ...] = ("deal", "contact", "lead", "company")
"""Of what a touch stands on, the first is looked through for its task. A person stays; a lead that
was converted is gone, and its activities stand on the deal."""

_PLAIN = "todo"


class Tasks:
    """Creation and look-up of one installation's tasks, or of its notes."""

    def __init__(
        self,
        api: Api,
        reader: Reader,
        parser: Parser,
        mapping: CrmMapping,
        fields: Fields,
        type: Written = "task",
    ) -> None:
        self._api = api
        self._reader = reader
        self._parser = parser
        self._mapping = mapping
        self._fields = fields
        self._type: Written = type

    def create_tasks(self, tasks: Sequence[NewTask]) -> list[Created]:
        """As the contract says; one call each, for Pipedrive creates nothing in batches."""

        def send(part: Sequence[NewTask]) -> list[Created]:
            return [self._create(task) for task in part]

        return in_batches(
            tasks, send, lambda task, error: Created(task.touch_id, None, error), size=1
        )

    def _create(self, task: NewTask) -> Created:
        make = self._note if self._type == "note" else self._activity
        try:
            return make(task)
        except REFUSALS as error:
            refused = error
        if isinstance(refused, Invalid) and "type" in refused.fields and task.type != _PLAIN:
            # Which kinds of activity there are is each account's own.
            try:
                return self._activity(task, as_type=_PLAIN)
            except REFUSALS as error:
                refused = error
        on = tuple(one for one in task.associations if one[0] != "lead")
        if len(on) < len(task.associations) and isinstance(refused, Invalid | NotFound):
            # The lead may have been converted or archived a moment ago; its person is there.
            return self._create(replace(task, associations=on))
        return Created(task.touch_id, None, refused)

    def _activity(self, task: NewTask, as_type: str = "") -> Created:
        kinds = self._mapping.of("task").fields["type"].choices or {}
        type_ = as_type or (task.type if task.type in kinds.values() else _PLAIN)
        subject = task.subject if type_ == task.type else _prefixed(task)
        texts = self._mapping.of("task").write({"type": type_, "subject": subject})
        body: dict[str, Any] = {
            **texts,
            **due_of(task.due_at),
            "note": marked(task.body, task.touch_id),
            "done": False,
            "busy": False,  # a task of ours blocks nobody's calendar
            **_on(task.associations),
        }
        if task.owner_id:
            body["owner_id"] = int(task.owner_id)
        priority = priority_id(self._fields.of("task"), task.priority)
        if priority is not None:
            body["priority"] = priority
        answer = self._api.call("POST", path_of("task"), body=body, priority="dispatch")
        record = self._parser.record("task", answer["data"])
        unmark(record)
        return Created(task.touch_id, record.id, written=_otherwise(task, record) or None)

    def _note(self, task: NewTask) -> Created:
        body: dict[str, Any] = {"content": marked(task.body, task.touch_id)}
        body["add_time"] = " ".join(due_of(task.due_at).values()) + ":00"
        # A note stands on one record; there, its deal comes before its person.
        of_note: tuple[ObjectType, ...] = ("deal", "lead", "contact")
        for type in of_note:
            id = next((id for kind, id in task.associations if kind == type), None)
            if id is not None:
                body[KEYS[type]] = _named(type, id)
                break
        answer = self._api.call("POST", path_of("note"), body=body, priority="dispatch")
        return Created(task.touch_id, str(answer["data"]["id"]))

    # --- look-up -----------------------------------------------------------------------------

    def find_tasks(
        self, touches: Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]]
    ) -> dict[str, CrmRecord]:
        """touch id → its task or note, through what it stands on; deleted ones show nowhere."""
        wanted = {touch for touch, _ in touches}
        found: dict[str, CrmRecord] = {}
        for type, id in dict.fromkeys(map(_subject, touches)):
            if not wanted - found.keys():
                break
            rows = self._rows(type, id)
            for record in self._reader.records_of(self._type, rows):
                touch = unmark(record)
                if touch in wanted:
                    found[str(touch)] = record
        return found

    def _rows(self, type: ObjectType | None, id: str) -> list[Mapping[str, Any]]:
        """Rows that bear a mark of ours: of a record, or of all that was lately written, where a
        task stands on none (a manager's digest)."""
        if type is None:
            rows = self._reader.lately() if self._type == "task" else ()
        elif self._type == "note":
            rows = self._reader.notes_of(type, id)
        else:
            rows = (row for _, row in self._reader.linker.activities(type, id))
        text = "content" if self._type == "note" else "note"
        return [row for row in rows if is_marked(str(row.get(text) or ""))]

    def associate(self, to_type: ObjectType, pairs: Sequence[tuple[str, str]]) -> None:
        """Put tasks or notes onto records. Raises the refusal of one after the others."""
        refused: CrmError | None = None
        for own, other in pairs:
            try:
                if self._type == "note":
                    method, body = "PUT", {KEYS[to_type]: _named(to_type, other)}
                else:
                    method, body = "PATCH", _on(((to_type, other),))
                path = path_of(self._type, own)
                self._api.call(method, path, body=body, priority="dispatch")
            except REFUSALS as error:
                refused = error
        if refused is not None:
            raise refused


def _on(associations: Sequence[tuple[ObjectType, str]]) -> dict[str, Any]:
    """What an activity stands on: of several deals the first, where its mark is sought. Its people
    go in as participants: `person_id` is documented, and refused."""
    body: dict[str, Any] = {}
    people: list[dict[str, Any]] = []
    for type, id in associations:
        if type == "contact":
            people.append({"person_id": int(id), "primary": not people})
        elif type in KEYS:
            body.setdefault(KEYS[type], _named(type, id))
    if people:
        body["participants"] = people
    return body


def _named(type: ObjectType, id: str) -> int | str:
    """An id as it is sent: a lead's is no number."""
    return id if type == "lead" else int(id)


def _prefixed(task: NewTask) -> str:
    return TYPE_PREFIX.get(task.type, "") + task.subject


def _subject(
    touch: tuple[str, Sequence[tuple[ObjectType, str]]]
) -> tuple[ObjectType | None, str]:
    for type in _SOUGHT:
        for kind, id in touch[1]:
            if kind == type:
                return type, id
    return None, ""


def _otherwise(task: NewTask, record: CrmRecord) -> dict[str, Any]:
    """Canonical fields that stand in the CRM otherwise than asked: what it keeps no seconds of,
    tags that it rewrote, a kind or a priority that the account does not have."""
    asked: dict[str, Any] = {
        "subject": task.subject,
        "body": task.body,
        "type": task.type,
        "priority": task.priority,
        "due_at": task.due_at,
        "owner": task.owner_id,
    }
    return {
        name: record.fields[name]
        for name, value in asked.items()
        if value is not None and name in record.fields and record.fields[name] != value
    }
