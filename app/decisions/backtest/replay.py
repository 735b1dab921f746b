"""The replay: facts, timers and due steps of many records, one instant after the other."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from app.decisions import ending, recycling
from app.decisions.backtest import case as of
from app.decisions.backtest.case import Case, Run, context_of, tempered, unlived
from app.decisions.backtest.desk import LIMITS, Desk, Due
from app.decisions.codes import EFFECTS
from app.decisions.context import RuleContext
from app.decisions.flow import TIMER
from app.decisions.lasting import LAZY
from app.decisions.rules import arm, decide, timed
from app.decisions.sequences import advance, progress
from app.decisions.starting import as_view
from app.model.backtest import Fate, History, Owed, Replayed, Terms
from app.model.decisions import (
    ArmTimer,
    Decision,
    DisarmTimer,
    EndEnrolment,
    HoldSubject,
    NotePassages,
    Notice,
    PlanTouches,
    Ruling,
    SetProperty,
    StartEnrolment,
    Verdict,
)
from app.model.signals import Signal
from app.model.time import HOUR, Business
from app.model.vocabulary import Channel, EnrolmentState, SignalKind

_DONE, _TIMER, _DUE = 0, 1, 2  # the order within one instant, after the facts


def replay(histories: Sequence[History], terms: Terms) -> Replayed:
    """What the rules would have owed these records between `terms.since` and `terms.until`.

    Facts before `since` only say how a record stood then. All records go through time together,
    because they share the reps' days.
    """
    return _Replay(histories, terms).run()


class _Replay:
    def __init__(self, histories: Sequence[History], terms: Terms) -> None:
        self._terms = terms
        self._histories = histories
        self._desk = Desk(terms, {id: one for h in histories for id, one in h.people.items()})
        self._found = Replayed(records=len(histories))
        self._heap: list[tuple[int, int, int, int, Any]] = []
        self._number = count()
        self._cases: dict[int, Case] = {}
        kinds = {active.rule.when.kind for active in terms.rules}
        self._lazy = bool(kinds & LAZY)
        self._kinds = kinds | ({SignalKind.SUBJECT_CREATED} if SignalKind.DATE in kinds else set())
        self._rules = {active.rule.key: active for active in terms.rules}
        self._limited = [active.rule.key for active in terms.rules if active.rule.limit]
        self._begun: dict[str, deque[Business]] = defaultdict(deque)

    # --- time --------------------------------------------------------------------------------

    def run(self) -> Replayed:
        facts = of.happenings(self._histories, self._terms)
        if self._lazy:
            self._arm_standing()
        at_fact, heap, end = 0, self._heap, self._terms.until
        while True:
            ahead = facts[at_fact][0] if at_fact < len(facts) else None
            timer = heap[0][0] if heap else None
            if ahead is None and timer is None:
                return self._found
            now = Business(min(at for at in (ahead, timer) if at is not None))
            if now > end:
                return self._found
            while at_fact < len(facts) and facts[at_fact][0] == now:
                index = facts[at_fact][1]
                signals: list[Signal] = []
                while at_fact < len(facts) and facts[at_fact][:2] == (now, index):
                    signals.append(self._histories[index].facts[facts[at_fact][2]])
                    at_fact += 1
                self._happened(index, signals, now)
            self._fall_due(now)

    def _arm_standing(self) -> None:
        """Silences and dates that were still awaited when the rules went live."""
        now = self._terms.since
        for index, history in enumerate(self._histories):
            created = history.subject.created_at
            if created is not None and created < now:
                case = self._case(index)
                self._take(index, case, arm(self._context(case, now), now), now)

    def _push(self, at: int, order: int, index: int, what: Any) -> None:
        heappush(self._heap, (at, order, next(self._number), index, what))

    def _fall_due(self, now: Business) -> None:
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, order, _, index, what = heappop(heap)
            case = self._case(index)
            if order == _TIMER:
                self._timer(index, case, what, now)
            elif order == _DONE:
                self._done(index, case, what, now)
            else:
                batch = [(index, what)]
                while heap and heap[0][0] <= now and heap[0][1] == _DUE:
                    batch.append(heappop(heap)[3:])
                self._dispatch(batch, now)

    # --- one record --------------------------------------------------------------------------

    def _case(self, index: int) -> Case:
        case = self._cases.get(index)
        if case is None:
            history, since = self._histories[index], self._terms.since
            case = self._cases[index] = Case(unlived(history.subject))
            for signal in history.facts:
                if signal.at >= since:
                    break
                case.live(signal)
        return case

    def _happened(self, index: int, signals: Sequence[Signal], now: Business) -> None:
        """All facts of an instant stand in the record before anyone decides, as when it is read."""
        case = self._case(index)
        for signal in signals:
            case.live(signal)
        for signal in signals:
            self._signal(index, case, signal, now)
        if self._lazy:
            self._take(index, case, arm(self._context(case, now), now), now)

    def _signal(self, index: int, case: Case, signal: Signal, now: Business) -> None:
        if case.runs:
            calendar, view = of.ground(case, self._terms, now)
            for run in list(case.runs.values()):
                made = advance(run.view, signal, view, calendar, now)
                self._take(index, case, made, now)
        if signal.kind in self._kinds:
            self._take(index, case, decide(signal, self._context(case, now), now), now)

    def _timer(self, index: int, case: Case, key: str, now: Business) -> None:
        due, data = case.armed.get(key, (None, {}))
        if due is None or due > now:
            return  # it was moved or taken away since
        del case.armed[key]
        if key.startswith(TIMER):
            run = case.runs.get(key.removeprefix(TIMER))
            if run is not None:
                calendar, view = of.ground(case, self._terms, now)
                self._take(index, case, progress(run.view, view, calendar, now), now)
            return
        if key.startswith(recycling.TIMER):
            made, signal = recycling.come_back(data, due, self._context(case, now), now)
            self._take(index, case, made, now)
            if signal is not None:
                self._happened(index, [signal], now)
            return
        active = self._rules.get(data.get("rule", key))
        if key.startswith(ending.TIMER):
            made = ending.go_on(active, data, due, self._context(case, now), now)
        else:
            made = timed(self._rules[key], data, self._context(case, now), now)
        self._take(index, case, made, now)

    def _context(self, case: Case, now: Business) -> RuleContext:
        return context_of(case, self._terms, {k: self._recent(k, now) for k in self._limited}, now)

    def _recent(self, rule: str, now: Business) -> int:
        begun = self._begun[rule]
        while begun and begun[0] <= now - HOUR:
            begun.popleft()
        return len(begun)

    # --- what was decided --------------------------------------------------------------------

    def _take(self, index: int, case: Case, decision: Decision, now: Business) -> None:
        for action in decision.actions:
            match action:
                case StartEnrolment():
                    self._start(index, case, action, now)
                case EndEnrolment():
                    self._end(index, case, action, now)
                case PlanTouches():
                    run = case.runs.get(action.enrolment)
                    if run is not None:
                        self._plan(index, run.add(action.touches, case.view.crm_id, now), now)
                case NotePassages():
                    run = case.runs.get(action.enrolment)
                    if run is not None:
                        run.note(action.passages)
                case ArmTimer():
                    case.armed[action.rule] = (action.due_at, dict(action.data))
                    self._push(max(action.due_at, now), _TIMER, index, action.rule)
                case DisarmTimer():
                    case.armed.pop(action.rule, None)
                case Notice():
                    of.add(self._found.told, action.rule)
                case HoldSubject():
                    case.holds[action.reason] = action.until_at
                case SetProperty():
                    case.view = tempered(case.view, action.value, now)
                case _:
                    pass  # writes a property or moves open tasks: changes nothing that is owed
        for line in decision.explanations:
            if line.code in EFFECTS:
                self._acted(case, line.scope.removeprefix("rule:"), line.values, now)

    def _acted(
        self, case: Case, rule: str, values: Mapping[str, Any], now: Business
    ) -> None:
        """A rule did something without beginning anything: a firing of its own, once."""
        anchor = str(values["anchor"])
        if anchor not in case.past.get(rule, frozenset()):
            case.remember(rule, rule, anchor, now)
        self._fired(case, rule, anchor)

    def _fired(self, case: Case, rule: str, anchor: str) -> None:
        if (rule, anchor) not in case.fired:
            case.fired.add((rule, anchor))
            of.add(self._found.fired, rule)

    def _start(self, index: int, case: Case, begun: StartEnrolment, now: Business) -> None:
        rule = begun.rule.rule.key
        case.remember(begun.definition, rule, begun.anchor, now)
        self._fired(case, rule, begun.anchor)
        if begun.state is not EnrolmentState.ACTIVE:
            of.add(self._found.over_limit, rule)
            return
        if rule in self._limited:
            self._begun[rule].append(now)
        run = case.runs[begun.id] = Run(begun, as_view(begun))
        self._plan(index, run.add(begun.touches, case.view.crm_id, now), now)

    def _plan(self, index: int, planned: Iterable[Owed], now: Business) -> None:
        for one in planned:
            self._found.owed.append(one)
            self._push(max(one.write_at, now), _DUE, index, one)

    def _end(self, index: int, case: Case, end: EndEnrolment, now: Business) -> None:
        run = case.runs.pop(end.enrolment, None)
        for one in run.owed if run is not None else ():
            if one.fate is Fate.AHEAD:
                self._stop(index, case, one, end.reason.value, now)
        if run is not None:
            case.last_ended[run.view.definition] = now
            self._free(index, case, now)  # what had paused for it among them

    def _stop(self, index: int, case: Case, one: Owed, reason: str, now: Business) -> None:
        one.fate, one.reason = Fate.STOPPED, reason
        if one in case.open:
            case.open.remove(one)
            self._desk.taken_back(one)
            self._free(index, case, now)

    def _free(self, index: int, case: Case, now: Business) -> None:
        """What waited for an open task is asked again."""
        waiting, case.waiting = case.waiting, []
        for one in waiting:
            self._push(now, _DUE, index, one)

    # --- due steps ---------------------------------------------------------------------------

    def _dispatch(self, batch: Iterable[tuple[int, Owed]], now: Business) -> None:
        due: list[Due] = []
        places: dict[str, int] = {}
        for index, one in batch:
            case = self._case(index)
            run = case.runs.get(one.enrolment)
            if run is not None and one.fate is Fate.AHEAD and one.written_at is None:
                due.append((case, run, one))
                places[one.id] = index
        for (case, run, one), ruling in self._desk.rule(due, now):
            self._ruled(places[one.id], case, run, one, ruling, now)

    def _ruled(
        self, index: int, case: Case, run: Run, one: Owed, ruling: Ruling, now: Business
    ) -> None:
        if ruling.code in LIMITS and ruling.code not in one.put_off:
            one.put_off = (*one.put_off, ruling.code)
        if ruling.verdict is Verdict.DO:
            self._push(max(one.due_at, now), _DONE, index, one)
        elif ruling.verdict is Verdict.DROP:
            self._stop(index, case, one, ruling.code, now)
            run.over(one.step, now, dropped=True)
            made = of.progressed(case, run, one.step, self._terms, now)
            self._take(index, case, made, now)
        elif ruling.until is None:
            case.waiting.append(one)
        else:
            one.due_at = ruling.values.get("due_at", one.due_at)
            self._push(max(ruling.until, now + 1), _DUE, index, one)

    def _done(self, index: int, case: Case, one: Owed, now: Business) -> None:
        """The step falls due, and counts as done at that instant."""
        if one.fate is not Fate.AHEAD:
            return
        one.fate = Fate.OWED
        if one in case.open:
            case.open.remove(one)
        case.completed_at = now
        run = case.runs.get(one.enrolment)
        if run is not None:
            run.over(one.step, now)
        if one.channel is Channel.NOTE and run is not None:
            made = of.progressed(case, run, one.step, self._terms, now)
            self._take(index, case, made, now)
            return
        self._signal(index, case, of.done_signal(case, one, now), now)
        self._free(index, case, now)
