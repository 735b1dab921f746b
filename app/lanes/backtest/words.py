"""A backtest's figures as a table that a manager reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.model.time import iso

_REASONS = {
    "replied": "the customer had replied",
    "meeting_booked": "a meeting was booked",
    "meeting_held": "they had met",
    "stage_left": "the deal had left the stage",
    "closed_won": "the deal was won",
    "closed_lost": "the deal was lost",
    "goal_reached": "the goal was reached",
    "opted_out": "the person opted out",
    "bounced": "the person's mail bounces",
    "consent_unknown": "consent is unknown",
    "holdout": "in the control group",
}
_LIMITS = {
    "cap_7_days": "cap per person, 7 days",
    "cap_30_days": "cap per person, 30 days",
    "rep_budget": "the rep's day was full",
    "merge": "another task of ours was open",
    "absent": "the rep was away",
    "held": "on hold",
    "outranked_by": "a sequence of higher priority ran",
}
_MOST_REPS = 20


def table(found: Mapping[str, Any]) -> str:
    """Several small tables with a sentence each; the same figures as the JSON."""
    return "\n".join(_lines(found))


def reason(code: str) -> str:
    """Why a step was stopped, in words."""
    return _REASONS.get(code, code.replace("_", " "))


def limit(code: str) -> str:
    """What put a step off, in words."""
    return _LIMITS.get(code, code.replace("_", " "))


def _lines(found: Mapping[str, Any]) -> Iterable[str]:
    missed, each = found["missed"], found["tasks_per_record"]
    yield f"{found['title']} ({found['playbook']}), had it been live"
    yield (
        f"from {iso(found['since_at'])[:10]} to {iso(found['until_at'])[:10]} "
        f"on {found['records']:,} records of {found['source']}"
    )
    yield ""
    stopped = sum(found["stopped"].values())
    yield from _rows(
        [
            ("Records followed up", found["followed_up"], ""),
            ("Steps owed", found["owed"], f"{each['mean']} a record, at most {each['max']}"),
            ("Steps stopped before they were due", stopped, ""),
            *(("  " + reason(code), number, "") for code, number in found["stopped"].items()),
            ("Of these, answered or moved on", found["moved_on"], "would have come too late"),
            ("Steps put off by a limit", sum(found["put_off"].values()), ""),
            *(("  " + limit(code), number, "") for code, number in found["put_off"].items()),
            ("Steps still ahead at the end", found["ahead"], ""),
            (
                f"Records with nothing in the {missed['days']} days after a step",
                missed["records"],
                f"of {missed['of_records']:,}: missed without it",
            ),
        ]
    )
    yield ""
    yield from _grid(
        ("Rule", "acted", "told", "over its limit"),
        [(r["title"], r["fired"], r["told"], r["over_limit"]) for r in found["rules"]],
    )
    yield ""
    yield from _grid(
        ("Step", "owed", "stopped", "put off", "ahead"),
        [
            (s["title"], s["owed"], sum(s["stopped"].values()), s["put_off"], s["ahead"])
            for s in found["steps"]
        ],
    )
    yield ""
    reps = found["reps"]
    yield from _grid(
        ("Rep", "steps", "a week", "most in a week", "that of"),
        [
            (r["name"], r["owed"], r["per_week"], r["most_in_a_week"], r["that_week"])
            for r in reps[:_MOST_REPS]
        ],
    )
    if len(reps) > _MOST_REPS:
        yield f"… and {len(reps) - _MOST_REPS} more"
    yield from _notes(found)


def _notes(found: Mapping[str, Any]) -> Iterable[str]:
    yield ""
    for rule in found["not_judged"]:
        yield f"Not judged: {rule['title']}; the source has no dates for {rule['signal']!r}."
    yield from (f"Assumed: {text}" for text in found["assumptions"])
    yield "What each figure means stands in the JSON (--json), under definitions."


def _rows(rows: Sequence[tuple[str, int, str]]) -> Iterable[str]:
    wide = max(len(label) for label, _, _ in rows)
    for label, number, note in rows:
        yield f"{label:<{wide}}  {number:>8,}  {note}".rstrip()


def _grid(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterable[str]:
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    wide = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for row in cells:
        first, *others = row
        right = (f"{cell:>{width}}" for cell, width in zip(others, wide[1:], strict=True))
        yield "  ".join((f"{first:<{wide[0]}}", *right))
