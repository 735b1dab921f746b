"""What must hold of our tasks in the CRM, whatever people, clocks and events have done.

Everything is read out of the CRM: its tasks with their histories, its deals' stages. What people
did stands beside it in the test's own words. The app is asked nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.calendars import calendar, in_call_hours
from tests.scenarios.harness import Person, Story, Task

HOUR, DAY = 3_600_000, 86_400_000
STARTING = "proposal"
PROSPECT_ZONE = "Europe/Amsterdam"


@dataclass
class Deeds:
    """What people did. stops, pauses: deal → [from, until), the last open; opted_out: deal → when;
    rules: when all rules were paused, [from, until)."""

    stops: dict[str, list[list[int]]] = field(default_factory=dict)
    rules: list[list[int]] = field(default_factory=list)
    opted_out: dict[str, int] = field(default_factory=dict)
    ours_no_more: dict[str, tuple[object, ...]] = field(default_factory=dict)


class Lives:
    """One story's deals, and the checks on what stands in its CRM."""

    def __init__(
        self, story: Story, people: tuple[Person, ...], deals: list[str], after: Mapping[str, int]
    ) -> None:
        """after: title of a step → days after the stage entry before which no version owes it."""
        self._story, self.deals, self.deeds, self._after = story, deals, Deeds(), after
        self._people = {person.first: person for person in people}
        self._whose: dict[str, str] = {}
        self.seen: Counter[str] = Counter()

    # --- what stands in the CRM --------------------------------------------------------------

    def tasks(self) -> list[Task]:
        """All that was ever ours; a task that is gone has lost its deal, which is remembered."""
        found = self._story.tasks()
        for task in found:
            if task.deals:
                self._whose[task.id] = task.deals[0]
        return found

    def whose(self, task: Task) -> str | None:
        return self._whose.get(task.id)

    def open(self) -> list[Task]:
        return [task for task in self.tasks() if task.open and self.whose(task)]

    def _entries(self) -> dict[str, list[int]]:
        """deal → when it entered the stage that starts a follow-up, by the CRM's history."""
        wanted, deals = self._story.kind.kinds[STARTING], self._story.export("deals")["deals"]
        return {
            row["id"]: sorted(at for at, to, *_ in row["history"]["dealstage"] if to == wanted)
            for row in deals
        }

    # --- what must hold ----------------------------------------------------------------------

    def check(self) -> None:
        tasks, entries = self.tasks(), self._entries()
        self._once(tasks, entries)
        self._one_at_a_time(tasks)
        for task in tasks:
            deal = self.whose(task)
            if deal is None:
                continue
            self._in_hours(task)
            self._after_anchor(task, entries[self._story.inner(deal)])
            self._wishes(task, deal)
            self._kept(task)

    def _once(self, tasks: list[Task], entries: dict[str, list[int]]) -> None:
        ids = [task.touch_id for task in tasks]
        assert len(ids) == len(set(ids)), "once: two tasks of one touch"
        stood: Counter[tuple[str, str]] = Counter()
        for task in tasks:
            deal = self.whose(task)
            if deal is not None and not (task.archived and task.id not in self.deeds.ours_no_more):
                stood[deal, _title(task)] += 1
        for (deal, title), number in stood.items():
            self.seen["once"] += 1
            times = len(entries[self._story.inner(deal)])
            assert number <= times, f"once: {title!r} stands {number} times for {times} entries"

    def _one_at_a_time(self, tasks: list[Task]) -> None:
        open_ = Counter(
            (self.whose(task), task.owner)
            for task in tasks
            if task.open and task.id not in self.deeds.ours_no_more
        )
        for who, number in open_.items():
            self.seen["burst"] += 1
            assert number <= 1 or who[0] is None, f"burst: {number} open tasks of ours for {who}"

    def _in_hours(self, task: Task) -> None:
        """Due in the working time of whom it was given to, or, a call, in the prospect's hours."""
        self.seen["window"] += 1
        first = int(task.history["hs_timestamp"][0][1])
        owner_id = task.history["hubspot_owner_id"][0][1]
        owner = next(one for one in self._people.values() if one.owner_id == owner_id)
        works = calendar(owner.zone, []).works_at(first)
        called = task.type == "CALL" and in_call_hours(first, PROSPECT_ZONE)
        assert works or called, f"window: {task.subject} is due {self._story.local(first)}"

    def _after_anchor(self, task: Task, entries: list[int]) -> None:
        self.seen["anchor"] += 1
        before = [at for at in entries if at <= made_at(task)]
        assert before, "anchor: written before the deal ever entered the stage"
        first = int(task.history["hs_timestamp"][0][1])
        assert first >= max(before), "anchor: due before the stage entry that it counts from"
        # An hour less where the clocks change in between.
        delay = self._after[_title(task)] * DAY - HOUR
        assert first >= max(before) + delay, (
            f"anchor: {_title(task)!r} is due {self._story.local(first)}, before its time"
        )

    def _wishes(self, task: Task, deal: str) -> None:
        made = made_at(task)
        for since, until in self.deeds.stops.get(deal, ()):
            self.seen["wishes"] += 1
            assert not since < made < until, "wishes: written while a rep has stopped or paused it"
        for since, until in self.deeds.rules:
            self.seen["paused"] += 1
            assert not since < made < until, "paused: written while its rule is paused"
        out = self.deeds.opted_out.get(deal)
        if out is not None and task.type in ("CALL", "EMAIL"):
            self.seen["consent"] += 1
            assert made <= out, "consent: the person is addressed after the opt-out"

    def _kept(self, task: Task) -> None:
        """What a person did with a task is as they left it."""
        left = self.deeds.ours_no_more.get(task.id)
        if left is not None:
            self.seen["kept"] += 1
            assert as_it_is(task) == left, f"kept: a person's task has changed: {task.subject}"


def made_at(task: Task) -> int:
    return int(task.history["hs_timestamp"][0][0])


def as_it_is(task: Task) -> tuple[object, ...]:
    return task.subject, task.body, task.status, task.archived, task.priority


def _title(task: Task) -> str:
    return task.subject.removesuffix(" (mine)").split(" — ")[0]
