"""The fields of what steers a sequence: waits, questions, splits by lot, momentum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.playbooks import phrases
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.web.admin.fields import Field, Options
from app.web.admin.form.conditions import NEW, condition_box
from app.web.admin.form.shape import (
    MOMENTA,
    Box,
    Button,
    Item,
    Known,
    Piece,
    dotted,
    listed,
    named,
)
from app.web.admin.form.signals import signal_box
from app.web.admin.form.touches import anchor_fields

_ASKS: Options = (
    ("if", "what the record says"),
    ("seen", "whether something was seen"),
    ("step", "how an earlier step stands"),
)
_RESULTS: Options = (
    ("completed", "done by the rep"),
    ("deleted", "deleted by the rep"),
    ("dropped", "never came to the rep, or was withdrawn"),
    ("open", "still open"),
    ("finished", "finished, of a sequence of the CRM's own"),
    ("unenrolled", "ended early, of a sequence of the CRM's own"),
)
_SINCE: Options = (
    ("", "from the beginning of the follow-up"),
    ("previous_done", "only from when the step before was over"),
)

WAYS: Mapping[str, Sequence[tuple[str, str]]] = {
    "wait": (("then", "if it came"), ("else", "if it did not come")),
    "branch": (("then", "if so"), ("else", "if not")),
}
"""Control step → where the steps of its ways stand, and what the way is."""


def controls_of(step: Raw, path: Path, known: Known, steps: Sequence[str]) -> list[Item]:
    """What a control step asks or does. steps: ids of the sequence's steps."""
    kind = phrases.channel_of(step)
    when = Box("When it is reached", anchor_fields(step, path, known), style="more",
               hint="Left empty: when the step before is over.",
               set=any(key in step for key in ("at", "after", "before")))  # fmt: skip
    if kind == "branch":
        return [*_branch(mapping(step.get(kind)), (*path, kind), known, steps), when]
    return [*_KINDS[kind](step.get(kind), (*path, kind), known), when]


def ways_of(step: Raw, path: Path) -> list[Button]:
    """What adds a step to each of the ways on."""
    kind = phrases.channel_of(step)
    if kind == "split":
        return [
            Button(f"add-step:{named(path, kind, number, 'steps')}",
                   f"Add a step for cohort {mapping(row).get('cohort')}")
            for number, row in enumerate(items(step.get(kind)))
        ]  # fmt: skip
    return [Button(f"add-step:{named(path, key)}", f"Add a step {said}")
            for key, said in WAYS.get(kind, ())]  # fmt: skip


def _since(given: Raw, path: Path) -> Field:
    value = "" if given.get("since") == "entry" else plain(given.get("since"))
    return Field(named(path, "since"), "Counted", "choice", value, _SINCE)


def _wait(value: Any, path: Path, known: Known) -> list[Item]:
    given = mapping(value)
    return [
        signal_box(given.get("until"), (*path, "until"), known, (), label="Wait until",
                   plain_only=True),
        Field(named(path, "timeout"), "but no longer than", "text", plain(given.get("timeout")),
              hint="such as 5d; then it goes on without", places=[dotted(path)]),
        _since(given, path),
    ]  # fmt: skip


def _branch(given: Raw, path: Path, known: Known, steps: Sequence[str]) -> list[Item]:
    asks = next((key for key, _ in _ASKS if key in given), "if")
    first = steps[0] if steps else ""
    fresh: Mapping[str, Any] = {
        "if": {"if": dict(NEW)},
        "seen": {"seen": {"replied": "any"}},
        "step": {"step": first, "is": ["completed"]},
    }
    kind = Field(named(path, "~asks"), "It asks", "choice", asks, _ASKS, redraw=True,
                 places=[dotted(path)])  # fmt: skip
    turned = Piece(path, lambda typed: fresh[typed[kind.name]], whole=True)
    found: list[Item] = [Box("", [kind], style="plain", piece=turned)]
    if asks == "if":
        box = condition_box(given.get("if"), (*path, "if"), (), "What is asked", required=True)
        return [*found, box]
    if asks == "seen":
        signal = signal_box(given.get("seen"), (*path, "seen"), known, (), label="Was seen that",
                            plain_only=True)
        return [*found, signal, _since(given, path)]
    piece = Piece((*path, "is"), lambda typed: listed(typed[named(path, "~is")]))
    results = Field(named(path, "~is"), "is", "many", "\n".join(map(str, items(given.get("is")))),
                    _RESULTS, places=[named(path, "is")])  # fmt: skip
    return [
        *found,
        Field(named(path, "step"), "Which step", "choice", plain(given.get("step")),
              [(id, id) for id in steps]),
        Box("", [results], style="plain", piece=piece),
    ]  # fmt: skip


def _split(value: Any, path: Path, known: Known) -> list[Item]:
    rows = items(value)
    found: list[Item] = []
    for number, row in enumerate(rows):
        given, place = mapping(row), (*path, number)
        gone = Button(f"remove:{dotted(place)}", "Remove", f"the cohort {given.get('cohort')}",
                      danger=True)  # fmt: skip
        found.append(Box("", [
            Field(named(place, "cohort"), "Cohort", "text", plain(given.get("cohort")),
                  hint="a short name, such as control"),
            Field(named(place, "percent"), "Share of the records, in %", "number",
                  plain(given.get("percent")), hint="all shares together: 100"),
        ], style="row", buttons=[gone] if len(rows) > 2 else []))  # fmt: skip
    return [Box("Which records go which way", found,
                hint="Drawn by lot, and the same whenever it is asked. A cohort without steps is "
                "the one to compare with.",
                buttons=[Button(f"add-cohort:{dotted(path)}", "Add a cohort")])]  # fmt: skip


def momentum_fields(value: Any, path: Path) -> list[Field]:
    """What `set` writes, of a step or of a rule."""
    given = mapping(value)
    return [
        Field(named(path, "value"), "The record becomes", "choice", plain(given.get("value")),
              MOMENTA),
        Field(named(path, "for"), "and comes back after", "text", plain(given.get("for")),
              hint="such as 90d; only for what is laid aside"),
    ]  # fmt: skip


def _set(value: Any, path: Path, known: Known) -> list[Item]:
    return list(momentum_fields(value, path))


_KINDS: Mapping[str, Callable[[Any, Path, Known], list[Item]]] = {
    "wait": _wait, "split": _split, "set": _set,
}  # fmt: skip

ADDED: Mapping[str, tuple[str, str, Raw]] = {
    "wait": (
        "Wait for something", "goes on when it comes, or another way after a time",
        {"wait": {"until": {"clicked": "any"}, "timeout": "5d"}},
    ),
    "branch": (
        "Ask a question", "two ways on, by what the record says or what was seen",
        {"branch": {"if": NEW}},
    ),
    "split": (
        "Split by lot", "compares two ways on, or one with nothing at all",
        {"split": [{"cohort": "tried", "percent": 50}, {"cohort": "control", "percent": 50}]},
    ),
    "set": ("Set the momentum", "hot, warm or laid aside",
            {"set": {"field": "momentum", "value": "warm"}}),
}  # fmt: skip
"""Control step → its name, what it is for, and what stands there to begin with."""


