"""The form of what comes after a sequence, and of when it may begin again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag, model_validator

from app.model.vocabulary import ENDS
from app.playbooks.form import FORM, Strict, by_type
from app.playbooks.step_schema import AssignYaml
from app.playbooks.values import DelayText, Id, Line, PriorityWord, TaskWord, refusal

REASONS = tuple(reason.value for reason in ENDS)


class ReviewYaml(Strict):
    """A task that asks a person what is to become of the record."""

    template: Id
    at: DelayText | None = None
    task: TaskWord | None = None
    subject: Line | None = None
    priority: PriorityWord | None = None
    assign: AssignYaml | None = None


class EndYaml(Strict):
    """One of: a sequence of this playbook, a return on a date, a person's review."""

    next: Id | None = None
    after: DelayText | None = None
    recycle: DelayText | None = None
    review: ReviewYaml | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> EndYaml:
        if sum(one is not None for one in (self.next, self.recycle, self.review)) != 1:
            raise refusal(
                "after an end comes one thing",
                "write {next: <sequence>}, {recycle: 90d}, {review: {template: …}} or archive",
            )
        if self.after is not None and self.next is None:
            raise refusal(
                "only a sequence that comes `next` waits so long `after` the end",
                "recycle has its own delay; a review says `at`",
            )
        return self


OneEnd = Annotated[
    Annotated[Literal["archive"], Tag(FORM + "word")]
    | Annotated[EndYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]


class EndsByReasonYaml(Strict):
    """What comes after an end, by its reason."""

    finished: OneEnd | None = None
    goal_reached: OneEnd | None = None
    replied: OneEnd | None = None
    meeting_booked: OneEnd | None = None
    stage_left: OneEnd | None = None
    closed_won: OneEnd | None = None
    closed_lost: OneEnd | None = None
    bounced: OneEnd | None = None


def _form_of(value: Any) -> str:
    if isinstance(value, EndsByReasonYaml) or (
        isinstance(value, dict) and not EndYaml.model_fields.keys() & value.keys()
    ):
        return FORM + "reasons"
    return FORM + ("mapping" if isinstance(value, dict | EndYaml) else "word")


EndsYaml = Annotated[
    Annotated[Literal["archive"], Tag(FORM + "word")]
    | Annotated[EndYaml, Tag(FORM + "mapping")]
    | Annotated[EndsByReasonYaml, Tag(FORM + "reasons")],
    Discriminator(_form_of),
]
"""One ending stands for the last step's being done, which is the end that a file means most."""


class CoolDownYaml(Strict):
    """Each time, but not so soon after its last end."""

    after: DelayText


ReturnYaml = Annotated[
    Annotated[Literal["once", "one_at_a_time"], Tag(FORM + "word")]
    | Annotated[CoolDownYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]


def by_reason(ends: EndYaml | EndsByReasonYaml | str | None) -> dict[str, EndYaml | str]:
    """Reason → what comes after it; what the short form means stands under `finished`."""
    if ends is None:
        return {}
    if not isinstance(ends, EndsByReasonYaml):
        return {"finished": ends}
    found = {name: getattr(ends, name) for name in REASONS}
    return {name: end for name, end in found.items() if end is not None}
