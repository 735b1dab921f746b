"""Where deals go silent, how stages keep their times, and how fast the pipeline moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.feedback.counted import Counted, Row, StageName, by, share, total, values
from app.feedback.figures import (
    ENOUGH,
    TOO_FEW,
    Behind,
    Chart,
    Column,
    Figure,
    Line,
    level,
    mean_interval,
    middle,
    rate_cell,
    spread,
)
from app.model.time import DAY

_BUCKETS = (
    "within a day", "day 1 to 3", "day 3 to 7", "day 7 to 14", "day 14 to 30", "after day 30",
)  # fmt: skip
_FEW = {0: "none", 1: "1 or 2", 3: "3 or 4", 5: "5 and more"}


def figures(counted: Counted) -> Sequence[Figure]:
    return [
        silence_map(counted),
        _terms(counted),
        _velocity(counted),
        _by_rep(counted),
        by_contacts(counted),
        _followed(counted),
    ]


def _stage_order(counted: Counted, rows: Sequence[Row]) -> list[tuple[str, StageName]]:
    names = counted.names.stages
    found = {row["stage_id"] for row in rows if row["stage_id"] in names}
    return sorted(((one, names[one]) for one in found), key=lambda pair: pair[1].place)


def silence_map(counted: Counted) -> Figure:
    rows = counted.of("silence_map")
    lines: list[Line] = []
    points: list[tuple[str, float, str]] = []
    for stage, name in _stage_order(counted, rows):
        own = [row for row in rows if row["stage_id"] == stage]
        all_of_it = share(own)
        cells: dict[str, Any] = {
            "stage": name.label, "n": all_of_it.n, "silent": rate_cell(all_of_it)
        }
        levels: dict[str, int] = {}
        links: dict[str, Behind] = {}
        for number in range(len(_BUCKETS)):
            hits = int(total([row for row in own if row["bucket"] == number]))
            key = f"b{number}"
            cells[key] = hits
            levels[key] = level(hits / all_of_it.n if all_of_it.n else None)
            links[key] = Behind("silence_map", {"stage_id": stage, "bucket": number})
        whole = Behind("silence_map", {"stage_id": stage, "hit": 1})
        lines.append(Line(cells, whole, levels, links))
        if all_of_it.rate is not None:
            text = f"{all_of_it.hits:,} of {all_of_it.n:,}"
            points.append((name.label, all_of_it.rate, text))
    n = total(rows)
    return Figure(
        "silence_map", "Where deals go silent",
        f"Stays of deals in open stages that reached into the last {counted.days} days, and how "
        "many of them had 14 days without a call, mail, meeting held or booked, answer or "
        "completed task. The columns say how long after the entry into the stage the first such "
        "silence began. A stay shorter than 14 days has none.",
        (
            Column("stage", "Stage"), Column("n", "Stays", "count"),
            Column("silent", "Went silent", "share"),
            *(Column(f"b{number}", label, "count") for number, label in enumerate(_BUCKETS)),
        ),
        lines, n, "stays in a stage", note=TOO_FEW if n < ENOUGH else "",
        chart=Chart("bars", "Share of stays that went silent", points) if points else None,
    )  # fmt: skip


def _terms(counted: Counted) -> Figure:
    rows = counted.of("terms")
    lines: list[Line] = []
    for stage, name in _stage_order(counted, rows):
        own = [row for row in rows if row["stage_id"] == stage]
        for term, those in sorted(by(own, lambda row: row["term"]).items()):
            cells = {
                "stage": name.label, "term": counted.names.terms[term].label,
                "n": share(those).n, "kept": rate_cell(share(those)),
            }  # fmt: skip
            where = {"stage_id": stage, "term": term, "hit": 0}
            lines.append(Line(cells, Behind("terms", where)))
    n = total(rows)
    return Figure(
        "terms", "How stages keep their times",
        f"Entries into each stage in the last {counted.days} days, for each time that the playbook "
        "“stage-sla” gives the stage, once that time is over and if the deal still stood there: "
        "whether a rep called, wrote, met or completed a task in it, or a meeting was booked. "
        "Nights and weekends count. The records behind a row are those whose time was not kept.",
        (
            Column("stage", "Stage"), Column("term", "Owes"), Column("n", "Judged", "count"),
            Column("kept", "Kept", "share"),
        ),
        lines, n, "times that were over", note=TOO_FEW if n < ENOUGH else "",
    )  # fmt: skip


_MONEY = (
    Column("won", "Won", "count"), Column("lost", "Lost", "count"),
    Column("rate", "Win rate", "share"), Column("revenue", "Revenue", "money"),
)  # fmt: skip


def _closed(rows: Sequence[Row]) -> Mapping[str, Any]:
    found = share(rows)
    return {
        "won": found.hits, "lost": found.n - found.hits, "rate": rate_cell(found),
        "revenue": total(rows, "amount"),
    }  # fmt: skip


def _velocity(counted: Counted) -> Figure:
    lines: list[Line] = []
    for pipeline in sorted(
        {row["pipeline_id"] for one in ("closed", "pipeline") for row in counted.of(one)},
        key=lambda one: counted.names.pipelines.get(one, one),
    ):
        closed = counted.of("closed", pipeline_id=pipeline)
        standing = counted.of("pipeline", pipeline_id=pipeline)
        won = int(total(closed, "hit"))
        cycle = middle(values(counted.of("cycles", pipeline_id=pipeline)))
        known = won - int(total(closed, "unknown"))
        mean = total(closed, "amount") / known if known else None
        rate = share(closed).rate
        speed = None
        if cycle and mean is not None and rate is not None and share(closed).n >= ENOUGH:
            speed = total(standing) * mean * rate / (cycle / DAY)
        lines.append(
            Line(
                {
                    "pipeline": counted.names.pipelines.get(pipeline, pipeline),
                    "open": int(total(standing)), "value": total(standing, "amount"),
                    **_closed(closed), "mean": mean, "cycle": cycle, "speed": speed,
                },
                Behind("closed", {"pipeline_id": pipeline}),
            )
        )  # fmt: skip
    rows = counted.of("closed")
    n = total(rows)
    unknown = total(rows, "unknown") + total(counted.of("pipeline"), "unknown")
    said = [TOO_FEW] if n < ENOUGH else []
    if unknown:
        said.append(f"{unknown:,} deals have no amount and are in no sum.")
    cost, won = counted.names.cost, total(rows, "hit")
    if cost is not None and won and counted.everybody:
        spent = cost * counted.days / 30
        said.append(f"Cost of acquisition: {spent / won:,.0f} {counted.names.currency} for each "
                    f"deal won, of the {cost:,.0f} in 30 days that an admin entered.")  # fmt: skip
    return Figure(
        "velocity", "Pipeline velocity",
        "Velocity: open deals, times the mean amount of those won, times the win rate, divided by "
        "the median days from creation to winning: what the pipeline brings in a day if all goes "
        f"on as it did. Won and lost: closed in the last {counted.days} days. Amounts in the "
        "company's currency; unknown ones count in no sum. With fewer than "
        f"{ENOUGH} closed deals there is no velocity.",
        (
            Column("pipeline", "Pipeline"), Column("open", "Open", "count"),
            Column("value", "Worth", "money"), *_MONEY, Column("mean", "Mean won", "money"),
            Column("cycle", "Median to win", "ms"), Column("speed", "A day", "money"),
        ),
        lines, n, "deals closed", note=" ".join(said),
    )  # fmt: skip


def _by_rep(counted: Counted) -> Figure:
    groups = by(counted.of("closed"), lambda row: row["owner_id"])
    lines = [
        Line({"rep": counted.names.person(owner), **_closed(rows)},
             Behind("closed", {"owner_id": owner}))
        for owner, rows in sorted(
            groups.items(), key=lambda one: (one[0] is None, counted.names.person(one[0]).lower())
        )
    ]  # fmt: skip
    return Figure(
        "closed_reps", "Closed by each rep",
        f"Deals closed in the last {counted.days} days, by their owner now.",
        (Column("rep", "Rep"), *_MONEY), lines, total(counted.of("closed")), "deals closed",
    )  # fmt: skip


def by_contacts(counted: Counted) -> Figure:
    groups = by(counted.of("by_contacts"), lambda row: row["few"])
    lines = [
        Line({"few": _FEW[few], "n": share(groups[few]).n, "won": rate_cell(share(groups[few]))},
             Behind("by_contacts", {"few": few}))
        for few in sorted(groups)
    ]  # fmt: skip
    lie = spread(values(counted.of("touches_to_close")))
    between = mean_interval(lie)
    note = TOO_FEW
    if between is not None:
        note = (
            f"Deals that were won took {lie.mean:.1f} follow-ups on the mean (95 %: "
            f"{between[0]:.1f} to {between[1]:.1f}), {lie.median:g} on the median."
        )
    return Figure(
        "by_contacts", "Won, by how often a rep turned to the deal",
        f"Deals closed in the last {counted.days} days, by calls, mails, meetings held and "
        "completed tasks from their creation to their end. More of them and more won need not be "
        "cause and effect: reps turn to what goes well. The holdout tells which.",
        (Column("few", "Follow-ups"), Column("n", "Closed", "count"),
         Column("won", "Won", "share")),
        lines, total(counted.of("by_contacts")), "deals closed", note=note,
    )  # fmt: skip


def _followed(counted: Counted) -> Figure:
    lines: list[Line] = []
    for flag, label in ((1, "with a task of ours before its end"), (0, "without")):
        rows = counted.of("closed", followed=flag)
        cells = {"what": label, "n": share(rows).n, "won": rate_cell(share(rows))}
        lines.append(Line(cells, Behind("closed", {"followed": flag})))
    return Figure(
        "followed", "Won, followed up by us or not",
        f"Deals closed in the last {counted.days} days. Which deals a rule picks is no chance, so "
        "this is no proof either way: the holdout on the result page is.",
        (Column("what", "Deals"), Column("n", "Closed", "count"), Column("won", "Won", "share")),
        lines, total(counted.of("closed")), "deals closed",
    )  # fmt: skip
