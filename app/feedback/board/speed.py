"""How soon and how often reps turn to their prospects, and how evenly they answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from app.feedback.board import promises
from app.feedback.board.times import SPREAD, TIMES, spreads, times
from app.feedback.counted import Counted, Row, by, total, values
from app.feedback.figures import (
    ENOUGH,
    TOO_FEW,
    Behind,
    Chart,
    Column,
    Figure,
    Line,
    mean_interval,
    rate_cell,
    spread,
)
from app.feedback.proportions import Share

_CONTACT = (
    "A call whoever answered, a mail, a meeting that was held or a completed task, on the record "
    "or on a person of it, as the CRM logged it."
)

_KINDS = {"deal": "Deals", "inquiry": "Inquiries without a deal"}
_REACH = (0, 1, 2, 3, 4, 5, 9)
"""Where the columns of contacts for each record begin; the last one is open."""


def figures(counted: Counted) -> Sequence[Figure]:
    return [
        first_contact(counted),
        _first_by_rep(counted),
        contacts_made(counted),
        _responses(counted),
        _variance(counted),
        followed_on(counted),
        *promises.figures(counted),
    ]


def first_contact(counted: Counted) -> Figure:
    rows = counted.of("first_contact")
    lines = [
        Line({"what": _KINDS[what], **times(counted.of("first_contact", what=what))},
             Behind("first_contact", {"what": what}))
        for what in _KINDS
    ]  # fmt: skip
    lines.append(Line({"what": "All", **times(rows)}, Behind("first_contact")))
    return Figure(
        "first_contact", "Time to the first follow-up",
        f"Records created in the last {counted.days} days: until a rep first turned to them. "
        f"{_CONTACT} Nights and weekends count. What nobody has turned to yet counts as not within "
        "the time; the median is of the others. Inquiries are those since the connection.",
        (Column("what", "What"), *TIMES), lines, total(rows), "records created",
        note=TOO_FEW if total(rows) < ENOUGH else "",
    )  # fmt: skip


def _first_by_rep(counted: Counted) -> Figure:
    rows = counted.of("first_contact")
    return Figure(
        "first_contact_reps", "Time to the first follow-up, by rep",
        "The same for the records that each rep owns now.",
        (Column("rep", "Rep"), *TIMES),
        [
            Line({"rep": counted.names.person(owner), **times(own)},
                 Behind("first_contact", {"owner_id": owner}))
            for owner, own in _by_rep(counted, rows)
        ],
        total(rows), "records created",
    )  # fmt: skip


def contacts_made(counted: Counted) -> Figure:
    of = {what: sorted(values(counted.of("contacts_made", what=what))) for what in _KINDS}
    found: list[int] = sorted(one for those in of.values() for one in those)
    n, lie = len(found), spread(found)
    between = mean_interval(lie)
    ends = (*(start - 1 for start in _REACH[1:]), None)
    lines: list[Line] = []
    points: list[tuple[str, float, str]] = []
    for start, end in zip(_REACH, ends, strict=True):
        label = f"{start} and more" if end is None else str(start) if start == end else (
            f"{start} to {end}"
        )
        cells: dict[str, Any] = {"number": label}
        for what, those in of.items():
            cells[what] = rate_cell(Share(_within(those, start, end), len(those)))
        lines.append(Line(cells))
        if n:
            within = _within(found, start, end)
            points.append((label, within / n, f"{within:,} of {n:,}"))
    note = TOO_FEW
    if between is not None and lie.mean is not None:
        one, five = (_within(found, least, None) for least in (1, 5))
        note = (
            f"Mean {lie.mean:.1f} (95 %: {between[0]:.1f} to {between[1]:.1f}), median "
            f"{lie.median:g}. At least one: {one:,} of {n:,}; five and more: {five:,} of {n:,}."
        )
    return Figure(
        "contacts_made", "Follow-ups for each record",
        f"Records created in the last {counted.days} days: how often a rep turned to them up to "
        f"now. {_CONTACT} A task completed within four hours of a logged call, mail or meeting is "
        "the same one. Young records may still get theirs.",
        (Column("number", "Follow-ups"),
         *(Column(what, f"Share of {label.lower()}", "share") for what, label in _KINDS.items())),
        lines, n, "records created", note=note,
        chart=Chart("bars", "Records by number of follow-ups", points) if n else None,
    )  # fmt: skip


def _within(found: Sequence[int], start: int, end: int | None) -> int:
    """How many of some sorted numbers lie from `start` to `end`, both included."""
    return (len(found) if end is None else bisect_right(found, end)) - bisect_left(found, start)


def _responses(counted: Counted) -> Figure:
    rows = counted.of("responses")
    lines = [
        Line({"rep": counted.names.person(owner), **spreads(own)},
             Behind("responses", {"owner_id": owner}))
        for owner, own in _by_rep(counted, rows)
    ]  # fmt: skip
    lines.append(Line({"rep": "All", **spreads(rows)}, Behind("responses")))
    return Figure(
        "responses", "Response time of each rep",
        f"Answers and calls of prospects in the last {counted.days} days, each the first that "
        "nobody had reacted to: until a rep called, wrote, met or completed a task. Nights and "
        "weekends count. Waiting: nobody has reacted yet; they are in no other column.",
        (Column("rep", "Rep"), *SPREAD), lines, len(values(rows)), "answers reacted to",
        note=TOO_FEW if len(values(rows)) < ENOUGH else "",
    )  # fmt: skip


def _variance(counted: Counted) -> Figure:
    rows = counted.of("latest_responses")
    names = counted.names
    groups = by(rows, lambda row: (row["owner_id"], row["stage_id"]))

    def order(key: tuple[Any, Any]) -> tuple[str, int]:
        stage = names.stages.get(key[1] or "")
        return names.person(key[0]).lower(), stage.place if stage else -1

    return Figure(
        "response_variance", "How evenly each rep responds, by stage",
        "The twenty deals of each rep whose prospects answered last, by the stage in which the "
        "deal stood then. A large deviation beside a small median says: mostly quick, sometimes "
        "forgotten.",
        (Column("rep", "Rep"), Column("stage", "Stage"), *SPREAD),
        [
            Line(
                {"rep": names.person(owner), "stage": names.stage(stage),
                 **spreads(groups[owner, stage])},
                Behind("latest_responses", {"owner_id": owner, "stage_id": stage}),
            )
            for owner, stage in sorted(groups, key=order)
        ],
        len(values(rows)), "answers reacted to",
        note=TOO_FEW if len(values(rows)) < ENOUGH else "",
    )  # fmt: skip


def followed_on(counted: Counted) -> Figure:
    """After meetings and proposals: used by the audit as well."""
    return Figure(
        "followed_on", "After a meeting, after a proposal",
        f"Meetings held, and entries into a stage that means a proposal, in the last "
        f"{counted.days} days: until a rep next wrote, called or completed a task.",
        (Column("what", "After"), *TIMES),
        [
            Line({"what": label, **times(counted.of(source))}, Behind(source))
            for label, source in (
                ("a meeting held", "after_meeting"), ("a proposal sent", "after_proposal")
            )
        ],
        sum(total(counted.of(one)) for one in ("after_meeting", "after_proposal")),
        "meetings and proposals",
    )  # fmt: skip


def _by_rep(counted: Counted, rows: Sequence[Row]) -> list[tuple[str | None, list[Row]]]:
    groups = by(rows, lambda row: row["owner_id"])
    return sorted(
        groups.items(), key=lambda one: (one[0] is None, counted.names.person(one[0]).lower())
    )
