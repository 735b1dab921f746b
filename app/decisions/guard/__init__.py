"""The guard: may this touch be done now, by whom, and if not, when or why never.

`CHECKS` is the table, in the order in which reasons are given. A check answers None when it has
nothing against the touch. `judge` asks them about one touch, `admit` counts a batch against caps,
budgets and the rule of one open task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.decisions.codes import Code
from app.decisions.guard import (
    absence,
    answered_since,
    approval,
    best_time,
    caps,
    consent,
    control,
    date_moved,
    holdout,
    holds,
    late,
    mode_and_stop,
    native_running,
    open_and_scope,
    outranked,
    quiet_hours,
    rep_budget_and_merge,
    same_address,
    still_true,
    working_days,
)
from app.decisions.guard.admission import PRIORITY_RANK, admit
from app.decisions.guard.ruling import apply_ruling, explain_ruling
from app.model.decisions import Ruling, Verdict
from app.model.guard import GuardFacts

__all__ = ["CHECKS", "PRIORITY_RANK", "admit", "apply_ruling", "explain_ruling", "judge"]

Check = Callable[[GuardFacts], Ruling | None]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("mode_and_stop", mode_and_stop.check),
    ("consent", consent.check),
    ("open_and_scope", open_and_scope.check),
    ("answered_since", answered_since.check),
    ("same_address", same_address.check),
    ("date_moved", date_moved.check),
    ("still_true", still_true.check),
    ("holds", holds.check),
    ("control", control.check),
    ("outranked", outranked.check),
    ("native_running", native_running.check),
    ("holdout", holdout.check),
    ("late", late.check),
    ("caps", caps.check),
    ("rep_budget_and_merge", rep_budget_and_merge.check),
    ("quiet_hours", quiet_hours.check),
    ("working_days", working_days.check),
    ("best_time", best_time.check),
    ("absence", absence.check),
    ("approval", approval.check),
)

_OF_WORK = frozenset(
    {"late", "caps", "rep_budget_and_merge", "quiet_hours", "working_days", "best_time", "absence"}
)
"""Checks on when and by whom a task can be done: a note is nobody's work."""

_PASSED = tuple(Ruling(Verdict.DO, name) for name, _ in CHECKS)
_DO = Ruling(Verdict.DO, "guard", Code.DO)


def judge(facts: GuardFacts) -> tuple[Ruling, tuple[Ruling, ...]]:
    """The verdict on a touch, and the checks it passed before that, in order.

    The first check that defers or drops decides. Two answers do not end the questions: a DO with
    `values["due_at"]` moves the due time, and the later checks judge the moved one; a HAND_TO names
    another person, and stands unless a later check defers or drops. So `values["due_at"]` of the
    verdict, where present, is the due time to write, also with DEFER, whose `until` is when to ask
    again (None: when what `code` names has cleared).
    """
    handed: Ruling | None = None
    moved: Ruling | None = None
    note = facts.touch.step.note
    for index, (name, check) in enumerate(CHECKS):
        if note and name in _OF_WORK:
            continue
        ruling = check(facts)
        if ruling is None:
            continue
        if ruling.verdict is Verdict.HAND_TO:
            handed = ruling
        elif ruling.verdict is Verdict.DO:
            moved = ruling
            facts = apply_ruling(facts, ruling)
        else:
            return ruling, _PASSED[:index]
    if handed is not None:
        if moved is not None:
            handed = replace(handed, values={**handed.values, **moved.values})
        return handed, _PASSED
    return moved or _DO, _PASSED
