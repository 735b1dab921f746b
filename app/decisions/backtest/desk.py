"""Due steps during a replay: judged by the guard, then counted against caps and daily budgets."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.decisions.assigning import assign, stand_ins
from app.decisions.backtest.case import Case, Run, outranked
from app.decisions.codes import Code
from app.decisions.guard import PRIORITY_RANK, absence, admit, apply_ruling, judge
from app.decisions.guard.best_time import LOOK_BACK_MS
from app.decisions.guard.caps import capped, channel_of
from app.decisions.timing import local_date
from app.decisions.who import choose_contact
from app.decisions.zones import local_day
from app.model.backtest import Owed, PersonPast, Terms
from app.model.decisions import DueTouch, Ruling, Verdict
from app.model.ending import Assign
from app.model.guard import CHANNELS, Counters, GuardFacts, Window
from app.model.records import ContactView
from app.model.time import DAY, Business
from app.model.vocabulary import Mode, TaskType

LIMITS = frozenset(
    {
        Code.CAP_7_DAYS,
        Code.CAP_30_DAYS,
        Code.REP_BUDGET,
        Code.MERGE,
        Code.ABSENT,
        Code.HELD,
        Code.OUTRANKED_BY,
    }
)
"""Codes of what puts a step off although its time has come; see the figure `put_off`."""

_WEEK, _MONTH = 7, 30

Due = tuple[Case, Run, Owed]


class Desk:
    """The counters that admission reads, as they grow while time goes by. pasts: contact id → what
    is known of them, used as far as an instant had come."""

    def __init__(self, terms: Terms, pasts: Mapping[str, PersonPast]) -> None:
        self._terms = terms
        self._pasts = pasts
        self._others: dict[str, list[tuple[Business, int, TaskType]]] = {}
        self._rep_days: dict[str, dict[str, int]] = defaultdict(dict)
        self._person_days: dict[str, list[tuple[int, TaskType]]] = defaultdict(list)
        self._turns: dict[str, str] = {}

    def rule(self, due: Sequence[Due], now: Business) -> list[tuple[Due, Ruling]]:
        """A verdict on each; where it is DO the step was created and counted.

        The limits are asked once, in admission: asking the guard about them before would only
        name the same reason twice.
        """
        ruled: list[tuple[Due, Ruling]] = []
        passed: list[tuple[Due, GuardFacts]] = []
        for one in due:
            facts = self._facts(*one, now)
            ruling = judge(facts)[0]
            if ruling.verdict is Verdict.HAND_TO:
                to = ruling.to or self._terms.default_owner
                person, calendar = self._terms.people.get(to or ""), self._terms.calendar(to, now)
                ruling = replace(ruling, to=to)
                facts, ruling = absence.handed_over(facts, ruling, person, calendar)
            if ruling.verdict in (Verdict.DO, Verdict.HAND_TO):
                passed.append((one, apply_ruling(facts, ruling)))
            else:
                ruled.append((one, ruling))
        if passed:
            rulings, _ = admit([facts for _, facts in passed], self._counters(passed, now))
            for (one, facts), ruling in zip(passed, rulings, strict=True):
                if ruling.verdict is Verdict.DO:
                    self._create(one, apply_ruling(facts, ruling), now)
                ruled.append((one, ruling))
        return ruled

    def taken_back(self, one: Owed) -> None:
        """A task that was there is archived before it fell due: the rep's day has room again."""
        day = self._day_of(one.owner_id, one.due_at)
        counts = self._rep_days[one.owner_id or ""]
        counts[day] = max(0, counts.get(day, 0) - 1)

    def _facts(self, case: Case, run: Run, one: Owed, now: Business) -> GuardFacts:
        terms, view = self._terms, case.view
        owner = self._holder(run.steps[one.step].assign, one, view.owner_id, now)
        contact = next((c for c in view.contacts if c.crm_id == one.contact), None)
        if one.contact is None:
            contact = choose_contact(view, terms.roles).contact
        if contact is not None and terms.guard.best_time_days is not None:
            contact = self._recalled(contact, now)
        calendar = terms.calendar(owner, now)
        touch = DueTouch(
            id=one.id,
            enrolment=one.enrolment,
            definition=one.definition,
            rule=run.rule,
            subject=view.id,
            contact=contact.crm_id if contact else one.contact,
            owner_id=owner,
            step=run.steps[one.step],
            owed_at=one.owed_at,
            due_at=one.due_at,
            planned_at=one.planned_at,
            priority=PRIORITY_RANK[run.steps[one.step].priority],
            mode=Mode.LIVE,
            enrolment_state=run.view.state,
            is_firing=run.is_firing,
            anchor_stage=run.begun.anchor_stage,
            sequence=run.begun.sequence,
        )
        return GuardFacts(
            touch=touch,
            subject=view,
            contact=contact,
            owner=terms.people.get(owner or ""),
            calendar=calendar,
            settings=terms.guard,
            now=now,
            holds=case.holds,
            zone=calendar.zone,
            outranked=outranked(case, run),
            twin=case.twin(run, one),
            stand_ins=stand_ins(terms.people.get(owner or ""), terms.people, terms.default_owner),
        )

    def _recalled(self, contact: ContactView, now: Business) -> ContactView:
        """The person with what they had done by then, as live work would have recalled it."""
        past = self._pasts.get(contact.crm_id)
        if past is None:
            return contact
        known = (deed for deed in past.deeds if now - LOOK_BACK_MS < deed.at <= now)
        return replace(contact, deeds=tuple(known))

    def _borne(self, contact: str, now: Business) -> list[tuple[int, TaskType]]:
        """(day, what) touched a person lately, by us or by others."""
        others = self._others.get(contact)
        if others is None:
            past, zone = self._pasts.get(contact), self._terms.zone
            done = past.touches if past is not None else ()
            others = self._others[contact] = [(at, local_day(at, zone), kind) for at, kind in done]
        end = bisect_right(others, now, key=lambda one: one[0])
        began = bisect_right(others, now - (_MONTH + 1) * DAY, key=lambda one: one[0])
        theirs = [(day, kind) for _, day, kind in others[began:end]]
        return [*self._person_days.get(contact, ()), *theirs]

    def _holder(self, wanted: Assign, one: Owed, owner: str | None, now: Business) -> str | None:
        """Who is to have the step's task: settled once, so that a turn is not taken twice."""
        owner = owner or self._terms.default_owner
        if wanted.to == "owner":
            return owner
        if one.owner_id is None:
            at = max(one.due_at, now)
            found = assign(wanted, owner, self._terms.people, self._turns, at)
            one.owner_id = found.to
            if found.team is not None and found.to is not None:
                self._turns[found.team] = found.to
        return one.owner_id

    def _counters(self, passed: Iterable[tuple[Due, GuardFacts]], now: Business) -> Counters:
        """What concerns this batch alone: admission copies what it is given."""
        settings = self._terms.guard
        today = local_day(now, self._terms.zone)
        rep_day: dict[tuple[str, str], int] = {}
        person: dict[str, tuple[int, int]] = {}
        channel: dict[tuple[str, TaskType], Window] = {}
        open_tasks: dict[tuple[int, str], str] = {}
        for (case, _, _), facts in passed:
            owner, contact = facts.touch.owner_id or "", facts.touch.contact or ""
            if settings.rep_daily_tasks:
                rep_day.update(
                    ((owner, day), number) for day, number in self._rep_days[owner].items()
                )
            if contact and capped(settings):
                days = self._borne(contact, now)
                person[contact] = _windows((day for day, _ in days), today)
                for kind in CHANNELS:
                    of_kind = (day for day, one in days if one is kind)
                    channel[contact, kind] = _windows(of_kind, today)
            if settings.merge:
                for task in case.open:
                    if not case.runs_firing(task) or task.due_at <= now:
                        open_tasks.setdefault((case.view.id, task.owner_id or ""), task.id)
        return Counters(rep_day, person, open_tasks, channel)

    def _create(self, due: Due, facts: GuardFacts, now: Business) -> None:
        case, run, one = due
        touch = facts.touch
        one.written_at, one.due_at = now, touch.due_at
        one.owner_id, one.contact = touch.owner_id, touch.contact
        step = run.steps[one.step]
        kind = channel_of(step)
        if touch.contact and kind is not None:
            self._person_days[touch.contact].append((local_day(now, self._terms.zone), kind))
        if step.native is not None or step.note:
            return
        case.open.append(one)
        day = self._day_of(one.owner_id, one.due_at)
        counts = self._rep_days[one.owner_id or ""]
        counts[day] = counts.get(day, 0) + 1
        if len(counts) > 2 * _MONTH:
            today = self._day_of(one.owner_id, now)
            self._rep_days[one.owner_id or ""] = {d: n for d, n in counts.items() if d >= today}

    def _day_of(self, owner: str | None, at: Business) -> str:
        return local_date(at, self._terms.calendar(owner, at).zone)


def _windows(days: Iterable[int], today: int) -> Window:
    month = [day for day in days if day > today - _MONTH]
    return sum(day > today - _WEEK for day in month), len(month)
