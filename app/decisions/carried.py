"""A signal that travels with a timer, as JSON-able data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind, StageKind


def serialise_signal(signal: Signal) -> dict[str, Any]:
    """The signal as JSON-able data, to travel with its timer."""
    return {
        "kind": signal.kind.value,
        "subject": signal.subject,
        "at": signal.at,
        "cause": signal.cause,
        "stage": signal.stage.value if signal.stage else None,
        "previous": signal.previous.value if signal.previous else None,
        "forward": signal.forward,
        "contact": signal.contact,
        "data": dict(signal.data),
    }


def restore_signal(data: Mapping[str, Any]) -> Signal:
    """The signal that `serialise_signal` wrote."""
    stage, previous = data.get("stage"), data.get("previous")
    return Signal(
        kind=SignalKind(data["kind"]),
        subject=int(data["subject"]),
        at=Business(int(data["at"])),
        cause=str(data["cause"]),
        stage=StageKind(stage) if stage else None,
        previous=StageKind(previous) if previous else None,
        forward=bool(data.get("forward", True)),
        contact=data.get("contact"),
        data=data.get("data") or {},
    )
