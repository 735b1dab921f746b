"""The people of a generated account: they live out their plans and react to the app's tasks.

Deeds are drawn ahead and put on the agenda; when their time comes they are done through
`people_acts`, as clicks in the CRM would be. What no longer makes sense then (the deal is closed,
the task is gone, the prospect has no address) is passed over and counted.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Any

from sandbox.clock import Agenda
from sandbox.world.account import Account
from sandbox.world.people_acts import ActError, Acts
from sandbox.world.people_react import Reaction, react
from sandbox.world.plan import Life
from sandbox.world.plan_draws import Hours, draw
from sandbox.world.records import Change, Record, WorldError
from sandbox.world.store import World

STEP = "people.step"
TASK = "people.task"

_AFTER_CLOSE = ("note", "set_amount", "delete_deal")


class Cast:
    """The people of one account. `state` is plain data kept in the account, so it is persisted."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.state: dict[str, Any] = account.extra["people"]
        self.acts = Acts(account, self.state["kinds"])

    @classmethod
    def start(cls, account: Account, seed: int, kinds: dict[str, str]) -> Cast:
        """Settle people in an account. `kinds` maps stage kind → stage id."""
        account.extra["people"] = {
            "seed": seed,
            "kinds": kinds,
            "ids": {},  # name of a deal or lead → (kind, record id)
            "names": {},  # record id → name
            "habits": {},  # name → (habit, silent)
            "meetings": {},  # name/meeting → record id
            "seen": {},  # name/task subject → how many tasks so far
            "threw": set(),  # names whose rep has deleted their first task
            "arrivals": {},  # name → what is created when it arrives
            "done": Counter(),  # deed → how often
        }
        return cls(account)

    def know(self, name: str, record: Record, life: Life | None = None) -> None:
        """Tie the name that draws are keyed by to a record, and keep how its people behave."""
        self.state["ids"][name] = (record.kind, record.id)
        self.state["names"][record.id] = name
        if life is not None:
            self.state["habits"][name] = (life.habit, life.silent)

    def record(self, name: str) -> Record | None:
        """The live record behind a name."""
        kind, record_id = self.state["ids"].get(name, ("deals", ""))
        return self.account.find(kind, record_id)

    def name_of(self, task: Record) -> str:
        """Whom a task is about, by the name that does not depend on ids."""
        for kind, field in (("deals", "dealname"), ("contacts", "email")):
            for record_id in task.linked(kind):
                known = self.state["names"].get(record_id)
                if known:
                    return known
                record = self.account.find(kind, record_id)
                if record is not None:
                    self.state["names"][record_id] = name = record.get(field) or record_id
                    self.state["ids"][name] = (kind, record_id)
                    return name
        return "nobody"

    def hours(self, owner_id: str) -> Hours:
        """When an owner works, as the user's record says; else 9 to 5 of the account."""
        owner = self.account.owners.get(owner_id)
        user = (
            self.account.find("users", owner.user_record_id)
            if owner is not None and owner.user_record_id
            else None
        )
        zone = user.get("hs_standard_time_zone") if user else ""
        blocks = json.loads(user.get("hs_working_hours") or "[]") if user else []
        if not blocks:
            return Hours(zone or self.account.timezone)
        return Hours(
            zone or self.account.timezone, blocks[0]["startMinute"], blocks[0]["endMinute"]
        )

    # --- lives -------------------------------------------------------------------------------

    def step(self, name: str, verb: str, args: dict[str, Any], by: str) -> None:
        """Do one step of a life if it still makes sense."""
        if verb in ("arrive", "submit_form"):
            self._done(verb, self._arrive(name, args, verb))
            return
        record = self.record(name)
        if record is None:
            self._done(verb, None)
            return
        if record.get("hs_is_closed") == "true" and verb not in _AFTER_CLOSE:
            self._done(verb, None)
            return
        target = {record.kind[:-1]: record.id}
        try:
            self._done(verb, self._deed(name, record, target, verb, dict(args)))
        except (ActError, WorldError):
            self._done(verb, None)

    def _deed(
        self, name: str, record: Record, target: dict[str, str], verb: str, args: dict[str, Any]
    ) -> Record | None:
        acts = self.acts
        if verb == "book_meeting":
            label = args.pop("name")
            meeting = acts.do(verb, {**target, **args, "title": f"Call about {_about(record)}"})
            self.state["meetings"][f"{name}/{label}"] = meeting.id
            return meeting
        if verb == "meeting_outcome":
            meeting_id = self.state["meetings"].get(f"{name}/{args.pop('name')}", "none")
            return acts.do(verb, {"meeting": meeting_id, **args})
        if verb == "change_owner":
            return acts.do(verb, {**target, "owner": self._other_rep(record, args["pick"])})
        if verb == "set_amount":
            params = {"kind": "deals", "record": record.id, "property": "amount"}
            return acts.do("set_property", {**params, "value": args["amount"]})
        if verb == "set_control":
            return self._control(record, args["value"])
        if verb == "create_deal":
            deal = acts.do(
                verb,
                {
                    "name": f"{_about(record)}: first order",
                    "stage": args["stage"],
                    "amount": "4800",
                    "contact": record.id,
                    "owner": record.get("hubspot_owner_id"),
                },
            )
            self.know(f"{name}-deal", deal, Life(habit="drawn", silent=False))
            return deal
        return acts.do(verb, {**target, **args})

    def _control(self, record: Record, value: str) -> Record | None:
        """The rep's own switch, where an app put one on the deal; options go by name."""
        for name, definition in self.account.properties["deals"].items():
            if not name.endswith("_control") or definition.archived:
                continue
            options = [option.value for option in definition.options]
            chosen = next((o for o in options if o.lower() == value), None if options else value)
            if chosen is not None:
                params = {"kind": "deals", "record": record.id, "property": name, "value": chosen}
                return self.acts.do("set_property", params)
        return None

    def _other_rep(self, record: Record, pick: float) -> str:
        reps = [
            owner_id
            for owner_id in self.state.get("reps", list(self.account.owners))
            if owner_id != record.get("hubspot_owner_id")
        ]
        return reps[int(pick * len(reps))] if reps else "none"

    def _arrive(self, name: str, args: dict[str, Any], verb: str) -> Record | None:
        """A new deal, or a form on the website, from somebody who was not there before."""
        known = self.state["arrivals"].get(name)
        if verb == "submit_form":
            params = {**(known or {}), **args}
            record = self.acts.do("submit_form", params) if params.get("email") else None
            if record is not None and name not in self.state["ids"]:
                self.know(name, record)
            return record
        contact = self.acts.do("create_contact", known["contact"]) if known["contact"] else None
        deal = self.acts.do(
            "create_deal", {**known["deal"], "contact": contact.id if contact else ""}
        )
        self.know(name, deal)
        return deal

    # --- tasks -------------------------------------------------------------------------------

    def plan_task(self, task: Record, agenda: Agenda) -> None:
        """Draw what the rep does about a task that an app has created, and when."""
        name, subject = self.name_of(task), task.get("hs_task_subject")
        place = f"{name}/{subject}"
        number = self.state["seen"].get(place, 0)
        self.state["seen"][place] = number + 1
        habit, silent = self.state["habits"].get(name, ("drawn", False))
        now = self.acts.now
        reactions = react(
            draw(self.state["seed"], name, subject, number),
            due=task.instant("hs_timestamp") or now,
            now=now,
            kind=task.get("hs_task_type"),
            hours=self.hours(task.get("hubspot_owner_id")),
            habit=habit,
            silent=silent,
        )
        portal = self.account.portal_id
        for index, reaction in enumerate(reactions):
            order = (name, "task", subject, number, index)
            if reaction.on_task:
                agenda.add(reaction.at, TASK, portal, task.id, name, reaction, order=order)
            else:
                args = (portal, name, reaction.verb, reaction.args, "prospect")
                agenda.add(reaction.at, STEP, *args, order=order)

    def task_deed(self, task_id: str, name: str, reaction: Reaction) -> None:
        """Do what was drawn about a task, unless it is gone or done already."""
        task = self.account.find("tasks", task_id)
        if task is None or task.get("hs_task_status") == "COMPLETED":
            self._done(reaction.verb, None)
            return
        args = dict(reaction.args)
        log = args.pop("log", "")
        verb = reaction.verb
        if verb == "delete_first":
            # Which task is the first shows only now: several may be created in any order.
            verb = "complete_task" if name in self.state["threw"] else "delete_task"
            self.state["threw"].add(name)
        try:
            self._done(verb, self.acts.do(verb, {"task": task_id, **args}))
            subject = self.record(name)
            if log and subject is not None:
                extra = {"subject": task.get("hs_task_subject")} if log == "send_email" else {}
                target = {subject.kind[:-1]: subject.id}
                self._done(log, self.acts.do(log, {**target, **extra}))
        except (ActError, WorldError):
            self._done(verb, None)

    def _done(self, verb: str, result: Record | None) -> None:
        self.state["done"][verb if result is not None else f"{verb} passed over"] += 1


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


def _about(record: Record) -> str:
    return record.get("dealname") or record.get("company") or record.get("email")
