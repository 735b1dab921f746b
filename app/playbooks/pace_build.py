"""The time before each step of a sequence that has a pace, as a step of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.decisions.placing import PREVIOUS
from app.model.flow import BEAT, Beat, Node
from app.model.pace import Pace
from app.model.playbook import Step

_SUFFIX = "~pace"


def with_beats(nodes: Sequence[Node], paces: tuple[Pace, ...]) -> Iterator[Node]:
    """The steps, each whose delay is stretched behind its time. A step that counts from a date of
    the record keeps its day, and one without a delay has nothing to stretch."""
    for node in nodes:
        if paces and _is_paced(node) and node.at is not None:
            touch = isinstance(node, Step)
            yield Beat(
                id=f"{node.id}{_SUFFIX}",
                step=node.id,
                at=node.at,
                paces=paces,
                anchor=PREVIOUS if node.anchor == PREVIOUS else BEAT,
                lead=node.lead if touch else None,
                is_touch=touch,
                under=node.under,
            )
        yield node


def _is_paced(node: Node) -> bool:
    if isinstance(node, Beat) or (isinstance(node, Step) and node.steady):
        return False
    return node.anchor in ("entry", PREVIOUS)
