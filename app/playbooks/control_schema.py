"""The form of what steers a sequence: waits, branches, splits and momentum.

A way on is a list of steps under the control step itself, so that a file reads from top to bottom
and no step can lead back, to nowhere or past another. After the list both ways go on together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from app.playbooks.form import FORM, Strict
from app.playbooks.step_schema import AfterYaml, AnchorFieldYaml, StepYaml
from app.playbooks.values import DelayText, Id, refusal

if TYPE_CHECKING:
    from app.playbooks.schema import ConditionYaml, SetYaml, WhenYaml

CONTROL_KEYS = ("wait", "branch", "split", "set")

SinceWord = Literal["entry", "previous_done"]
ResultWord = Literal["completed", "deleted", "dropped", "finished", "unenrolled", "open"]


class ControlYaml(Strict):
    """When it is reached: after the step before it, or so long after the entry or a date."""

    id: Id
    at: DelayText | None = None
    after: AfterYaml | None = None
    before: AnchorFieldYaml | None = None

    @model_validator(mode="after")
    def _one_anchor(self) -> ControlYaml:
        if self.before is not None and self.after is not None:
            raise refusal(
                "a step is either before a date or after something", "leave one of the two out"
            )
        return self


class WaitForYaml(Strict):
    """`since`: a signal that came before the wait began counts from the entry on, or only from when
    the step before was over."""

    until: WhenYaml
    timeout: DelayText | None = None
    since: SinceWord = "entry"

    @model_validator(mode="after")
    def _ends(self) -> WaitForYaml:
        if self.timeout is None:
            raise refusal(
                "a wait without a time-out may last for ever",
                "add `timeout: 5d`, after which the follow-up goes on by `else`",
            )
        return self


class WaitYaml(ControlYaml):
    wait: WaitForYaml
    then: list[ItemYaml] = Field(default_factory=lambda: list[Any]())
    else_: list[ItemYaml] = Field(default_factory=lambda: list[Any](), alias="else")


class BranchOnYaml(Strict):
    """What is asked when it is reached: a condition, a signal seen before, or how an earlier step
    stands."""

    if_: ConditionYaml | None = Field(default=None, alias="if")
    seen: WhenYaml | None = None
    since: SinceWord = "entry"
    step: Id | None = None
    is_: list[ResultWord] | None = Field(default=None, alias="is", min_length=1)

    @model_validator(mode="after")
    def _one_question(self) -> BranchOnYaml:
        asked = [self.if_, self.seen, self.step]
        if sum(one is not None for one in asked) != 1:
            raise refusal(
                "a branch asks exactly one thing",
                "write if: {…}, seen: {replied: any}, or step: <id> with is: [completed]",
            )
        if (self.step is None) != (self.is_ is None):
            raise refusal(
                "`step` and `is` belong together", "write step: <id>, is: [completed]"
            )
        return self


class BranchYaml(ControlYaml):
    branch: BranchOnYaml
    then: list[ItemYaml] = Field(default_factory=lambda: list[Any]())
    else_: list[ItemYaml] = Field(default_factory=lambda: list[Any](), alias="else")


class ShareYaml(Strict):
    """A cohort; without steps it gets nothing but what comes after the split."""

    cohort: Id
    percent: int = Field(ge=1, le=99)
    steps: list[ItemYaml] = Field(default_factory=lambda: list[Any]())


class SplitYaml(ControlYaml):
    split: list[ShareYaml] = Field(min_length=2)


class SetStepYaml(ControlYaml):
    set: SetYaml


def _form_of(value: Any) -> str:
    """A step is a touch unless it has the key of a control step."""
    if isinstance(value, dict):
        return FORM + next((key for key in CONTROL_KEYS if key in value), "touch")
    return FORM + "touch"


ItemYaml = Annotated[
    Annotated[StepYaml, Tag(FORM + "touch")]
    | Annotated[WaitYaml, Tag(FORM + "wait")]
    | Annotated[BranchYaml, Tag(FORM + "branch")]
    | Annotated[SplitYaml, Tag(FORM + "split")]
    | Annotated[SetStepYaml, Tag(FORM + "set")],
    Discriminator(_form_of),
]


def complete(**forms: Any) -> None:
    """Give the forms of `app.playbooks.schema` that these models name to them: a signal and a
    condition are the same here as in a rule, and that module needs these models in its turn."""
    for model in (
        WaitForYaml, BranchOnYaml, SetStepYaml, WaitYaml, BranchYaml, ShareYaml, SplitYaml
    ):  # fmt: skip
        model.model_rebuild(_types_namespace={**globals(), **forms})
