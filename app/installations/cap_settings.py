"""How caps by segment are written in the settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.model.guard import Cap

Most = Annotated[int, Field(ge=1, le=1000)]


class CapSettings(BaseModel):
    """Most touches for one person in any 7 and any 30 days; None is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cap_7_days: Most | None = None
    cap_30_days: Most | None = None

    def cap(self) -> Cap:
        return Cap(self.cap_7_days, self.cap_30_days)


class SegmentSettings(CapSettings):
    """Caps of the people of some records. segment: a condition as in a playbook; None: of everybody
    who is in no segment before it. channels: caps of one kind of touch by itself."""

    name: str = Field(min_length=1, max_length=60)
    segment: dict[str, Any] | None = None
    channels: dict[Literal["call", "email", "linkedin"], CapSettings] = {}
