"""The form of a step: of a sequence, or one of the tasks of `create_tasks`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Tag, model_validator

from app.model.vocabulary import TaskType
from app.playbooks.form import FORM, Strict, by_type
from app.playbooks.values import (
    DelayText,
    Id,
    Line,
    PriorityWord,
    TaskWord,
    Window,
    refusal,
)


class SkipYaml(Strict):
    skip_after: DelayText


class ThenYaml(Strict):
    recycle: DelayText


class AnchorFieldYaml(Strict):
    field: Line


AfterYaml = Annotated[
    Annotated[Literal["entry", "previous_done"], Tag(FORM + "word")]
    | Annotated[AnchorFieldYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]
LateYaml = Annotated[
    Annotated[Literal["shift", "now"], Tag(FORM + "word")]
    | Annotated[SkipYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]


class NativeYaml(Strict):
    """A sequence of the CRM's own: `hubspot` names it, or gives its id in quotes; a cadence of
    Salesforce's is named by `salesforce`. In an account of the other CRM the step is a task."""

    hubspot: Line | None = None
    salesforce: Line | None = None
    sender: Literal["owner", "team"] = "owner"

    @property
    def named(self) -> tuple[str, str]:
        """(CRM, name)."""
        if self.hubspot is not None:
            return "hubspot", self.hubspot
        return "salesforce", self.salesforce or ""

    @model_validator(mode="after")
    def _one_of_them(self) -> NativeYaml:
        if (self.hubspot is None) == (self.salesforce is None):
            raise refusal(
                "a step starts one sequence of one CRM",
                "write {hubspot: <name>} or {salesforce: <name>}",
            )
        return self


class AssignToYaml(Strict):
    """One person, by owner id or e-mail address; or whoever of a CRM's team has their turn."""

    rep: Line | None = None
    team: Line | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> AssignToYaml:
        if (self.rep is None) == (self.team is None):
            raise refusal(
                "a task goes to one person or to one team",
                "write {rep: ada@firm.example} or {team: Inside sales}",
            )
        return self


AssignYaml = Annotated[
    Annotated[Literal["owner", "manager"], Tag(FORM + "word")]
    | Annotated[AssignToYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]


HandToYaml = Annotated[
    Annotated[Literal["manager"], Tag(FORM + "word")]
    | Annotated[AssignToYaml, Tag(FORM + "mapping")],
    Discriminator(by_type),
]


class HandOverYaml(Strict):
    """The record goes to the owner's manager, one person, or whose turn it is in a team, with a
    note of the context."""

    to: HandToYaml
    template: Id


class StepYaml(Strict):
    """One step of a sequence or task of `create_tasks`.

    `email: <template>` is short for `task: email` with that template. `note: <template>` is no task
    but a note on the record, written at once. `hand_over` gives the record to somebody else, with
    such a note. With `sequence` the template is the draft that a rep gets where the CRM's sequence
    cannot be started. With `before` the delay `at` counts back from a date.
    """

    id: Id
    at: DelayText | None = None
    task: TaskWord | None = None
    email: Id | None = None
    note: Id | None = None
    hand_over: HandOverYaml | None = None
    sequence: NativeYaml | None = None
    template: Id | None = None
    subject: Line | None = None
    priority: PriorityWord | None = None
    after: AfterYaml | None = None
    before: AnchorFieldYaml | None = None
    lead: DelayText | None = None
    window: Window | None = None
    late: LateYaml | None = None
    then: ThenYaml | None = None
    assign: AssignYaml | None = None
    pace: Literal["steady"] | None = None
    thread: bool = False

    @model_validator(mode="after")
    def _in_a_thread(self) -> StepYaml:
        if self.thread and self.email is None and self.task is not TaskType.EMAIL:
            raise refusal("only a mail has a thread", "leave `thread` out, or write `email: …`")
        return self

    @model_validator(mode="after")
    def _one_channel(self) -> StepYaml:
        named = [self.task, self.email, self.note, self.hand_over, self.sequence]
        if sum(channel is not None for channel in named) != 1:
            raise refusal(
                "a step is either a `task`, an `email`, a `note`, a `hand_over` or a `sequence` of "
                "the CRM's own",
                "write task: call, email, todo, linkedin or meeting; or email: <template>; or "
                "note: <template>; or hand_over: {to: …, template: …}; or sequence: {hubspot: "
                "<name>} or {salesforce: <name>}",
            )
        timed = self.model_fields_set - {"id", "at", "after", "before", "hand_over"}
        if self.hand_over is not None and timed:
            raise refusal(
                f"a hand-over is nobody's work: it takes no `{min(timed)}`",
                "leave it out; who gets the record stands in `to`, the text in `template`",
            )
        more = sorted(self.model_fields_set - {"id", "note"})
        if self.note is not None and more:
            raise refusal(
                f"a note is written at once and is nobody's work: it takes no `{more[0]}`",
                "leave it out; the text is its template's",
            )
        if self.email is not None and self.template is not None:
            raise refusal("`email` already names the template", "leave `template` out")
        if self.task is not None and self.template is None:
            raise refusal("the step names no template", "add `template: …`")
        return self

    @model_validator(mode="after")
    def _one_anchor(self) -> StepYaml:
        if self.before is not None and self.after is not None:
            raise refusal(
                "a step is either before a date or after something", "leave one of the two out"
            )
        return self
