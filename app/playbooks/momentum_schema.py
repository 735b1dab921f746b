"""The form of `momentum`: what makes subjects hot, warm or laid aside, and what each state owes."""

from __future__ import annotations

from pydantic import Field, model_validator

from app.model.time import Delay
from app.playbooks.form import Strict
from app.playbooks.schema import ActionYaml, ConditionYaml, WhenYaml
from app.playbooks.values import DelayText, Id, Line, refusal


class EntryYaml(Strict):
    """One way into a momentum."""

    id: Id
    title: Line | None = None
    when: WhenYaml
    if_: ConditionYaml | None = Field(default=None, alias="if")


class StillYaml(Strict):
    """What is done where nothing happens for so long."""

    after: DelayText
    then: list[ActionYaml] = Field(min_length=1)


class HotYaml(Strict):
    """when: what makes a subject hot. then: what is done by default. stalls: the escalation.
    decays: after how long without anything happening it is warm again."""

    when: list[EntryYaml] = Field(min_length=1)
    then: list[ActionYaml] = Field(default_factory=list[ActionYaml])
    stalls: StillYaml | None = None
    decays: DelayText | None = None

    @model_validator(mode="after")
    def _stalls_before_it_decays(self) -> HotYaml:
        _in_order("hot.stalls.after", self.stalls, "hot.decays", self.decays)
        return self


class WarmYaml(Strict):
    """Every open subject is warm that is nothing else. silent: what the system decides then.
    decays: after how long without anything happening it is laid aside."""

    when: list[EntryYaml] = Field(default_factory=list[EntryYaml])
    then: list[ActionYaml] = Field(default_factory=list[ActionYaml])
    silent: StillYaml | None = None
    decays: DelayText | None = None

    @model_validator(mode="after")
    def _silent_before_it_decays(self) -> WarmYaml:
        _in_order("warm.silent.after", self.silent, "warm.decays", self.decays)
        return self


class RecycleYaml(Strict):
    """for: after how long what was laid aside comes back; then: what is done on that day."""

    when: list[EntryYaml] = Field(default_factory=list[EntryYaml])
    for_: DelayText = Field(alias="for")
    then: list[ActionYaml] = Field(default_factory=list[ActionYaml])


class MomentumYaml(Strict):
    """Short for rules that keep subjects hot, warm or laid aside; see `app.playbooks.momentum`."""

    hot: HotYaml
    warm: WarmYaml = Field(default_factory=WarmYaml)
    recycle: RecycleYaml | None = None
    limit: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _has_somewhere_to_go(self) -> MomentumYaml:
        if self.warm.decays is not None and self.recycle is None:
            raise refusal(
                "what is warm decays to `recycle`, and nothing says when that comes back",
                "add `recycle: {for: 90d}`, or leave `warm.decays` out",
            )
        return self


def _in_order(name: str, still: StillYaml | None, end: str, decays: Delay | None) -> None:
    """What decays first never stands still for so long."""
    if still is None or decays is None:
        return
    if still.after.approximate_ms() >= decays.approximate_ms():
        raise refusal(
            f"`{name}` ({still.after}) is not before `{end}` ({decays}), so it would never come",
            f"make `{name}` shorter, or `{end}` longer",
            "decays",
        )
