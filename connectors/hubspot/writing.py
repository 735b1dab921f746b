"""Writing to HubSpot whatever is no new task: properties, associations, archiving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.batches import chunks, in_batches
from connectors.contract import (
    Conflict,
    CrmError,
    Invalid,
    NotFound,
    ObjectType,
    Unknown,
    Update,
    Updated,
)
from connectors.hubspot.api import ASSOCIATIONS, Api
from connectors.hubspot.errors import Classifier, named_ids, trace_ids
from connectors.hubspot.lost import ROUNDS, Lost
from connectors.hubspot.tables import ASSOCIATION_BATCH, BATCH, PATHS
from connectors.mapping import CrmMapping

REFUSALS = (Invalid, Conflict, NotFound)
"""Errors that one input causes for its whole batch; the batch had no effect."""


class Writer:
    """Writes of one installation."""

    def __init__(self, api: Api, mapping: CrmMapping, classify: Classifier, lost: Lost) -> None:
        self._api = api
        self._mapping = mapping
        self._classify = classify
        self._lost = lost

    def update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        """One answer per update, in their order."""

        def send(part: Sequence[Update]) -> list[Updated]:
            return self._update(type, part)

        answers = in_batches(
            updates, send, lambda update, error: Updated(update.id, error), BATCH
        )
        for _ in range(ROUNDS):
            lacking = {a.id for a in answers if self._lost.note(type, a.error)}
            if not lacking:
                break
            again = [update for update in updates if update.id in lacking]
            made = {
                answer.id: answer
                for part in chunks(again, BATCH)
                for answer in self._update_guarded(type, part)
            }
            answers = [made.get(answer.id, answer) for answer in answers]
        return answers

    def _update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        fields = self._mapping.of(type)
        wanted = [(one.id, self._lost.without(type, one.fields)) for one in updates]
        inputs = [
            {"id": id, "objectWriteTraceId": id, "properties": fields.write(given)}
            for id, given in wanted
            if given
        ]
        if not inputs:
            return [Updated(id) for id, _ in wanted]
        try:
            answer = self._api.call(
                "POST",
                f"/crm/objects/{{version}}/{PATHS[type]}/batch/update",
                body={"inputs": inputs},
                priority="dispatch",
            )
        except REFUSALS as error:
            if len(updates) == 1:
                return [Updated(updates[0].id, error)]
            middle = len(updates) // 2
            return [
                answer
                for half in (updates[:middle], updates[middle:])
                for answer in self._update_guarded(type, half)
            ]
        done = {str(result["id"]) for result in answer.get("results") or ()}
        done.update(id for id, given in wanted if not given)
        errors: dict[str, CrmError] = {}
        for entry in answer.get("errors") or ():
            error = self._classify.refusal(0, entry, type, str(entry)[:500])
            errors.update(dict.fromkeys((*trace_ids(entry), *named_ids(entry)), error))
        return [
            Updated(one.id, None if one.id in done else errors.get(one.id) or unanswered())
            for one in updates
        ]

    def _update_guarded(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        try:
            return self._update(type, updates)
        except CrmError as error:
            return [Updated(one.id, error) for one in updates]

    def associate(
        self, from_type: ObjectType, to_type: ObjectType, pairs: Sequence[tuple[str, str]]
    ) -> None:
        """Make default associations; one that is there already stays as it is.

        Raises the refusal of a pair (an end is gone) after the others were made.
        """
        refused: list[Any] = []
        for part in chunks(pairs, ASSOCIATION_BATCH):
            answer = self._api.call(
                "POST",
                f"/crm/associations/{{version}}/{PATHS[from_type]}/{PATHS[to_type]}"
                "/batch/associate/default",
                body={"inputs": [{"from": {"id": a}, "to": {"id": b}} for a, b in part]},
                safe=True,
                buckets=ASSOCIATIONS,
                priority="dispatch",
            )
            refused.extend(answer.get("errors") or ())
        if refused:
            raise self._classify.refusal(0, refused[0], from_type, str(refused)[:500])

    def archive(self, type: ObjectType, ids: Sequence[str]) -> None:
        """Move to the recycle bin; repeating it changes nothing."""
        for part in chunks(list(dict.fromkeys(ids)), BATCH):
            self._api.call(
                "POST",
                f"/crm/objects/{{version}}/{PATHS[type]}/batch/archive",
                body={"inputs": [{"id": one} for one in part]},
                safe=True,
                priority="dispatch",
            )


def unanswered() -> Unknown:
    """For an input that an answer does not mention."""
    return Unknown(
        "HubSpot's answer did not mention this input; it is looked up before it is repeated."
    )
