"""The checker: reads the CRM's export and nothing else, and says what is wrong with it.

It never looks into the app's database and never trusts a touch id: what was owed comes from the
oracle, what was done from the CRM's records and their histories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from demo.calendars import HOUR, local
from demo.crm import read
from demo.deferral import Deferrals
from demo.facts import Crm, Task
from demo.invariants import broken
from demo.matching import Matches, match
from demo.oracle import owed
from demo.owed import Owed, Terms
from demo.told import as_told, cut

LATE_MS = HOUR
"""What is written so much later than owed needs a reason."""


@dataclass
class Verdict:
    """What the checker found. Lists hold a sentence for each finding.

    deferred: reason → steps that were put off and are therefore not missing.
    """

    duplicates: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    deferred: Counter[str] = field(default_factory=Counter)
    owed: int = 0
    tasks: int = 0
    engagements: int = 0
    max_open_per_rep: int = 0

    @property
    def good(self) -> bool:
        return not (self.duplicates or self.missing or self.broken)


def check(
    export: Mapping[str, Any],
    kinds: Mapping[str, str],
    terms: Terms,
    *,
    working_hours: bool = True,
) -> Verdict:
    """Check an export (`GET /sandbox/export/<account>`) against the presets.

    kinds: stage id → kind as confirmed. terms: what was activated when, and the settings.
    """
    crm = read(as_told(export), kinds, working_hours=working_hours)
    steps = owed(crm, terms)
    cut(export, steps)
    matches = match(steps, crm.tasks, terms.asks_every)
    verdict = Verdict(
        duplicates=[_told(crm, task) for task in matches.duplicates],
        owed=sum(one.must for one in steps),
        tasks=len(crm.tasks),
        engagements=crm.engagements,
        max_open_per_rep=_max_open(crm),
    )
    deferrals = Deferrals(crm, terms)
    for index, one in enumerate(steps):
        if one.must and index not in matches.pairs:
            reason = deferrals.reason(one, min(one.over, one.enrolment.soft_end, crm.now))
            if reason is None:
                verdict.missing.append(_owed_told(crm, one))
            else:
                verdict.deferred[reason] += 1
    verdict.duplicates += _digests_twice(crm)
    verdict.broken += [f"nothing owes this task: {_told(crm, t)}" for t in matches.strangers]
    verdict.broken += _times(crm, steps, matches, deferrals)
    verdict.broken += broken(crm, terms, steps, matches)
    return verdict


def _times(
    crm: Crm, steps: list[Owed], matches: Matches, deferrals: Deferrals
) -> Iterator[str]:
    """Tasks that came late, or with another due time than owed, without a reason in the CRM."""
    for index, task in matches.pairs.items():
        one = steps[index]
        if one.due is None or not one.must:
            continue
        late = task.created_at > one.write + LATE_MS
        if not late and task.due == one.due:
            continue
        if task.due < one.due:
            yield f"due at {_when(crm, task.due)}, before {_when(crm, one.due)}: {_told(crm, task)}"
        elif deferrals.reason(one, task.created_at, task) is None and late:
            yield f"written later than {_when(crm, one.write)}: {_told(crm, task)}"
        elif not late and deferrals.reason(one, one.write + 1, task) is None:
            yield f"due at {_when(crm, task.due)}, not {_when(crm, one.due)}: {_told(crm, task)}"


def _digests_twice(crm: Crm) -> Iterator[str]:
    """A manager gets one digest a day."""
    seen: set[tuple[str, date]] = set()
    for task in crm.digests:
        day = (task.owner, crm.calendar(task.owner).day(task.created_at))
        if day in seen:
            yield _told(crm, task)
        seen.add(day)


def _max_open(crm: Crm) -> int:
    """The most tasks of ours that stood open and due with one rep at one time."""
    changes: dict[str, list[tuple[int, int]]] = {}
    for task in crm.tasks:
        start, end = max(task.created_at, task.due), min(task.closed, crm.now + 1)
        if start < end:
            changes.setdefault(task.owner, []).extend([(start, 1), (end, -1)])
    most = 0
    for rows in changes.values():
        standing = 0
        for _, change in sorted(rows):
            standing += change
            most = max(most, standing)
    return most


def _told(crm: Crm, task: Task) -> str:
    where = "/".join(task.subject or ("nothing", ""))
    return f"task {task.id} {task.text!r} on {where}, written {_when(crm, task.created_at)}"


def _owed_told(crm: Crm, one: Owed) -> str:
    subject = one.enrolment.subject
    due = "" if one.due is None else f", due {_when(crm, one.due)}"
    return (
        f"{one.step.family}/{one.step.id} on {'/'.join(subject.key)} ({subject.name}), entry "
        f"{_when(crm, one.enrolment.anchor)}{due}, to be written {_when(crm, one.write)}"
    )


def _when(crm: Crm, instant: int) -> str:
    return f"{local(instant, crm.zone):%Y-%m-%d %H:%M}"
