"""Reads an import into a timetable: what happens to which deal at which instant."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TextIO

from imports.mapping import ImportProblem, Mapping


@dataclass
class DealRow:
    """One deal of the file, with what its events say about it."""

    key: str
    created_at: int
    amount: str
    line: int
    owner: str = ""
    stage: str = ""


@dataclass(frozen=True)
class StageMove:
    at: int
    line: int
    deal: str
    stage: str
    resource: str


@dataclass(frozen=True)
class CallRow:
    """A call, logged at `at`; `started` is None when the file holds no start of it."""

    at: int
    line: int
    deal: str
    title: str
    resource: str
    started: int | None


@dataclass
class Timetable:
    """An imported pipeline, ready for replay. Instants in ms since the epoch."""

    deals: dict[str, DealRow] = field(default_factory=dict[str, DealRow])
    moves: list[StageMove] = field(default_factory=list[StageMove])
    calls: list[CallRow] = field(default_factory=list[CallRow])
    resources: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    starts_at: int = 0
    ends_at: int = 0


def read_timetable(mapping: Mapping, data: Path | str) -> Timetable:
    """Read deals and events under the folder `data`; raises `ImportProblem` at the first fault."""
    data = Path(data)
    table = Timetable()
    for line, row in _rows(data / mapping.deals_file, mapping.deal_columns):
        _take_deal(table, data / mapping.deals_file, line, row, mapping)
    if not table.deals:
        raise ImportProblem(data / mapping.deals_file, 2, "(rows)", "the file holds no deal")
    _take_events(table, mapping, data / mapping.events_file)
    table.starts_at = min(deal.created_at for deal in table.deals.values())
    table.ends_at = max(table.ends_at, *(deal.created_at for deal in table.deals.values()))
    table.counts.update(
        deals=len(table.deals),
        unowned=sum(not deal.owner for deal in table.deals.values()),
        stage_moves=len(table.moves),
        calls=len(table.calls),
        calls_without_start=sum(call.started is None for call in table.calls),
    )
    return table


def _take_deal(
    table: Timetable, path: Path, line: int, row: dict[str, str], mapping: Mapping
) -> None:
    columns = mapping.deal_columns
    key = row["key"]
    if not key:
        raise ImportProblem(path, line, columns["key"], "is empty; every deal needs its own key")
    if key in table.deals:
        first = table.deals[key].line
        raise ImportProblem(path, line, columns["key"], f"{key!r} is already in line {first}")
    amount = row["amount"]
    if amount:
        try:
            float(amount)
        except ValueError:
            raise ImportProblem(
                path, line, columns["amount"], f"{amount!r} is no number; leave it empty if unknown"
            ) from None
    created = _instant(row["created_at"], path, line, columns["created_at"])
    table.deals[key] = DealRow(key, created, amount, line, stage=mapping.initial_stage)


def _take_events(table: Timetable, mapping: Mapping, path: Path) -> None:
    columns = mapping.event_columns
    latest: dict[str, int] = {}
    open_starts: dict[tuple[str, str], list[tuple[int, str]]] = {}
    resources: dict[str, None] = {}
    owner_named: set[str] = set()
    rules = _Patterns(mapping)
    for line, row in _rows(path, columns):
        deal = table.deals.get(row["deal"])
        if deal is None:
            raise ImportProblem(
                path,
                line,
                columns["deal"],
                f"{row['deal']!r} is not in {mapping.deals_file}; add the deal or drop the event",
            )
        at = _instant(row["at"], path, line, columns["at"])
        if at < latest.get(deal.key, deal.created_at):
            raise ImportProblem(
                path,
                line,
                columns["at"],
                f"{row['at']} is before the deal's previous event; sort each deal by time",
            )
        latest[deal.key] = at
        table.ends_at = max(table.ends_at, at)
        table.counts["events"] += 1
        activity, transition, resource = row["activity"], row["transition"], row["resource"]
        if (
            deal.key not in owner_named
            and resource not in mapping.owner.skip
            and rules.names_owner(activity)
        ):
            owner_named.add(deal.key)
            deal.owner = resource
            resources[resource] = None
        stage = mapping.stage_of.get(activity)
        if stage and transition in mapping.stage_transitions and stage != deal.stage:
            deal.stage = stage
            table.moves.append(StageMove(at, line, deal.key, stage, resource))
        if mapping.calls and rules.is_call(activity):
            key = (deal.key, activity)
            if transition == mapping.calls.start:
                open_starts.setdefault(key, []).append((at, resource))
            elif transition == mapping.calls.complete:
                waiting = open_starts.get(key)
                started, starter = waiting.pop(0) if waiting else (None, "")
                who = resource or starter
                table.calls.append(CallRow(at, line, deal.key, activity, who, started))
                if who not in mapping.owner.skip:
                    resources[who] = None
    table.counts["starts_never_completed"] = sum(map(len, open_starts.values()))
    table.resources = sorted(resources)


class _Patterns:
    """Which activities name an owner or are calls; each activity name is matched once."""

    def __init__(self, mapping: Mapping) -> None:
        owner = mapping.owner.activities
        calls = mapping.calls.activities if mapping.calls else ()
        self.names_owner = _matcher(owner)
        self.is_call = _matcher(calls)


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    @cache
    def matches(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    return matches


def _rows(path: Path, columns: dict[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, {our name: value}) of a CSV file, plain or gzipped."""
    try:
        with _open(path) as file:
            reader = csv.reader(file)
            header = next(reader, [])
            for name in columns.values():
                if name not in header:
                    raise ImportProblem(
                        path, 1, name, f"no such column; the file has {', '.join(header)}"
                    )
            at = [(ours, header.index(theirs)) for ours, theirs in columns.items()]
            for row in reader:
                if len(row) != len(header):
                    raise ImportProblem(
                        path,
                        reader.line_num,
                        "(row)",
                        f"has {len(row)} fields where the header has {len(header)}",
                    )
                yield reader.line_num, {ours: row[index].strip() for ours, index in at}
    except OSError as error:
        raise ImportProblem(
            path, None, "(file)", f"cannot be read: {error.strerror or error}"
        ) from None


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _instant(text: str, path: Path, line: int, column: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ImportProblem(
            path,
            line,
            column,
            f"{text!r} is no ISO time; write for example 2011-10-01T09:00:00+02:00",
        ) from None
    if moment.tzinfo is None:
        raise ImportProblem(path, line, column, f"{text!r} has no offset; add one, such as +02:00")
    return round(moment.timestamp() * 1000)
