"""What moving a running enrolment to another version of its playbook would do, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.model.decisions import Decision
from app.model.playbook import Sequence, Step
from app.model.time import Business
from app.model.vocabulary import NewSteps, StopReason


class StepFate(StrEnum):
    """What becomes of one step."""

    DONE = "done"  # over already, and never repeated
    STAYS = "stays"
    MOVES = "moves"  # its time has changed: from `was_due_at` to `due_at`
    ADDED = "added"  # new in the version, and planned
    WAITS = "waits"  # placed once the step before is done, or its date is known
    LEFT_OUT = "left_out"  # new in the version, and not for this enrolment
    REMOVED = "removed"  # not in the version: dropped, or its untouched task archived
    LEFT = "left"  # its task was edited by a rep and stays as it is


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step of an enrolment that is moved. in_crm: its task stands there, open."""

    step: str
    fate: StepFate
    was_due_at: Business | None = None
    due_at: Business | None = None
    late: bool = False  # `due_at` is not its own time, which is past, but the next that can be
    in_crm: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The version that enrolments of one definition are moved to.

    version: its row. number, was: the new and the old version's number. steps: empty where the
    version has no such definition.
    """

    version: int
    number: int
    was: int
    sequence: Sequence | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Migration:
    """One enrolment's. ends: why it ends by it, None where it goes on."""

    enrolment: str
    steps: tuple[StepChange, ...]
    decision: Decision
    ends: StopReason | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. to: number of the version, None for the newest. since: only those of this
    version. ids: only these."""

    playbook: str
    to: int | None = None
    new_steps: NewSteps = NewSteps.AHEAD
    since: int | None = None
    ids: tuple[str, ...] | None = None
