"""What is going to happen to a deal or a lead over the weeks, drawn before anything happens.

A life is a list of steps, each a verb of `people_acts` at an instant. It is pure: it needs no
world, only the seed and the name of whom it is about. Whether a step still makes sense (the deal
may be closed by then) is judged when it is done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.world.plan_draws import DAY, HOUR, MINUTE, Hours, draw

OPEN_KINDS = ("new", "qualified", "meeting_done", "proposal", "negotiation")

STOPS = (
    "replied",
    "meeting_booked",
    "stage_left",
    "closed_won",
    "closed_lost",
    "won_after_miss",
    "opted_out",
    "bounced",
    "control_stop",
    "task_deleted",
    "deal_deleted",
    "finished",
    "owner_changed",
    "fast_drag",
    "back_and_forth",
)
"""Lives that are dealt out by turns, so that each way a follow-up can end occurs for any seed."""


@dataclass(frozen=True)
class Step:
    """`verb(**args)` at an instant; `by` is rep, prospect or form."""

    at: int
    verb: str
    args: dict[str, Any] = field(default_factory=dict[str, Any])
    by: str = "rep"


@dataclass
class Life:
    """The steps of one deal or lead, and how its rep and prospect behave towards our tasks.

    `habit` is `drawn` (each task draws for itself), `diligent` (all done in time) or `deletes` (the
    first task is deleted, the rest done). `silent` prospects never answer by themselves.
    """

    steps: list[Step] = field(default_factory=list[Step])
    habit: str = "drawn"
    silent: bool = False

    def add(self, at: int, verb: str, by: str = "rep", **args: Any) -> None:
        self.steps.append(Step(at, verb, args, by))


def stop_life(stop: str, rng: random.Random, start: int, hours: Hours) -> Life:
    """A deal that enters proposal in the first days and whose follow-up ends by `stop`."""
    life = Life(silent=True, habit="diligent")
    entered = hours.some_time(rng, start, rng.uniform(0.4, 2.5))
    then = hours.some_time(rng, entered, rng.uniform(4.2, 6.0))
    if stop == "fast_drag":
        life.habit = "drawn"
        _drag(life, ["qualified", "meeting_done", "proposal", "negotiation"], entered, rng)
        return life
    if stop == "won_after_miss":
        # Won before a proposal and within the hour after a missed meeting: what was to follow the
        # meeting has lost its reason while it is still ahead.
        said, _ = _meeting(life, entered, rng, hours, "NO_SHOW")
        life.add(said + rng.randint(20, 45) * MINUTE, "move_deal", stage="won")
        return life
    life.add(entered, "move_deal", stage="proposal")
    if stop == "replied":
        life.add(then, "reply", "prospect", text="Thanks, this is what we were looking for.")
    elif stop == "meeting_booked":
        _meeting(life, then, rng, hours, "COMPLETED")
    elif stop == "stage_left":
        # Back, not on: going on to negotiation is what the follow-up wants, not its end by default.
        life.add(then, "move_deal", stage="qualified")
    elif stop == "closed_won":
        life.add(then, "move_deal", stage="won")
    elif stop == "closed_lost":
        life.add(then, "move_deal", stage="lost")
    elif stop == "opted_out":
        life.add(then, "opt_out", "prospect")
    elif stop == "bounced":
        life.add(then, "bounce", "prospect")
    elif stop == "control_stop":
        life.add(then, "set_control", value="stop")
    elif stop == "task_deleted":
        life.habit = "deletes"
    elif stop == "deal_deleted":
        life.add(then, "delete_deal")
    elif stop == "owner_changed":
        life.add(then, "change_owner", pick=rng.random())
    elif stop == "back_and_forth":
        life.add(then, "move_deal", stage="negotiation")
        life.add(hours.some_time(rng, then, rng.uniform(2, 4)), "move_deal", stage="proposal")
    return life


def deal_life(
    seed: int, key: str, kind: str, at: int, end: int, hours: Hours, *, arrives: bool = False
) -> Life:
    """The weeks of an ordinary deal that stands in stage `kind` at `at`; steps end before `end`."""
    rng = draw(seed, key, "life")
    life = Life()
    now = at
    visits = 0
    while kind in OPEN_KINDS and visits < 12:
        visits += 1
        dwell = rng.expovariate(1 / _DWELL_DAYS[kind])
        # A deal seen at the start may be deep into its stage; one that arrives waits a while.
        share = 1.0 if arrives or visits > 1 else 0.8
        leaves = hours.some_time(rng, now, max(0.15, dwell * share))
        _aside(life, rng, now, leaves, hours, kind)
        if leaves >= end or rng.random() < _IDLE[kind]:
            break
        following = _choose(rng, _NEXT[kind])
        if following == "drag":
            onward = list(OPEN_KINDS[OPEN_KINDS.index(kind) + 1 :])[: rng.randint(2, 3)]
            leaves = _drag(life, onward, leaves, rng)
            kind = onward[-1]
        elif following == "meeting":
            leaves, held = _meeting(life, leaves, rng, hours, _choose(rng, _OUTCOMES))
            if held:
                leaves += rng.randint(10, 90) * MINUTE
                kind = "meeting_done"
                life.add(leaves, "move_deal", stage=kind)
        else:
            kind = following
            life.add(leaves, "move_deal", stage=kind)
        now = leaves
    life.steps = sorted((s for s in life.steps if s.at < end), key=lambda step: step.at)
    return life


def lead_life(seed: int, key: str, at: int, end: int, hours: Hours) -> Life:
    """What an inbound contact without a deal does after the form of instant `at`."""
    rng = draw(seed, key, "life")
    life = Life()
    what = _choose(rng, _LEADS)
    soon = hours.some_time(rng, at, rng.uniform(0.1, 4))
    life.silent = what == "silent"
    if what == "reply":
        life.add(soon, "reply", "prospect", text=_REPLIES[rng.randrange(len(_REPLIES))])
    elif what == "meeting":
        _meeting(life, soon, rng, hours, _choose(rng, _OUTCOMES))
    elif what == "deal":
        life.add(soon, "create_deal", stage="qualified")
    elif what == "opt_out":
        life.add(soon, "opt_out", "prospect")
    elif what == "bounce":
        life.add(soon, "bounce", "prospect")
    elif what == "again":
        life.add(soon, "submit_form", "form", form="Pricing request")
    life.steps = sorted((s for s in life.steps if s.at < end), key=lambda step: step.at)
    return life


def past_entries(
    rng: random.Random, kind: str, start: int, hours: Hours
) -> tuple[int, list[tuple[str, int]]]:
    """(created at, [(stage kind, entered at)]) of a deal that stands in `kind` at `start`."""
    path = list(OPEN_KINDS[: OPEN_KINDS.index(kind) + 1]) if kind in OPEN_KINDS else [*OPEN_KINDS]
    if kind not in OPEN_KINDS:
        path = [*path[: rng.randint(2, 5)], kind]
    ages = sorted((rng.uniform(0.5, 45) for _ in path), reverse=True)
    entries: list[tuple[str, int]] = []
    for stage, age in zip(path, ages, strict=True):
        at = min(hours.next_open(start - round(age * DAY)), start - HOUR)
        at -= at % 1000
        if entries and at <= entries[-1][1]:
            at = entries[-1][1] + rng.randint(5, 50) * MINUTE
        entries.append((stage, min(at, start - MINUTE)))
    return entries[0][1], entries


_DWELL_DAYS = {"new": 2, "qualified": 3.5, "meeting_done": 3, "proposal": 8, "negotiation": 5}
_IDLE = {"new": 0.12, "qualified": 0.12, "meeting_done": 0.12, "proposal": 0.25, "negotiation": 0.1}
_NEXT: dict[str, dict[str, float]] = {
    "new": {"qualified": 70, "lost": 20, "drag": 10},
    "qualified": {"meeting": 75, "meeting_done": 5, "lost": 13, "drag": 7},
    "meeting_done": {"proposal": 84, "lost": 10, "drag": 6},
    "proposal": {"negotiation": 45, "won": 20, "lost": 25, "meeting": 10},
    "negotiation": {"won": 48, "lost": 24, "proposal": 28},
}
_OUTCOMES = {"COMPLETED": 62, "NO_SHOW": 18, "": 14, "CANCELED": 6}
_LEADS = {
    "silent": 34, "reply": 20, "meeting": 16, "deal": 14, "again": 6, "opt_out": 6, "bounce": 4,
}  # fmt: skip
_ASIDES: dict[str, float] = {
    "reply": 0.14,
    "log_call": 0.2,
    "opt_out": 0.015,
    "bounce": 0.012,
    "set_control": 0.012,
    "change_owner": 0.03,
    "delete_deal": 0.008,
    "set_amount": 0.06,
    "note": 0.08,
}
_REPLIES = (
    "Thanks for your message. Could you send the figures for forty seats?",
    "We are still discussing this with our team. Please call me next week.",
    "Looks good. When could you start?",
    "It is a bit more than we planned. Is there a smaller package?",
    "Not now, budgets open again in January.",
)


def _choose(rng: random.Random, weights: Mapping[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _drag(life: Life, stages: Sequence[str], at: int, rng: random.Random) -> int:
    """A deal dragged through several stages within a minute; the instant of the last."""
    for stage in stages:
        life.add(at, "move_deal", stage=stage)
        at += rng.randint(6, 14) * 1000
    return at


def _meeting(
    life: Life, at: int, rng: random.Random, hours: Hours, outcome: str
) -> tuple[int, bool]:
    """A meeting booked at `at`; (when it is over, whether it was held). No outcome stays unset."""
    begins = hours.some_time(rng, at, rng.uniform(1, 3))
    begins -= begins % (30 * MINUTE)
    if begins <= at:
        begins = hours.next_open(at + DAY)
    ends = begins + rng.choice((30, 60)) * MINUTE
    name = f"meeting-{len(life.steps)}"
    life.add(at, "book_meeting", "prospect", start=begins, end=ends, name=name)
    if outcome:
        said = ends + rng.randint(5, 50) * MINUTE
        life.add(said, "meeting_outcome", name=name, outcome=outcome)
        return said, outcome == "COMPLETED"
    return ends, rng.random() < 0.5


def _aside(life: Life, rng: random.Random, since: int, until: int, hours: Hours, kind: str) -> None:
    """What else happens while a deal stays in a stage; each thing draws whether and when."""
    extras: dict[str, Callable[[], dict[str, Any]]] = {
        "reply": lambda: {"text": _REPLIES[rng.randrange(len(_REPLIES))]},
        "log_call": lambda: {"minutes": rng.randint(1, 25), "connected": rng.random() < 0.6},
        "set_control": lambda: {"value": rng.choice(("stop", "pause"))},
        "change_owner": lambda: {"pick": rng.random()},
        "set_amount": lambda: {"amount": str(rng.randint(8, 900) * 100)},
        "note": lambda: {"text": "Spoke with a colleague of theirs, nothing new."},
    }
    for verb, chance in _ASIDES.items():
        hit, part = rng.random() < chance, rng.random()
        args = extras[verb]() if verb in extras else {}
        if not hit:
            continue
        at = hours.next_open(since + round((until - since) * part))
        by = "prospect" if verb in ("reply", "opt_out", "bounce") else "rep"
        if since < at < until:
            life.add(at, verb, by, **args)
