"""The form of a whole playbook file."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from app.playbooks.form import Strict
from app.playbooks.momentum_schema import MomentumYaml
from app.playbooks.schema import RuleYaml, SequenceYaml, TemplateYaml
from app.playbooks.values import Id, Line, Text, refusal

_OWN_FIELD = re.compile(r"^(deal|contact)\.[a-z][a-z0-9_]{0,63}$")


class NeedYaml(Strict):
    """A field of the account's own, to be mapped before the playbook can be saved or activated."""

    field: Line
    type: Literal["date", "instant", "number", "bool", "text"]
    what: Line

    @field_validator("field")
    @classmethod
    def _of_a_record(cls, value: str) -> str:
        if not _OWN_FIELD.match(value):
            raise refusal(f"{value!r} is no field of a record", "write it like deal.contract_end")
        return value


class PlaybookYaml(Strict):
    playbook: Id
    title: Line | None = None
    description: Text | None = None
    needs: list[NeedYaml] = Field(default_factory=list[NeedYaml])
    momentum: MomentumYaml | None = None
    rules: list[RuleYaml] = Field(default_factory=list[RuleYaml])
    sequences: list[SequenceYaml] = Field(default_factory=list[SequenceYaml])
    templates: dict[Id, TemplateYaml] = Field(default_factory=dict[Id, TemplateYaml])

    @model_validator(mode="after")
    def _some_rule(self) -> PlaybookYaml:
        if not self.rules and self.momentum is None:
            raise refusal(
                "at least one rule must stand here", "add one, or a `momentum`", "rules"
            )
        return self
