"""The team: roles, managers, cover; and for each person zone, hours and absences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, g, redirect, request, url_for
from sqlalchemy import Connection

from app.installations.people import is_zone
from app.installations.rights import RIGHTS
from app.model.time import to_datetime
from app.web import access, summaries
from app.web.admin.fields import clock, minutes
from app.web.answers import Refusal, services
from app.web.api.people import change, choices, person_view
from app.web.framing import page
from app.web.telling import zone_of

blueprint = Blueprint("people", __name__)

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RIGHTS = {
    "edits": ("May edit playbooks", {"none": "none", "team": "of their own people", "all": "all"}),
    "approves": (
        "May approve versions", {"none": "none", "team": "of their own people", "all": "all"}
    ),
}
"""A manager's rights: label, and how far each may reach."""

AT_ONCE = 50
"""People on one page of the list."""

SPANS = 2
"""Spans of working time that one day has in the form."""


@blueprint.get("/people")
@access.require("admin")
def index() -> str:
    """Roles, managers, cover and sign-in links."""
    with services().store.read() as conn:
        return page("people.html", conn, roles=access.ROLES, **listed(conn, active=False))


def listed(conn: Connection, *, active: bool) -> dict[str, Any]:
    """One page of the people, by the request's `?q=`, part of a name, address or team, and
    `?skip=`; and who may be chosen for each of them. active: leaves out those who are not."""
    rows = summaries.people_rows(conn, access.viewer())
    words = request.args.get("q", "").strip()
    found = [row for row in rows if (row["active"] or not active) and _is_meant(row, words)]
    skip = max(0, request.args.get("skip", 0, int))
    return {
        "people": [person_view(row) for row in found[skip : skip + AT_ONCE]],
        "choices": choices(rows), "q": words, "number": len(found), "skip": skip,
        "before": max(0, skip - AT_ONCE) if skip else None,
        "after": skip + AT_ONCE if skip + AT_ONCE < len(found) else None,
    }  # fmt: skip


def _is_meant(row: Mapping[Any, Any], words: str) -> bool:
    told = (row["name"], row["email"], row["team"] or "")
    return any(words.casefold() in one.casefold() for one in told)


@blueprint.get("/people/<owner_id>")
@access.require("admin")
def show(owner_id: str) -> str:
    """One person: zone, hours, absences, cover."""
    return _page(owner_id, None)


@blueprint.post("/people/<owner_id>")
@access.require("admin")
def save(owner_id: str) -> Any:
    """Change what the form brought; on a mistake nothing, and it is named."""
    try:
        change(owner_id, _changes(owner_id, request.form))
    except Refusal as refused:
        if refused.status == 404:
            raise
        return _page(owner_id, refused)
    return redirect(url_for("people.show", owner_id=owner_id, saved=1), 303)


def _page(owner_id: str, refused: Refusal | None) -> str:
    who = access.viewer()
    with services().store.read() as conn:
        rows = summaries.people_rows(conn, who)
        found = next((row for row in rows if row["owner_id"] == owner_id), None)
        if found is None:
            raise Refusal(404, "person", f"Nobody has the owner id {owner_id!r}.",
                          "Choose a person under People.")
        person = person_view(found)
        g.person_zone = _zone(conn, person)
        return page(
            "admin/person.html", conn, person=person, choices=choices(rows), roles=access.ROLES,
            days=DAYS, week=_week(person), away=_away(person, g.person_zone), refused=refused,
            problems={p["field"]: p["message"] for p in (refused.problems if refused else ())},
            zones=sorted(available_timezones()), typed=request.form if refused else {},
            working_zone=g.person_zone, rights=_RIGHTS,
        )  # fmt: skip


def _zone(conn: Any, person: Mapping[str, Any]) -> str:
    """The zone in which this person's days are meant."""
    own = person["zone"]
    return own if is_zone(own) else zone_of(conn, access.viewer().installation_id)


def _week(person: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """For each weekday its spans as times of day, empty ones up to `SPANS`."""
    hours: Mapping[str, Any] = person["hours"] or {}
    week: list[list[tuple[str, str]]] = []
    for day in range(len(DAYS)):
        spans = [(clock(start), clock(end)) for start, end in hours.get(str(day), ())]
        week.append([*spans, *[("", "")] * max(0, SPANS - len(spans))])
    return week


def _away(person: Mapping[str, Any], zone: str) -> list[dict[str, Any]]:
    """Absences as days; the last day is the one that is still away."""
    return [
        {
            "first": _day(span["start"], zone),
            "last": _day(span["end"] - 1, zone),
            "ours": span["ours"],
        }
        for span in person["absences"]
    ]


def _day(instant: int, zone: str) -> str:
    return to_datetime(instant).astimezone(ZoneInfo(zone)).date().isoformat()


def _changes(owner_id: str, form: Any) -> dict[str, Any]:
    """The form as `PUT /api/people/<id>` takes it; parts that it did not bring are left alone."""
    changes: dict[str, Any] = {}
    for name in ("role", *RIGHTS, "manager_id", "cover_id", "zone", "country"):
        if name in form:
            changes[name] = form[name].strip() or None
    if "hours.there" in form:
        changes["hours"] = _hours(form)
    if "away.there" in form:
        with services().store.read() as conn:
            rows = summaries.people_rows(conn, access.viewer())
            row = next((row for row in rows if row["owner_id"] == owner_id), None)
            person = person_view(row) if row is not None else {"absences": (), "zone": None}
            # Days are meant in the zone that the same form may just have changed.
            zone = _zone(conn, {**person, "zone": changes.get("zone", person["zone"])})
        changes["absences"] = _absences(form, zone, person)
    return changes


def _hours(form: Any) -> dict[str, list[list[int]]] | None:
    week: dict[str, list[list[int]]] = {}
    for day, name in enumerate(DAYS):
        for start, end in zip(form.getlist(f"from.{day}"), form.getlist(f"to.{day}"), strict=False):
            if not start.strip() and not end.strip():
                continue
            try:
                span = [minutes(start), minutes(end) or 24 * 60]
            except ValueError as error:
                raise _wrong("hours", f"{name}: {error}") from None
            if span[0] >= span[1]:
                raise _wrong("hours", f"{name}: {start} is not before {end}")
            week.setdefault(str(day), []).append(span)
    return week or None


def _absences(form: Any, zone: str, person: Mapping[str, Any]) -> list[list[int]]:
    """Whole days in the person's zone; one that was entered to the minute, and whose days are as
    they were, stays to the minute."""
    known = {
        (_day(span["start"], zone), _day(span["end"] - 1, zone)): [span["start"], span["end"]]
        for span in person["absences"]
        if span["ours"]
    }
    spans: list[list[int]] = []
    for first, last in zip(form.getlist("away.first"), form.getlist("away.last"), strict=False):
        if not first.strip() and not last.strip():
            continue
        if (first, last) in known:
            spans.append(known[first, last])
            continue
        try:
            begins = _midnight(first, zone)
            ends = _midnight(last or first, zone, days=1)
        except ValueError:
            raise _wrong("absences", f"{first} to {last}: write days like 2026-12-24") from None
        if begins >= ends:
            raise _wrong("absences", f"{first} is after {last}")
        spans.append([begins, ends])
    return spans


def _midnight(day: str, zone: str, days: int = 0) -> int:
    local = datetime.fromisoformat(day.strip()).replace(tzinfo=ZoneInfo(zone))
    return int((local + timedelta(days=days)).timestamp()) * 1000


def _wrong(field: str, message: str) -> Refusal:
    return Refusal(422, "person", message, "Correct it and save again.",
                   [{"field": field, "message": message}])
