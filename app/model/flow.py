"""What steers a sequence between its touches: waits, branches, splits, momentum, hand-overs.

A control step is never a touch, and no touch is a control step: they are different types, so that
nothing can write a task for a wait. A sequence with any of them has all its steps in
`Sequence.flow`, in the order of the file and flat. Where one stands is said by `under`: the arms of
the control steps around it, each of which must have been taken for it to be reached. Steps after a
control step that are not under it are reached whichever arm was taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.model.pace import Pace
from app.model.playbook import Arm, Condition, Step, When
from app.model.time import Business, Delay
from app.model.vocabulary import Momentum

THEN = "then"
ELSE = "else"
DONE = "done"
"""Arm of a control step that has only one way on."""

BEAT = "beat"
"""Anchor of what counts from the last step that counted from the entry."""

Since = Literal["entry", "previous_done"]

StepResult = Literal["completed", "deleted", "dropped", "finished", "unenrolled", "open"]
"""How a touch stands: `dropped` never came to the rep, `open` is not over yet."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Goes on by `then` when the signal comes, by `else` when it has not within `timeout`.

    timeout: counts from when the wait begins. since: a signal that came before the wait began
    counts from the entry on, or only from when the step before was over.
    at, anchor: as for a touch: when it begins.
    """

    id: str
    until: When
    timeout: Delay
    since: Since = "entry"
    at: Delay | None = None
    anchor: str = "previous_done"
    under: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Behaviour: whether such a signal came since the entry, or since the step before was over."""

    when: When
    since: Since = "entry"


@dataclass(frozen=True, slots=True)
class OutcomeOf:
    """Whether an earlier step stands in one of these ways."""

    step: str
    results: frozenset[StepResult]


Test = Condition | Seen | OutcomeOf


@dataclass(frozen=True, slots=True)
class Branch:
    """Goes on by `then` where the test is met when the branch is reached, else by `else`."""

    id: str
    test: Test
    at: Delay | None = None
    anchor: str = "previous_done"
    under: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Goes on by the arm of the cohort that the subject falls into. shares: cohort and percent."""

    id: str
    shares: tuple[tuple[str, int], ...]
    at: Delay | None = None
    anchor: str = "previous_done"
    under: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True)
class SetMomentum:
    id: str
    value: Momentum
    at: Delay | None = None
    anchor: str = "previous_done"
    under: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True)
class Beat:
    """The time before a step of a sequence that has a pace; made from the step, in no file.

    id, step: its own, and that of the step. at: the step's delay. anchor: `beat` where it counts
    from the entry, and so, stretched, from the step that comes before it by then; else
    `previous_done`. lead: as a touch has it. is_touch: else a control step, nobody's work.
    """

    id: str
    step: str
    at: Delay
    paces: tuple[Pace, ...]
    anchor: str = BEAT
    lead: Delay | None = None
    is_touch: bool = True
    under: tuple[Arm, ...] = ()


Control = Wait | Branch | Split | SetMomentum | Beat
Node = Step | Control


@dataclass(frozen=True, slots=True)
class Passage:
    """What is known of one control step of an enrolment.

    begun_at: when it began. until_at: when it is looked at again, if nothing comes before. seen_at:
    the latest signal that it asks about. passed_at, arm: when and by which arm it was passed, as a
    fact of the story and not of the clock: deciding late gives the same. from_at: it begins no
    earlier, because it was put off; None where it never was.
    """

    step: str
    kind: str = ""
    begun_at: Business | None = None
    until_at: Business | None = None
    seen_at: Business | None = None
    passed_at: Business | None = None
    arm: str = ""
    from_at: Business | None = None
