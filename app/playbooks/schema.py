"""The form of a playbook file, as pydantic reads it; the JSON Schema for editors is made from it.

What a single value may be stands in `values`; what several places must agree on, in `checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from app.decisions.relative import RELATIVE_OPS
from app.model.playbook import Op
from app.model.time import parse_distance
from app.playbooks.control_schema import ItemYaml, complete
from app.playbooks.end_schema import EndsYaml, ReturnYaml
from app.playbooks.event_schema import EventWhen, SurgeYaml, Urgent
from app.playbooks.event_values import AbsentList
from app.playbooks.form import FORM, Strict, by_key, by_type
from app.playbooks.pace_schema import PaceYaml, PersonYaml
from app.playbooks.reply_values import Choices, ReplyList
from app.playbooks.step_schema import StepYaml
from app.playbooks.values import (
    AgainWord,
    AnyWord,
    ClosedList,
    CreatedList,
    DelayText,
    Exits,
    Id,
    Line,
    SequenceList,
    StageList,
    Text,
    refusal,
)


class DateYaml(Strict):
    """So long before or after a date of the record; neither: on the day itself."""

    field: Line
    before: DelayText | None = None
    after: DelayText | None = None

    @model_validator(mode="after")
    def _one_side(self) -> DateYaml:
        if self.before is not None and self.after is not None:
            raise refusal("a day is either before the date or after it", "leave one of them out")
        return self


class CountYaml(Strict):
    """So many times within so long."""

    count: int = Field(ge=1, le=50)
    within: DelayText


SeenMail = Annotated[
    Annotated[AnyWord, Tag(FORM + "word")] | Annotated[CountYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]
MomentumWord = Literal["hot", "warm", "recycle"]


class StalledYaml(Strict):
    """Of this momentum, and nothing has happened for so long; `by: prospect` counts only what the
    prospect did."""

    momentum: MomentumWord
    for_: DelayText = Field(alias="for")
    by: Literal["anyone", "prospect"] = "anyone"


class WhenYaml(Strict):
    """Exactly one signal; `unless` and `within` together add an absence."""

    stage_entered: StageList | None = None
    subject_created: CreatedList | None = None
    closed: ClosedList | None = None
    no_activity_for: DelayText | None = None
    no_next_step: DelayText | None = None
    unowned: DelayText | None = None
    stalled: StalledYaml | None = None
    form_submitted: AnyWord | None = None
    owner_changed: AnyWord | None = None
    task_completed: AnyWord | None = None
    task_deleted: AnyWord | None = None
    task_edited: AnyWord | None = None
    replied: ReplyList | None = None
    opened: SeenMail | None = None
    clicked: SeenMail | None = None
    meeting_booked: AnyWord | None = None
    meeting_held: AnyWord | None = None
    meeting_missed: AnyWord | None = None
    meeting_cancelled: AnyWord | None = None
    outcome_unknown: AnyWord | None = None
    call_missed: AnyWord | None = None
    overdue: AnyWord | None = None
    recycled: SequenceList | None = None
    field_changed: Line | None = None
    date: DateYaml | None = None
    event: EventWhen | None = None
    surge: SurgeYaml | None = None
    unless: AbsentList | None = None
    within: DelayText | None = None
    enters: MomentumWord | None = None

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
        waits = (self.date, self.no_activity_for, self.no_next_step, self.unowned, self.stalled)
        if self.unless is not None and any(one is not None for one in waits):
            raise refusal(
                "a date and a silence are waited for by themselves",
                "leave `unless` and `within` out, or ask with `if`",
            )
        return self


_BESIDE = frozenset({"unless", "within", "enters"})
SIGNAL_KEYS = tuple(key for key in WhenYaml.model_fields if key not in _BESIDE)


class CompareYaml(Strict):
    field: Line
    op: Op
    value: str | int | float | bool | list[str | int | float] | None = None
    of: Line | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> CompareYaml:
        if self.op in ("known", "unknown"):
            if self.value is not None:
                raise refusal(f"`{self.op}` takes no value", "leave `value` out")
        elif self.value is None:
            raise refusal(f"`{self.op}` needs a value", "add `value: …`")
        elif self.op in RELATIVE_OPS:
            try:
                parse_distance(self.value)
            except ValueError as error:
                message, _, help = str(error).partition("; ")
                raise refusal(f"`{self.op}`: {message}", help) from None
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
    by_key("all", "any", "not", "field"),
]


class NotifyYaml(Strict):
    who: Literal["owner", "manager", "admin"]
    template: Id


class SetYaml(Strict):
    """Momentum is the only field of ours that rules may write; the others follow from state."""

    field: Literal["momentum"]
    value: MomentumWord
    for_: DelayText | None = Field(default=None, alias="for")

    @model_validator(mode="after")
    def _only_recycle_returns(self) -> SetYaml:
        if self.for_ is not None and self.value != "recycle":
            raise refusal(
                f"`{self.value}` does not end on a date", "leave `for` out, or set `recycle`"
            )
        return self


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
        Discriminator(by_type),
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
    by_key(*ACTION_KEYS),
]


class ScopeYaml(Strict):
    pipelines: list[Line] = Field(default_factory=list[Line])
    teams: list[Line] = Field(default_factory=list[Line])
    reps: list[Line] = Field(default_factory=list[Line])


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
    urgent: Urgent | None = None


for _model in (AllYaml, AnyYaml, NotYaml):
    _model.model_rebuild()
PaceYaml.model_rebuild(_types_namespace={**globals()})
complete(ConditionYaml=ConditionYaml, SetYaml=SetYaml, WhenYaml=WhenYaml)


class SequenceYaml(Strict):
    id: Id
    title: Line | None = None
    goal: WhenYaml | None = None
    exits: Exits | None = None
    on_deal: Literal["move", "end"] | None = None
    exclusive: bool = False
    end: EndsYaml | None = None
    again: ReturnYaml | None = None
    if_running: Literal["ignore", "restart"] = "ignore"
    priority: int | None = Field(default=None, ge=0, le=1000)
    lower: Literal["pause", "end"] | None = None
    max_active: int | None = Field(default=None, ge=1)
    pace: list[PaceYaml] = Field(default_factory=list[PaceYaml])
    for_: PersonYaml | None = Field(default=None, alias="for")
    steps: list[ItemYaml] = Field(min_length=1)

    @model_validator(mode="after")
    def _ranked(self) -> SequenceYaml:
        if self.lower is not None and self.priority is None:
            raise refusal(
                "`lower` says what happens to sequences of a lower priority, and this one has none",
                "add `priority: <number>`, or leave `lower` out",
            )
        return self


class TemplateYaml(Strict):
    decides: Line
    body: Text
    email_subject: Line | None = None
    choices: Choices | None = None


