"""Speed to lead: how the first touches of follow-ups stood to the time that playbooks promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.feedback.counted import Counted, Row, by, total, values
from app.feedback.figures import (
    ENOUGH,
    TOO_FEW,
    Behind,
    Column,
    Figure,
    Line,
    middle,
    part_cell,
    rate_cell,
)
from app.feedback.proportions import Share

_LABELS = {
    "1min": "1 minute", "5min": "5 minutes", "15min": "15 minutes", "1h": "1 hour", "4h": "4 hours",
    "1d": "a day",
}  # fmt: skip

_COLUMNS = (
    Column("n", "Counted", "count"),
    Column("stood", "Task stood in time", "share"),
    Column("stood_late", "Late tasks: by, median", "ms"),
    Column("kept", "Done in time", "share"),
    Column("kept_late", "Done late: by, median", "ms"),
    Column("never", "Not done", "part"),
)


def figures(counted: Counted) -> Sequence[Figure]:
    return [_by_promise(counted), _by_rep(counted)]


def _by_promise(counted: Counted) -> Figure:
    kept = counted.of("promise_kept")
    lines = [
        Line({"promise": label, **_cells(counted.of("promise_stood", promise=name), those)},
             Behind("promise_kept", {"promise": name}))
        for name, label in _LABELS.items()
        if (those := counted.of("promise_kept", promise=name))
    ]  # fmt: skip
    lines.append(
        Line({"promise": "All", **_cells(counted.of("promise_stood"), kept)},
             Behind("promise_kept"))
    )  # fmt: skip
    return Figure(
        "promises", "Speed to lead, against what was promised",
        f"Follow-ups that began in the last {counted.days} days and whose first step a playbook "
        "promises within a day: whether that step's task stood in the CRM, and whether it was "
        "done, by the time at which it was due. A promise that falls outside working hours is due "
        "with the next of them. Mail of the CRM's own sequences is done as it is enrolled; any "
        "other mail is done when its task is completed. Steps that are not due yet, or whose "
        "reason was gone before, count in nothing.",
        (Column("promise", "Promised within"), *_COLUMNS), lines, total(kept), "first steps",
        note=TOO_FEW if total(kept) < ENOUGH else "",
    )  # fmt: skip


def _by_rep(counted: Counted) -> Figure:
    kept, stood = counted.of("promise_kept"), counted.of("promise_stood")
    theirs = by(stood, lambda row: row["owner_id"])
    groups = by(kept, lambda row: row["owner_id"])
    names = counted.names
    return Figure(
        "promises_reps", "Speed to lead, by rep",
        "The same for the tasks that each rep had.",
        (Column("rep", "Rep"), *_COLUMNS),
        [
            Line({"rep": names.person(owner), **_cells(theirs.get(owner, []), groups[owner])},
                 Behind("promise_kept", {"owner_id": owner}))
            for owner in sorted(groups, key=lambda o: (o is None, names.person(o).lower()))
        ],
        total(kept), "first steps",
    )  # fmt: skip


def _cells(stood: Sequence[Row], kept: Sequence[Row]) -> Mapping[str, Any]:
    n = int(total(kept))
    wrote, done = values(stood), values(kept)
    return {
        "n": n,
        "stood": rate_cell(Share(sum(late == 0 for late in wrote), int(total(stood)))),
        "stood_late": middle([late for late in wrote if late]),
        "kept": rate_cell(Share(sum(late == 0 for late in done), n)),
        "kept_late": middle([late for late in done if late]),
        "never": part_cell(Share(n - len(done), n)),
    }
