"""When figures are counted: while a page is made, or, of a large account, by upkeep beforehand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.feedback.counted import Counted, Row
from app.lanes.context import Lanes, Tenant
from app.lanes.measuring import DEFAULT_DAYS, PAGES, SOURCES, Reckoned, reckon, records
from app.lanes.measuring_names import names_of, stage_terms, zone_of
from app.model.time import MINUTE
from app.store import figures, leaving, passages
from app.store.engine import Store
from app.store.measured import kept
from app.store.measured.behind import Where, listed
from app.store.measured.ground import Span

LARGE = 2_000
"""Subjects above which figures are kept and counted by upkeep, not while somebody waits."""

OLD_MS = 15 * MINUTE
"""Kept figures that are looked at when older than this are counted anew."""

EVER = 0
"""Days of what is counted over all time."""

TOTALS: Mapping[str, Callable[[Connection, int, int], Any]] = {
    "all_signals": lambda conn, inst, _: figures.signal_count(conn, inst),
    "all_stages": lambda conn, inst, _: figures.stage_counts(conn, inst),
    "all_rules": lambda conn, inst, _: figures.rule_counts(conn, inst),
    "all_rule_touches": lambda conn, inst, _: figures.rule_touches(conn, inst),
    "all_stops": lambda conn, inst, _: figures.stop_counts(conn, inst),
    "all_touches": lambda conn, inst, _: figures.touch_counts(conn, inst),
    "all_cohorts": lambda conn, inst, _: passages.cohorts(conn, inst),
    "all_unowned": lambda conn, inst, _: figures.unowned(conn, inst),
    "all_bare": figures.without_step,
}
"""What the page of results counts over everything there is; each by installation and present."""

SIZES = "all_sizes"
_OVER_ALL: Mapping[str, Callable[[Connection, int, int], Any]] = {
    **TOTALS,
    SIZES: lambda conn, inst, _: leaving.sizes(conn, inst),
}
"""With what other pages count so."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows by name, the instant up to which they count; old: they are to be counted anew. more: of
    a list, whether others follow."""

    rows: Mapping[str, Any]
    at: int
    old: bool
    more: bool = False


def _stored(
    store: Store, inst: int, days: int, names: Sequence[str], now: int, wall: int,
    count: Callable[[Connection, bool], dict[str, Reckoned]],
) -> Stored:  # fmt: skip
    """Of a small account counted now; of a large one as kept, and counted now only where nothing
    is kept yet. What is old is noted as wanted."""
    with store.read() as conn:
        large = kept.is_large(conn, inst, LARGE)
        found = kept.load(conn, inst, days, names) if large else None
        counted = count(conn, large) if found is None else {}
    if found is None:
        if large:
            with store.write() as conn:
                _keep(conn, inst, days, counted, now, wall)
        return Stored({name: one.rows for name, one in counted.items()}, now, old=False)
    rows, at, since = found
    old = is_old(at, since, now, wall)
    if old:
        with store.write() as conn:
            kept.want(conn, inst, days, names)
    return Stored(rows, at, old)


def is_old(at: int, since: int, now: int, wall: int) -> bool:
    """Whether what was counted up to an instant, at a wall time, is to be counted anew."""
    return max(now - at, wall - since) > OLD_MS


def _keep(
    conn: Connection, inst: int, days: int, counted: Mapping[str, Reckoned], now: int, wall: int
) -> None:
    rows = {name: one.rows for name, one in counted.items()}
    kept.put(conn, inst, days, rows, now, wall, {n: one.behind for n, one in counted.items()})


def look(
    store: Store, inst: int, page: str, days: int, now: int, wall: int,
    owners: Collection[str] | None,
) -> tuple[Counted, bool]:  # fmt: skip
    """The facts of a page as the viewer may see them (owners None: everybody's and nobody's), and
    whether upkeep is to count them anew."""
    names = PAGES[page]
    span = Span.back(inst, now, days)
    with store.read() as conn:
        terms, zone = stage_terms(conn, inst), zone_of(conn, inst)
    stored = _stored(
        store, inst, days, names, now, wall,
        lambda conn, keep: reckon(conn, span, names, terms, zone, keep=keep),
    )  # fmt: skip
    with store.read() as conn:
        called = names_of(conn, inst, stored.rows, terms, zone)
    seen = {name: _seen(found, owners) for name, found in stored.rows.items()}
    return Counted(seen, called, days, stored.at, everybody=owners is None), stored.old


def _seen(rows: Sequence[Row], owners: Collection[str] | None) -> list[Row]:
    return list(rows) if owners is None else [row for row in rows if row["owner_id"] in owners]


def totals(
    store: Store, inst: int, now: int, wall: int, names: Sequence[str] = tuple(TOTALS)
) -> Stored:
    """What is counted over everything there is."""
    return _stored(
        store, inst, EVER, names, now, wall,
        lambda conn, _: {name: Reckoned(_OVER_ALL[name](conn, inst, now)) for name in names},
    )  # fmt: skip


def behind(
    store: Store, inst: int, name: str, days: int, where: Where, owners: Collection[str] | None,
    limit: int, skip: int, now: int, wall: int,
) -> Stored:  # fmt: skip
    """The records behind a count, under its name: of a large account those that the kept figure
    counts, so that the list is of the same instant; where it has none, found now."""
    with store.read() as conn:
        large = kept.is_large(conn, inst, LARGE)
        found = kept.behind(conn, inst, days, name) if large else None
        shown = listed(conn, found[0], where, owners, limit, skip) if found else None
        if shown is None:
            found = None
            rows = records(conn, inst, name, days, now, where, owners, limit + 1, skip)
            shown = rows[:limit], len(rows) > limit
    at = now if found is None else found[1]
    old = large and (found is None or is_old(at, found[2], now, wall))
    if old:
        with store.write() as conn:
            kept.want(conn, inst, days, (name,))
    return Stored({name: shown[0]}, at, old, more=shown[1])


# --- upkeep --------------------------------------------------------------------------------------


def drain_figures(lanes: Lanes, tenant: Tenant) -> bool:
    """Count one of the figures that somebody found old. True if there was one.

    One at a time: on a large account each takes a moment, and events go before the next.
    """
    with lanes.store.read() as conn:
        wanted = kept.wanted_now(conn, tenant.id)
    if not wanted:
        return False
    days, name = wanted[0]
    now, wall = lanes.now(), lanes.wall()
    with lanes.store.read() as conn:
        counted = _count(conn, tenant.id, days, name, now)
    with lanes.store.write() as conn:
        _keep(conn, tenant.id, days, counted, now, wall)
        kept.met(conn, tenant.id, days, name)
    return True


def _count(conn: Connection, inst: int, days: int, name: str, now: int) -> dict[str, Reckoned]:
    """One figure's rows; nothing where an earlier version of ours had wanted it."""
    if name in _OVER_ALL:
        return {name: Reckoned(_OVER_ALL[name](conn, inst, now))}
    if name not in SOURCES:
        return {}
    span = Span.back(inst, now, days)
    return reckon(conn, span, (name,), stage_terms(conn, inst), zone_of(conn, inst), keep=True)


def want_daily(lanes: Lanes, tenant: Tenant) -> None:
    """A large account's figures once a day, so that the first page of a morning is there at once.
    """
    with lanes.store.write() as conn:
        if kept.is_large(conn, tenant.id, LARGE):
            kept.want(conn, tenant.id, DEFAULT_DAYS, tuple(SOURCES))
            kept.want(conn, tenant.id, EVER, tuple(_OVER_ALL))
