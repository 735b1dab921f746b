"""When a deal entered its stages, as far as Pipedrive tells.

The deal itself says when it entered the stage that it is in, and when it was won or lost. What it
passed through before stands in its change log, at twenty tokens a reading; so that is read only
where it can tell something new: a deal whose stage or status is another than this process last
saw, or was changed within the days that an outage may have lasted.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.model.time import DAY, MINUTE, SECOND, Business, Clocks
from connectors.contract import CrmRecord, FeatureUnavailable, Forbidden, NotFound, Version
from connectors.pipedrive.account import LOST, WON, closing_stage
from connectors.pipedrive.api import Api, v1
from connectors.pipedrive.records import Row, stage_of, stamp

RECENT_MS = 7 * DAY
"""Deals not seen before by this process whose stage changed so lately have their log read."""

_REMEMBERED = 100_000
_QUARTER = 15 * MINUTE
_PAGE = 100
_NEAR_MS = 2 * SECOND

_Seen = tuple[Any, ...]


class Histories:
    """Stage histories of one account's deals. Safe for threads."""

    def __init__(self, api: Api, clocks: Clocks) -> None:
        self._api = api
        self._clocks = clocks
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def add(self, records: Sequence[CrmRecord], rows: Mapping[str, Row], *, deep: bool) -> None:
        """Give each record its history. deep: with the change log where it can tell more."""
        for record in records:
            row = rows[record.id]
            entries = _from_record(row)
            if deep and self._tells_more(row):
                entries = _merged(entries, list(self._logged(row)))
            record.history["stage"] = [Version(stage, Business(at)) for at, stage in entries]
            self._remember(row)

    def _tells_more(self, row: Row) -> bool:
        with self._lock:
            known = self._seen.get(str(row["id"]))
        if known is not None:
            return known != _mark(row)
        changed = stamp(row.get("stage_change_time"))
        return changed is not None and self._clocks.business() - changed <= RECENT_MS

    def _remember(self, row: Row) -> None:
        id = str(row["id"])
        with self._lock:
            self._seen[id] = _mark(row)
            self._seen.move_to_end(id)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)

    def _logged(self, row: Row) -> Iterator[tuple[int, str]]:
        """(at, stage) of the change log, newest first; nothing where the account does not show it.

        The zone of its times is not documented. Its newest entry is the one whose time the deal
        tells too, so what lies between the two, in quarters of an hour, is taken off all.
        """
        try:
            changes = list(self._read(row))
        except (Forbidden, NotFound, FeatureUnavailable):
            return
        off = _offset(changes, row)
        pipeline, stage = str(row.get("pipeline_id")), str(row.get("stage_id"))
        first = ""
        for change in changes:
            at = (stamp(change["time"]) or 0) - off
            key, new = change["field_key"], change.get("new_value")
            if key == "stage_id" and new is not None:
                yield at, str(new)
                first = str(change.get("old_value") or "")
                stage = first or stage
            elif key == "status" and new in (WON, LOST):
                yield at, closing_stage(pipeline, str(new))
            elif key == "status" and new == "open":
                yield at, stage
        if first:  # where it was made; the log begins with the first change
            yield stamp(row.get("add_time")) or 0, first

    def _read(self, row: Row) -> Iterator[Row]:
        for change in self._api.listed(f"{v1('deals', row['id'])}/changelog", {"limit": _PAGE}):
            if change.get("field_key") in ("stage_id", "status"):
                yield change


def _mark(row: Row) -> _Seen:
    return (
        row.get("stage_id"), row.get("status"), row.get("stage_change_time"), row.get("won_time"),
        row.get("lost_time"),
    )  # fmt: skip


def _from_record(row: Row) -> list[tuple[int, str]]:
    """What the deal itself says: (at, stage), oldest first."""
    created = stamp(row.get("add_time")) or 0
    entries: list[tuple[int, str]] = []
    if row.get("stage_id") is not None:
        entries.append((stamp(row.get("stage_change_time")) or created, str(row["stage_id"])))
    status = row.get("status")
    if status in (WON, LOST):
        closed = stamp(row.get(f"{status}_time")) or stamp(row.get("close_time"))
        entries.append((closed or stamp(row.get("update_time")) or created, stage_of(row) or ""))
    return sorted(entries, key=lambda entry: entry[0])


def _offset(changes: Iterable[Row], row: Row) -> int:
    told = stamp(row.get("stage_change_time"))
    newest = next((one for one in changes if one["field_key"] == "stage_id"), None)
    if told is None or newest is None or str(newest.get("new_value")) != str(row.get("stage_id")):
        return 0
    return round(((stamp(newest["time"]) or told) - told) / _QUARTER) * _QUARTER


def _merged(
    told: list[tuple[int, str]], logged: list[tuple[int, str]]
) -> list[tuple[int, str]]:
    """Both, oldest first. One entry that both tell keeps the time that the deal tells: it is the
    one that was told before the log was read, and one entry must not count twice."""
    found = list(told)
    for at, stage in logged:
        if not any(stage == other and abs(at - when) <= _NEAR_MS for when, other in told):
            found.append((at, stage))
    found.sort(key=lambda entry: entry[0])
    return found
