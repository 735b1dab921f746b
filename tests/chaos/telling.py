"""One story of three deals that makes every kind of call, and how to make calls fail in it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.scenarios.harness import BEN, Story, Task, playbook

OBJECTS = "POST /crm/objects/2026-03"
CREATE = f"{OBJECTS}/tasks/batch/create"
UPDATE = f"{OBJECTS}/tasks/batch/update"
ARCHIVE = f"{OBJECTS}/tasks/batch/archive"
READ_TASKS = f"{OBJECTS}/tasks/batch/read"
READ_DEALS = f"{OBJECTS}/deals/batch/read"
SUMMARIES = f"{OBJECTS}/deals/batch/update"

THREE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    then:
      - create_tasks:
          - {id: d1, at: 1d, task: call, template: t, subject: First}
          - {id: d3, at: 3d, task: email, template: t, subject: Second}
          - {id: d7, at: 7d, task: todo, template: t, subject: Third}
""")

Line = tuple[str, ...]


def fault(story: Story, match: str, kind: str, **more: Any) -> int:
    body = {"match": match, "kind": kind, **more}
    return int(story.crm.call("POST", "/sandbox/faults", body)["id"])


def clear(story: Story) -> None:
    story.crm.call("DELETE", "/sandbox/faults")


def hits(story: Story, id: int) -> int:
    return next(f.hits for f in story.hubspot.faults._script if f.id == id)


def wait_for(holds: Callable[[], Any]) -> None:
    """Wait at the speed of the wall: business time stands while the app tries again."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def tell(story: Story) -> None:
    """Three deals get three tasks each; one changes hands, one goes on, one's rep works."""
    story.live(THREE)
    ann, bob, cat = (story.deal("proposal", name=name) for name in ("Ann", "Bob", "Cat"))
    story.to("2026-09-07 12:00")
    story.act("change_owner", deal=bob, owner=BEN.owner_id)
    story.to("2026-09-08 12:00")
    story.act("complete_task", task=story.open(ann)[0].id)
    story.move(cat, "negotiation")
    story.to("2026-09-16 12:00")


def ending(story: Story) -> Counter[Line]:
    """What stands in the CRM and what the app says of it, without ids."""
    tasks = {task.id: task for task in story.tasks()}
    found: Counter[Line] = Counter()
    for row in story.touches():
        task = tasks.pop(row["task_id"])
        found[_line(row, task)] += 1
        if not task.archived:
            assert (task.deals, task.contacts) == ((row["subject_id"],), (row["contact_id"],))
    assert not tasks, "tasks that no touch knows: duplicates"
    return found


def _line(row: dict[str, Any], task: Task) -> Line:
    told = (row["subject"], row["step"], str(row["due_at"]), row["outcome"], row["outcome_why"])
    shown = (task.subject, task.due, task.status, task.owner, str(task.archived), task.state)
    return tuple(str(value) for value in (*told, row["owner_id"], row["edited"], *shown))
