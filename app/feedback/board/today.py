"""How the team stands today: overdue, silent, unowned, covered, completed; by rep and by team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.feedback.counted import Counted, Row, by, share, total
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

_PEOPLE = (
    Column("open", "Open tasks", "count"),
    Column("overdue", "Overdue", "count"),
    Column("coming", "Next 7 days", "count"),
    Column("completion", "Completed of due", "share"),
    Column("on_time", "On time", "share"),
    Column("deals", "Open deals", "count"),
    Column("silent", "Silent 14 days", "part"),
    Column("bare", "No next step", "part"),
)

_MEANS = (
    "Open: tasks of ours that stand open in the CRM. Overdue: their rep's due day is over. Next 7 "
    "days: what will fall due besides. Completed of due: of the tasks that fell due in the last "
    "{days} days, those that were completed; one whose reason went away before anybody did it is "
    "not counted. On time: completed no later than a day after it fell due. Silent: open deals "
    "with no call, mail, meeting held or booked, answer, form or completed task for 14 days. No "
    "next step: open deals "
    "with nothing ahead, neither of ours nor in the CRM."
)


def figures(counted: Counted) -> Sequence[Figure]:
    owners = sorted(
        {row["owner_id"] for found in counted.rows.values() for row in found},
        key=lambda owner: (owner is None, counted.names.person(owner).lower()),
    )
    teams: dict[str, list[Any]] = {}
    for owner in owners:
        teams.setdefault(counted.names.teams.get(owner or "", "no team"), []).append(owner)
    means = _MEANS.format(days=counted.days)
    own = {name: by(found, lambda row: row["owner_id"]) for name, found in counted.rows.items()}
    due = total(counted.of("completion"))
    return [
        _standing(counted),
        Figure(
            "reps", "Each rep", means, (Column("rep", "Rep"), *_PEOPLE),
            [
                Line({"rep": counted.names.person(one), **_of(own, [one])},
                     links=_links([one]))
                for one in owners
            ],
            due, "tasks that fell due",
        ),
        Figure(
            "teams", "Each team", means, (Column("team", "Team"), *_PEOPLE),
            [
                Line({"team": team, **_of(own, those)}, links=_links(those))
                for team, those in sorted(teams.items())
            ],
            due, "tasks that fell due",
        ),
        _weeks(counted),
        _handovers(counted),
    ]  # fmt: skip


def _standing(counted: Counted) -> Figure:
    rows: list[tuple[str, str, Mapping[str, Any], int, str]] = [
        ("Overdue tasks", "overdue", {}, 1, "open tasks"),
        ("Deals silent for 14 days", "silent_14", {}, 1, "open deals"),
        ("Deals silent for 7 days", "silent_7", {}, 1, "open deals"),
        ("Deals without a next step", "covered", {}, 0, "open deals"),
    ]
    if counted.everybody:
        rows += [
            ("Deals that nobody owns", "unowned", {"what": "deal"}, 1, "open deals"),
            ("Inquiries that nobody owns", "unowned", {"what": "inquiry"}, 1, "inquiries"),
        ]
    lines: list[Line] = []
    for label, source, where, hit, of in rows:
        found = share(counted.of(source, **where))
        hits = found.hits if hit else found.n - found.hits
        cells = {"what": label, "part": part_cell(Share(hits, found.n)), "of": of}
        lines.append(Line(cells, Behind(source, {**where, "hit": hit})))
    covered = share(counted.of("covered"))
    return Figure(
        "standing", "What needs somebody", "Counted now. Overdue: the due day of its rep is over. "
        "Silent: no call, mail, meeting held or booked, answer, form or completed task for so many "
        "days. Nobody owns: "
        "no owner, or one who is no longer active in the CRM. Inquiries: people without a deal who "
        "came, wrote or booked a meeting since the connection. Coverage is the share of open deals "
        "that have a next step: a task or touch of ours, or a task or meeting in the CRM.",
        (Column("what", "What"), Column("part", "How many", "part"), Column("of", "Of")),
        lines, covered.n, "open deals",
        note=f"Coverage: {covered.hits:,} of {covered.n:,} open deals have a next step."
        if covered.n else "No deal is open in a stage that is followed.",
        tiles=True,
    )  # fmt: skip


def _of(
    own: Mapping[str, Mapping[str | None, list[Row]]], owners: Sequence[str | None]
) -> dict[str, Any]:
    """The cells of some owners; own: source → owner → rows."""

    def rows(source: str) -> list[Row]:
        return [row for owner in owners for row in own.get(source, {}).get(owner, ())]

    silent, covered = share(rows("silent_14")), share(rows("covered"))
    return {
        "open": total(rows("overdue")),
        "overdue": total(rows("overdue"), "hit"),
        "coming": total(row for row in rows("load") if row["what"] == "coming"),
        "completion": rate_cell(share(rows("completion"))),
        "on_time": rate_cell(share(rows("completion"), "on_time")),
        "deals": silent.n,
        "silent": part_cell(silent),
        "bare": part_cell(Share(covered.n - covered.hits, covered.n)),
    }


def _links(owners: Sequence[str | None]) -> Mapping[str, Behind]:
    whose = {"owner_id": list(owners)}
    return {
        "open": Behind("overdue", whose),
        "overdue": Behind("overdue", {**whose, "hit": 1}),
        "coming": Behind("load", {**whose, "what": "coming"}),
        "completion": Behind("completion", {**whose, "hit": 0}),
        "deals": Behind("silent_14", whose),
        "silent": Behind("silent_14", {**whose, "hit": 1}),
        "bare": Behind("covered", {**whose, "hit": 0}),
    }


def _weeks(counted: Counted) -> Figure:
    lines: list[Line] = []
    points: list[tuple[str, float, str]] = []
    for week in range((counted.days + 6) // 7 - 1, -1, -1):
        found = counted.of("completion", week=week)
        done = share(found)
        label = "the last 7 days" if week == 0 else f"{week} week{'s' if week > 1 else ''} before"
        cells = {
            "week": label, "due": done.n, "completion": rate_cell(done),
            "on_time": rate_cell(share(found, "on_time")),
        }  # fmt: skip
        lines.append(Line(cells, Behind("completion", {"week": week, "hit": 0})))
        if done.rate is not None:
            points.append((label, done.rate, f"{done.rate:.0%} of {done.n}"))
    everything = share(counted.of("completion"))
    return Figure(
        "completion", "Completed against due, week by week",
        "Tasks of ours by the week in which they fell due, the latest last; those behind a row are "
        "the ones not completed. A task that a rep deleted counts as due and not completed; one "
        "whose reason went away counts in nothing.",
        (
            Column("week", "Week"), Column("due", "Fell due", "count"),
            Column("completion", "Completed", "share"), Column("on_time", "On time", "share"),
        ),
        lines, everything.n, "tasks that fell due",
        note=TOO_FEW if everything.n < ENOUGH else "",
        chart=Chart("lines", "Share of due tasks completed", points) if len(points) > 1 else None,
    )  # fmt: skip


def _handovers(counted: Counted) -> Figure:
    found = share(counted.of("handovers"))
    return Figure(
        "handovers", "After a change of owner",
        f"Open deals whose owner changed in the last {counted.days} days and more than three days "
        "ago: whether anybody called, wrote, met or completed a task within three days of it.",
        (Column("what", "What"), Column("share", "Share", "share")),
        [Line({"what": "taken up within three days", "share": rate_cell(found)},
              Behind("handovers", {"hit": 0}))],
        found.n, "changes of owner", note=TOO_FEW if found.n < ENOUGH else "",
    )  # fmt: skip
