"""The frame in which an account's records stand: users, teams, properties, pipelines, stages.

What an admin changes at the settings screens. At HubSpot none of it fires a webhook: an app learns
of it by reading. Records keep what they hold (the owner id of somebody who left, the id of a stage
that was deleted) unless they are moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world.records import (
    STAGE_FIELDS,
    Actor,
    Owner,
    Pipeline,
    Property,
    Record,
    Stage,
    Team,
)

if TYPE_CHECKING:
    from sandbox.world.account import Account


class Frame:
    """The part of an account that its admins change."""

    # --- users -------------------------------------------------------------------------------

    def add_owner(self: Account, owner: Owner) -> Owner:
        """Adds a user who can own records."""
        with self.world.lock:
            owner.created_at = owner.created_at or self.world.clock.now()
            owner.updated_at = owner.updated_at or owner.created_at
            self.owners[owner.id] = owner
            self.world.tell_frame(self)
            return owner

    def set_archived(self: Account, owner: Owner, archived: bool, actor: Actor) -> None:
        """Deactivates a user, or lets them back in; their records keep the owner id."""
        with self.world.lock:
            owner.archived = archived
            owner.updated_at = self.world.clock.now()
            if owner.user_record_id and self.find("users", owner.user_record_id):
                gone = {"hs_deactivated": "true" if archived else "false"}
                self.update("users", owner.user_record_id, gone, actor)
            self.world.tell_frame(self)

    def add_team(self: Account, team: Team) -> Team:
        """Adds a team; owners name it in their ``teams``."""
        self.teams[team.id] = team
        return team

    # --- properties --------------------------------------------------------------------------

    def add_property(
        self: Account, kind: str, definition: Property, *, keep_values: bool = False
    ) -> Property:
        """Adds a property to a kind; raises ValueError when the name is taken.

        An archived one of that name is replaced, and its values are lost unless ``keep_values``.
        """
        with self.world.lock:
            existing = self.properties[kind].get(definition.name)
            if existing is not None and not existing.archived:
                raise ValueError(f"{kind} have a property named {definition.name!r} already")
            if existing is not None and not keep_values:
                for record in self._all(kind):
                    record.fields.pop(definition.name, None)
                    record.history.pop(definition.name, None)
            definition.created_at = definition.updated_at = self.world.clock.now()
            self.properties[kind][definition.name] = definition
            self._index_property(kind, definition)
            return definition

    def archive_property(self: Account, kind: str, definition: Property) -> None:
        """Archives a property: no read shows it and no write may name it until it is restored."""
        with self.world.lock:
            definition.archived = True
            definition.updated_at = self.world.clock.now()
            self.unique[kind].pop(definition.name, None)
            self.unique_archived[kind].pop(definition.name, None)

    def restore_property(self: Account, kind: str, definition: Property) -> None:
        """Brings an archived property back with the values it had."""
        with self.world.lock:
            definition.archived = False
            definition.updated_at = self.world.clock.now()
            self._index_property(kind, definition)

    def _index_property(self: Account, kind: str, definition: Property) -> None:
        if not definition.unique:
            return
        for index in (self.unique[kind], self.unique_archived[kind]):
            index.setdefault(definition.name, {})
        for record in self._all(kind):
            value = {definition.name: record.get(definition.name)}
            self._index(record, value, archived=record.archived)

    def _all(self: Account, kind: str) -> list[Record]:
        return [*self.objects[kind].values(), *self.archived[kind].values()]

    # --- pipelines ---------------------------------------------------------------------------

    def add_pipeline(self: Account, kind: str, pipeline: Pipeline) -> Pipeline:
        """Adds a pipeline, or replaces the one with the same id."""
        pipeline.created_at = pipeline.created_at or self.world.clock.now()
        pipeline.updated_at = pipeline.updated_at or pipeline.created_at
        self.pipelines[kind][pipeline.id] = pipeline
        self.world.tell_frame(self)
        return pipeline

    def add_stage(self: Account, pipeline: Pipeline, stage: Stage, place: int) -> Stage:
        """Puts a new stage at a place in a pipeline's order."""
        with self.world.lock:
            pipeline.stages.insert(place, stage)
            self.reordered(pipeline)
            return stage

    def reordered(self: Account, pipeline: Pipeline) -> None:
        """Numbers a pipeline's stages as they stand; any change of it is dated so."""
        for order, stage in enumerate(one for one in pipeline.stages if not one.archived):
            stage.order = order
        pipeline.updated_at = self.world.clock.now()
        self.world.tell_frame(self)

    def in_stage(self: Account, kind: str, pipeline: Pipeline, stage: Stage | None) -> list[Record]:
        """The live records that stand in a stage, or anywhere in the pipeline."""
        pipeline_field, stage_field = STAGE_FIELDS[kind]
        return [
            record
            for record in self.objects[kind].values()
            if record.get(pipeline_field) == pipeline.id
            and (stage is None or record.get(stage_field) == stage.id)
        ]
