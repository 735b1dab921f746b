"""The people of one account: what each step of a life and each reaction to a task comes to.

Deeds go through `people_acts`, as clicks in the CRM would. What no longer makes sense when its time
comes (the deal is closed, the task is gone, there is nobody to answer) is passed over and counted.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sandbox.clock import Agenda
from sandbox.world import letters
from sandbox.world.account import Account
from sandbox.world.people_acts import ActError, Acts
from sandbox.world.people_react import Reaction, react
from sandbox.world.plan import Life
from sandbox.world.plan_draws import DAY, Hours, draw
from sandbox.world.records import Record, WorldError

STEP = "people.step"
TASK = "people.task"

PAUSE = 5 * DAY
"""For how long a rep pauses the follow-up of a deal."""

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
        if verb == "link_contact":
            known = self.state["arrivals"][name]
            contact = known.get("contact_id") or acts.do("create_contact", known["contact"]).id
            ends = {"kind": "deals", "record": record.id, "to_kind": "contacts", "to": contact}
            return acts.do("associate", ends)
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
            for lead in record.linked("leads"):
                acts.do("move_lead", {"lead": lead, "stage": "Qualified", "deal": deal.id})
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
                until = self._pause_until(name.removesuffix("_control"))
                if value == "pause" and until:
                    date = {"kind": "deals", "record": record.id, "property": until}
                    self.acts.do("set_property", {**date, "value": str(self.acts.now + PAUSE)})
                params = {"kind": "deals", "record": record.id, "property": name, "value": chosen}
                return self.acts.do("set_property", params)
        return None

    def _pause_until(self, prefix: str) -> str:
        """The field beside an app's switch that says until when a pause lasts."""
        names = (f"{prefix}_pause_until", f"{prefix}_paused_until")
        return next((one for one in names if one in self.account.properties["deals"]), "")

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
        late = known.get("late", "")
        contact = ""
        if known["contact"] and late != "alone":
            contact = known["contact_id"] = self.acts.do("create_contact", known["contact"]).id
        deal = self.acts.do("create_deal", {**known["deal"], "contact": "" if late else contact})
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
                extra = self._words(log, task, name)
                target = {subject.kind[:-1]: subject.id}
                self._done(log, self.acts.do(log, {**target, **extra}))
        except (ActError, WorldError):
            self._done(verb, None)

    def _words(self, log: str, task: Record, name: str) -> dict[str, str]:
        """What the rep writes in a mail, or down of a call; drawn apart, it changes nothing else.
        """
        subject = task.get("hs_task_subject")
        rng = draw(self.state["seed"], name, subject, "words")
        if log == "send_email":
            return {"subject": subject, "text": letters.mail(rng)}
        return {"notes": letters.notes(rng)}

    def _done(self, verb: str, result: Record | None) -> None:
        self.state["done"][verb if result is not None else f"{verb} passed over"] += 1


def _about(record: Record) -> str:
    return record.get("dealname") or record.get("company") or record.get("email")
