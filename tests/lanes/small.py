"""Deals in CSV files: five, few enough to be counted on paper; and many for few reps."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

# Monday 3 October 2011 is the first day. One proposal each: a is left alone, b is answered on day
# 8, c is called on day 8, d is lost before its first step, e went through the stage in seconds.
DEALS = "deal_id,created_at,amount\n" + "".join(
    f"{key},2011-10-03T08:00:00+02:00,100\n" for key in "abcde"
)
EVENTS = [
    ("b", "2011-10-03T09:00:00+02:00", "W_Afhandelen leads", "START", "7"),
    ("b", "2011-10-03T09:10:00+02:00", "W_Afhandelen leads", "COMPLETE", "7"),
    *((key, "2011-10-03T10:00:00+02:00", "O_SENT", "COMPLETE", "7") for key in "abcde"),
    ("e", "2011-10-03T10:00:20+02:00", "O_SENT_BACK", "COMPLETE", "7"),
    ("d", "2011-10-05T10:00:00+02:00", "A_DECLINED", "COMPLETE", "7"),
    ("b", "2011-10-11T10:00:00+02:00", "O_SENT_BACK", "COMPLETE", "7"),
    ("c", "2011-10-11T10:00:00+02:00", "W_Nabellen offertes", "START", "8"),
    ("c", "2011-10-11T10:05:00+02:00", "W_Nabellen offertes", "COMPLETE", "8"),
    ("e", "2011-10-20T10:00:00+02:00", "A_DECLINED", "COMPLETE", "7"),
]


def write_small(folder: Path) -> Path:
    return _write(folder, DEALS, EVENTS)


def write_many(folder: Path, seed: int, deals: int = 120) -> Path:
    """Proposals of three reps and nobody within six weeks, more than their days have room for, some
    of them answered, won or lost on the way, some sent twice. Amounts are few, so that many share
    one."""
    dice = Random(seed)
    monday = datetime(2011, 10, 3, 8, tzinfo=timezone(timedelta(hours=2)))
    rows: list[tuple[str, str, str, str, str]] = []
    table = ["deal_id,created_at,amount"]

    def say(deal: str, at: datetime, what: str, how: str = "COMPLETE", rep: str = "7") -> None:
        rows.append((deal, at.isoformat(), what, how, rep))

    for number in range(deals):
        deal, rep = f"d{number}", dice.choice(("7", "8", "9", ""))
        at = monday + timedelta(minutes=dice.randrange(42 * 24 * 60))
        table.append(f"{deal},{at.isoformat()},{dice.choice((100, 5000, ''))}")
        if rep:
            say(deal, at + timedelta(minutes=5), "W_Nabellen offertes", "START", rep)
            say(deal, at + timedelta(minutes=9), "W_Nabellen offertes", "COMPLETE", rep)
        for what in ("O_SENT", *dice.choice(_COURSES)):
            at += timedelta(minutes=dice.randrange(10, 12 * 24 * 60))
            say(deal, at, what)
    say("d0", monday + timedelta(days=70), "W_Nabellen offertes", "COMPLETE", "7")
    return _write(folder, "\n".join(table) + "\n", rows)


_COURSES: tuple[tuple[str, ...], ...] = (
    (), (), ("O_SENT_BACK",), ("A_DECLINED",), ("A_APPROVED",), ("O_SENT_BACK", "O_SENT"),
)  # fmt: skip


def _write(folder: Path, deals: str, events: Iterable[tuple[str, str, str, str, str]]) -> Path:
    (folder / "deals.csv").write_text(deals, encoding="utf-8")
    with gzip.open(folder / "events.csv.gz", "wt", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("deal_id", "at", "activity", "transition", "resource"))
        rows.writerows(sorted(events, key=lambda row: row[1]))
    return folder
