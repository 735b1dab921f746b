"""The figures of a backtest, each defined in words beside it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.decisions.backtest.desk import LIMITS
from app.decisions.firing import sequence_of
from app.decisions.zones import day_text, local_day
from app.model.backtest import Fate, History, Owed, Replayed, Terms
from app.model.playbook import ActiveRule, CreateTasks, Enrol
from app.model.time import DAY
from app.model.vocabulary import ACTIVITY, SignalKind, StopReason

MISSED_DAYS = 7

_MOVED_ON = frozenset(
    {
        StopReason.REPLIED.value,
        StopReason.MEETING_BOOKED.value,
        "meeting_held",
        StopReason.STAGE_LEFT.value,
        StopReason.CLOSED_WON.value,
        StopReason.CLOSED_LOST.value,
        StopReason.GOAL.value,
    }
)
_HAPPENED = ACTIVITY | {SignalKind.STAGE_ENTERED}
_MONDAY = 3  # day number 0 is a Thursday

DEFINITIONS: Mapping[str, str] = {
    "records": "Records that were looked at.",
    "followed_up": "Records of which at least one step was owed.",
    "fired": "How often a rule acted on a record.",
    "over_limit": "Beginnings above a rule's limit: they would have waited for an approval, and "
    "their steps are not counted.",
    "told": "Notices to owners, managers or admins.",
    "owed": "Steps that would have stood in the CRM when they fell due: the record still "
    "qualified.",
    "stopped": "Steps of a follow-up that had begun whose reason was gone before they fell due, by "
    "that reason. They would not have been created, or archived before they were due.",
    "moved_on": "Of the steps stopped: those that would have come after the customer had answered "
    "or was met, or after the deal had moved on or was closed.",
    "ahead": "Steps that fall due after the end of what is known.",
    "put_off": "Steps that a limit moved to another day at least once, by limit: caps per person "
    "(cap_7_days, cap_30_days), the rep's daily budget (rep_budget), another task of ours still "
    "open for the record (merge), the rep's absence (absent), a hold (held).",
    "tasks_per_record": "Steps owed for each record followed up: mean and most.",
    "reps": "For each rep: steps owed, how many that is in a week on average (over the whole "
    "span), and the most in one week from Monday to Sunday of the rep's zone, with its Monday.",
    "missed": f"Records on which nothing happened in the {MISSED_DAYS} days after a step of theirs "
    "fell due: no call, mail, meeting or reply, and no change of stage. Judged are the steps whose "
    f"{MISSED_DAYS} days were over at the end of what is known.",
}

ASSUMPTIONS = (
    "Every task counts as done when it falls due; that breaks no silence.",
    "Owner, amount, contacts, opt-outs, mapped fields and dates count as they are now: the CRM's "
    "history of them is not read.",
    "Contacts with one e-mail address count as different people, and a company's records know "
    "nothing of each other.",
    "A rep's pause or stop of a record is left aside.",
    "Every sequence finds a place: `max_active` and the limits on what runs for a rep are not "
    "applied.",
)


def figures(histories: Sequence[History], found: Replayed, terms: Terms) -> dict[str, Any]:
    """One object with every figure of `DEFINITIONS`, ready for JSON; instants in ms."""
    owed = [one for one in found.owed if one.fate is Fate.OWED]
    by_fate = Counter(one.fate for one in found.owed)
    stopped = Counter(one.reason for one in found.owed if one.fate is Fate.STOPPED)
    per_record = Counter(one.subject for one in owed)
    return {
        "since_at": terms.since,
        "until_at": terms.until,
        "days": round((terms.until - terms.since) / DAY, 1),
        "records": found.records,
        "followed_up": len(per_record),
        "owed": len(owed),
        "stopped": _ordered(stopped),
        "moved_on": sum(number for reason, number in stopped.items() if reason in _MOVED_ON),
        "ahead": by_fate[Fate.AHEAD],
        "put_off": _put_off(found.owed),
        "tasks_per_record": {
            "mean": round(len(owed) / len(per_record), 2) if per_record else 0.0,
            "max": max(per_record.values(), default=0),
        },
        "missed": _missed(histories, owed, terms),
        "rules": [_rule(active, found) for active in terms.rules],
        "steps": _steps(found.owed, terms.rules),
        "reps": _reps(owed, terms),
    }


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _put_off(owed: Iterable[Owed]) -> dict[str, int]:
    counts = Counter(code for one in owed for code in one.put_off if code in LIMITS)
    return _ordered(counts)


def _rule(active: ActiveRule, found: Replayed) -> dict[str, Any]:
    key = active.rule.key
    return {
        "rule": key,
        "title": active.rule.title or active.rule.id,
        "fired": found.fired.get(key, 0),
        "over_limit": found.over_limit.get(key, 0),
        "told": found.told.get(key, 0),
    }


def _steps(owed: Iterable[Owed], rules: Iterable[ActiveRule]) -> list[dict[str, Any]]:
    """In the order of the playbook; a step that never came up stands there with zeros."""
    titles = _titles(rules)
    groups: dict[tuple[str, str], list[Owed]] = {key: [] for key in titles}
    for one in owed:
        groups.setdefault((one.definition, one.step), []).append(one)
    return [
        {
            "of": of,
            "step": step,
            "title": titles.get((of, step), step),
            "owed": sum(one.fate is Fate.OWED for one in group),
            "stopped": _ordered(
                Counter(one.reason for one in group if one.fate is Fate.STOPPED)
            ),
            "ahead": sum(one.fate is Fate.AHEAD for one in group),
            "put_off": sum(bool(one.put_off) for one in group),
        }
        for (of, step), group in groups.items()
    ]


def _titles(rules: Iterable[ActiveRule]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for active in rules:
        for action in active.rule.then:
            if isinstance(action, CreateTasks):
                found.update(((active.rule.key, step.id), step.subject) for step in action.steps)
            elif isinstance(action, Enrol):
                sequence = sequence_of(active, action)
                for step in sequence.steps if sequence else ():
                    found[sequence.key if sequence else "", step.id] = step.subject
    return found


def _reps(owed: Iterable[Owed], terms: Terms) -> list[dict[str, Any]]:
    weeks: dict[str, Counter[int]] = defaultdict(Counter)
    for one in owed:
        zone = terms.calendar(one.owner_id, one.due_at).zone
        weeks[one.owner_id or ""][(local_day(one.due_at, zone) + _MONDAY) // 7] += 1
    span = max((terms.until - terms.since) / (7 * DAY), 1 / 7)
    rows: list[dict[str, Any]] = []
    for owner, counts in weeks.items():
        total = sum(counts.values())
        week, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
        person = terms.people.get(owner)
        rows.append(
            {
                "owner_id": owner or None,
                "name": (person.name if person else "") or owner or "nobody",
                "owed": total,
                "per_week": round(total / span, 2),
                "most_in_a_week": most,
                "that_week": day_text(week * 7 - _MONDAY),
            }
        )
    return sorted(rows, key=lambda row: (-row["owed"], row["name"]))


def _missed(
    histories: Sequence[History], owed: Iterable[Owed], terms: Terms
) -> dict[str, Any]:
    """Steps whose days after were not over are not judged: nobody knows what would have come."""
    window = MISSED_DAYS * DAY
    judged = [one for one in owed if one.due_at + window <= terms.until]
    wanted = {one.subject for one in judged}
    happened = {
        history.subject.id: [s.at for s in history.facts if s.kind in _HAPPENED]
        for history in histories
        if history.subject.id in wanted
    }
    missed = [one for one in judged if _quiet(happened[one.subject], one.due_at, window)]
    return {
        "days": MISSED_DAYS,
        "records": len({one.subject for one in missed}),
        "of_records": len(wanted),
        "steps": len(missed),
        "of_steps": len(judged),
    }


def _quiet(times: Sequence[int], after: int, window: int) -> bool:
    """Whether nothing happened later than `after` and at most `window` ms after it."""
    place = bisect_right(times, after)
    return place == len(times) or times[place] > after + window
