"""Tasks and notes in Salesforce: created once, never updated, found by touch id.

A note is a task that is closed when it is written: so it stands in the record's past activity, and
carries the touch id like any other. A description takes plain text alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.model.time import Clocks
from connectors.batches import in_batches
from connectors.contract import (
    Conflict,
    Created,
    CrmError,
    CrmRecord,
    Invalid,
    NewTask,
    ObjectType,
    Version,
    Written,
)
from connectors.marks import lately, marked_plain, unmark
from connectors.plain import plain
from connectors.salesforce.account import People
from connectors.salesforce.api import Api
from connectors.salesforce.due import day_of, literal
from connectors.salesforce.errors import Classifier
from connectors.salesforce.links import Links, kind_of
from connectors.salesforce.rows import Row, Rows
from connectors.salesforce.schema import Schema, Shape
from connectors.salesforce.tables import (
    BATCH,
    DESCRIPTION_CHARS,
    KINDS,
    LEAD_WITH_RELATED,
    SUBJECT_CHARS,
    SUBTYPES,
)
from connectors.salesforce.writing import due_columns, error_of, padded, write_each

_PREFIXES: Mapping[str, str] = {"linkedin": "LinkedIn: ", "meeting": "Meeting: "}
"""Before the subject of a task whose kind Salesforce does not know."""

_PRIORITIES: Mapping[str, str] = {"none": "medium"}
"""Of a task without priority, of which Salesforce has none."""

_AS_WRITTEN = ("subject", "body", "type", "priority", "due_at")

Touches = Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]]


class Tasks:
    """Creation and look-up of one installation's tasks, or of its notes.

    unique_touch_id False: the account has not our field, so the touch id stands in the description
    and is sought among the tasks of its records.
    """

    def __init__(
        self,
        api: Api,
        schema: Schema,
        rows: Rows,
        links: Links,
        people: People,
        classify: Classifier,
        unique_touch_id: bool,
        clocks: Clocks,
        type: Written = "task",
    ) -> None:
        self._api = api
        self._schema = schema
        self._rows = rows
        self._links = links
        self._people = people
        self._classify = classify
        self._by_field = unique_touch_id
        self._clocks = clocks
        self._type: Written = type
        self._closed: str | None = None

    def create_tasks(self, tasks: Sequence[NewTask]) -> list[Created]:
        """As the contract says; answers stand in the order of the tasks."""
        made = [_fitted(task, self._type) for task in tasks]
        answers = in_batches(made, self._create, _failed, BATCH)
        for place, plainer, answer in self._retried(made, answers):
            made[place], answers[place] = plainer, answer
        return [_told(*one) for one in zip(answers, tasks, made, strict=True)]

    def _create(self, tasks: Sequence[NewTask]) -> list[Created]:
        try:
            return self._sent(tasks)
        except Invalid as error:
            if not error.missing:
                raise
            self._schema.forget()  # a field has gone since it was described
            return self._sent(tasks)

    def _sent(self, tasks: Sequence[NewTask]) -> list[Created]:
        shape = self._schema.of(self._type)
        self._people.know(task.owner_id for task in tasks)
        answer = write_each(self._api, "POST", [self._input(shape, task) for task in tasks])
        answers: list[Created] = []
        conflicting: list[NewTask] = []
        for task, entry in zip(tasks, padded(answer, len(tasks)), strict=True):
            error = error_of(self._classify, self._type, entry)
            if isinstance(error, Conflict):
                conflicting.append(task)
            id = str(entry["id"]) if entry is not None and error is None else None
            answers.append(Created(task.touch_id, id, error))
        if not conflicting:
            return answers
        try:
            adopted = self._adopted(conflicting)
        except CrmError:
            # The others of this batch are made: their ids must not be lost to a failed look-up.
            adopted = {}
        return [adopted.get(answer.touch_id, answer) for answer in answers]

    def _input(self, shape: Shape, task: NewTask) -> dict[str, Any]:
        who, what = _records(task)
        body = task.body if self._finds_by_field(shape) else marked_plain(task.body, task.touch_id)
        owner = {"OwnerId": task.owner_id} if task.owner_id else {}
        sent: dict[str, Any] = {
            "attributes": {"type": shape.sobject},
            "Subject": task.subject,
            "Description": body,
            **owner,
            **({"WhoId": who} if who else {}),
            **({"WhatId": what} if what else {}),
        }
        fields: dict[str, Any] = {"touch_id": task.touch_id}
        if self._type == "note":
            zone = self._people.zone_of(task.owner_id)
            sent |= {"Status": self._closed_status(), "TaskSubtype": "Task"}
            sent |= {"ActivityDate": day_of(task.due_at, zone)}
            fields |= {"state": "done"}
        else:
            sent |= {"TaskSubtype": SUBTYPES.get(task.type, "Task")}
            if task.type in KINDS and "Type" in shape.creatable:
                sent["Type"] = KINDS[task.type]
            sent |= due_columns(shape, task.due_at, self._people, task.owner_id)
            fields |= {"priority": task.priority, "state": "open"}
        return {**sent, **self._rows.columns(shape, fields)}

    def _closed_status(self) -> str:
        """The account's word for a task that is done."""
        if self._closed is None:
            rows = self._api.query("SELECT ApiName, MasterLabel, IsClosed FROM TaskStatus")
            closed = [str(r.get("ApiName") or r["MasterLabel"]) for r in rows if r.get("IsClosed")]
            usual = "Completed" in closed or not closed
            self._closed = "Completed" if usual else closed[0]
        return self._closed

    def _retried(
        self, tasks: Sequence[NewTask], answers: Sequence[Created]
    ) -> list[tuple[int, NewTask, Created]]:
        """Tasks refused for their kind once more as plain ones: (place, as written, answer)."""
        places = [
            place
            for place, (task, answer) in enumerate(zip(tasks, answers, strict=True))
            if isinstance(answer.error, Invalid)
            and {"type", "Type"} & answer.error.fields.keys()
            and task.type != "todo"
        ]
        if not places:
            return []
        again = [_retyped(tasks[place]) for place in places]
        try:
            made = in_batches(again, self._create, _failed, BATCH)
        except CrmError as error:
            made = [_failed(task, error) for task in again]
        return list(zip(places, again, made, strict=True))

    # --- look-up -----------------------------------------------------------------------------

    def find_tasks(self, touches: Touches) -> dict[str, CrmRecord]:
        """touch id → its task, live or archived, with associations."""
        if not touches:
            return {}
        shape = self._schema.of(self._type)
        wanted = {touch for touch, _ in touches}
        if self._finds_by_field(shape):
            rows = self._api.query_in(
                f"SELECT {', '.join(shape.columns)} FROM Task "
                f"WHERE {shape.names['touch_id']} IN {{ids}}",
                sorted(wanted),
                deleted=True,
                size=100,
            )
        else:
            rows = self._on_records(shape, touches)
        found: dict[str, CrmRecord] = {}
        for record, row in self._read(shape, rows):
            touch = unmark(record)
            # Of several with one touch id, the one that still lives.
            if touch in wanted and (touch not in found or found[touch].archived):
                found[touch] = _as_first_written(record, row)
        return found

    def _on_records(self, shape: Shape, touches: Touches) -> list[Row]:
        columns = ", ".join(shape.columns)
        found: dict[str, Row] = {}
        for column, kinds in (("WhoId", ("contact",)), ("WhatId", ("deal", "company"))):
            ids = sorted({id for _, linked in touches for kind, id in linked if kind in kinds})
            soql = f"SELECT {columns} FROM Task WHERE {column} IN {{ids}}"
            for row in self._api.query_in(soql, ids, deleted=True):
                found[str(row["Id"])] = row
        if not all(linked for _, linked in touches):  # a manager's digest
            since = literal(lately(self._clocks))
            soql = f"SELECT {columns} FROM Task WHERE CreatedDate >= {since}"
            found.update((str(row["Id"]), row) for row in self._api.rows(soql, deleted=True))
        return list(found.values())

    def _read(self, shape: Shape, rows: Sequence[Row]) -> list[tuple[CrmRecord, Row]]:
        self._people.know(row.get("OwnerId") for row in rows)
        records = [self._rows.record(shape, row) for row in rows]
        if records:
            by_id = {str(row["Id"]): row for row in rows}
            self._links.attach(records, by_id, ("deal", "contact"), {})
        return list(zip(records, rows, strict=True))

    def _adopted(self, tasks: Sequence[NewTask]) -> dict[str, Created]:
        """Tasks that exist already, by touch id."""
        found = self.find_tasks([(task.touch_id, task.associations) for task in tasks])
        return {
            touch: Created(
                touch, record.id, adopted=True, archived=record.archived,
                written=record.as_written(),
            )
            for touch, record in found.items()
        }  # fmt: skip

    def _finds_by_field(self, shape: Shape) -> bool:
        return self._by_field and "touch_id" in shape.names


