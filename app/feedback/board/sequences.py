"""What comes of each sequence, step by step, and which texts, channels and hours get answers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from app.feedback.counted import Counted, Row, StepName, by, share, total
from app.feedback.daytime import BANDS, DAYS
from app.feedback.figures import (
    ENOUGH,
    TOO_FEW,
    Behind,
    Chart,
    Column,
    Figure,
    Line,
    part_cell,
    rate_cell,
)
from app.feedback.proportions import Share
from app.feedback.verdicts import LEAST, worth

_CREDIT = (
    "An answer counts for the last touch that was carried out before it, for 14 days at most. A "
    "touch counts once its time is over: with the next touch, or after 14 days."
)
_REPLIED = ("replied", "person_takes_over", "put_off_by_prospect")
"""Ends that an answer of the prospect's brought about."""


def figures(counted: Counted) -> Sequence[Figure]:
    return [
        overview(counted),
        by_number(counted),
        funnel(counted),
        _rates(
            counted, "templates", "Which texts get answers",
            "Touches by the template and the channel of their step.",
            lambda row: (_step(counted, row).template, _step(counted, row).channel),
            (Column("template", "Template"), Column("channel", "Channel", "tag")),
        ),
        _rates(
            counted, "channels", "Which channels get answers", "Touches by the channel of their "
            "step: how the rep was asked to reach the prospect.",
            lambda row: (_step(counted, row).channel,), (Column("channel", "Channel", "tag"),),
        ),
        hours(counted),
    ]  # fmt: skip


def _step(counted: Counted, row: Row) -> StepName:
    key = (row["version_id"], row["definition"], row["step"])
    return counted.names.steps.get(key) or StepName(row["step"], row["step"], "other", 99)


def _title(counted: Counted, definition: str) -> str:
    return counted.names.sequences.get(definition) or definition


def overview(counted: Counted) -> Figure:
    lines: list[Line] = []
    for definition, rows in sorted(by(counted.of("enrolled"), lambda r: r["definition"]).items()):
        n = int(total(rows))
        ended = {end: int(total(own)) for end, own in by(rows, lambda row: row["ended"]).items()}
        worth_it = by(counted.of("worth", definition=definition), lambda row: row["ended"])
        lines.append(
            Line(
                {
                    "sequence": _title(counted, definition),
                    "n": n,
                    "running": ended.get("running", 0),
                    "replied": rate_cell(Share(sum(ended.get(one, 0) for one in _REPLIED), n)),
                    "positive": rate_cell(share(rows, "positive")),
                    "booked": rate_cell(share(rows, "booked")),
                    "opened": rate_cell(share(rows, "opened")),
                    "finished": rate_cell(Share(ended.get("finished", 0), n)),
                    "out": rate_cell(Share(ended.get("opted_out", 0), n)),
                    "open": total(worth_it.get("open", ()), "amount"),
                    "won": total(worth_it.get("won", ()), "amount"),
                },
                Behind("enrolled", {"definition": definition}),
            )
        )
    n = total(counted.of("enrolled"))
    unknown = total(counted.of("worth"), "unknown")
    return Figure(
        "overview", "What comes of each sequence",
        f"Follow-ups that began in the last {counted.days} days. Answered: it ended because the "
        "prospect replied. Positive: a reply was said to be so; meeting: one was booked; both "
        "while it ran or within 14 days of its end. Opened: the CRM saw a mail opened while it "
        "ran, which is approximate. All steps: it ended with its last step. Pipeline, won: amounts "
        "of the deals that it was about, each one once, whatever else brought them about.",
        (
            Column("sequence", "Sequence"), Column("n", "Begun", "count"),
            Column("running", "Running", "count"), Column("replied", "Answered", "share"),
            Column("positive", "Positive", "share"), Column("booked", "Meeting", "share"),
            Column("opened", "Opened", "share"), Column("finished", "All steps", "share"),
            Column("out", "Opted out", "share"), Column("open", "Pipeline", "money"),
            Column("won", "Won", "money"),
        ),
        lines, n, "follow-ups begun",
        note=(TOO_FEW if n < ENOUGH else "")
        or (f"{unknown:,} deals have no amount and are in no sum." if unknown else ""),
    )  # fmt: skip


def by_number(counted: Counted) -> Figure:
    groups = by(counted.of("answered"), lambda row: row["number"])
    lines: list[Line] = []
    points: list[tuple[str, float, str]] = []
    for number in sorted(groups):
        found = share(groups[number])
        cells = {"number": number, "n": found.n, "replied": rate_cell(found)}
        lines.append(Line(cells, Behind("answered", {"number": number, "hit": 1})))
        if found.n >= ENOUGH and found.rate is not None:
            points.append((f"no. {number}", found.rate, f"{found.rate:.1%} of {found.n:,}"))
    n = total(counted.of("answered"))
    return Figure(
        "reply_by_number", "Answers by follow-up number",
        f"Touches carried out, of follow-ups that began in the last {counted.days} days, by which "
        f"touch of their follow-up they were. {_CREDIT}",
        (
            Column("number", "Follow-up"), Column("n", "Carried out", "count"),
            Column("replied", "Answered", "share"),
        ),
        lines, n, "touches whose time is over", note=TOO_FEW if n < ENOUGH else "",
        chart=Chart("bars", "Share of touches answered", points) if points else None,
    )  # fmt: skip


