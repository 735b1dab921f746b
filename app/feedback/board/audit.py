"""The audit of a freshly connected account: where momentum was lost, from the CRM's own history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.feedback.board.pipeline import by_contacts, silence_map
from app.feedback.board.quality import quality, sample
from app.feedback.board.speed import contacts_made, first_contact, followed_on
from app.feedback.counted import Counted, share, total, values
from app.feedback.figures import ENOUGH, TOO_FEW, Behind, Column, Figure, Line, part_cell, rate_cell
from app.feedback.proportions import Share
from app.model.time import DAY

HOW = {
    "never": "nobody ever turned to them",
    "ours": "the prospect had the last word",
    "theirs": "the rep had the last word",
}

def figures(counted: Counted) -> Sequence[Figure]:
    return [
        _verdict(counted),
        _lost(counted),
        _timing(counted),
        contacts_made(counted),
        first_contact(counted),
        followed_on(counted),
        silence_map(counted),
        by_contacts(counted),
        quality(counted),
        sample(counted),
    ]


def _verdict(counted: Counted) -> Figure:
    """What the audit comes to, a sentence for each thing that can be acted on."""
    rows = counted.of("momentum_lost")
    n = int(total(rows))
    reached: list[int] = values(counted.of("contacts_made"))
    made = len(reached)
    meetings = counted.of("after_meeting")
    said: list[tuple[str, Share, Behind]] = [
        (
            "Records that nobody has turned to at all",
            Share(sum(one == 0 for one in reached), made), Behind("contacts_made", {"value": 0}),
        ),
        (
            "Records turned to fewer than five times",
            Share(sum(one < 5 for one in reached), made),
            Behind("contacts_made", {"value": [*range(5)]}),
        ),
        (
            "Lost or silent deals in which the prospect had the last word: we owed the answer",
            Share(int(total(counted.of("momentum_lost", how="ours"))), n),
            Behind("momentum_lost", {"how": "ours"}),
        ),
        (
            "Lost deals in whose last two weeks nothing happened: lost by timing, not by a no",
            share(counted.of("momentum_lost", ended="lost")),
            Behind("momentum_lost", {"ended": "lost", "hit": 1}),
        ),
        (
            "Meetings without a word of ours for a day afterwards",
            Share(
                int(total(meetings)) - sum(one <= DAY for one in values(meetings)),
                int(total(meetings)),
            ),
            Behind("after_meeting"),
        ),
    ]  # fmt: skip
    return Figure(
        "verdict", f"Where momentum was lost in the last {counted.days} days",
        "From what the CRM's own history says, read when the account was connected and since. "
        "Nothing of it was asked of anybody: what reps did without logging it is not in it.",
        (Column("what", "What"), Column("share", "How many", "share")),
        [Line({"what": text, "share": rate_cell(found)}, link) for text, found, link in said],
        max(made, n), "records", note=TOO_FEW if max(made, n) < ENOUGH else "",
    )  # fmt: skip


def _lost(counted: Counted) -> Figure:
    rows = counted.of("momentum_lost")
    names = counted.names
    stages = sorted(
        {row["stage_id"] for row in rows},
        key=lambda one: names.stages[one].place if one in names.stages else -1,
    )
    lines: list[Line] = []
    for stage in stages:
        own = [row for row in rows if row["stage_id"] == stage]
        n = int(total(own))
        cells: dict[str, Any] = {"stage": names.stage(stage), "n": n}
        links: dict[str, Behind] = {}
        for how in HOW:
            mine = int(total([row for row in own if row["how"] == how]))
            cells[how] = part_cell(Share(mine, n))
            links[how] = Behind("momentum_lost", {"stage_id": stage, "how": how})
        lines.append(Line(cells, Behind("momentum_lost", {"stage_id": stage}), links=links))
    return Figure(
        "momentum_lost", "In which stage, and whose turn it was",
        f"Deals lost in the last {counted.days} days, by the stage before, and open ones that have "
        "been silent for 14 days, by their stage: who did the last thing. Never: no call, mail, "
        "meeting, completed task or answer is on record.",
        (
            Column("stage", "Stage"), Column("n", "Deals", "count"),
            *(Column(how, label, "part") for how, label in HOW.items()),
        ),
        lines, total(rows), "deals lost or silent",
    )  # fmt: skip


def _timing(counted: Counted) -> Figure:
    lost = share(counted.of("momentum_lost", ended="lost"))
    silent = int(total(counted.of("momentum_lost", ended="silent")))
    return Figure(
        "timing", "By timing or by a no",
        "Lost by timing: nothing at all happened in the last two weeks before the deal was closed "
        "as lost. Silent: still open, nothing for 14 days.",
        (Column("what", "What"), Column("n", "Deals", "count"), Column("share", "Share", "share")),
        [
            Line({"what": "lost by timing", "n": lost.hits, "share": rate_cell(lost)},
                 Behind("momentum_lost", {"ended": "lost", "hit": 1})),
            Line({"what": "lost otherwise", "n": lost.n - lost.hits,
                  "share": rate_cell(Share(lost.n - lost.hits, lost.n))},
                 Behind("momentum_lost", {"ended": "lost", "hit": 0})),
            Line({"what": "open and silent", "n": silent, "share": None},
                 Behind("momentum_lost", {"ended": "silent"})),
        ],
        lost.n + silent, "deals lost or silent",
        note=TOO_FEW if lost.n + silent < ENOUGH else "",
    )  # fmt: skip
