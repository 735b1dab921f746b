"""Mapped fields: what an account's own properties say, and when they say something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind


def field_changes(
    subject_id: int,
    known: Mapping[str, Any],
    fields: Mapping[str, Any],
    kept: Sequence[str],
    updated_at: int,
) -> tuple[dict[str, Any], list[Signal]]:
    """The fields to keep, and a signal for each that changed.

    A field that the CRM would not show keeps its last value. One that was never read before is told
    too, marked `first`: steps may count from it, but nobody has changed anything.
    """
    fresh = {name: fields.get(name, known.get(name)) for name in kept}
    signals = [
        Signal(
            SignalKind.FIELD_CHANGED,
            subject_id,
            Business(updated_at),
            f"field:{name}:{updated_at}",
            data={"field": name, "from": known.get(name), "to": value, "first": name not in known},
        )
        for name, value in fresh.items()
        if value != known.get(name)
    ]
    return fresh, signals
