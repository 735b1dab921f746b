"""The form of a sequence's pace, and of whom it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from app.model.pace import LEAST, MOST
from app.playbooks.form import Strict
from app.playbooks.values import Line

if TYPE_CHECKING:
    from app.playbooks.schema import ConditionYaml


class PaceYaml(Strict):
    """While the condition is met, the time between two steps is so many times what is written."""

    if_: ConditionYaml = Field(alias="if")
    times: float = Field(ge=LEAST, le=MOST)


class PersonYaml(Strict):
    """Whoever has this role, or association label, on the record."""

    role: Line
