"""A signal: a dated fact about one subject, made by comparing the CRM's record with our mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from app.model.record import record
from app.model.time import Business
from app.model.vocabulary import SignalKind, StageKind


@record
class Signal:
    """kind: what happened. subject: row id in our mirror. at: when, by the CRM.

    cause: what it is anchored on, the same whichever path reported it: `stage:<id>:<ms>` for a
    stage entry, `email:<crm id>`, `meeting:<crm id>`, `task:<touch id>`, `silence:<n>`.
    stage, previous: stage kinds for stage_entered and closed. contact: CRM id where one is known.
    data: whatever else the templates or the ledger show.
    """

    kind: SignalKind
    subject: int
    at: Business
    cause: str
    stage: StageKind | None = None
    previous: StageKind | None = None
    forward: bool = True  # the stage lies further along the pipeline than any entered before
    contact: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
