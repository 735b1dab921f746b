"""The form of what rules say about events: which, how many, how close together, how urgent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from app.playbooks.event_values import EventList, SurgingList
from app.playbooks.form import FORM, Strict, by_type
from app.playbooks.values import DelayText, Line, refusal


class EventYaml(Strict):
    """An event that a tool of the customer's tells of, so many of them within a time."""

    name: EventList
    count: int = Field(default=1, ge=1, le=1000)
    within: DelayText | None = None

    @model_validator(mode="after")
    def _span(self) -> EventYaml:
        if self.count > 1 and self.within is None:
            raise refusal(
                f"{self.count} of them within what time?", "add `within`, such as within: 1d"
            )
        if self.count == 1 and self.within is not None:
            raise refusal("one event needs no time", "leave `within` out, or say `count: 3`")
        return self


EventWhen = Annotated[
    Annotated[EventYaml, Tag(FORM + "mapping")]
    | Annotated[EventList, Tag(FORM + "word")]
    | Annotated[EventList, Tag(FORM + "list")],
    Discriminator(by_type),
]


class NearYaml(Strict):
    """A date of the record that lies ahead, no further than this."""

    field: Line
    within: DelayText


class SurgeYaml(Strict):
    """Several signs of urgency close together: so many signals, or of so many people."""

    of: SurgingList
    count: int = Field(default=1, ge=1, le=1000)
    persons: int = Field(default=1, ge=1, le=100)
    within: DelayText
    near: NearYaml | None = None

    @model_validator(mode="after")
    def _several(self) -> SurgeYaml:
        if self.count == 1 and self.persons == 1 and self.near is None:
            raise refusal(
                "one signal is no surge", "add `count`, `persons` or `near`; or wait for an event"
            )
        return self


class UrgentYaml(Strict):
    """hold: for so long the record's other follow-ups wait."""

    hold: DelayText


Urgent = Annotated[
    Annotated[Literal[True], Tag(FORM + "word")] | Annotated[UrgentYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]
