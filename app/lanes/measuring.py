"""The manager's figures: what is counted for each page, and which records are behind a count."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.feedback.counted import Row
from app.feedback.daytime import by_daytime
from app.lanes.measuring_names import stage_terms
from app.store.measured import (
    closings,
    promised,
    speed,
    standing,
    stays,
    steps,
    texts,
    weeks,
)
from app.store.measured.behind import Where, behind, by_name, packed
from app.store.measured.ground import Facts, Span, counted, read, valued
from app.store.measured.stays import Term

SPANS = (30, 60, 90)
"""Days that figures may look back on; the first page shows the middle one."""

DEFAULT_DAYS = 60


@dataclass(frozen=True, slots=True)
class Source:
    """Facts, by which dimensions they are counted and what is added up; sums None: their values
    are kept one by one, for medians. fold: what of the counted rows is kept, by the zone."""

    facts: Callable[[Span, Sequence[Term]], Facts | None]
    dims: tuple[str, ...] = ()
    sums: tuple[str, ...] | None = ("hit",)
    fold: Callable[[Sequence[Row], str], list[Row]] | None = None


def _of(
    facts: Callable[[Span], Facts], *dims: str, sums: tuple[str, ...] | None = ("hit",)
) -> Source:
    return Source(lambda span, _: facts(span), dims, sums)


SOURCES: Mapping[str, Source] = {
    "silent_7": _of(lambda span: standing.silent(span, 7), "stage_id"),
    "silent_14": _of(lambda span: standing.silent(span, 14), "stage_id"),
    "unowned": _of(standing.unowned, "what"),
    "covered": _of(standing.covered, "stage_id"),
    "overdue": _of(standing.overdue, sums=("due", "hit")),
    "load": _of(standing.load, "what", sums=()),
    "completion": _of(speed.completion, "week", sums=("hit", "on_time")),
    "handovers": _of(speed.handovers),
    "first_contact": _of(speed.first_contact, "what", sums=None),
    "contacts_made": _of(speed.contacts_made, "what", sums=None),
    "responses": _of(speed.responses, "stage_id", sums=None),
    "latest_responses": _of(speed.latest_responses, "stage_id", sums=None),
    "after_meeting": _of(speed.after_meeting, sums=None),
    "after_proposal": _of(speed.after_proposal, sums=None),
    "promise_stood": _of(promised.stood, "promise", sums=None),
    "promise_kept": _of(promised.kept, "promise", sums=None),
    "enrolled": _of(steps.enrolled, "definition", "ended", sums=("opened", "positive", "booked")),
    "steps": _of(steps.steps, "definition", "version_id", "step", "fate", sums=()),
    "answered": _of(steps.answered, "definition", "version_id", "step", "number"),
    "hours": Source(lambda span, _: steps.answered(span), ("hour",), fold=by_daytime),
    "worth": _of(steps.worth, "definition", "ended", sums=("amount", "unknown")),
    "silence_map": _of(lambda span: stays.silences(span, 14), "stage_id", "bucket"),
    "silence_weeks": _of(lambda span: stays.silences(span, 14), "stage_id", "week"),
    "terms": Source(stays.kept_terms, ("stage_id", "term")),
    "closed": _of(
        closings.closed, "pipeline_id", "followed", sums=("hit", "amount", "unknown")
    ),
    "cycles": _of(closings.cycles, "pipeline_id", sums=None),
    "touches_to_close": _of(closings.touches_to_close, sums=None),
    "by_contacts": _of(closings.by_contacts, "few"),
    "pipeline": _of(closings.pipeline, "pipeline_id", sums=("amount", "unknown")),
    "momentum_lost": _of(closings.momentum_lost, "stage_id", "how", "ended"),
    "texts": _of(
        texts.texts, "what", "state", "cause", "at", "subject_id", sums=("hit", *texts.FLAWS)
    ),
    "weeks": _of(weeks.weeks, "what", "week", sums=()),
}

PAGES: Mapping[str, tuple[str, ...]] = {
    "today": (
        "overdue", "load", "completion", "silent_7", "silent_14", "unowned", "covered", "handovers",
    ),
    "speed": (
        "first_contact", "contacts_made", "responses", "latest_responses", "after_meeting",
        "after_proposal", "promise_stood", "promise_kept",
    ),
    "sequences": ("enrolled", "steps", "answered", "hours", "worth"),
    "pipeline": (
        "silence_map", "terms", "closed", "cycles", "touches_to_close", "by_contacts", "pipeline",
    ),
    "audit": (
        "first_contact", "contacts_made", "after_meeting", "after_proposal", "by_contacts",
        "touches_to_close", "momentum_lost", "silence_map", "texts",
    ),
    "week": (
        "weeks", "enrolled", "steps", "answered", "worth", "overdue", "silent_14", "silence_map",
        "silence_weeks",
    ),
}  # fmt: skip
"""Page → what it shows."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A figure's counts, each for every owner; behind: the facts that they count, as they are kept.
    """

    rows: Any
    behind: bytes | None = None


def reckon(
    conn: Connection, span: Span, names: Collection[str], terms: Sequence[Term], zone: str,
    *, keep: bool = False,
) -> dict[str, Reckoned]:  # fmt: skip
    """Count facts anew. keep: with the facts themselves."""
    places = by_name(conn, span.inst) if keep else None
    return {name: _reckoned(conn, span, SOURCES[name], terms, zone, places) for name in names}


def _reckoned(
    conn: Connection, span: Span, source: Source, terms: Sequence[Term], zone: str,
    places: Mapping[int, int] | None,
) -> Reckoned:  # fmt: skip
    facts = source.facts(span, terms)
    if facts is None:
        return Reckoned([])
    names = ("owner_id", *source.dims, *(("value",) if source.sums is None else source.sums))
    if places is not None:
        more = (name for name in ("subject_id", "value") if name in facts.selected_columns)
        names = tuple(dict.fromkeys((*names, *more)))
    found = read(conn, facts, names)
    if source.sums is None:
        rows = valued(found, source.dims)
    else:
        rows = counted(found, source.dims, source.sums)
    if source.fold is not None:
        rows = source.fold(rows, zone)
    if places is None:
        return Reckoned(rows)
    return Reckoned(rows, packed(found, names, sorted(_choosable(source)), places))


def records(
    conn: Connection, inst: int, name: str, days: int, now: int, where: Where,
    owners: Collection[str] | None, limit: int, skip: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """The records behind a count of a source; where: dimension, `hit` or `owner_id` → value."""
    facts = SOURCES[name].facts(Span.back(inst, now, days), stage_terms(conn, inst))
    if facts is None:
        return []
    return behind(conn, facts, where, owners, limit, skip)


def filters(name: str) -> frozenset[str]:
    """What the records behind a source may be chosen by."""
    source = SOURCES[name]
    return _choosable(source) | {"value"} if source.sums is None else _choosable(source)


def _choosable(source: Source) -> frozenset[str]:
    """The same without the value, which is kept with every fact that has one."""
    return frozenset({"owner_id", *source.dims, *(source.sums or ())}) - {"amount"}
