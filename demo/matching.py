"""Which task answers which owed step: never by touch id, but by subject, step and stage entry."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from demo.facts import Key, Task
from demo.owed import Owed


@dataclass
class Matches:
    """pairs: owed step → its task. duplicates: tasks beyond the first of one owed step.
    strangers: tasks that nothing owes, or not at that time."""

    pairs: dict[int, Task] = field(default_factory=dict)
    duplicates: list[Task] = field(default_factory=list)
    strangers: list[Task] = field(default_factory=list)


def match(owed: list[Owed], tasks: list[Task], unheard: int = 0) -> Matches:
    """Tasks in the order of their creation, each to the entry that its due time or, failing that,
    its creation belongs to. unheard: for how long (ms) the app may not know that one is over."""
    by_step: dict[tuple[Key, str, str], list[int]] = defaultdict(list)
    for index, one in enumerate(owed):
        by_step[one.enrolment.subject.key, one.step.family, one.step.id].append(index)
    for rows in by_step.values():
        rows.sort(key=lambda index: owed[index].enrolment.start)
    found = Matches()
    for task in sorted(tasks, key=lambda task: (task.created_at, task.id)):
        if task.step is None or task.subject is None:
            found.strangers.append(task)
            continue
        rows = by_step[task.subject, task.step.family, task.step.id]
        possible = [i for i in rows if owed[i].earliest <= task.created_at < owed[i].over + unheard]
        free = [i for i in possible if i not in found.pairs]
        if free:
            exact = [i for i in free if owed[i].due == task.due]
            # Without a due time that can be foretold: what has to be done by the earliest.
            soonest = min(free, key=lambda i: (owed[i].over, -owed[i].enrolment.start))
            found.pairs[exact[0] if exact else soonest] = task
        elif any(owed[i].enrolment.start <= task.created_at for i in rows if i in found.pairs):
            found.duplicates.append(task)
        else:
            found.strangers.append(task)
    return found
