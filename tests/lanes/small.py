"""Five deals in CSV files, few enough to be counted on paper."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

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
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    with gzip.open(folder / "events.csv.gz", "wt", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("deal_id", "at", "activity", "transition", "resource"))
        rows.writerows(sorted(EVENTS, key=lambda row: row[1]))
    return folder
