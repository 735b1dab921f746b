"""What is asked of a dry run on one record."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.time import Business


@dataclass(frozen=True, slots=True)
class Question:
    """signal: `kind` or `stage_entered:kind`; None asks what stands. at: None is now. afresh: as if
    nothing of this playbook had run for the record. answer_after: the customer answers an hour
    after so many steps were done; None: never."""

    type: str
    crm_id: str
    signal: str | None = None
    at: Business | None = None
    afresh: bool = False
    answer_after: int | None = None
