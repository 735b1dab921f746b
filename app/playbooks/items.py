"""The steps of a sequence as its file nests them: each with its place, and the ways on of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.playbooks.control_schema import BranchYaml, ItemYaml, SplitYaml, WaitYaml
from app.playbooks.finding import Location
from app.playbooks.step_schema import StepYaml

Placed = list[tuple[Location, StepYaml]]
"""Touches, each with its place in the file."""

Arms = list[tuple[str, Location, Sequence[ItemYaml]]]


def arms_of(place: Location, item: ItemYaml) -> Arms:
    """(arm, place, steps) of each way on from a step; none of a step that has only one."""
    if isinstance(item, WaitYaml | BranchYaml):
        return [("then", (*place, "then"), item.then), ("else", (*place, "else"), item.else_)]
    if isinstance(item, SplitYaml):
        return [
            (share.cohort, (*place, "split", number, "steps"), share.steps)
            for number, share in enumerate(item.split)
        ]
    return []


def placed(base: Location, items: Sequence[ItemYaml]) -> Iterator[tuple[Location, ItemYaml]]:
    """Every step with its place, in the order of the file."""
    for index, item in enumerate(items):
        place = (*base, index)
        yield place, item
        for _, inner, steps in arms_of(place, item):
            yield from placed(inner, steps)


def touches(base: Location, items: Sequence[ItemYaml]) -> Placed:
    """Those of them that are touches."""
    return [(place, item) for place, item in placed(base, items) if isinstance(item, StepYaml)]
