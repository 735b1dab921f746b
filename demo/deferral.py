"""Whether the CRM shows a reason for which a step was put off: if it does, nothing is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from demo.calendars import DAY, Calendar
from demo.facts import FOREVER, Crm, Subject, Task, at
from demo.owed import Owed, Terms, owner_at, place
from demo.steps import PERSONAL

CAPS = ((7, 7), (30, 20))
"""(days, most touches of one person)."""
REP_DAILY = 40


class Deferrals:
    """Reasons to wait, read from the CRM: an open task of ours, a pause, caps and full days."""

    def __init__(self, crm: Crm, terms: Terms) -> None:
        self._crm = crm
        self._terms = terms
        self._of_subject: dict[object, list[Task]] = defaultdict(list)
        self._of_person: dict[str, list[int]] = defaultdict(list)
        self._due_days: dict[tuple[str, object], int] = defaultdict(int)
        for task in crm.tasks:
            self._of_subject[task.subject].append(task)
            if task.type in PERSONAL:
                for contact in task.contacts:
                    self._of_person[contact].append(task.created_at)
            self._due_days[task.owner, crm.calendar(task.owner).day(task.due)] += 1

    def reason(self, owed: Owed, until: int, but: Task | None = None) -> str | None:
        """Why the step was not written from `owed.write` to `until` (ms): the first reason of a
        chain that covers the whole time, or None if at some instant there was none.

        A reason that ends leaves until the next working day for what waited. but: the task that
        was written in the end, which cannot have waited for itself.
        """
        subject = owed.enrolment.subject
        owner = owner_at(subject, owed.write, self._terms)
        rep = self._crm.calendar(owner)
        spans = sorted(self._spans(owed, subject, but))
        reached, first = owed.write, ""
        for start, end, why in spans:
            if start > reached + self._terms.asks_every:
                break
            if end <= reached and not (end == reached and first):
                continue
            first = first or why
            reached = max(reached, self._then(owed, end, rep))
            if reached >= until:
                return first
        return None

    def _then(self, owed: Owed, end: int, rep: Calendar) -> int:
        if end >= FOREVER:
            return FOREVER
        return place(self._crm, owed.step, rep.next_day(end), owed.enrolment.contact, rep)

    def _spans(
        self, owed: Owed, subject: Subject, but: Task | None
    ) -> Iterator[tuple[int, int, str]]:
        for index, (when, value) in enumerate(subject.controls):
            if value == "pause":
                changed = subject.controls[index + 1 :]
                lifted = changed[0][0] if changed else FOREVER
                until = at(subject.pauses, when)
                yield when, min(lifted, int(until) if until else FOREVER), "paused"
        if not self._terms.limits:
            return
        for task in self._of_subject[subject.key]:
            if task is not but:
                yield task.created_at, task.closed, "merge"
        if owed.step.type in PERSONAL and owed.enrolment.contact:
            yield from self._capped(owed.enrolment.contact)
        yield from self._full_days(owed)

    def _capped(self, contact: str) -> Iterator[tuple[int, int, str]]:
        """Days are counted whole, so a window may count a touch a day longer."""
        times = sorted(self._of_person[contact])
        for days, most in CAPS:
            for first, last in zip(times, times[most - 1 :], strict=False):
                if last - first <= (days + 1) * DAY:
                    yield last, first + (days + 1) * DAY, f"cap_{days}_days"

    def _full_days(self, owed: Owed) -> Iterator[tuple[int, int, str]]:
        owner = owner_at(owed.enrolment.subject, owed.write, self._terms)
        rep = self._crm.calendar(owner)
        day = rep.day(owed.due or owed.write)
        if self._due_days[owner, day] >= REP_DAILY:
            start = owed.write
            yield start, start + DAY, "rep_budget"
