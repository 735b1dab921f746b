"""Between steps as a file nests them and the flat way that decisions walk, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.model.flow import (
    ELSE,
    THEN,
    Beat,
    Branch,
    Control,
    Node,
    OutcomeOf,
    Seen,
    SetMomentum,
    Split,
    Test,
    Wait,
)
from app.model.playbook import Arm, Condition, Step, When
from app.model.time import Delay
from app.model.vocabulary import Momentum
from app.playbooks.control_schema import (
    BranchOnYaml,
    BranchYaml,
    ControlYaml,
    ItemYaml,
    SetStepYaml,
    SplitYaml,
    WaitYaml,
)
from app.playbooks.items import arms_of
from app.playbooks.step_schema import StepYaml

_PREVIOUS = "previous_done"


@dataclass(frozen=True, slots=True)
class Makers:
    """How the parts that control steps share with rules and touches are made."""

    step: Callable[[StepYaml], Step]
    when: Callable[[Any], When]
    condition: Callable[[Any], Condition]
    anchor: Callable[[ControlYaml, str], str]
    delay: Callable[[ControlYaml], Delay | None]


def nodes_of(
    items: Sequence[ItemYaml], makers: Makers, under: tuple[Arm, ...] = ()
) -> Iterator[Node]:
    """All steps in the order of the file, each with the arms by which it is reached."""
    for item in items:
        if isinstance(item, StepYaml):
            yield replace(makers.step(item), under=under)
            continue
        yield _control(item, makers, under)
        for arm, _, inner in arms_of((), item):
            yield from nodes_of(inner, makers, (*under, (item.id, arm)))


def _control(
    item: WaitYaml | BranchYaml | SplitYaml | SetStepYaml, makers: Makers, under: tuple[Arm, ...]
) -> Control:
    """Without `at` it follows the step before it; a delay counts from the entry, as for a touch."""
    at = makers.delay(item)
    anchor = makers.anchor(item, _PREVIOUS if at is None else "entry")
    if isinstance(item, WaitYaml):
        asked = item.wait
        assert asked.timeout is not None
        until = makers.when(asked.until)
        return Wait(item.id, until, asked.timeout, asked.since, at, anchor, under)
    if isinstance(item, BranchYaml):
        return Branch(item.id, _test(item.branch, makers), at, anchor, under)
    if isinstance(item, SplitYaml):
        shares = tuple((share.cohort, share.percent) for share in item.split)
        return Split(item.id, shares, at, anchor, under)
    return SetMomentum(item.id, Momentum(item.set.value), at, anchor, under)


def _test(asked: BranchOnYaml, makers: Makers) -> Test:
    if asked.if_ is not None:
        return makers.condition(asked.if_)
    if asked.seen is not None:
        return Seen(makers.when(asked.seen), asked.since)
    assert asked.step is not None
    assert asked.is_ is not None
    return OutcomeOf(asked.step, frozenset(asked.is_))


# --- and back ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Writers:
    """How the parts that control steps share with rules and touches are written."""

    step: Callable[[Step], dict[str, Any]]
    when: Callable[[When], dict[str, Any]]
    condition: Callable[[Condition], dict[str, Any]]
    place: Callable[[Control], dict[str, Any]]


def items_of(
    nodes: Sequence[Node], writers: Writers, under: tuple[Arm, ...] = ()
) -> list[dict[str, Any]]:
    """The steps nested as a file has them."""
    return [
        _written(node, nodes, writers)
        for node in nodes
        if node.under == under and not isinstance(node, Beat)  # made anew with its touch
    ]


def _written(
    node: Step | Wait | Branch | Split | SetMomentum, nodes: Sequence[Node], writers: Writers
) -> dict[str, Any]:
    if isinstance(node, Step):
        return writers.step(node)

    def way(arm: str) -> list[dict[str, Any]]:
        return items_of(nodes, writers, (*node.under, (node.id, arm)))

    said: dict[str, Any] = {"id": node.id, **writers.place(node)}
    if isinstance(node, Wait):
        said["wait"] = {
            "until": writers.when(node.until), "timeout": str(node.timeout), "since": node.since
        }  # fmt: skip
    elif isinstance(node, Branch):
        said["branch"] = _asked(node.test, writers)
    elif isinstance(node, Split):
        said["split"] = [
            {"cohort": cohort, "percent": percent, "steps": way(cohort)}
            for cohort, percent in node.shares
        ]
    else:
        said["set"] = {"field": "momentum", "value": node.value.value}
    if isinstance(node, Wait | Branch):
        said.update({arm: steps for arm in (THEN, ELSE) if (steps := way(arm))})
    return said


def _asked(test: Test, writers: Writers) -> dict[str, Any]:
    if isinstance(test, Seen):
        return {"seen": writers.when(test.when), "since": test.since}
    if isinstance(test, OutcomeOf):
        return {"step": test.step, "is": sorted(test.results)}
    return {"if": writers.condition(test)}
