"""What the steps of a sequence must agree on where control steps steer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.model.vocabulary import StopReason
from app.playbooks import schema as form
from app.playbooks.checks import signal_findings
from app.playbooks.control_schema import BranchOnYaml, BranchYaml, ItemYaml, SplitYaml, WaitYaml
from app.playbooks.fields import condition_findings
from app.playbooks.finding import Finding, Location
from app.playbooks.items import arms_of, placed
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.schema import SIGNAL_KEYS
from app.playbooks.step_schema import StepYaml
from app.wording.language import suggest

_WHOLE = 100
_NEVER = ("subject_created", "recycled")
_STATES = ("no_next_step", "unowned", "stalled")
_LAZY = ("date", "no_activity_for")
_EXITS = {"replied": StopReason.REPLIED, "meeting_booked": StopReason.MEETING_BOOKED}


def flow_findings(
    playbook: PlaybookYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    """Mistakes in how the steps of sequences lead on. known: fields that are mapped, dates: those
    of them that are dates, the built-in ones included."""
    for number, sequence in enumerate(playbook.sequences):
        base: Location = ("sequences", number, "steps")
        steps = [*placed(base, sequence.steps)]
        yield from _unique(steps)
        for place, item in steps:
            if isinstance(item, StepYaml):
                continue
            if item.after == "previous_done" and place == (*base, 0):
                yield Finding(
                    (*place, "after"), "there is no previous step here", "leave `after` out"
                )
            if isinstance(item, WaitYaml):
                where = (*place, "wait", "until")
                yield from signal_findings(where, item.wait.until, known, dates)
                yield from _signal(where, item.wait.until, sequence)
            elif isinstance(item, BranchYaml):
                yield from _question(place, item, steps, sequence, known, dates)
                yield from _same_ways(place, item)
            elif isinstance(item, SplitYaml):
                yield from _shares(place, item)


def _unique(steps: Sequence[tuple[Location, ItemYaml]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, item in steps:
        if item.id in seen:
            yield Finding(
                (*place, "id"),
                f"step id `{item.id}` is used twice",
                "ids are remembered by what has run, so give each its own",
            )
        seen.add(item.id)


def _question(
    place: Location,
    item: BranchYaml,
    steps: Sequence[tuple[Location, ItemYaml]],
    sequence: form.SequenceYaml,
    known: frozenset[str],
    dates: frozenset[str],
) -> Iterator[Finding]:
    asks, where = item.branch, (*place, "branch")
    if asks.if_ is not None:
        yield from condition_findings((*where, "if"), asks.if_, known, dates)
    if asks.seen is not None:
        yield from signal_findings((*where, "seen"), asks.seen, known, dates)
        yield from _signal((*where, "seen"), asks.seen, sequence)
        named = next((key for key in _LAZY if getattr(asks.seen, key) is not None), None)
        if named is not None:
            yield Finding(
                (*where, "seen", named),
                "a date and a silence are no signals that can have come",
                "use a `wait` until it, or ask with `if`",
            )
    if asks.step is not None:
        yield from _asked_step(place, asks, steps)


def _asked_step(
    place: Location, asks: BranchOnYaml, steps: Sequence[tuple[Location, ItemYaml]]
) -> Iterator[Finding]:
    """Only a touch that may have come before can be asked about: not a later one, and none of
    another way, where it would never have been planned."""
    where = (*place, "branch", "step")
    order = [one for one, _ in steps]
    names = [item.id for one, item in steps if isinstance(item, StepYaml) and one != place]
    found = next((one for one, item in steps if item.id == asks.step), None)
    if found is None:
        hint = suggest(asks.step or "", names) or "this sequence has no such step"
        yield Finding(where, f"there is no step `{asks.step}` in this sequence", hint)
    elif asks.step not in names:
        yield Finding(where, f"`{asks.step}` is no task and has no outcome", "name a task's step")
    elif order.index(found) > order.index(place):
        yield Finding(
            where,
            f"`{asks.step}` comes later: the way leads forward only",
            "name a step that stands before the branch",
        )
    elif _apart(found, place):
        yield Finding(
            where,
            f"`{asks.step}` is on another way and is never planned on this one",
            "name a step that stands on the way to this branch",
        )


def _apart(one: Location, other: Location) -> bool:
    """Whether two places part at a way on: the first part in which they differ is no index of one
    list, but the name of a way or the number of a cohort."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return isinstance(a, str) or one[index - 1] == "split"
    return False


def _signal(
    where: Location, when: form.WhenYaml, sequence: form.SequenceYaml
) -> Iterator[Finding]:
    """A signal that ends the sequence, or cannot come while it runs, is waited for in vain."""
    named = next(key for key in SIGNAL_KEYS if getattr(when, key) is not None)
    if when.unless is not None:
        yield Finding(
            (*where, "unless"),
            "a step waits for a signal, not for an absence",
            "leave `unless` and `within` out: `else` is where it has not come",
        )
    if named in _STATES:
        yield Finding(
            (*where, named),
            f"`{named}` is a state that rules wait for, not a step",
            "wait for a signal, a date or `no_activity_for`",
        )
    if named in _NEVER:
        yield Finding(
            (*where, named), f"`{named}` does not come while a follow-up runs", "name another"
        )
    exit = _EXITS.get(named)
    if exit is not None and (sequence.exits or {}).get(exit.value, True):
        yield Finding(
            (*where, named),
            "the sequence ends when this comes, so nothing can follow on it",
            f"add `exits: {{{exit.value}: off}}` to the sequence, or wait for something else",
        )
    elif sequence.goal is not None and sequence.goal == when:
        yield Finding(
            (*where, named),
            "this is the goal, with which the sequence ends",
            "wait for something else, or give the sequence another goal",
        )


def _same_ways(place: Location, item: BranchYaml) -> Iterator[Finding]:
    then, other = [
        [one.model_copy(update={"id": ""}) for one in steps] for steps in (item.then, item.else_)
    ]
    if then == other:
        both = "the same steps" if then else "no steps"
        yield Finding(
            (*place, "branch"),
            f"both ways have {both}, so the branch decides nothing",
            "give `then` or `else` a step of its own, or leave the branch out",
        )


def _shares(place: Location, item: SplitYaml) -> Iterator[Finding]:
    total = sum(share.percent for share in item.split)
    if total != _WHOLE:
        yield Finding(
            (*place, "split"),
            f"the shares add up to {total} percent",
            "make them 100 together; a cohort without steps is a control group",
        )
    names = [share.cohort for share in item.split]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Finding(
                (*place, "split", number, "cohort"),
                f"cohort `{name}` stands twice",
                "give each cohort a name of its own",
            )
    if not any(steps for _, _, steps in arms_of(place, item)):
        yield Finding(
            (*place, "split"), "no cohort has any steps", "give at least one of them `steps`"
        )
