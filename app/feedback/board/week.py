"""The weekly review: this week beside the last, which touches to drop, what to change."""

from __future__ import annotations

from collections.abc import Sequence

from app.feedback.advice import Advice, advice
from app.feedback.board.sequences import funnel, overview
from app.feedback.board.taken import became
from app.feedback.counted import Counted, share, total
from app.feedback.figures import Behind, Column, Figure, Line

_ROWS = (
    ("begun", "Follow-ups begun"),
    ("completed", "Tasks completed"),
    ("deleted", "Tasks deleted by reps"),
    ("replied", "Answers"),
    ("meeting_booked", "Meetings booked"),
    ("meeting_held", "Meetings held"),
    ("opted_out", "Opted out"),
    ("won", "Deals won"),
    ("lost", "Deals lost"),
)


def figures(counted: Counted) -> Sequence[Figure]:
    return [_weeks(counted), _changes(counted), became(counted), overview(counted), funnel(counted)]


def _weeks(counted: Counted) -> Figure:
    lines: list[Line] = []
    for what, label in _ROWS:
        this, last = (int(total(counted.of("weeks", what=what, week=week))) for week in (0, 1))
        cells = {"what": label, "this": this, "last": last, "change": this - last}
        lines.append(
            Line(cells, Behind("weeks", {"what": what, "week": 0}),
                 links={key: Behind("weeks", {"what": what, "week": week})
                        for week, key in enumerate(("this", "last"))})
        )  # fmt: skip
    late, silent = counted.of("overdue"), counted.of("silent_14")
    return Figure(
        "weeks", "This week",
        "The last seven days beside the seven before, by the account's present time. Overdue and "
        "silent are as they stand now.",
        (
            Column("what", "What"), Column("this", "Last 7 days", "count"),
            Column("last", "7 days before", "count"), Column("change", "Change", "change"),
        ),
        lines, total(counted.of("weeks")), "events",
        note=f"Overdue now: {total(late, 'hit'):,} of {total(late):,} open tasks. Silent for 14 "
        f"days: {share(silent).hits:,} of {share(silent).n:,} open deals.",
    )  # fmt: skip


def _changes(counted: Counted) -> Figure:
    found = advice(counted)
    return Figure(
        "advice", "What to change",
        "What the figures of this page say about the rules and steps that brought them about. "
        "Nothing is changed by itself: each line names what was found, and where it implies a "
        "change of a playbook, it is prepared for an admin to look at, save and switch on.",
        (Column("found", "Found"), Column("change", "What to do", "text"),
         Column("edit", "Change", "edit")),
        [Line({"found": one.found, "change": one.change, "edit": _prepared(one)}, one.behind)
         for one in found],
        len(found), "things to change",
        note="" if found else "Nothing in the figures asks for a change this week.",
    )  # fmt: skip


def _prepared(one: Advice) -> dict[str, str] | None:
    """Whose text changes, and how: what the editor opens."""
    return None if one.edit is None else {"playbook": one.edit.playbook, "advice": one.edit.key}
