"""Work in parts of the size that a CRM takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from connectors.contract import CrmError, Transient

T = TypeVar("T")
A = TypeVar("A")


def chunks(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def in_batches(
    items: Sequence[T],
    send: Callable[[Sequence[T]], list[A]],
    failed: Callable[[T, CrmError], A],
    size: int,
) -> list[A]:
    """Send in batches of the CRM's size. The first batch may raise; once one went through, a
    later error stands in the answers, or what was already done would be forgotten."""
    answers: list[A] = []
    for part in chunks(items, size):
        try:
            answers.extend(send(part))
        except CrmError as error:
            if not answers:
                raise
            answers.extend(failed(item, error) for item in part)
            unsent = Transient("Not sent: an earlier batch of the same work failed.")
            rest = items[len(answers) :]
            answers.extend(failed(item, unsent) for item in rest)
            break
    return answers