def funnel(counted: Counted) -> Figure:
    """Step by step: how many come so far, and which are hardly ever answered."""
    begun = {
        key: int(total(rows))
        for key, rows in by(counted.of("enrolled"), lambda row: row["definition"]).items()
    }
    groups = by(counted.of("steps"), lambda row: (row["definition"], row["step"]))
    replies = by(counted.of("answered"), lambda row: (row["definition"], row["step"]))
    lines: list[Line] = []
    for key in sorted(groups, key=lambda one: (one[0], _place(counted, groups[one]), one[1])):
        definition, step = key
        rows = groups[key]
        fates = {fate: int(total(own)) for fate, own in by(rows, lambda r: r["fate"]).items()}
        reached = sum(fates.get(one, 0) for one in ("done", "open", "deleted", "failed"))
        n = max(begun.get(definition, 0), reached)
        replied = share(replies.get(key, []))
        lines.append(
            Line(
                {
                    "sequence": _title(counted, definition),
                    "step": _step(counted, rows[-1]).title,
                    "reached": part_cell(Share(reached, n)),
                    "done": fates.get("done", 0),
                    "deleted": fates.get("deleted", 0),
                    "ahead": fates.get("ahead", 0) + fates.get("open", 0),
                    "moot": fates.get("moot", 0),
                    "replied": rate_cell(replied),
                    "verdict": str(worth(replied)),
                },
                Behind("steps", {"definition": definition, "step": step}),
            )
        )
    return Figure(
        "funnel", "Step by step",
        f"Follow-ups that began in the last {counted.days} days. Came so far: the step's task was "
        "written, of all that began. Not needed: its reason was gone before, mostly because the "
        f"prospect answered or the deal moved. {_CREDIT} A touch is marked “under 2 %” when the "
        "whole 95 % interval of its answers lies below that: drop or rewrite it. With fewer than "
        f"{LEAST} touches nothing is said.",
        (
            Column("sequence", "Sequence"), Column("step", "Step"),
            Column("reached", "Came so far", "part"), Column("done", "Done", "count"),
            Column("deleted", "Deleted", "count"), Column("ahead", "Still to do", "count"),
            Column("moot", "Not needed", "count"), Column("replied", "Answered", "share"),
            Column("verdict", "Verdict", "tag"),
        ),
        lines, sum(begun.values()), "follow-ups begun",
        note=TOO_FEW if sum(begun.values()) < ENOUGH else "",
    )  # fmt: skip


def _place(counted: Counted, rows: Sequence[Row]) -> int:
    return max(_step(counted, row).place for row in rows)


def _rates(
    counted: Counted, key: str, title: str, means: str,
    group: Callable[[Row], tuple[Hashable, ...]], columns: tuple[Column, ...],
) -> Figure:  # fmt: skip
    groups = by(counted.of("answered"), group)
    named = [column.key for column in columns]
    lines: list[Line] = []
    for values, rows in sorted(groups.items(), key=lambda one: -share(one[1]).n):
        found = share(rows)
        cells: dict[str, Any] = dict(zip(named, values, strict=True))
        of = {"definition": sorted({row["definition"] for row in rows}),
              "step": sorted({row["step"] for row in rows}), "hit": 1}  # fmt: skip
        lines.append(
            Line(
                {**cells, "n": found.n, "replied": rate_cell(found), "verdict": str(worth(found))},
                Behind("answered", of),
            )
        )
    n = total(counted.of("answered"))
    return Figure(
        key, title, f"{means} {_CREDIT} Two rows differ for sure only where their intervals do not "
        "overlap.",
        (*columns, Column("n", "Carried out", "count"), Column("replied", "Answered", "share"),
         Column("verdict", "Verdict", "tag")),
        lines, n, "touches whose time is over", note=TOO_FEW if n < ENOUGH else "",
    )  # fmt: skip


def hours(counted: Counted) -> Figure:
    rows = counted.of("hours")
    days, bands = by(rows, lambda row: row["weekday"]), by(rows, lambda row: row["band"])
    parts = [(label, days.get(day, [])) for day, label in enumerate(DAYS)]
    parts += [(label, bands.get(band, [])) for band, (_, _, label) in enumerate(BANDS)]
    lines: list[Line] = []
    for label, those in parts:
        found = share(those)
        if found.n:
            lines.append(Line({"when": label, "n": found.n, "replied": rate_cell(found)}))
    n = total(rows)
    return Figure(
        "hours", "Which times get answers",
        f"Touches by the weekday and by the time of day at which they were carried out, in the "
        f"account's zone ({counted.names.zone}). {_CREDIT} Every touch is in one weekday and in "
        "one time of day.",
        (Column("when", "When"), Column("n", "Carried out", "count"),
         Column("replied", "Answered", "share")),
        lines, n, "touches whose time is over", note=TOO_FEW if n < ENOUGH else "",
    )  # fmt: skip
