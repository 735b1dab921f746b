"""Bodies of calls that write, held to the types of the specification: a string is no number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sandbox.pipedrive import errors, visible, words
from sandbox.pipedrive.call import Call
from sandbox.world.records import Link, Owner, Record

NAMES = {
    "int": "an integer",
    "number": "a number",
    "str": "a string",
    "bool": "a boolean",
    "list": "an array",
    "dict": "an object",
    "ints": "an array of integers",
}
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_SPACED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def _fits(kind: str, value: Any) -> bool:
    if kind == "any":
        return True
    if isinstance(value, bool):
        return kind == "bool"
    if kind == "ints":
        return isinstance(value, list) and all(_fits("int", one) for one in value)
    types: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "number": (int, float),
        "str": (str,),
        "list": (list,),
        "dict": (dict,),
    }
    return isinstance(value, types.get(kind, ()))


def checked(call: Call, fields: Mapping[str, str], required: Iterable[str] = ()) -> dict[str, Any]:
    """The body with each field of its type; null is taken for everything that is not required.

    Fields that the endpoint does not have are refused or ignored, as the setting says.
    """
    body = call.json()
    for name in required:
        if body.get(name) in (None, ""):
            raise errors.invalid("pd_required", name, "This field is required.")
    found: dict[str, Any] = {}
    for name, value in body.items():
        kind = fields.get(name)
        if kind is None:
            if call.vendor.settings.pipedrive_unknown_fields == "ignored":
                continue
            raise errors.invalid("pd_unknown_field", name, "This field was not expected.")
        if value is not None and not _fits(kind, value):
            raise errors.invalid("pd_shape", name, f"This value should be {NAMES[kind]}.")
        found[name] = value
    return found


# --- users, dates, links -------------------------------------------------------------------------


def owner(call: Call, value: int | None, name: str = "owner_id") -> Owner | None:
    """The user of that id, None for none; refuses strangers and, in writes, those who left."""
    if value is None:
        return None
    found = call.account.owners.get(str(value))
    if found is None or found.archived:
        raise errors.invalid("pd_owner", name, f"User {value} is no active user of the company.")
    return found


def date_of(name: str, value: str) -> int:
    """A date as the instant of its midnight, UTC."""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise errors.invalid("pd_date", name, "This value is not a valid date.") from None
    return round(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp() * 1000)


def time_of(name: str, value: str) -> int:
    """A time of the day in ms."""
    if not _TIME.fullmatch(value):
        raise errors.invalid("pd_time", name, "This value is not a valid datetime.")
    parts = [*map(int, value.split(":")), 0][:3]
    return (parts[0] * 3600 + parts[1] * 60 + parts[2]) * 1000


def moment(value: str) -> int:
    """An instant as v1 writes it, in UTC; RFC 3339 is taken, too. Raises ValueError."""
    found = datetime.fromisoformat(value)
    if _SPACED.fullmatch(value):
        found = found.replace(tzinfo=UTC)
    if found.tzinfo is None:
        raise ValueError
    return round(found.timestamp() * 1000)


def spaced(name: str, value: str) -> int:
    """The same in a body, refused where it is no instant."""
    try:
        return moment(value)
    except ValueError:
        raise errors.invalid("pd_date", name, "This value is not a valid datetime.") from None


def linked(call: Call, name: str, value: int | str) -> Record:
    """The live record that a field names."""
    kind = words.LINKS[name]
    key = words.lead_record(str(value)) if kind == "leads" else str(value)
    found = call.account.find(kind, key) if key else None
    if found is None or not visible.sees(call.view, call.owner, found):
        entity = words.ENTITIES[kind].capitalize()
        raise errors.invalid("pd_link", name, f"{entity} {value} does not exist.")
    return found


def relink(call: Call, record: Record, body: Mapping[str, Any], names: Iterable[str]) -> None:
    """Makes what the fields ``names`` of a body name the records that ``record`` names; null, and
    in v1 whatever is empty: names none.

    A deal's former person stays among its participants; everything else is named alone.
    """
    for name in names:
        if name in body:
            none = body[name] is None or (call.version == "v1" and not body[name])
            wanted = None if none else linked(call, name, body[name])
            _relink(call, record, words.LINKS[name], wanted)


def _relink(call: Call, record: Record, kind: str, wanted: Record | None) -> None:
    account, ends, actor = call.account, (record.kind, record.id), call.actor
    present = call.view.linked(record, kind)
    kept = (record.kind, kind) == ("deals", "contacts")
    if wanted is None:
        gone = [str(present)] if kept and present else list(record.links.get(kind, ()))
        for one in gone:
            account.dissociate(ends, (kind, one), actor)
        return
    for one in list(record.links.get(kind, ())):
        if one != wanted.id:
            account.dissociate(ends, (kind, one), actor, ("primary",) if kept else None)
    account.associate(ends, Link(kind, wanted.id, ("", "primary")), actor)


def label_ids(account_labels: Mapping[int, str], name: str, value: list[int] | None) -> str:
    """Labels kept as one text."""
    for one in value or ():
        if one not in account_labels:
            raise errors.invalid("pd_label", name, f"There is no label {one}.")
    return ";".join(map(str, value or ()))
