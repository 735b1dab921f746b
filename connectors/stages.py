"""Which kind a CRM's stage is proposed to be; an admin confirms before it acts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.model.vocabulary import StageKind


@dataclass(frozen=True, slots=True)
class StageFacts:
    """What a CRM says of a stage. probability: 0 to 1, None where it has none."""

    label: str
    probability: float | None
    closed: bool


@dataclass(frozen=True, slots=True)
class StageProposals:
    """Patterns by name, then bounds by probability, as the mapping file has them."""

    won_from: float
    patterns: tuple[tuple[StageKind, re.Pattern[str]], ...]
    by_probability: tuple[tuple[StageKind, float], ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> StageProposals:
        return cls(
            float(document["won_from"]),
            tuple(
                (StageKind(row["kind"]), re.compile(row["name"], re.IGNORECASE))
                for row in document["patterns"]
            ),
            tuple(
                (StageKind(row["kind"]), float(row["up_to"])) for row in document["by_probability"]
            ),
        )

    def propose(self, stages: Sequence[StageFacts]) -> list[StageKind]:
        """A kind for each stage of one pipeline, in the pipeline's order."""
        first_open = next((i for i, stage in enumerate(stages) if not stage.closed), None)
        return [self._one(stage, i == first_open) for i, stage in enumerate(stages)]

    def _one(self, stage: StageFacts, first: bool) -> StageKind:
        if stage.closed:
            return StageKind.WON if (stage.probability or 0) >= self.won_from else StageKind.LOST
        for kind, pattern in self.patterns:
            if pattern.search(stage.label):
                return kind
        if first:
            return StageKind.NEW
        if stage.probability is None:
            return StageKind.IGNORED
        for kind, bound in self.by_probability:
            if stage.probability <= bound:
                return kind
        return StageKind.IGNORED
