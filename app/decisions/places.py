"""How many follow-ups may run at a time, for one rep and of one sequence, and begin in a day.

What finds no place waits in a queue and begins by itself, the oldest first, as places free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.playbook import Sequence

Rep = str | None


@dataclass(slots=True)
class Places:
    """What is taken. Mutable: whoever gives one out says so at once, for the next decision.

    rep_active, rep_new: most that may run for one rep, and that may begin for one in 24 hours;
    None: as many as come. default_owner: whose the records without an owner are.
    active, new: those of each rep; running: those of each sequence, by key.
    What waits in the queue counts as if it had its place, or whatever comes would overtake it.
    """

    rep_active: int | None = None
    rep_new: int | None = None
    default_owner: Rep = None
    active: dict[Rep, int] = field(default_factory=dict[Rep, int])
    new: dict[Rep, int] = field(default_factory=dict[Rep, int])
    running: dict[str, int] = field(default_factory=dict[str, int])

    def take(self, sequence: str, rep: Rep, *, active: int = 1, new: int = 1) -> None:
        """Enrolments of a sequence for a rep: so many run, so many began in the last 24 hours."""
        rep = rep or self.default_owner
        self.running[sequence] = self.running.get(sequence, 0) + active
        self.active[rep] = self.active.get(rep, 0) + active
        self.new[rep] = self.new.get(rep, 0) + new

    def full(self, sequence: Sequence, rep: Rep) -> Mapping[str, Any] | None:
        """The limit that leaves no place, for the ledger; None where there is one."""
        rep = rep or self.default_owner
        for what, limit, count in (
            (f"running enrolments of {sequence.id}", sequence.max_active,
             self.running.get(sequence.key, 0)),
            ("running sequences of this rep", self.rep_active, self.active.get(rep, 0)),
            ("sequences begun for this rep in 24 hours", self.rep_new, self.new.get(rep, 0)),
        ):  # fmt: skip
            if limit is not None and count >= limit:
                return {"what": what, "limit": limit, "count": count}
        return None
