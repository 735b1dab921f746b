"""What became of edits that were made because a figure asked for them."""

from __future__ import annotations

from collections.abc import Sequence

from app.feedback.advice import deletions
from app.feedback.counted import Counted, Row, Taken, share
from app.feedback.figures import TOO_FEW, Column, Figure, Line, rate_cell
from app.feedback.proportions import Share, difference
from app.feedback.verdicts import LEAST
from app.model.time import DAY

WEEK = 7 * DAY

_SAID = {
    "answered": ("more answers", "fewer answers"),
    "silence": ("more silence", "less silence"),
    "deleted": ("more tasks deleted", "fewer tasks deleted"),
}
_MEASURES = {
    "answered": "touches answered",
    "silence": "stays that went silent",
    "deleted": "tasks deleted by reps",
}


def became(counted: Counted) -> Figure:
    """Before and after of each such edit, the latest first."""
    lines: list[Line] = []
    stays = counted.of("silence_weeks")
    for one in counted.names.taken:
        after = _of_stays(stays, one) if one.measure == "silence" else _of_version(counted, one)
        cells = {
            "found": one.found,
            "edit": f"{one.playbook}, {one.who}",
            "made": one.at,
            "of": _MEASURES[one.measure],
            "before": rate_cell(one.before),
            "after": rate_cell(after),
            "verdict": verdict(one, after),
        }
        lines.append(Line(cells))
    return Figure(
        "taken", "What became of earlier advice",
        "Edits that were saved out of “What to change”, each with the figure that asked for it. "
        "Before: of the whole account when the edit was saved. After: follow-ups that began by the "
        "edited version or a later one, and of silence, stays that began after that week; nothing "
        "is counted before the version is switched on. Better or worse is said only where the 95 % "
        f"interval of the difference leaves no doubt and both rest on {LEAST} or more.",
        (
            Column("found", "What was found"), Column("edit", "In which playbook, by whom"),
            Column("made", "Saved", "when"), Column("of", "Measured by"),
            Column("before", "Before", "share"), Column("after", "After", "share"),
            Column("verdict", "What became of it", "tag"),
        ),
        lines, len(lines), "edits",
        note="" if lines else "No edit was made from advice yet.",
    )  # fmt: skip


def _of_stays(stays: Sequence[Row], one: Taken) -> Share:
    """Of the stays in the stage that began after the week of the edit."""
    return share([row for row in stays
                  if row["stage_id"] == one.of and row["week"] > one.at // WEEK])  # fmt: skip


def _of_version(counted: Counted, one: Taken) -> Share:
    """Of the follow-ups that began by the edited version or a later one."""
    source = "answered" if one.measure == "answered" else "steps"
    rows = [row for row in counted.of(source, definition=one.of)
            if row["version_id"] >= one.version_id]  # fmt: skip
    return share(rows) if one.measure == "answered" else deletions(rows)


def verdict(one: Taken, after: Share) -> str:
    """What can be said of the difference."""
    if min(one.before.n, after.n) < LEAST:
        return TOO_FEW
    apart = difference(after, one.before)
    if apart is None or apart[1] <= 0 <= apart[2]:
        return "no difference to be seen"
    more, less = _SAID[one.measure]
    return more if apart[1] > 0 else less
