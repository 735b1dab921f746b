"""Writing to Salesforce whatever is no new task: fields, associations, deleting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.batches import chunks, in_batches
from connectors.contract import CrmError, NotFound, ObjectType, Unknown, Update, Updated
from connectors.salesforce.account import People
from connectors.salesforce.api import Api
from connectors.salesforce.cadences import Cadences
from connectors.salesforce.due import Due, columns, day_of, due_of, stamp, told
from connectors.salesforce.errors import Classifier
from connectors.salesforce.links import ROLES, kind_of
from connectors.salesforce.rows import Row, Rows, stage_name
from connectors.salesforce.schema import DUE_AT, DUE_DATE, Schema, Shape
from connectors.salesforce.tables import BATCH, SOBJECTS

COLLECTION = "composite/sobjects"
LEAVE = "unenrol_requested_at"
"""Field of a person by which they are asked out of a cadence: here a call, elsewhere a property."""

Result = Mapping[str, Any]


class Writer:
    """Writes of one installation."""

    def __init__(
        self,
        api: Api,
        schema: Schema,
        rows: Rows,
        people: People,
        cadences: Cadences,
        classify: Classifier,
    ) -> None:
        self._api = api
        self._schema = schema
        self._rows = rows
        self._people = people
        self._cadences = cadences
        self._classify = classify

    def update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        """One answer per update, in their order."""
        if type == "contact":
            updates, left = self._leaving(updates)
        else:
            left = {}

        def send(part: Sequence[Update]) -> list[Updated]:
            return self._update(type, part)

        answers = in_batches(updates, send, lambda one, error: Updated(one.id, error), BATCH)
        return [
            Updated(answer.id, answer.error or left.get(answer.id)) for answer in answers
        ]

    def _leaving(
        self, updates: Sequence[Update]
    ) -> tuple[Sequence[Update], dict[str, CrmError | None]]:
        """Take out of their cadences who is to leave; the updates without that."""
        left: dict[str, CrmError | None] = {}
        rest: list[Update] = []
        for one in updates:
            fields = {name: value for name, value in one.fields.items() if name != LEAVE}
            rest.append(Update(one.id, fields))
            if one.fields.get(LEAVE) is not None:
                try:
                    self._cadences.remove(one.id)
                except CrmError as error:
                    left[one.id] = error
        return rest, left

    def _update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        current = self._tasks(updates) if type == "task" else {}
        records: dict[str, dict[str, Any]] = {}
        for one in updates:
            shape = self._schema.of("lead" if kind_of(one.id) == "lead" else type)
            sent = self._columns(shape, one, current.get(one.id))
            if sent:
                records[one.id] = {
                    "attributes": {"type": shape.sobject}, "id": one.id, **sent,
                }  # fmt: skip
        if not records:
            return [Updated(one.id) for one in updates]
        answer = write_each(self._api, "PATCH", list(records.values()))
        errors = self._results(type, list(records), answer)
        return [Updated(one.id, errors.get(one.id)) for one in updates]

    def _columns(self, shape: Shape, one: Update, task: Row | None) -> dict[str, Any]:
        fields = {**one.fields}
        due_at = fields.pop("due_at", None)
        if fields.get("stage"):
            fields["stage"] = stage_name(str(fields["stage"]))
        sent = {
            column: value
            for column, value in self._rows.columns(shape, fields).items()
            if column in shape.updatable
        }
        if shape.type != "task" or task is None:
            return sent
        owner = str(fields.get("owner") or task.get("OwnerId") or "")
        if due_at is None and "owner" in fields:
            due_at = self._stays(shape, task)
        if due_at is not None:
            sent |= due_columns(shape, int(due_at), self._people, owner)
        return sent

    def _stays(self, shape: Shape, task: Row) -> int | None:
        """When a task whose owner changes is due: the same instant, whose day another zone may
        call otherwise. None where somebody has moved it, which then stays."""
        zone = self._people.zone_of(task.get("OwnerId"))
        at, day = told(task.get(shape.ours.get(DUE_AT, ""))), task.get("ActivityDate")
        due = Due(day, told(task.get("ReminderDateTime")), at, day)
        found = due_of(due, zone)
        return found if found is not None and found == at else None

    def _tasks(self, updates: Sequence[Update]) -> dict[str, Row]:
        """The tasks as they stand, where their owner's zone or their day matters."""
        wanted = [one.id for one in updates if {"due_at", "owner"} & one.fields.keys()]
        if not wanted:
            return {}
        shape = self._schema.of("task")
        names = ("Id", "OwnerId", "ActivityDate", "ReminderDateTime", *shape.ours.values())
        rows = self._api.query_in(
            f"SELECT {', '.join(dict.fromkeys(names))} FROM Task WHERE Id IN {{ids}}", wanted
        )
        owners = [row.get("OwnerId") for row in rows]
        self._people.know([*owners, *(one.fields.get("owner") for one in updates)])
        return {str(row["Id"]): row for row in rows}

    def associate(
        self, from_type: ObjectType, to_type: ObjectType, pairs: Sequence[tuple[str, str]]
    ) -> None:
        """Put tasks on their opportunity or person, and people on an opportunity.

        Raises the refusal of a pair after the others were made.
        """
        refused: CrmError | None = None
        for part in chunks(pairs, BATCH):
            if (from_type, to_type) in (("deal", "contact"), ("contact", "deal")):
                roles = [_role(from_type, a, b) for a, b in part]
                answer = write_each(self._api, "POST", roles)
            else:
                column = "WhoId" if to_type == "contact" else "WhatId"
                kind = {"type": SOBJECTS[from_type]}
                moved = [{"attributes": kind, "id": a, column: b} for a, b in part]
                answer = write_each(self._api, "PATCH", moved)
            errors = self._results(from_type, [a for a, _ in part], answer)
            refused = next(iter(errors.values()), refused)
        if refused is not None:
            raise refused

    def archive(self, type: ObjectType, ids: Sequence[str]) -> None:
        """Move to the recycle bin; what is there already stays there."""
        refused: CrmError | None = None
        for part in chunks(list(dict.fromkeys(ids)), BATCH):
            answer = self._api.call(
                "DELETE",
                COLLECTION,
                query={"ids": ",".join(part), "allOrNone": "false"},
                safe=True,
                priority="dispatch",
            )
            for error in self._results(type, part, answer).values():
                if not isinstance(error, NotFound):
                    refused = error
        if refused is not None:
            raise refused

    def _results(
        self, type: ObjectType, ids: Sequence[str], answer: Sequence[Result]
    ) -> dict[str, CrmError]:
        """id → the error of its entry; entries stand in the order of what was sent."""
        return {
            id: error
            for id, entry in zip(ids, padded(answer, len(ids)), strict=True)
            if (error := error_of(self._classify, type, entry)) is not None
        }


