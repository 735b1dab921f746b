"""The form of a playbook file, as pydantic reads it; the JSON Schema for editors is made from it.

What a single value may be stands in `values`; what several places must agree on, in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from app.playbooks.values import (
    AbsentList,
    AgainWord,
    AnyWord,
    ClosedList,
    CreatedList,
    DelayText,
    Exits,
    Id,
    Line,
    PriorityWord,
    StageList,
    TaskWord,
    Text,
    Window,
    refusal,
)


class Strict(BaseModel):
    """Unknown keys are mistakes, never ignored: a misspelt `limit` would mean no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)


FORM = "form:"
"""Starts the names of a union's forms, which pydantic puts into the locations of its errors."""


def _by_key(*keys: str) -> Any:
    """Tells the forms of a union apart by the one key that each must have."""

    def form_of(value: Any) -> str | None:
        if not isinstance(value, dict):
            return None
        return next((FORM + key for key in keys if key in value), None)

    words = ", ".join(f"`{key}`" for key in keys)
    return Discriminator(
        form_of,
        custom_error_type="playbook_form",
        custom_error_message=f"one of these keys must stand here: {words}",
    )


def _by_type(value: Any) -> str:
    """Tells a word, a list and a mapping apart, so that an error is about what was meant."""
    if isinstance(value, dict):
        return FORM + "mapping"
    return FORM + ("list" if isinstance(value, list) else "word")


class WhenYaml(Strict):
    """Exactly one signal; `unless` and `within` together add an absence."""

    stage_entered: StageList | None = None
    subject_created: CreatedList | None = None
    closed: ClosedList | None = None
    no_activity_for: DelayText | None = None
    form_submitted: AnyWord | None = None
    owner_changed: AnyWord | None = None
    task_completed: AnyWord | None = None
    task_deleted: AnyWord | None = None
    task_edited: AnyWord | None = None
    replied: AnyWord | None = None
    meeting_booked: AnyWord | None = None
    meeting_held: AnyWord | None = None
    meeting_missed: AnyWord | None = None
    meeting_cancelled: AnyWord | None = None
    outcome_unknown: AnyWord | None = None
    overdue: AnyWord | None = None
    unless: AbsentList | None = None
    within: DelayText | None = None

    @model_validator(mode="after")
    def _one_signal(self) -> WhenYaml:
        named = [key for key in SIGNAL_KEYS if getattr(self, key) is not None]
        if len(named) != 1:
            found = " and ".join(named) if named else "none"
            raise refusal(
                f"a rule waits for exactly one signal, here stands {found}",
                "write one signal, such as {stage_entered: proposal}",
            )
        if (self.unless is None) != (self.within is None):
            raise refusal(
                "`unless` and `within` belong together",
                "write both, such as unless: [replied], within: 3d",
            )
        return self


SIGNAL_KEYS = tuple(key for key in WhenYaml.model_fields if key not in ("unless", "within"))


class CompareYaml(Strict):
    field: Line
    op: Literal["==", "!=", ">", ">=", "<", "<=", "in", "not_in", "known", "unknown", "contains"]
    value: str | int | float | bool | list[str | int | float] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> CompareYaml:
        if self.op in ("known", "unknown"):
            if self.value is not None:
                raise refusal(f"`{self.op}` takes no value", "leave `value` out")
        elif self.value is None:
            raise refusal(f"`{self.op}` needs a value", "add `value: …`")
        elif (self.op in ("in", "not_in")) != isinstance(self.value, list):
            wanted = "a list, such as [a, b]" if self.op in ("in", "not_in") else "a single value"
            raise refusal(f"{self.value!r} does not fit `{self.op}`", f"write {wanted}")
        return self


class AllYaml(Strict):
    all: list[ConditionYaml] = Field(min_length=1)


class AnyYaml(Strict):
    any: list[ConditionYaml] = Field(min_length=1)


class NotYaml(Strict):
    not_: ConditionYaml = Field(alias="not")


ConditionYaml = Annotated[
    Annotated[AllYaml, Tag(FORM + "all")]
    | Annotated[AnyYaml, Tag(FORM + "any")]
    | Annotated[NotYaml, Tag(FORM + "not")]
    | Annotated[CompareYaml, Tag(FORM + "field")],
    _by_key("all", "any", "not", "field"),
]


class SkipYaml(Strict):
    skip_after: DelayText


class ThenYaml(Strict):
    recycle: DelayText


class AnchorFieldYaml(Strict):
    field: Line


