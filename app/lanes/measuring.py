"""The manager's figures: what is counted for each page, when it is counted anew, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.feedback.counted import Counted, Row
from app.lanes.context import Lanes, Tenant
from app.lanes.measuring_names import names_of, stage_terms
from app.model.time import MINUTE
from app.store.engine import Store
from app.store.measured import closings, kept, speed, standing, stays, steps, weeks
from app.store.measured.ground import Facts, Span, behind, counted, valued
from app.store.measured.stays import Term

SPANS = (30, 60, 90)
"""Days that figures may look back on; the first page shows the middle one."""

DEFAULT_DAYS = 60

LARGE = 2_000
"""Subjects above which figures are kept and reckoned by upkeep, not while somebody waits."""

OLD_MS = 15 * MINUTE
"""Kept figures that are looked at when older than this are reckoned anew."""


@dataclass(frozen=True, slots=True)
class Source:
    """Facts, by which dimensions they are counted and what is added up; sums None: their values
    are kept one by one, for medians."""

    facts: Callable[[Span, Sequence[Term]], Facts | None]
    dims: tuple[str, ...] = ()
    sums: tuple[str, ...] | None = ("hit",)


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
    "enrolled": _of(steps.enrolled, "definition", "ended", sums=("opened", "positive", "booked")),
    "steps": _of(steps.steps, "definition", "version_id", "step", "fate", sums=()),
    "answered": _of(steps.answered, "definition", "version_id", "step", "number"),
    "hours": _of(steps.answered, "hour"),
    "worth": _of(steps.worth, "definition", "ended", sums=("amount", "unknown")),
    "silence_map": _of(lambda span: stays.silences(span, 14), "stage_id", "bucket"),
    "terms": Source(stays.kept_terms, ("stage_id", "term")),
    "closed": _of(
        closings.closed, "pipeline_id", "followed", sums=("hit", "amount", "unknown")
    ),
    "cycles": _of(closings.cycles, "pipeline_id", sums=None),
    "touches_to_close": _of(closings.touches_to_close, sums=None),
    "by_contacts": _of(closings.by_contacts, "few"),
    "pipeline": _of(closings.pipeline, "pipeline_id", sums=("amount", "unknown")),
    "momentum_lost": _of(closings.momentum_lost, "stage_id", "how", "ended"),
    "weeks": _of(weeks.weeks, "what", "week", sums=()),
}

PAGES: Mapping[str, tuple[str, ...]] = {
    "today": (
        "overdue", "load", "completion", "silent_7", "silent_14", "unowned", "covered", "handovers",
    ),
    "speed": (
        "first_contact", "contacts_made", "responses", "latest_responses", "after_meeting",
        "after_proposal",
    ),
    "sequences": ("enrolled", "steps", "answered", "hours", "worth"),
    "pipeline": (
        "silence_map", "terms", "closed", "cycles", "touches_to_close", "by_contacts", "pipeline",
    ),
    "audit": (
        "first_contact", "contacts_made", "after_meeting", "after_proposal", "by_contacts",
        "momentum_lost", "silence_map",
    ),
    "week": (
        "weeks", "enrolled", "steps", "answered", "worth", "overdue", "silent_14", "silence_map",
    ),
}  # fmt: skip
"""Page → what it shows."""


def reckon(
    conn: Connection, span: Span, names: Collection[str], terms: Sequence[Term]
) -> dict[str, list[Row]]:
    """Count facts anew, each for every owner."""
    found: dict[str, list[Row]] = {}
    for name in names:
        source = SOURCES[name]
        facts = source.facts(span, terms)
        if facts is None:
            found[name] = []
        elif source.sums is None:
            found[name] = valued(conn, facts, source.dims)
        else:
            found[name] = counted(conn, facts, source.dims, source.sums)
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """What a page shows, and whether it is to be reckoned anew behind the viewer's back."""

    counted: Counted
    old: bool


def look(
    store: Store, inst: int, page: str, days: int, now: int, wall: int,
    owners: Collection[str] | None,
) -> Look:  # fmt: skip
    """The facts of a page as the viewer may see them: owners None is everybody's and nobody's.

    Small accounts are counted while the page is made; of large ones the kept figures are shown,
    and counted at once only where there are none yet.
    """
    names = PAGES[page]
    with store.read() as conn:
        span = Span.back(inst, now, days)
        terms = stage_terms(conn, inst)
        stored = None
        large = kept.is_large(conn, inst, LARGE)
        if large:
            stored = kept.load(conn, inst, days, names)
        if stored is None:
            rows, at, since = reckon(conn, span, names, terms), now, wall
        else:
            rows, at, since = stored
        called = names_of(conn, inst, rows, terms)
    if large and stored is None:
        with store.write() as conn:
            kept.put(conn, inst, days, rows, at, since)
    seen = {name: _seen(found, owners) for name, found in rows.items()}
    old = stored is not None and max(now - at, wall - since) > OLD_MS
    if old:
        with store.write() as conn:
            kept.want(conn, inst, days, names)
    return Look(Counted(seen, called, days, at, everybody=owners is None), old)


def _seen(rows: Sequence[Row], owners: Collection[str] | None) -> list[Row]:
    return list(rows) if owners is None else [row for row in rows if row["owner_id"] in owners]


def records(
    conn: Connection, inst: int, name: str, days: int, now: int, where: Mapping[str, Any],
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
    flags = ("value",) if source.sums is None else source.sums
    return frozenset({*source.dims, *(one for one in flags if one != "amount"), "owner_id"})


# --- upkeep --------------------------------------------------------------------------------------


def drain_figures(lanes: Lanes, tenant: Tenant) -> bool:
    """Reckon one of the figures that somebody found old. True if there was one.

    One at a time: on a large account each takes a moment, and events go before the next.
    """
    with lanes.store.read() as conn:
        wanted = kept.wanted_now(conn, tenant.id)
    if not wanted:
        return False
    days, name = wanted[0]
    now, wall = lanes.now(), lanes.wall()
    rows: dict[str, list[Row]] = {}
    if name in SOURCES:  # else an earlier version counted it
        with lanes.store.read() as conn:
            span = Span.back(tenant.id, now, days)
            rows = reckon(conn, span, (name,), stage_terms(conn, tenant.id))
    with lanes.store.write() as conn:
        kept.put(conn, tenant.id, days, rows, now, wall)
        kept.met(conn, tenant.id, days, name)
    return True


def want_daily(lanes: Lanes, tenant: Tenant) -> None:
    """A large account's figures once a day, so that the first page of a morning is there at once.
    """
    with lanes.store.write() as conn:
        if kept.is_large(conn, tenant.id, LARGE):
            kept.want(conn, tenant.id, DEFAULT_DAYS, tuple(SOURCES))