def write_each(api: Api, method: str, records: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Write records in one call, each on its own; an entry for each, in their order."""
    body = {"allOrNone": False, "records": list(records)}
    return api.call(method, COLLECTION, body=body, priority="dispatch")


def _role(from_type: ObjectType, a: str, b: str) -> dict[str, Any]:
    deal, contact = (a, b) if from_type == "deal" else (b, a)
    return {"attributes": {"type": ROLES}, "OpportunityId": deal, "ContactId": contact}


def due_columns(shape: Shape, due_at: int, people: People, owner: str | None) -> dict[str, Any]:
    """All columns that say when a task is due, ours beside Salesforce's own."""
    zone = people.zone_of(owner or None)
    sent = columns(due_at, zone)
    if DUE_AT in shape.ours:
        sent[shape.ours[DUE_AT]] = stamp(due_at)
    if DUE_DATE in shape.ours:
        sent[shape.ours[DUE_DATE]] = day_of(due_at, zone)
    return sent


def padded(answer: Sequence[Result], wanted: int) -> list[Result | None]:
    """The entries of an answer, None for each input that it does not mention."""
    listed: list[Result | None] = list(answer)
    return [*listed[:wanted], *([None] * (wanted - len(listed)))]


def error_of(
    classify: Classifier, type: ObjectType, entry: Result | None
) -> CrmError | None:
    """The error of one entry of a collection's answer; None where it went through."""
    if entry is None:
        return Unknown(
            "Salesforce's answer did not mention this input; it is looked up before it is repeated."
        )
    if entry.get("success"):
        return None
    return classify.refusal(0, entry.get("errors") or (), type, str(entry)[:500])
