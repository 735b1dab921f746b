"""What came of our follow-ups, counted once more from the CRM's own tasks, mails and deals.

The CRM knows nothing of follow-ups and their steps: which follow-up a task belongs to is told by
the touch that it carries (`GET /api/touches`), and which follow-ups began, how they ended, and
what was dropped before anything was written, by the ledger's export. When a task was done, whether
it was deleted, whether the prospect answered or booked a meeting, what the deal is worth: all that
is the CRM's word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.scenarios.recount import DAY, Deal, Recount, Task

WEEK = 7 * DAY
BEGAN = ("enrolled", "tasks_planned", "released")
"""Codes of the ledger's lines with which a follow-up begins."""

ANSWERED = ("replied", "person_takes_over", "put_off_by_prospect")
AHEAD = ("planned", "waiting", "claimed", "sending")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BANDS = (
    (9, "before 9"), (11, "9 to 11"), (13, "11 to 13"), (15, "13 to 15"), (17, "15 to 17"),
    (24, "after 17"),
)  # fmt: skip


@dataclass
class FollowUp:
    """ended: why, and None while it runs. subject: (type, the CRM's id)."""

    id: str
    definition: str
    subject: tuple[str, str]
    begun: int
    ended: str | None = None
    ended_at: int | None = None


@dataclass
class Done:
    """A touch carried out whose time for an answer is over. number: which of its follow-up."""

    follow_up: FollowUp
    touch: Mapping[str, Any]
    task: Task
    number: int
    at: int
    answered: bool


