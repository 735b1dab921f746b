"""The people of generated accounts, tied to the agenda and to what happens in the world.

Deeds are drawn ahead and put on the agenda: lives when an account is generated, reactions to a task
when an app creates it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from sandbox.clock import Agenda
from sandbox.world.account import Account
from sandbox.world.people_cast import STEP, TASK, Cast
from sandbox.world.people_react import Reaction
from sandbox.world.plan import Life
from sandbox.world.records import Change
from sandbox.world.store import World


class People:
    """All casts, tied to the agenda and to what happens in the world."""

    def __init__(self, world: World, agenda: Agenda) -> None:
        self.world = world
        self.agenda = agenda
        self.casts: dict[int, Cast] = {}
        self._new_tasks: deque[tuple[int, str]] = deque()
        agenda.handle(STEP, self._step)
        agenda.handle(TASK, self._task)
        world.on_change(self._noticed)

    def start(self, account: Account, seed: int, kinds: dict[str, str]) -> Cast:
        """Settle people in a new account."""
        cast = self.casts[account.portal_id] = Cast.start(account, seed, kinds)
        return cast

    def return_to(self) -> None:
        """Find the people again in accounts that were restored from a snapshot."""
        self.casts = {
            portal: Cast(account)
            for portal, account in self.world.accounts.items()
            if "people" in account.extra
        }

    def look(self) -> None:
        """Draw the reactions to tasks noticed since the last look.

        Not done while a task is being created: its associations, which say whom it is about, are
        made after it, and a listener of the world must not change records.
        """
        while self._new_tasks:
            portal, task_id = self._new_tasks.popleft()
            cast = self.casts[portal]
            with self.world.lock:
                task = cast.account.find("tasks", task_id)
                if task is not None:
                    cast.plan_task(task, self.agenda)

    def schedule(self, cast: Cast, name: str, life: Life) -> None:
        """Put a life on the agenda."""
        portal = cast.account.portal_id
        self.agenda.extend(
            [
                (
                    step.at,
                    STEP,
                    (portal, name, step.verb, step.args, step.by),
                    (name, "life", "", number, 0),
                )
                for number, step in enumerate(life.steps)
            ]
        )

    def _noticed(self, change: Change) -> None:
        if (
            change.kind == "tasks"
            and change.action == "created"
            and change.actor.source_type == "INTEGRATION"
            and change.portal_id in self.casts
        ):
            self._new_tasks.append((change.portal_id, change.record.id))

    def _step(self, portal: int, name: str, verb: str, args: dict[str, Any], by: str) -> None:
        self.casts[portal].step(name, verb, args, by)

    def _task(self, portal: int, task_id: str, name: str, reaction: Reaction) -> None:
        self.casts[portal].task_deed(task_id, name, reaction)
