"""Tasks and notes in HubSpot: created with their associations, never updated, found by touch id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.model.time import Clocks
from connectors.batches import chunks, in_batches
from connectors.contract import (
    Conflict,
    Created,
    CrmError,
    CrmRecord,
    Invalid,
    NewTask,
    ObjectType,
    Written,
)
from connectors.hubspot.api import Api
from connectors.hubspot.errors import Classifier, trace_ids
from connectors.hubspot.lost import ROUNDS, TOUCH_ID, Lost
from connectors.hubspot.reading import Reader
from connectors.hubspot.tables import ASSOCIATION_TYPES, BATCH, PATHS
from connectors.hubspot.writing import REFUSALS, unanswered
from connectors.mapping import CrmMapping
from connectors.marks import lately, marked, unmark

TYPE_PREFIX = {"linkedin": "LinkedIn: "}


class Tasks:
    """Creation and look-up of one installation's tasks, or of its notes.

    unique_touch_id False: HubSpot refused our unique property, so the touch id stands in the
    task's body and is sought through the associations of its subject.
    """

    def __init__(
        self,
        api: Api,
        reader: Reader,
        mapping: CrmMapping,
        classify: Classifier,
        unique_touch_id: bool,
        lost: Lost,
        clocks: Clocks,
        type: Written = "task",
    ) -> None:
        self._api = api
        self._reader = reader
        self._mapping = mapping
        self._classify = classify
        self._by_property = unique_touch_id
        self._lost = lost
        self._clocks = clocks
        self._type: Written = type

    @property
    def _unique(self) -> bool:
        return self._by_property and not self._lost.has(self._type, TOUCH_ID)

    def create_tasks(self, tasks: Sequence[NewTask]) -> list[Created]:
        """As the contract says; answers stand in the order of the tasks."""
        answers = in_batches(tasks, self._create, _failed, BATCH)
        for _ in range(ROUNDS):
            lacking = {a.touch_id for a in answers if self._lost.note(self._type, a.error)}
            if not lacking:
                break
            again = [task for task in tasks if task.touch_id in lacking]
            made = {a.touch_id: a for a in in_batches(again, self._guarded, _failed, BATCH)}
            answers = [made.get(answer.touch_id, answer) for answer in answers]
        return self._retyped(tasks, answers)

    def _create(self, tasks: Sequence[NewTask]) -> list[Created]:
        try:
            answer = self._api.call(
                "POST",
                f"/crm/objects/{{version}}/{PATHS[self._type]}/batch/create",
                body={"inputs": [self._input(task) for task in tasks]},
                priority="dispatch",
            )
        except Conflict as error:
            return self._adopt_or_split(tasks, error)
        except REFUSALS as error:
            return self._split(tasks, error)
        return self._created(tasks, answer)

    def _input(self, task: NewTask) -> dict[str, Any]:
        fields: dict[str, Any]
        if self._type == "note":
            fields = {"body": task.body, "at": task.due_at}
        else:
            fields = {
                "subject": task.subject,
                "body": task.body,
                "type": task.type,
                "priority": task.priority,
                "status": "open",
                "due_at": task.due_at,
            }
        if task.owner_id:
            fields["owner"] = task.owner_id
        if self._unique:
            fields["touch_id"] = task.touch_id
            fields["state"] = "open" if self._type == "task" else "done"
        else:
            fields["body"] = marked(task.body, task.touch_id)
        return {
            "objectWriteTraceId": task.touch_id,
            "properties": self._mapping.of(self._type).write(
                self._lost.without(self._type, fields)
            ),
            "associations": [self._association(type, id) for type, id in task.associations],
        }

    def _association(self, type: ObjectType, id: str) -> dict[str, Any]:
        number = ASSOCIATION_TYPES[self._type, type]
        return {
            "to": {"id": id},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}],
        }

    def _created(self, tasks: Sequence[NewTask], answer: Mapping[str, Any]) -> list[Created]:
        touch_property = self._mapping.of(self._type).fields["touch_id"].property
        ids: dict[str, str] = {}
        for result in answer.get("results") or ():
            touch = result.get("objectWriteTraceId") or result["properties"].get(touch_property)
            ids[str(touch)] = str(result["id"])
        errors: dict[str, CrmError] = {}
        for entry in answer.get("errors") or ():
            error = self._classify.refusal(0, entry, self._type, str(entry)[:500])
            errors.update(dict.fromkeys(trace_ids(entry), error))
        conflicting = [t for t in tasks if isinstance(errors.get(t.touch_id), Conflict)]
        try:
            adopted = self._adopted(conflicting)
        except CrmError:
            # The others of this batch are made: their ids must not be lost to a failed look-up.
            adopted = {}
        answers: list[Created] = []
        for task in tasks:
            touch = task.touch_id
            if touch in ids:
                answers.append(Created(touch, ids[touch]))
            elif touch in adopted:
                answers.append(adopted[touch])
            else:
                answers.append(Created(touch, None, errors.get(touch) or unanswered()))
        return answers

    def _adopted(self, tasks: Sequence[NewTask]) -> dict[str, Created]:
        """Tasks that exist already, by touch id."""
        if not tasks:
            return {}
        found = self.find_tasks([(task.touch_id, task.associations) for task in tasks])
        return {
            touch: Created(
                touch,
                record.id,
                adopted=True,
                archived=record.archived,
                written=record.as_written(),
            )
            for touch, record in found.items()
        }

    def _adopt_or_split(self, tasks: Sequence[NewTask], error: Conflict) -> list[Created]:
        """The whole batch was refused because a touch id of it exists."""
        adopted = self._adopted(tasks)
        if not adopted:
            return self._split(tasks, error)
        rest = [task for task in tasks if task.touch_id not in adopted]
        created = {answer.touch_id: answer for answer in self._guarded(rest)} if rest else {}
        return [adopted.get(task.touch_id) or created[task.touch_id] for task in tasks]

    def _split(self, tasks: Sequence[NewTask], error: CrmError) -> list[Created]:
        """Find the input that spoils the batch by halving; a refused batch had no effect."""
        if len(tasks) == 1:
            return [Created(tasks[0].touch_id, None, error)]
        middle = len(tasks) // 2
        return [*self._guarded(tasks[:middle]), *self._guarded(tasks[middle:])]

    def _guarded(self, tasks: Sequence[NewTask]) -> list[Created]:
        """`_create`, its error told per input: the other half may have gone through."""
        try:
            return self._create(tasks)
        except CrmError as error:
            return [Created(task.touch_id, None, error) for task in tasks]

    def _retyped(self, tasks: Sequence[NewTask], answers: list[Created]) -> list[Created]:
        """Tasks refused for their type once more as to-dos.

        The documents list CALL, EMAIL and TODO for the tasks API, though accounts know more.
        """
        refused = {
            answer.touch_id
            for answer in answers
            if isinstance(answer.error, Invalid) and "type" in answer.error.fields
        }
        again = [
            replace(task, type="todo", subject=TYPE_PREFIX.get(task.type, "") + task.subject)
            for task in tasks
            if task.touch_id in refused and task.type != "todo"
        ]
        if not again:
            return answers
        made: dict[str, Created] = {}
        for part in chunks(again, BATCH):
            for task, answer in zip(part, self._guarded(part), strict=True):
                written = {"type": task.type, "subject": task.subject}
                made[task.touch_id] = replace(answer, written=written)
        return [made.get(answer.touch_id, answer) for answer in answers]

    def find_tasks(
        self, touches: Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]]
    ) -> dict[str, CrmRecord]:
        """touch id → its task with history, that of its body too, and associations.

        Live or archived. Without the unique property all archived tasks of the account are gone
        through for what its subjects do not show: a deleted task has lost its associations.
        """
        if not touches:
            return {}
        if self._unique:
            try:
                return self._find_by_property(touches)
            except Invalid:
                self._lost.give_up(self._type, TOUCH_ID)
        return self._find_by_mark(touches)

    def _find_by_property(
        self, touches: Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]]
    ) -> dict[str, CrmRecord]:
        touch_property = self._mapping.of(self._type).fields["touch_id"].property
        found: dict[str, CrmRecord] = {}
        wanted = [touch for touch, _ in touches]
        for archived in (False, True):
            records = self._reader.read(
                self._type,
                [touch for touch in wanted if touch not in found],
                history=True,
                also=("body",),
                associations=() if archived else ("deal", "contact"),
                archived=archived,
                id_property=touch_property,
            )
            found.update({str(record.fields["touch_id"]): record for record in records})
        return found

    def _find_by_mark(
        self, touches: Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]]
    ) -> dict[str, CrmRecord]:
        subjects: dict[ObjectType, set[str]] = {}
        for _, associations in touches:
            for type, id in associations:
                subjects.setdefault(type, set()).add(id)
        ids: dict[str, None] = {}
        for type, members in subjects.items():
            for links in self._reader.associated(type, self._type, sorted(members)).values():
                ids.update(dict.fromkeys(other for other, _, _ in links))
        if not all(associations for _, associations in touches):
            ids.update(dict.fromkeys(self._lately()))
        wanted = {touch for touch, _ in touches}
        records = self._reader.read(
            self._type, list(ids), history=True, also=("body",), associations=("deal", "contact")
        )
        found = {touch: record for record in records if (touch := unmark(record)) in wanted}
        deleted = self._deleted(wanted - found.keys())
        records = self._reader.read(
            self._type, deleted, history=True, also=("body",), archived=True
        )
        found.update({str(unmark(record)): record for record in records})
        return {str(touch): record for touch, record in found.items()}

    def _lately(self) -> Iterator[str]:
        """Ids of what was lately written: a task on no record (a manager's digest) shows there, if
        a moment later than elsewhere; nobody looks for one at once."""
        since = lately(self._clocks)
        after: str | None = None
        while True:
            page = self._reader.changed_since(self._type, since, after)
            yield from (record.id for record in page.records)
            after = page.after
            if after is None:
                return

    def _deleted(self, wanted: set[str]) -> list[str]:
        """Ids of archived tasks that bear one of these marks."""
        found: list[str] = []
        after: str | None = None
        while len(found) < len(wanted):
            page = self._reader.page(self._type, after, archived=True)
            found.extend(record.id for record in page.records if unmark(record) in wanted)
            after = page.after
            if after is None:
                break
        return found


def _failed(task: NewTask, error: CrmError) -> Created:
    return Created(task.touch_id, None, error)

