"""The CRM's users: what an admin adds to them, and links by which they sign in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from flask import Blueprint, Response

from app.installations import settings as rules
from app.installations import signing
from app.installations.countries import split_country
from app.installations.people import OURS, is_zone, merge_spans, our_hours, written_hours
from app.installations.rights import REACHES, RIGHTS
from app.store import audit, people
from app.store.sets import dumps, loads
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.setup import changed

blueprint = Blueprint("api_people", __name__)

_HOURS_HELP = (
    "Write minutes of the local day for each weekday, 0 is Monday, such as "
    '{"0": [[540, 720], [780, 1020]]} for Mondays from 9 to 12 and from 13 to 17; null for none.'
)


def person_view(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A person as the API shows them."""
    return {
        "owner_id": row["owner_id"],
        "email": row["email"],
        "name": row["name"],
        "team": row["team"],
        "role": row["role"],
        "edits": row["edits"],
        "approves": row["approves"],
        "manager_id": row["manager_id"],
        "cover_id": row["cover_id"],
        "zone": row["zone"],
        "country": row["country"],
        "hours": _days(row["hours"]),
        "hours_ours": our_hours(row["hours"]) is not None,
        "absences": [
            {"start": span[0], "end": span[1], "ours": span[2:] == [OURS]}
            for span in loads(row["absences"])
        ],
        "active": bool(row["active"]),
    }


def choices(people: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Who may lead or cover others, by owner id: the active. people: as `person_view` shows them.
    """
    return {one["owner_id"]: one["name"] or one["email"] for one in people if one["active"]}


@blueprint.get("/people")
@access.require("admin")
def list_people() -> Response:
    """The CRM's users as we know them."""
    with services().store.read() as conn:
        rows = people.read(conn, access.viewer().installation_id)
    return answer({"people": [person_view(row) for row in rows.values()]})


@blueprint.put("/people/<owner_id>")
@access.require("admin")
def change_person(owner_id: str) -> Response:
    """Set role, edits, approves, manager_id, cover_id, zone, country, hours or absences ([[start,
    end] in ms])."""
    return answer(change(owner_id, body()))


def change(owner_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change what is named of one person; answers them as they then are. Raises Refusal."""
    inst = access.viewer().installation_id
    with services().store.write() as conn:
        rows = people.read(conn, inst)
        if owner_id not in rows:
            raise Refusal(404, "person", f"Nobody has the owner id {owner_id!r}.",
                          "Take the owner id from GET /api/people.")
        values = {
            field: _person_value(field, value, rows, owner_id) for field, value in changes.items()
        }
        _rights(values, str(values.get("role", rows[owner_id]["role"])))
        if values:
            people.change(conn, inst, owner_id, **values)
        changed(conn, "person", {"owner_id": owner_id, **changes})
        return person_view(people.read(conn, inst, [owner_id])[owner_id])


def _rights(values: dict[str, Any], role: str) -> None:
    """Rights on playbooks go with the role of rep, and are not given to one."""
    given = [name for name in RIGHTS if values.get(name, "none") != "none"]
    if role == "rep" and given:
        raise wrong(given[0], "reps never edit or approve playbooks",
                    "Make this person manager first: a manager sees their team's records, and "
                    "has the rights that you give.")
    if role == "rep":
        values.update(dict.fromkeys(RIGHTS, "none"))


def _person_value(
    field: str, value: Any, rows: Mapping[str, Mapping[Any, Any]], owner_id: str
) -> Any:
    if field == "role" and value in access.ROLES:
        return value
    if field in RIGHTS and value in REACHES:
        return value
    if field in ("manager_id", "cover_id") and (
        value is None or (value in rows and value != owner_id)
    ):
        return value
    if field == "zone" and (value is None or (isinstance(value, str) and is_zone(value))):
        return value
    if field == "country":
        try:
            return None if value is None else "-".join(filter(None, split_country(value)))
        except (ValueError, AttributeError) as error:
            raise wrong(field, str(error), "Write an ISO code such as DE, or US-CA.") from None
    if field == "absences" and (spans := _spans(value)) is not None:
        theirs = [span for span in loads(rows[owner_id]["absences"]) if span[2:] != [OURS]]
        return dumps([*theirs, *([start, end, OURS] for start, end in spans)])
    if field == "hours":
        return _hours(value, rows[owner_id]["hours"])
    right = {
        "role": f"one of {', '.join(access.ROLES)}",
        **dict.fromkeys(RIGHTS, f"one of {', '.join(REACHES)}"),
        "manager_id": "another person's owner id, or null",
        "cover_id": "another person's owner id, or null",
        "zone": "a zone such as Europe/Amsterdam, or null",
        "absences": "pairs of instants in ms, such as [[1795000000000, 1795600000000]]",
    }
    if field not in right:
        raise wrong(field, "cannot be set here",
                    "Set role, edits, approves, manager_id, cover_id, zone, country, hours or "
                    "absences; the rest is the CRM's.")
    raise wrong(field, f"{value!r} is not {right[field]}", f"Send {right[field]}.")


def _days(text: str | None) -> dict[str, Any] | None:
    """Weekly hours as the API shows them: day, 0 is Monday, → spans in minutes of the local day."""
    if not text:
        return None
    return {day: spans for day, spans in loads(text).items() if day != OURS}


def _hours(value: Any, known: str | None) -> str | None:
    """Weekly hours entered by an admin; None takes them away. The CRM's own stay the CRM's."""
    if known and our_hours(known) is None:
        raise wrong("hours", "the CRM says when this person works",
                    "Change the working hours in the CRM; what is entered here counts where the "
                    "CRM says none.")
    if value is None:
        return None
    week: dict[int, tuple[tuple[int, int], ...]] = {}
    for day, given in (cast(dict[Any, Any], value) if isinstance(value, dict) else {}).items():
        spans = _spans(given)
        if str(day) not in "0123456" or len(str(day)) != 1 or spans is None or any(
            not 0 <= start < end <= rules.DAY_MINUTES for start, end in spans
        ):
            raise wrong("hours", f"{day}: {given!r} is no working time", _HOURS_HELP)
        week[int(day)] = spans
    if not any(week.values()):
        raise wrong("hours", "there is not one hour in the week", _HOURS_HELP)
    return written_hours(week, ours=True)


def _spans(value: Any) -> tuple[tuple[int, int], ...] | None:
    if not isinstance(value, list):
        return None
    for span in cast(list[Any], value):
        if not (
            isinstance(span, list)
            and len(cast(list[Any], span)) == 2
            and all(type(end) is int for end in cast(list[Any], span))
            and span[0] < span[1]
        ):
            return None
    return merge_spans(cast(list[list[int]], value))


@blueprint.post("/signin-links")
@access.require("admin")
def signin_link() -> Response:
    """A one-time sign-in link for an active CRM user: {"email": …}."""
    parts, who = services(), access.viewer()
    email = body().get("email")
    if not isinstance(email, str) or "@" not in email:
        raise wrong("email", "missing or no e-mail address", 'Send {"email": "rep@example.com"}.')
    try:
        url = signing.make(parts.store, parts.config, who.installation_id, email,
                           parts.clocks.wall())
    except signing.NoSuchPerson as error:
        raise wrong("email", str(error), "See GET /api/people for the addresses there are."
                    ) from error
    with parts.store.write() as conn:
        audit.write(conn, who.installation_id, who.who, "signin_link", parts.clocks.wall(),
                    {"email": email})
    return answer({"url": url}, 201)
