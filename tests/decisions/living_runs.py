"""What stands in memory of follow-ups: runs, their touches, and what people did to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from app.decisions.starting import as_view
from app.model.decisions import EnrolmentView, PlannedTouch, StartEnrolment
from app.model.flow import Passage
from app.model.playbook import Sequence, Step
from app.model.time import Business

AHEAD = ("planned", "waiting")
_ROWS: dict[str, tuple[str, str | None]] = {
    "planned": ("planned", None),
    "waiting": ("waiting", None),
    "open": ("performed", "open"),
    "done": ("performed", "completed"),
    "deleted": ("performed", "deleted"),
    "left": ("performed", "left"),
    "archived": ("performed", "resolved"),
    "dropped": ("dropped", None),
    "withdrawn": ("dropped", None),
    "over": ("dropped", None),
}
"""A touch's state here → state and outcome of its row. Left: ours no more, its rep's edit stands.
"""

_OVER = frozenset({"done", "deleted", "left", "archived", "dropped", "withdrawn", "over"})


@dataclass
class Truth:
    """What people did, and when. Stage entries, answers and closings by subject; consent and
    wishes by contact and subject; paused rules by key; put off: enrolment → until when, and the
    same for (enrolment, step at which it waited)."""

    entries: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    answers: dict[int, list[int]] = field(default_factory=dict)
    opted_out: dict[str, int] = field(default_factory=dict)
    bounced: dict[str, int] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    paused: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    away: dict[str, tuple[int, int]] = field(default_factory=dict)
    all_stopped: bool = False
    rules_paused: dict[str, int] = field(default_factory=dict)
    put_off: dict[str, int] = field(default_factory=dict)
    waits_put_off: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(eq=False)
class Touch:
    """A touch of a run. state: see `_ROWS`. look_at: when it is judged next. asked: a person said
    when, or the time of a pause was taken out."""

    planned: PlannedTouch
    run: Run
    made_at: int
    due_at: int
    state: str = "planned"
    why: str = ""
    written_at: int | None = None
    over_at: int | None = None
    owner: str = ""
    contact: str | None = None
    edited: bool = False
    asked: bool = False
    look_at: int = 0

    @property
    def row(self) -> dict[str, Any]:
        """As `EnrolmentView.touches` has it."""
        one = self.planned
        state, outcome = _ROWS[self.state]
        gone = state == "dropped"
        return {
            "id": one.id, "step": one.step.id, "occurrence": one.occurrence, "state": state,
            "reason": self.why if gone else None, "outcome": outcome, "outcome_at": self.over_at,
            "outcome_why": None if gone or outcome == "open" else self.why,
            "owed_at": one.owed_at, "due_at": self.due_at, "write_at": one.write_at,
            "planned_at": self.made_at, "edited": self.edited, "wish": None, "wish_why": None,
        }  # fmt: skip


@dataclass(eq=False)
class Run:
    """An enrolment, or a firing, as it goes by one version of its playbook."""

    begun: StartEnrolment
    version: int
    sequence: Sequence | None
    steps: tuple[Step, ...]
    touches: dict[str, Touch] = field(default_factory=dict)
    passages: dict[str, Passage] = field(default_factory=dict)
    counts_from: Business | None = None
    held_since: Business | None = None
    ended: str = ""

    @property
    def view(self) -> EnrolmentView:
        """As decisions see it."""
        latest: dict[str, Touch] = {}
        for touch in sorted(self.touches.values(), key=lambda one: one.planned.occurrence):
            latest[touch.planned.step.id] = touch
        done = [
            touch.over_at for touch in self.touches.values()
            if touch.state in ("done", "deleted", "dropped") and touch.over_at is not None
        ]  # fmt: skip
        return replace(
            as_view(self.begun),
            sequence=self.sequence,
            steps=self.steps,
            planned=frozenset(latest),
            finished=frozenset(key for key, touch in latest.items() if touch.state in _OVER),
            last_done_at=Business(max(done)) if done else None,
            touches=tuple(touch.row for touch in self.touches.values()),
            counts_from=self.counts_from,
            passages=dict(self.passages),
            held_since=self.held_since,
        )

    @property
    def definition(self) -> str:
        return self.begun.definition
