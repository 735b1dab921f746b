"""How a rep treats a task, drawn when the task appears."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from sandbox.world.plan_draws import DAY, HOUR, MINUTE, Hours


class Reaction(NamedTuple):
    """A deed at an instant; `on_task` says whether it is done to the task or by the prospect."""

    at: int
    verb: str
    args: dict[str, Any]
    on_task: bool = True


_WAYS = {
    "on_time": 52,
    "early": 9,
    "late": 13,
    "never": 8,
    "edit": 7,
    "move": 7,
    "delete": 4,
}


def react(
    rng: random.Random,
    *,
    due: int,
    now: int,
    kind: str,
    hours: Hours,
    habit: str,
    silent: bool,
) -> list[Reaction]:
    """What happens about a task due at `due` and created at `now` (business ms), in time order.

    `kind` is the task's type (CALL, EMAIL, …). All numbers are drawn in one order whatever is done
    with them, so that the way a task is treated never shifts the draws that follow.
    """
    way = rng.choices(list(_WAYS), list(_WAYS.values()))[0]
    delay, ahead, days = rng.random(), rng.random(), rng.uniform(1, 4)
    again, logged, answers, when = rng.random(), rng.random(), rng.random(), rng.uniform(0.5, 30)
    if habit in ("diligent", "deletes"):
        way, delay = "on_time", delay * 0.4
    soonest = now + round((2 + 20 * delay) * MINUTE)
    on_time = max(hours.next_open(due + round(delay * 5 * HOUR)), soonest)
    before = max(hours.next_open(due - round(ahead * 1.5 * DAY)), soonest)
    found: list[Reaction] = []
    done: int | None = None
    if habit == "deletes":
        found.append(Reaction(on_time, "delete_first", {}))
    elif way == "on_time":
        done = on_time
    elif way == "early":
        done = before
    elif way == "late":
        done = max(hours.next_open(due + round(days * DAY)), soonest)
    elif way == "edit":
        edits = {"body": "Ask for the head of purchasing first.", "priority": "HIGH"}
        found.append(Reaction(before, "edit_task", edits))
        done = max(on_time, before + MINUTE) if again < 0.6 else None
    elif way == "move":
        moved = hours.next_open(due + round(days * DAY))
        found.append(Reaction(before, "move_task", {"due": moved}))
        done = max(moved, before) + round(delay * 2 * HOUR) if again < 0.8 else None
    elif way == "delete":
        found.append(Reaction(on_time, "delete_task", {}))
    if done is None:
        return found
    log = ""
    if kind == "CALL" and logged < 0.5:
        log = "log_call"
    elif kind == "EMAIL" and logged < 0.7:
        log = "send_email"
    found.append(Reaction(done, "complete_task", {"log": log}))
    if not silent and answers < 0.16:
        at = done + round(when * HOUR)
        if answers < 0.04:
            begins = hours.next_open(at + DAY)
            booking = {"start": begins, "end": begins + 30 * MINUTE, "name": f"meeting-{at}"}
            found.append(Reaction(at, "book_meeting", booking, on_task=False))
        else:
            text = {"text": "Thanks for coming back to me on this."}
            found.append(Reaction(at, "reply", text, on_task=False))
    return found
