"""What is odd about a playbook that has no mistake: said when it is saved, and no reason to refuse.

Each finding is about something that an admin would be surprised by weeks later: steps that a cap
puts off, a sequence that starts itself again for ever, a goal that lies behind the deal already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from app.decisions.guard.crowding import crowded
from app.decisions.pace import stretched
from app.installations.settings import Settings
from app.model.guard import Cap
from app.model.playbook import CreateTasks, Enrol, Playbook, Rule, Sequence, Step
from app.model.time import DAY
from app.model.vocabulary import Again, SignalKind, StageKind, StopReason
from app.playbooks.finding import Finding
from app.playbooks.lint import text_findings

_ORDER: Mapping[StageKind, int] = {
    kind: place
    for place, kind in enumerate(
        (
            StageKind.NEW, StageKind.QUALIFIED, StageKind.MEETING_DONE, StageKind.PROPOSAL,
            StageKind.NEGOTIATION, StageKind.WON,
        )
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What an installation allows: touches of one person in 7 and 30 days, due tasks of one rep on
    a day. None: no limit."""

    week: int | None
    month: int | None
    rep_day: int | None


def limits_of(settings: Settings) -> Limits:
    """What these settings allow; those of a new account are `Settings()`."""
    return Limits(settings.cap_7_days, settings.cap_30_days, settings.rep_daily_tasks)


def advise(playbook: Playbook, limits: Limits) -> list[Finding]:
    """All that is odd, in the order of the file."""
    return [
        *_own_limits(playbook, limits),
        *_goals(playbook),
        *_loops(playbook),
        *_dead_ends(playbook),
        *text_findings(playbook),
    ]


# --- what the installation's own limits will put off ---------------------------------------------


def _own_limits(playbook: Playbook, limits: Limits) -> Iterator[Finding]:
    for index, sequence in enumerate(playbook.sequences.values()):
        for cap in (Cap(limits.week, None), Cap(None, limits.month)):
            crowd = crowded(_at_their_fastest(sequence), cap)
            if crowd is not None:
                fastest = " at the fastest pace" if sequence.pace else ""
                yield Finding(
                    ("sequences", index, "steps"),
                    f"{crowd.count} steps reach one person within {crowd.days} days{fastest}, and "
                    f"the settings allow {crowd.cap}: the later ones will be put off",
                    f"spread the steps, or raise cap_{crowd.days}_days",
                )
    for number, rule in enumerate(playbook.rules):
        for place, action in enumerate(rule.then):
            if not isinstance(action, CreateTasks) or limits.rep_day is None:
                continue
            days = Counter(_day(step) for step in action.steps if step.anchor == "entry")
            most = max(days.values(), default=0)
            if most > limits.rep_day:
                yield Finding(
                    ("rules", number, "then", place, "create_tasks"),
                    f"{most} tasks of one record are due on one day, and a rep gets at most "
                    f"{limits.rep_day}",
                    "spread them, or raise rep_daily_tasks",
                )


def _at_their_fastest(sequence: Sequence) -> list[Step]:
    times = min((1.0, *(pace.times for pace in sequence.pace)))
    return [
        step if step.at is None or step.steady else replace(step, at=stretched(step.at, times))
        for step in sequence.steps
    ]


def _day(step: Step) -> int:
    return step.at.approximate_ms() // DAY if step.at is not None else 0


# --- goals ---------------------------------------------------------------------------------------


def _goals(playbook: Playbook) -> Iterator[Finding]:
    places = {sequence: index for index, sequence in enumerate(playbook.sequences)}
    for rule in playbook.rules:
        for sequence in _enrolled(rule, playbook):
            goal = sequence.goal
            if goal is None or goal.kind is not SignalKind.STAGE_ENTERED or not goal.stages:
                continue
            if rule.when.kind is not SignalKind.STAGE_ENTERED or not rule.when.stages:
                continue
            begun = min(_ORDER.get(kind, 0) for kind in rule.when.stages)
            if all(_ORDER.get(kind, len(_ORDER)) <= begun for kind in goal.stages):
                yield Finding(
                    ("sequences", places[sequence.id], "goal"),
                    f"rule `{rule.id}` starts it when the goal lies behind the deal already: only "
                    "a deal that moves back could reach it",
                    "name a later stage, or leave the goal out",
                )


def _enrolled(rule: Rule, playbook: Playbook) -> list[Sequence]:
    wanted = [action.sequence for action in rule.then if isinstance(action, Enrol)]
    return [playbook.sequences[name] for name in wanted if name in playbook.sequences]


# --- loops ---------------------------------------------------------------------------------------


def _loops(playbook: Playbook) -> Iterator[Finding]:
    """Sequences that lead back to themselves by a rule that waits for a return and asks nothing.

    Those that follow each other at once in a circle are a mistake, which `checks` refuses.
    """
    following = {name: _next_of(sequence) for name, sequence in playbook.sequences.items()}
    returning = {name for name, sequence in playbook.sequences.items() if _returns(sequence)}
    for rule in playbook.rules:
        if rule.when.kind is not SignalKind.RECYCLED or rule.again is Again.ONCE or rule.condition:
            continue
        names = {sequence.id for sequence in _enrolled(rule, playbook)}
        for name in (rule.when.sequences or returning) & returning:
            following[name] = following[name] | names
    for index, name in enumerate(playbook.sequences):
        path = _way_back(name, following)
        if path:
            yield Finding(
                ("sequences", index, "id"),
                "it leads back to itself (" + " → ".join(path) + "), for as long as nobody "
                "answers",
                "end it with a review, or let the rule that takes it up again act `once` or ask "
                "with `if` whether anything has changed",
            )


def _next_of(sequence: Sequence) -> frozenset[str]:
    return frozenset(end.sequence for _, end in sequence.ends if end.to == "next")


def _returns(sequence: Sequence) -> bool:
    by_end = any(end.to == "recycle" for _, end in sequence.ends)
    return by_end or any(step.recycle is not None for step in sequence.steps)


def _way_back(start: str, following: Mapping[str, frozenset[str]]) -> list[str]:
    """The shortest way from a sequence back to itself; empty where there is none."""
    ways = [[start, name] for name in sorted(following.get(start, ()))]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        if way[-1] == start:
            return way
        if way[-1] in seen:
            continue
        seen.add(way[-1])
        ways.extend([*way, name] for name in sorted(following.get(way[-1], ())))
    return []


# --- what never comes ----------------------------------------------------------------------------


def _dead_ends(playbook: Playbook) -> Iterator[Finding]:
    """What stands after an end that the sequence cannot have."""
    for index, sequence in enumerate(playbook.sequences.values()):
        base = ("sequences", index)
        for place, step in enumerate(sequence.steps[:-1]):
            if step.recycle is not None:
                yield Finding(
                    (*base, "steps", place, "then"),
                    "the return counts from the end of the sequence, not from this step",
                    "write it on the last step",
                )
        for reason, _ in sequence.ends:
            if reason is StopReason.GOAL and sequence.goal is None:
                yield Finding(
                    (*base, "end"), "it says what follows the goal, and there is none",
                    "add a `goal`, or leave `goal_reached` out",
                )
            elif reason not in (StopReason.GOAL, StopReason.FINISHED) and (
                reason not in sequence.exits
            ):
                yield Finding(
                    (*base, "end"),
                    f"it says what follows `{reason.value}`, which does not end this sequence",
                    "turn that exit on, or leave the line out",
                )
