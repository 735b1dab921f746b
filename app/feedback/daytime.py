"""When in the week and in the day something was done, where the account is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.feedback.counted import Row

BANDS = ((0, 9, "before 9"), (9, 11, "9 to 11"), (11, 13, "11 to 13"), (13, 15, "13 to 15"),
         (15, 17, "15 to 17"), (17, 24, "after 17"))  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def by_daytime(rows: Sequence[Row], zone: str) -> list[Row]:
    """Rows by `hour` (since 1970, UTC) as rows by `weekday` and `band` of the local time."""
    there = ZoneInfo(zone)
    found: dict[tuple[str | None, int, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        local = datetime.fromtimestamp(row["hour"] * 3600, UTC).astimezone(there)
        band = next(n for n, (start, end, _) in enumerate(BANDS) if start <= local.hour < end)
        counts = found[row["owner_id"], local.weekday(), band]
        counts[0] += row["n"]
        counts[1] += row["hit"]
    return [
        {"owner_id": owner, "weekday": day, "band": band, "n": n, "hit": hit}
        for (owner, day, band), (n, hit) in found.items()
    ]
