"""In which order a rep does what is open: by what is lost if it waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.decisions.zones import local_day
from app.model.time import Business
from app.model.vocabulary import Momentum

Row = Mapping[str, Any]

_MOMENTUM = {Momentum.HOT.value: 0, Momentum.WARM.value: 1, Momentum.RECYCLE.value: 2}
_URGENT = 0


def in_order(rows: Iterable[Row], now: Business, zone: str) -> list[dict[str, Any]]:
    """Open tasks, the one to do first first, each with `due` and the `reasons` for its place.

    Rows have priority (0 urgent), momentum, amount, due_at and overdue_at. What is due by the end
    of the rep's day goes before what is not; in each, the urgent first, then hot before warm before
    recycled, then the day on which it was due, then the larger amount (an unknown one last).
    """
    today = local_day(now, zone)

    def key(row: Row) -> tuple[Any, ...]:
        day = local_day(Business(row["due_at"]), zone)
        unknown = row["amount"] is None
        return (
            day > today, row["priority"], _MOMENTUM.get(row["momentum"] or "", 1), day, unknown,
            0 if unknown else -row["amount"], row["due_at"], row["id"],
        )  # fmt: skip

    return [
        {**row, "due": local_day(Business(row["due_at"]), zone) <= today,
         "reasons": _reasons(row, today, zone)}
        for row in sorted(rows, key=key)
    ]  # fmt: skip


def _reasons(row: Row, today: int, zone: str) -> list[str]:
    found: list[str] = []
    if row["priority"] == _URGENT:
        found.append("urgent")
    if row["momentum"] == Momentum.HOT.value:
        found.append("hot")
    late = today - local_day(Business(row["due_at"]), zone)
    if late > 0:
        found.append("due since yesterday" if late == 1 else f"due for {late} days")
    elif late == 0:
        found.append("due today")
    else:
        found.append("next in time; nothing is due before it")
    return found