def _records(task: NewTask) -> tuple[str | None, str | None]:
    """(person, opportunity or account) of a task: Salesforce has one place for each."""
    who = next((id for kind, id in task.associations if kind in ("contact", "lead")), None)
    what = next((id for kind, id in task.associations if kind in ("deal", "company")), None)
    if what and kind_of(who) == "lead" and not LEAD_WITH_RELATED:
        return (None, what)
    return who, what


def _fitted(task: NewTask, type: Written) -> NewTask:
    """The task as Salesforce can hold it."""
    body = plain(task.body)[: DESCRIPTION_CHARS - 100]
    priority = _PRIORITIES.get(task.priority, task.priority)
    fitted = replace(task, body=body, priority=priority, due_at=_whole(task.due_at))
    if type == "note":
        return replace(fitted, subject=(task.subject or _first_line(body))[:SUBJECT_CHARS])
    return replace(fitted, subject=fitted.subject.strip()[:SUBJECT_CHARS])


def _retyped(task: NewTask) -> NewTask:
    subject = f"{_PREFIXES.get(task.type, '')}{task.subject}"[:SUBJECT_CHARS]
    return replace(task, type="todo", subject=subject)


def _whole(at: Any) -> Any:
    """The instant without its milliseconds, which Salesforce does not keep."""
    return type(at)(at - at % 1000)


def _first_line(text: str) -> str:
    return text.partition("\n")[0] or "Note"


def _told(answer: Created, wanted: NewTask, made: NewTask) -> Created:
    """The answer, saying what was written otherwise than asked."""
    if answer.error is not None or answer.adopted:
        return answer
    other = {n: getattr(made, n) for n in _AS_WRITTEN if getattr(made, n) != getattr(wanted, n)}
    return replace(answer, written=other) if other else answer


def _failed(task: NewTask, error: CrmError) -> Created:
    return Created(task.touch_id, None, error)


def _as_first_written(record: CrmRecord, row: Row) -> CrmRecord:
    """Salesforce keeps no history of tasks. What nobody but its maker has changed stands as it was
    written; of any other it is not known, and what differs counts as somebody's edit."""
    if row.get("LastModifiedById") == row.get("CreatedById"):
        for name in (*_AS_WRITTEN, "owner"):
            if name in record.fields:
                record.history[name] = [Version(record.fields[name], record.created_at)]
    return record