AfterYaml = Annotated[
    Annotated[Literal["entry", "previous_done"], Tag(FORM + "word")]
    | Annotated[AnchorFieldYaml, Tag(FORM + "mapping")],
    Discriminator(_by_type),
]
LateYaml = Annotated[
    Annotated[Literal["shift", "now"], Tag(FORM + "word")]
    | Annotated[SkipYaml, Tag(FORM + "mapping")],
    Discriminator(_by_type),
]


class NativeYaml(Strict):
    """A sequence of the CRM's own: `hubspot` names it, or gives its id in quotes."""

    hubspot: Line
    sender: Literal["owner"] = "owner"


class StepYaml(Strict):
    """One step of a sequence or task of `create_tasks`.

    `email: <template>` is short for `task: email` with that template. With `sequence` the template
    is the draft that a rep gets where the CRM's sequence cannot be started.
    """

    id: Id
    at: DelayText | None = None
    task: TaskWord | None = None
    email: Id | None = None
    sequence: NativeYaml | None = None
    template: Id | None = None
    subject: Line | None = None
    priority: PriorityWord | None = None
    after: AfterYaml | None = None
    lead: DelayText | None = None
    window: Window | None = None
    late: LateYaml | None = None
    then: ThenYaml | None = None

    @model_validator(mode="after")
    def _one_channel(self) -> StepYaml:
        named = [self.task, self.email, self.sequence]
        if sum(channel is not None for channel in named) != 1:
            raise refusal(
                "a step is either a `task`, an `email` or a `sequence` of the CRM's own",
                "write task: call, email, todo, linkedin or meeting; or email: <template>; or "
                "sequence: {hubspot: <name>}",
            )
        if self.email is not None and self.template is not None:
            raise refusal("`email` already names the template", "leave `template` out")
        if self.task is not None and self.template is None:
            raise refusal("the step names no template", "add `template: …`")
        return self


class NotifyYaml(Strict):
    who: Literal["owner", "manager", "admin"]
    template: Id


class SetYaml(Strict):
    """Momentum is the only field of ours that rules may write; the others follow from state."""

    field: Literal["momentum"]
    value: Literal["hot", "warm", "recycle"]


class HoldYaml(Strict):
    reason: Line
    for_: DelayText = Field(alias="for")


class CreateTasksAction(Strict):
    create_tasks: list[StepYaml] = Field(min_length=1)


class EnrolAction(Strict):
    enrol: Id


class StopAction(Strict):
    stop: Annotated[
        Annotated[Literal["any"], Tag(FORM + "word")] | Annotated[list[Id], Tag(FORM + "list")],
        Discriminator(_by_type),
    ]


class NotifyAction(Strict):
    notify: NotifyYaml


class SetAction(Strict):
    set: SetYaml


class HoldAction(Strict):
    hold: HoldYaml


class ReassignAction(Strict):
    reassign: Line


ACTION_KEYS = ("create_tasks", "enrol", "stop", "notify", "set", "hold", "reassign")

ActionYaml = Annotated[
    Annotated[CreateTasksAction, Tag(FORM + "create_tasks")]
    | Annotated[EnrolAction, Tag(FORM + "enrol")]
    | Annotated[StopAction, Tag(FORM + "stop")]
    | Annotated[NotifyAction, Tag(FORM + "notify")]
    | Annotated[SetAction, Tag(FORM + "set")]
    | Annotated[HoldAction, Tag(FORM + "hold")]
    | Annotated[ReassignAction, Tag(FORM + "reassign")],
    _by_key(*ACTION_KEYS),
]


class ScopeYaml(Strict):
    pipelines: list[Line] = []
    teams: list[Line] = []
    reps: list[Line] = []


class RuleYaml(Strict):
    id: Id
    title: Line | None = None
    when: WhenYaml
    if_: ConditionYaml | None = Field(default=None, alias="if")
    then: list[ActionYaml] = Field(min_length=1)
    again: AgainWord | None = None
    settle: DelayText | None = None
    limit: int | None = Field(default=None, ge=1)
    scope: ScopeYaml | None = None


class SequenceYaml(Strict):
    id: Id
    title: Line | None = None
    goal: WhenYaml | None = None
    exits: Exits | None = None
    on_deal: Literal["move", "end"] | None = None
    exclusive: bool = False
    steps: list[StepYaml] = Field(min_length=1)


class TemplateYaml(Strict):
    decides: Line
    body: Text
    email_subject: Line | None = None


class PlaybookYaml(Strict):
    playbook: Id
    title: Line | None = None
    description: Text | None = None
    rules: list[RuleYaml] = Field(min_length=1)
    sequences: list[SequenceYaml] = []
    templates: dict[Id, TemplateYaml] = {}


for _model in (AllYaml, AnyYaml, NotYaml):
    _model.model_rebuild()
