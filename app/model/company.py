"""What an answer on one record of a company is to mean for the company's other records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Deed = Literal["replied", "meeting_booked", "opted_out", "won"]

DEEDS: tuple[Deed, ...] = ("replied", "meeting_booked", "opted_out", "won")
"""What may be heeded at the company's other records."""


@dataclass(frozen=True, slots=True)
class CompanyStop:
    """what: end the sequences of the others, or hold whatever is ahead there for `days`.
    on: the deeds that count."""

    what: Literal["stop", "hold"]
    on: frozenset[Deed]
    days: int
