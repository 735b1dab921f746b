"""The stages of an installation as signals need them: kind, order, followed or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.model.vocabulary import StageKind


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    pipeline: str
    label: str
    kind: StageKind
    position: int


class StageMap:
    """Stage id → Stage. A stage acts only when its pipeline is followed and it is confirmed."""

    def __init__(self, rows: Iterable[Mapping[Any, Any]], followed: Iterable[str]) -> None:
        self.followed = frozenset(followed)
        self._stages: dict[str, Stage] = {}
        for row in rows:
            there = row["pipeline_id"] in self.followed and not row["archived"]
            acts = row["confirmed"] and there
            kind = StageKind(row["kind"]) if acts else StageKind.IGNORED
            self._stages[row["id"]] = Stage(
                row["id"], row["pipeline_id"], row["label"], kind, row["position"]
            )

    def get(self, stage_id: str | None) -> Stage | None:
        return self._stages.get(stage_id) if stage_id else None

    def kind(self, stage_id: str | None) -> StageKind:
        """IGNORED for a stage that is unknown, deleted, unconfirmed or not followed."""
        stage = self.get(stage_id)
        return stage.kind if stage else StageKind.IGNORED

    def of_kind(self, kind: str) -> list[Stage]:
        """The stages that act as one kind."""
        return [stage for stage in self._stages.values() if stage.kind.value == kind]

    def off_limits(self, stage_id: str) -> bool:
        """Whether it is known to lie in a pipeline that is not followed."""
        stage = self.get(stage_id)
        return stage is not None and stage.pipeline not in self.followed

    def position(self, stage_id: str | None) -> int:
        stage = self.get(stage_id)
        return stage.position if stage else -1
