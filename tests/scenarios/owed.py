"""What the stage map owes for a pipeline in CSV files, computed from the files alone.

Written against the README of the data and the prose of the playbook, with nothing but the standard
library: no line of the product, the sandbox or the demo takes part, so that agreement means
something. Instants are ms since the epoch, UTC.
"""

from __future__ import annotations

import csv
import gzip
import json
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

STAGES = {
    "A_SUBMITTED": "new",
    "A_PARTLYSUBMITTED": "new",
    "A_PREACCEPTED": "qualified",
    "A_ACCEPTED": "meeting_done",
    "A_FINALIZED": "meeting_done",
    "O_SENT": "proposal",
    "O_SENT_BACK": "negotiation",
    "A_APPROVED": "won",
    "A_REGISTERED": "won",
    "A_ACTIVATED": "won",
    "A_DECLINED": "lost",
    "A_CANCELLED": "lost",
}
DAYS = (3, 7, 14, 21)
SETTLE_MS = 60_000

Row = tuple[str, int, int, int, str]
"""(deal, stage entry, day of the step, due time, "archived" or "open")."""

Entries = dict[str, list[tuple[int, str]]]
"""Deal → (instant, stage) of every stage entry, oldest first."""


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def stage_entries(folder: str) -> tuple[Entries, int]:
    """The entries of every deal, and the instant of the last event of all."""
    entries: Entries = {}
    with open(f"{folder}/deals.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            entries[row["deal_id"]] = [(_ms(datetime.fromisoformat(row["created_at"])), "new")]
    last = 0
    with gzip.open(f"{folder}/events.csv.gz", "rt", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = _ms(datetime.fromisoformat(row["at"]))
            last = max(last, at)
            stage = STAGES.get(row["activity"]) if row["transition"] == "COMPLETE" else None
            if stage and stage != entries[row["deal_id"]][-1][1]:
                entries[row["deal_id"]].append((at, stage))
    return entries, last


def days_later(instant: int, days: int, zone: str) -> int:
    """The same local time some calendar days later. Where clocks jump forward over it, moved by
    the gap; where it comes twice, the first."""
    local = datetime.fromtimestamp(instant // 1000, ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    later = (local + timedelta(days=days)).replace(tzinfo=ZoneInfo(zone))
    return _ms(later) + instant % 1000


def next_working_time(instant: int, zone: str, holidays: frozenset[date]) -> int:
    """The instant if it lies between 9 and 17 on a working day, else 9 on the next such day."""
    local = datetime.fromtimestamp(instant // 1000, ZoneInfo(zone))
    day = local.date()
    works = day.weekday() < 5 and day not in holidays
    if works and 9 <= local.hour < 17:
        return instant
    if not (works and local.hour < 9):
        day += timedelta(days=1)
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return _ms(datetime.combine(day, time(9), ZoneInfo(zone)))


def owed(
    entries: Entries,
    last: int,
    zone: str,
    *,
    working_hours: bool = False,
    holidays: frozenset[date] = frozenset(),
) -> list[Row]:
    """Every task that must exist at the instant `last`, and how it ends.

    Owed: the deal still stands in the stage, by that entry, at the unshifted instant; and, where
    the due time is shifted into working hours, until the task is written there.
    """
    rows: list[Row] = []
    for deal, found in entries.items():
        for index, (at, stage) in enumerate(found):
            if stage != "proposal":
                continue
            left = found[index + 1][0] if index + 1 < len(found) else None
            if left is not None and left - at <= SETTLE_MS:
                continue
            for days in DAYS:
                due = days_later(at, days, zone)
                if working_hours:
                    due = next_working_time(due, zone, holidays)
                if due <= last and (left is None or due < left):
                    rows.append((deal, at, days, due, "open" if left is None else "archived"))
    return sorted(rows)


def tasks(export: str, name: str) -> list[Row]:
    """The same rows out of an export of the CRM: a file of JSON. name: text before a deal's key."""
    with open(export, encoding="utf-8") as file:
        crm = json.load(file)
    deals = {deal["id"]: deal for deal in crm["deals"]}
    rows: list[Row] = []
    for task in crm["tasks"]:
        if not task["properties"].get("followthrough_touch_id"):
            continue
        deal = deals[task["associations"]["deals"][0]["id"]]
        stages = [(at, value) for at, value, _, _ in deal["history"]["dealstage"]]
        entry = max(at for at, value in stages if value == "proposal" and at < task["created_at"])
        day = int(task["properties"]["hs_task_subject"].partition("day ")[2].partition(":")[0])
        due = int(task["history"]["hs_timestamp"][0][1])
        key = deal["properties"]["dealname"].removeprefix(name)
        rows.append((key, entry, day, due, "archived" if task["archived"] else "open"))
    return sorted(rows)


def differing(one: list[Row], other: list[Row]) -> int:
    """How many rows stand on one side only, rows that stand twice counted twice."""
    counts: dict[Row, int] = {}
    for rows, sign in ((one, 1), (other, -1)):
        for row in rows:
            counts[row] = counts.get(row, 0) + sign
    return sum(map(abs, counts.values()))