class FollowUps:
    """Of the follow-ups that began in the recount's span."""

    def __init__(
        self,
        recount: Recount,
        export: Mapping[str, Any],
        touches: Sequence[Mapping[str, Any]],
        ledger: Sequence[Mapping[str, Any]],
    ) -> None:
        self.now, self.since = recount.now, recount.since
        self._recount = recount
        self._export = export
        self._tasks = {task.touch: task for task in recount.tasks}
        self.touches = touches
        self._touches: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for touch in touches:
            self._touches[touch["enrolment_id"]].append(touch)
        self.all = _follow_ups(ledger)
        self.cohort = [
            one for one in self.all.values()
            if self.since <= one.begun <= self.now and self._touches[one.id]
        ]  # fmt: skip
        self._deals_of = {
            row["id"]: [one["id"] for one in row["associations"].get("deals", ())]
            for row in export["contacts"]
        }
        self._heard: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._booked: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in export["emails"]:
            if row["properties"]["hs_email_direction"] == "INCOMING_EMAIL":
                for about in self._about(row):
                    self._heard[about].append(int(row["properties"]["hs_timestamp"]))
        for row in export["meetings"]:
            for about in self._about(row):
                self._booked[about].append(row["created_at"])

    def _about(self, row: Mapping[str, Any]) -> set[tuple[str, str]]:
        """The records that a mail or meeting is about, by its deals and by its people."""
        people = [one["id"] for one in row["associations"].get("contacts", ())]
        deals = {one["id"] for one in row["associations"].get("deals", ())}
        for person in people:
            deals.update(self._deals_of.get(person, ()))
        return {("deal", one) for one in deals} | {("contact", one) for one in people}

    # --- figures -----------------------------------------------------------------------------

    def overview(self) -> dict[str, dict[str, Any]]:
        """Definition → how many began, run, were answered, brought a meeting, came to the end."""
        found: dict[str, dict[str, Any]] = {}
        for definition, own in _groups(self.cohort, lambda one: one.definition).items():
            deals = {one.subject[1]: self._recount.deals.get(one.subject[1]) for one in own}
            there = [one for one in deals.values() if one is not None]
            found[definition] = {
                "n": len(own), "running": sum(one.ended is None for one in own),
                "replied": sum(one.ended in ANSWERED for one in own),
                "booked": sum(self._brought_meeting(one) for one in own),
                "finished": sum(one.ended == "finished" for one in own),
                "out": sum(one.ended == "opted_out" for one in own),
                "open": _worth(one for one in there if one.open),
                "won": _worth(one for one in there if one.kind == "won"),
            }  # fmt: skip
        return found

    def _brought_meeting(self, one: FollowUp) -> bool:
        until = (self.now if one.ended_at is None else one.ended_at) + 14 * DAY
        return any(one.begun <= at <= until for at in self._booked[one.subject])

    def funnel(self) -> dict[tuple[str, str], Counter[str]]:
        """(definition, step) → fate → touches."""
        found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for one in self.cohort:
            for touch in self._touches[one.id]:
                found[one.definition, touch["step"]][self._fate(touch)] += 1
        return found

    def _fate(self, touch: Mapping[str, Any]) -> str:
        task = self._tasks.get(touch["id"])
        if task is None:  # nothing of it is in the CRM, and why is in our ledger alone
            state = touch["state"]
            return "ahead" if state in AHEAD else (
                "failed" if state in ("failed", "unknown") else "moot"
            )
        return (
            "done" if task.done is not None else "deleted" if task.deleted
            else "open" if task.open else "moot"
        )  # fmt: skip

    def done(self) -> Iterator[Done]:
        """Each touch carried out whose time is over: with the next one, or after 14 days."""
        for one in self.cohort:
            carried = sorted(
                (task.done, touch["id"]) for touch in self._touches[one.id]
                if (task := self._tasks.get(touch["id"])) is not None and task.done is not None
            )  # fmt: skip
            touches = {touch["id"]: touch for touch in self._touches[one.id]}
            for number, (at, id) in enumerate(carried, 1):
                following = [other for other, _ in carried[number:]]
                until = min([*following[:1], at + 14 * DAY])
                if until <= self.now:
                    heard = any(at < when <= until for when in self._heard[one.subject])
                    yield Done(one, touches[id], self._tasks[id], number, at, heard)

    def answered(self, key: Callable[[Done], Hashable]) -> dict[Any, tuple[int, int]]:
        """Key of a touch → (carried out, answered)."""
        return {
            one: (len(own), sum(done.answered for done in own))
            for one, own in _groups(self.done(), key).items()
        }

    def hours(self, zone: str) -> dict[str, tuple[int, int]]:
        """Weekday, and time of day → (carried out, answered)."""
        there = ZoneInfo(zone)

        def day(one: Done) -> str:
            return DAYS[datetime.fromtimestamp(one.at / 1000, there).weekday()]

        def band(one: Done) -> str:
            hour = datetime.fromtimestamp(one.at / 1000, there).hour
            return next(label for end, label in BANDS if hour < end)

        return {**self.answered(day), **self.answered(band)}

    def coming(self) -> Counter[str | None]:
        """Owner → touches that are to fall due in the next seven days, and are no task yet."""
        found: Counter[str | None] = Counter()
        for touch in self.touches:
            soon = touch["due_at"] < self.now + WEEK and touch["write_at"] < self.now + 8 * DAY
            if touch["state"] == "planned" and soon:
                deal = self._recount.deals.get(touch["subject_id"])
                asked = self._recount.inquiries.get(touch["subject_id"])
                subject = deal or asked
                found[touch["owner_id"] or (subject.owner if subject else None)] += 1
        return found

    def followed(self) -> dict[bool, tuple[int, int]]:
        """Whether a task of ours was written for it before its end → (closed, won)."""
        about: dict[str, list[int]] = defaultdict(list)
        written = {
            row["properties"].get("followthrough_touch_id"): row["created_at"]
            for row in self._export["tasks"]
        }
        for touch in self.touches:
            if touch["id"] in written:
                about[touch["subject_id"]].append(written[touch["id"]])
        found = {True: (0, 0), False: (0, 0)}
        for deal in self._recount.closed():
            ours = any(at < deal.entries[-1][0] for at in about[deal.id])
            n, won = found[ours]
            found[ours] = (n + 1, won + (deal.kind == "won"))
        return found

    # --- the week ----------------------------------------------------------------------------

    def weeks(self) -> dict[str, list[int]]:
        """What happened in the last seven days, and in the seven before."""
        found: dict[str, list[int]] = {}

        def count(label: str, times: Iterable[int]) -> None:
            ages = [(self.now - at) // WEEK for at in times if at <= self.now]
            found[label] = [ages.count(0), ages.count(1)]

        deals = self._recount.deals.values()
        tasks = self._tasks.values()
        known = {("deal", one) for one in self._recount.deals}
        known |= {("contact", one) for one in self._recount.inquiries}
        count("Follow-ups begun", (one.begun for one in self.all.values() if self._touches[one.id]))
        count("Tasks completed", (one.done for one in tasks if one.done is not None))
        count("Tasks deleted by reps", (one.gone for one in tasks if one.deleted and one.gone))
        count("Answers", self._lately(self._heard, known))
        count("Meetings booked", self._lately(self._booked, known))
        count("Opted out", self._opted_out())
        count("Meetings held", [
            at for deal in (*deals, *self._recount.inquiries.values())
            for at, kind in deal.acts if kind == "meeting"
        ])  # fmt: skip
        for label, kind in (("Deals won", "won"), ("Deals lost", "lost")):
            count(label, (deal.entries[-1][0] for deal in deals if deal.kind == kind))
        return found

    def _opted_out(self) -> Iterator[int]:
        """When people said no, for each record that they stand on."""
        for row in self._export["contacts"]:
            versions = row["history"].get("hs_email_optout", ())
            said = [version[0] for version in versions if version[1] == "true"]
            deals = [one for one in self._deals_of[row["id"]] if one in self._recount.deals]
            own = [row["id"]] if row["id"] in self._recount.inquiries else []
            for at in said[:1]:
                yield from [at] * len([*deals, *own])

    @staticmethod
    def _lately(
        times: Mapping[tuple[str, str], Sequence[int]], known: set[tuple[str, str]]
    ) -> Iterator[int]:
        for about, found in times.items():
            if about in known:
                yield from found


def _follow_ups(ledger: Sequence[Mapping[str, Any]]) -> dict[str, FollowUp]:
    """Id → follow-up, by the lines that say that it began and that it ended."""
    found: dict[str, FollowUp] = {}
    for line in ledger:
        scope, _, id = line["scope"].partition(":")
        if line["code"] in BEGAN:
            values = line["values"]
            found[values["enrolment"]] = FollowUp(
                values["enrolment"], values["definition"],
                (line["subject_type"], line["subject_id"]), line["first_at"],
            )  # fmt: skip
        elif scope == "enrolment" and id in found and line["verdict"] == "ended":
            found[id].ended, found[id].ended_at = line["code"], line["first_at"]
    return found


def _worth(deals: Iterable[Deal]) -> float:
    return sum(one.amount or 0 for one in deals)


def _groups(found: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for one in found:
        groups[key(one)].append(one)
    return groups
