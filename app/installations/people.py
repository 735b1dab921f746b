"""The CRM's users as people who are owed working time: who, where, when, and who stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from app.installations.countries import split_country
from app.installations.settings import Settings
from app.model.calendar import NINE_TO_FIVE, Hours, WorkCalendar
from app.model.records import PersonView
from app.model.time import DAY, Business
from connectors.contract import CrmPerson

YEARS_AROUND = (-1, 0, 1, 2)
"""Years of holidays in a calendar, from the current one: due times reach that far at most."""


OURS = "ours"
"""Third element of an absence that was entered in our pages; the CRM's have two. Hours that were
entered there have it as a key."""


_COLUMNS = (
    "owner_id", "user_id", "email", "name", "team", "role", "manager_id", "cover_id", "zone",
    "hours", "absences", "country", "active",
)  # fmt: skip


def rows_of(
    people: Iterable[CrmPerson], known: Iterable[Mapping[Any, Any]]
) -> list[dict[str, Any]]:
    """Rows for the table `people` out of what the CRM says, keeping what is ours.

    known: the rows as they stand. Role, manager, cover and country are set in our pages and the
    CRM does not know them. Somebody whom the CRM no longer lists stays, inactive: their tasks and
    their name on old touches must not turn into a bare number.
    """
    before = {row["owner_id"]: row for row in known}
    rows = [_row(person, before.pop(person.owner_id, None)) for person in people]
    for row in before.values():
        if row["active"]:
            rows.append({name: row[name] for name in _COLUMNS} | {"active": False})
    return rows


def _row(person: CrmPerson, before: Mapping[Any, Any] | None) -> dict[str, Any]:
    ours: Mapping[Any, Any] = before or {}
    return {
        "owner_id": person.owner_id,
        "user_id": person.user_id,
        "email": person.email.lower(),
        "name": person.name,
        "team": person.team,
        "role": ours.get("role") or "rep",
        "manager_id": ours.get("manager_id"),
        "cover_id": ours.get("cover_id"),
        "zone": person.zone if person.zone is not None else ours.get("zone"),
        "hours": (
            written_hours(person.hours) if person.hours else our_hours(ours.get("hours"))
        ),
        "absences": orjson.dumps(
            [*merge_spans(person.out_of_office), *our_absences(ours)]
        ).decode(),
        "country": ours.get("country"),
        "active": person.active,
    }


def our_absences(row: Mapping[Any, Any]) -> list[list[Any]]:
    """Absences entered in our pages: marked, so that those of the CRM can come and go."""
    return [span for span in orjson.loads(row.get("absences") or "[]") if span[2:] == [OURS]]


def merge_spans(spans: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """Half-open spans in order, overlapping and touching ones united, empty ones dropped."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span[0], span[1]) for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def view(row: Mapping[Any, Any]) -> PersonView:
    """A row of the table as decisions see it. A zone that no longer exists counts as unset."""
    return PersonView(
        owner_id=row["owner_id"],
        name=row["name"],
        email=row["email"],
        zone=row["zone"] if is_zone(row["zone"]) else None,
        hours=_hours(row["hours"]),
        absences=merge_spans(orjson.loads(row["absences"] or "[]")),
        manager_id=row["manager_id"],
        cover_id=row["cover_id"],
        team=row["team"],
        country=row["country"],
        active=bool(row["active"]),
        role=row["role"],
    )


def written_hours(hours: Mapping[int, Sequence[Sequence[int]]], *, ours: bool = False) -> str:
    """Weekly hours as the table holds them; ours: entered in our pages."""
    days: dict[str, Any] = {str(day): spans for day, spans in hours.items()}
    return orjson.dumps({OURS: True, **days} if ours else days).decode()


def our_hours(text: str | None) -> str | None:
    """Hours that were entered in our pages, as the table holds them: they count where the CRM says
    none, and go once it does."""
    return text if text and OURS in orjson.loads(text) else None


def _hours(text: str | None) -> Hours | None:
    if not text:
        return None
    parsed: dict[int, tuple[tuple[int, int], ...]] = {
        int(day): merge_spans(spans)
        for day, spans in orjson.loads(text).items()
        if day != OURS
    }
    # A week without a single hour would shift every task for ever; it is read as "not filled in".
    return parsed if any(parsed.values()) else None


@lru_cache(maxsize=1024)
def is_zone(name: str | None) -> bool:
    """Whether this is the name of a time zone that we know."""
    if not name:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=512)
def holidays_of(country: str, year: int) -> frozenset[str]:
    """ISO dates of a country's public holidays in a year; empty for an unknown country."""
    from holidays import country_holidays  # imported late: it takes 0.4 s

    try:
        name, part = split_country(country)
    except ValueError:
        return frozenset()
    return frozenset(day.isoformat() for day in country_holidays(name, subdiv=part, years=year))


def _year_of(now: Business) -> tuple[int, int, int]:
    """The year of an instant, and the instants in which it begins and ends."""
    year = datetime.fromtimestamp(now / 1000, UTC).year
    begins, ends = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) * 1000 for y in (year, year + 1))
    return year, begins, ends


class Calendars:
    """Working time of an installation's people, one object per person and year.

    Decisions cache by identity, and a drain asks for the same rep thousands of times, so the same
    calendar object is answered for as long as its year lasts.
    """

    def __init__(self, people: Iterable[PersonView], settings: Settings, zone: str) -> None:
        """zone: the CRM account's; the settings' wins over it."""
        self.people: dict[str, PersonView] = {person.owner_id: person for person in people}
        self.zone = settings.zone or zone
        self._settings = settings
        self._made: dict[tuple[str | None, int], WorkCalendar] = {}
        self._year = (0, 0, 0)

    def of(self, owner_id: str | None, now: Business) -> WorkCalendar:
        """The rep's calendar; the installation's for nobody or an unknown owner."""
        year, begins, ends = self._year
        if not begins <= now < ends:
            year, _, _ = self._year = _year_of(now)
        key = (owner_id, year)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(self.people.get(owner_id or ""), year)
        return made

    def day_start(self, now: Business) -> Business:
        """Midnight of the installation's local day."""
        local = datetime.fromtimestamp(now / 1000, ZoneInfo(self.zone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return Business(int(midnight.timestamp()) * 1000)

    def next_day_start(self, now: Business) -> Business:
        """The midnight after `now`. A local day has 23 to 25 hours, so it is that of whatever day
        it is a day and a half after the last midnight."""
        return self.day_start(Business(self.day_start(now) + DAY + DAY // 2))

    def _make(self, person: PersonView | None, year: int) -> WorkCalendar:
        off = not self._settings.working_hours
        country = (person.country if person else None) or self._settings.holidays
        days: frozenset[str] = frozenset()
        if country and not off:
            days = frozenset().union(*(holidays_of(country, year + step) for step in YEARS_AROUND))
        return WorkCalendar(
            zone=(person.zone if person else None) or self.zone,
            hours=(person.hours if person else None) or NINE_TO_FIVE,
            holidays=days,
            absences=person.absences if person else (),
            windows_off=off,
        )
