"""First steps against their promises, recounted: when the CRM says that the task was made and done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from app.model.time import DAY
from tests.scenarios.recount import Task
from tests.scenarios.recount_follow_ups import FollowUps

Late = tuple[int | None, int | None]
"""By how much a first task was made late, and done late; None: it never was."""


def first_steps(found: FollowUps, tasks: Mapping[str, Task]) -> dict[str | None, list[Late]]:
    """Owner → of each first step that is owed within a day of its beginning and has fallen due."""
    told: dict[str | None, list[Late]] = defaultdict(list)
    for one in found.cohort:
        own = [touch for touch in found.touches if touch["enrolment_id"] == one.id]
        first = min(own, key=lambda touch: (touch["owed_at"], touch["planned_at"], touch["id"]))
        if first["owed_at"] - one.begun > DAY or first["due_at"] > found.now:
            continue
        task = tasks.get(first["id"])
        if task is None and first["state"] not in ("planned", "waiting", "failed"):
            continue  # dropped: its reason was gone
        if task is not None and task.done is None and not task.open and not task.deleted:
            continue
        due = first["due_at"]
        made = max(0, task.created - due) if task else None
        done = max(0, task.done - due) if task and task.done is not None else None
        told[first["owner_id"]].append((made, done))
    return told


def cells(late: Sequence[Late]) -> dict[str, Any]:
    """As the page's row has them."""
    made = [one for one, _ in late if one is not None]
    done = [one for _, one in late if one is not None]
    return {
        "n": len(late),
        "stood": sum(one == 0 for one in made),
        "stood_late": median([one for one in made if one] or [0]) or None,
        "kept": sum(one == 0 for one in done),
        "kept_late": median([one for one in done if one] or [0]) or None,
        "never": len(late) - len(done),
    }
