"""Conditions of rules as data: comparisons, and what joins them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Op = Literal[
    "==", "!=", ">", ">=", "<", "<=", "in", "not_in", "known", "unknown", "contains",
    "within", "older_than", "further_than",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`, such as `deal.amount >= 1000`. `known` and `unknown` take no value;
    `within`, `older_than` and `further_than` compare a date with the present (`-365d`).
    of: the role whose people's engagement is counted, where the field is that; empty: everybody's.
    """

    field: str
    op: Op
    value: Any = None
    of: str = ""

    @property
    def name(self) -> str:
        """What is compared, for people."""
        return f"{self.field} of {self.of}" if self.of else self.field


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    part: Condition


Condition = Compare | AllOf | AnyOf | NotOf
