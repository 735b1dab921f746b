"""Pipelines and stages as an admin adds, renames and deletes them at the settings screens.

The screens refuse to delete a stage or pipeline that is in use, as HubSpot's do. `leave` does it
all the same, as HubSpot's API does up to version 2026-03: the records keep an id that no pipeline
has any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.world.people_terms import ActError, Terms
from sandbox.world.records import STAGE_FIELDS, Actor, Pipeline, Record, Stage

Told = dict[str, Any]
"""What a deed answers: kind, id and properties of what it touched."""


class Pipelines(Terms):
    """The deeds of an admin on pipelines and stages."""

    def add_pipeline(self, label: str, stages: Sequence[str], kind: str = "deals") -> Told:
        """A new pipeline; the last two of its `stages` (labels) are won and lost."""
        if isinstance(stages, str) or len(stages) < 3:
            raise ActError("stages", "must be a list of labels: open stages, then won, then lost")
        self.staged(kind)
        made = [
            Stage(self._stage_id(str(name)), str(name), order, (order + 1) / len(stages))
            for order, name in enumerate(stages)
        ]
        for stage, probability in ((made[-2], 1.0), (made[-1], 0.0)):
            stage.closed, stage.probability = True, probability
        pipeline = Pipeline(self.account.world.new_id(), label, made)
        pipeline.order = len(self.account.pipelines[kind])
        self.account.add_pipeline(kind, pipeline)
        return _pipeline(pipeline)

    def rename_pipeline(self, pipeline: str, label: str, kind: str = "deals") -> Told:
        """Another label for a pipeline."""
        found = self.pipeline_of(pipeline, kind)
        found.label = label
        self.account.reordered(found)
        return _pipeline(found)

    def delete_pipeline(
        self,
        pipeline: str,
        move_to: str = "",
        leave: bool = False,
        kind: str = "deals",
        user: str = "",
    ) -> Told:
        """Delete a pipeline; its records go to the stage `move_to` of another one first."""
        found = self.pipeline_of(pipeline, kind)
        others = [
            p for p in self.account.pipelines[kind].values() if not (p.archived or p is found)
        ]
        if not others:
            raise ActError("pipeline", f"{found.label!r} is the last one; add another one first")
        target = self._target(move_to, others)
        self._empty(kind, self.account.in_stage(kind, found, None), target, leave, user)
        found.archived = True
        self.account.reordered(found)
        return _pipeline(found)

    def add_stage(
        self,
        label: str,
        pipeline: str = "",
        after: str = "",
        probability: float = 0.5,
        closed: bool = False,
        kind: str = "deals",
    ) -> Told:
        """A new stage after another one (default: before the closed ones)."""
        found = self.pipeline_of(pipeline, kind)
        if after:
            place = found.stages.index(self.stage_in(found, after, "after")) + 1
        else:
            place = sum(1 for stage in found.stages if not stage.closed)
        new = Stage(self._stage_id(label), label, place, float(probability), bool(closed))
        return _stage(self.account.add_stage(found, new, place), found)

    def rename_stage(self, stage: str, label: str, pipeline: str = "", kind: str = "deals") -> Told:
        """Another label for a stage."""
        found = self.pipeline_of(pipeline, kind)
        renamed = self.stage_in(found, stage)
        renamed.label = label
        self.account.reordered(found)
        return _stage(renamed, found)

    def delete_stage(
        self,
        stage: str,
        pipeline: str = "",
        move_to: str = "",
        leave: bool = False,
        kind: str = "deals",
        user: str = "",
    ) -> Told:
        """Delete a stage; its records go to `move_to` of the same pipeline first."""
        found = self.pipeline_of(pipeline, kind)
        gone = self.stage_in(found, stage)
        if sum(1 for one in found.stages if not one.archived) == 1:
            raise ActError("stage", f"{gone.label!r} is the last one of {found.label!r}")
        target = self._target(move_to, [found])
        if target is not None and target[1] is gone:
            raise ActError("move_to", "is the stage to be deleted; name another one")
        self._empty(kind, self.account.in_stage(kind, found, gone), target, leave, user)
        gone.archived = True
        self.account.reordered(found)
        return _stage(gone, found)

    def _stage_id(self, label: str) -> str:
        """A new stage's id: its first name, where the CRM knows stages by that."""
        return label if self.account.crm == "salesforce" else self.account.world.new_id()

    def _target(self, move_to: str, pipelines: Sequence[Pipeline]) -> tuple[Pipeline, Stage] | None:
        if not move_to:
            return None
        for pipeline in pipelines:
            for stage in pipeline.stages:
                named = self.kinds.get(move_to, move_to) in (stage.id, stage.label)
                if named and not stage.archived:
                    return pipeline, stage
        raise ActError("move_to", f"{move_to!r} is no stage that records could go to")

    def _empty(
        self,
        kind: str,
        records: Sequence[Record],
        target: tuple[Pipeline, Stage] | None,
        leave: bool,
        user: str,
    ) -> None:
        if target is None:
            if records and not leave:
                raise ActError(
                    "move_to", f"{len(records)} {kind} are in it; name a stage to move them to"
                )
            return
        pipeline, stage = target
        by = self.by(user)
        actor = Actor("CRM_UI_BULK_ACTION", by.source_id, by.user_id)
        fields = dict(zip(STAGE_FIELDS[kind], (pipeline.id, stage.id), strict=True))
        for record in records:
            self.account.update(kind, record.id, fields, actor)


def _pipeline(pipeline: Pipeline) -> Told:
    properties = {
        "label": pipeline.label,
        "archived": str(pipeline.archived).lower(),
        "stages": [{"id": one.id, "label": one.label} for one in pipeline.stages],
    }
    return {"kind": "pipeline", "id": pipeline.id, "properties": properties}


def _stage(stage: Stage, pipeline: Pipeline) -> Told:
    properties = {
        "label": stage.label,
        "pipeline": pipeline.id,
        "archived": str(stage.archived).lower(),
    }
    return {"kind": "stage", "id": stage.id, "properties": properties}
