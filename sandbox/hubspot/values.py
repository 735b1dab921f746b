"""Property values between the wire and the world.

In the world an instant is a string of milliseconds and a date is ``YYYY-MM-DD``. HubSpot takes
both as ISO 8601 or as milliseconds and answers ISO 8601 in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from sandbox.hubspot.errors import PropertyProblem
from sandbox.settings import Settings
from sandbox.world import money
from sandbox.world.records import ACTIVITY_KINDS, PAID_TIERS, STAGE_FIELDS, Property, Record
from sandbox.world.store import Account

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_STAGE_DATES = ("hs_v2_date_entered_", "hs_v2_date_exited_")
_STAGE_TIMES = ("hs_v2_latest_time_in_", "hs_v2_cumulative_time_in_")
_DAY_MS = 86_400_000
_REQUIRED: dict[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(ACTIVITY_KINDS, (("hs_timestamp", "timestamp_missing"),)),
    "leads": (("hs_lead_name", "lead_name_missing"),),
    "quotes": (("hs_title", "quote_field_missing"), ("hs_expiration_date", "quote_field_missing")),
}
"""kind → what a new record needs, each with the refusal where it lacks."""
_UNLISTED = frozenset(field for fields in STAGE_FIELDS.values() for field in fields)
"""Enumerations whose options are the account's pipelines and stages."""


@lru_cache(maxsize=200_000)
def iso(ms: int) -> str:
    """An instant as HubSpot writes it: UTC, milliseconds only when there are any."""
    whole = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rest = ms % 1000
    return f"{whole}.{rest:03d}Z" if rest else f"{whole}Z"


def instant(value: str) -> int:
    """Milliseconds of an ISO 8601 instant or a string of milliseconds; raises ValueError."""
    if value.lstrip("-").isdigit():
        return int(value)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _calendar_day(value: str) -> str:
    if value.lstrip("-").isdigit():
        ms = int(value)
        if ms % _DAY_MS:
            raise ValueError(value)
        return iso(ms)[:10]
    return datetime.strptime(value[:10], "%Y-%m-%d").strftime("%Y-%m-%d")


def definition(account: Account, kind: str, name: str) -> Property | None:
    """A property's definition; the calculated stage properties exist for every stage."""
    known = account.properties[kind].get(name)
    if known is not None:
        return None if known.archived else known
    if kind == "deals" and account.tier in PAID_TIERS:
        form = "datetime" if name.startswith(_STAGE_DATES) else "number"
        if form == "datetime" or name.startswith(_STAGE_TIMES):
            field = "date" if form == "datetime" else "number"
            group = "dealsinformation"
            return Property(name, name, form, field, group, read_only=True, calculated=True)
    return None


def stage_properties(account: Account) -> list[Property]:
    """The calculated properties of every deal stage; none on the smaller tiers."""
    if account.tier not in PAID_TIERS:
        return []
    stages = [stage.id for line in account.pipelines["deals"].values() for stage in line.stages]
    names = [f"{prefix}{one}" for one in stages for prefix in (*_STAGE_DATES, *_STAGE_TIMES)]
    names.append(f"{_STAGE_DATES[0]}current_stage")
    return [found for name in names if (found := definition(account, "deals", name)) is not None]


def clean(
    account: Account,
    kind: str,
    properties: Mapping[str, Any],
    record: Record | None,
    settings: Settings,
) -> tuple[dict[str, str], list[PropertyProblem]]:
    """The values in the world's form, and every value that is refused.

    ``record`` is the one to be written, None for a new one.
    """
    values: dict[str, str] = {}
    problems: list[PropertyProblem] = []
    registry = account.properties[kind]
    for name, given in properties.items():
        known = registry.get(name) or definition(account, kind, name)
        if known is None or known.archived:
            message = f'Property "{name}" does not exist'
            problems.append(PropertyProblem(name, "property_unknown", message))
            continue
        if known.read_only:
            message = f'"{name}" is a read only property; its value cannot be set.'
            problems.append(PropertyProblem(name, "property_read_only", message))
            continue
        value = _text(given)
        if value == "":
            values[name] = ""
            continue
        try:
            if name == "hs_task_reminders":
                values[name] = _reminders(value, several=settings.several_task_reminders)
            else:
                values[name] = _parse(account, kind, known, value)
        except ValueError:
            problems.append(_unfit(known, value))
    if not values.keys().isdisjoint(STAGE_FIELDS.get(kind, ())):
        problems += _stage_problems(account, kind, values, record)
    for required, row in _REQUIRED.get(kind, ()) if record is None else ():
        if not properties.get(required):
            message = f'Property "{required}" is required.'
            problems.append(PropertyProblem(required, row, message))
    owner = account.owners.get(values.get("hubspot_owner_id", ""))
    if not settings.archived_owners_assignable and owner is not None and owner.archived:
        problems.append(_unfit(registry["hubspot_owner_id"], owner.id))
    if not settings.linkedin_task_types and values.get("hs_task_type", "").startswith("LINKED_IN"):
        problems.append(_unfit(registry["hs_task_type"], values["hs_task_type"]))
    return values, problems


def _reminders(value: str, *, several: bool) -> str:
    """Instants in milliseconds, which is how HubSpot answers them too."""
    parts = value.split(";")
    if len(parts) > 1 and not several:
        raise ValueError(value)
    return ";".join(str(instant(one)) for one in parts)


def _text(given: Any) -> str:
    if isinstance(given, str):
        return given
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return str(given)
    return orjson.dumps(given).decode()


def _parse(account: Account, kind: str, known: Property, value: str) -> str:
    form = known.type
    if form == "string":
        address = known.name == "email" and kind == "contacts"
        if address and (not _EMAIL.fullmatch(value) or value.lower() in account.blocked_emails):
            raise ValueError(value)
        return value
    if form == "enumeration":
        name = known.name
        if name == "hubspot_owner_id":
            if value not in account.owners:
                raise ValueError(value)
        elif name == "deal_currency_code":
            if not money.known(account, value):
                raise ValueError(value)
        elif name not in _UNLISTED:
            options = {option.value for option in known.options}
            parts = value.split(";") if known.field_type == "checkbox" else (value,)
            if not options.issuperset(parts):
                raise ValueError(value)
        return value
    if form == "datetime":
        return str(instant(value))
    if form == "number":
        float(value)
        return value
    if form == "date":
        return _calendar_day(value)
    if form == "bool" and value not in ("true", "false"):
        raise ValueError(value)
    return value


def _unfit(known: Property, value: str) -> PropertyProblem:
    name = known.name
    if known.type == "enumeration":
        if name == "hubspot_owner_id":
            return PropertyProblem(name, "owner_invalid", f"{value} is not a valid owner id.")
        if name == "deal_currency_code":
            message = f'"{value}" is not a part of the current effective currency codes'
            return PropertyProblem(name, "option_invalid", message)
        options = ", ".join(option.value for option in known.options)
        message = f"{value} was not one of the allowed options: [{options}]"
        return PropertyProblem(name, "option_invalid", message)
    if known.type == "number":
        return PropertyProblem(name, "number_invalid", f"{value} was not a valid number.")
    if known.type in ("datetime", "date") or name == "hs_task_reminders":
        return PropertyProblem(name, "date_invalid", f"{value} was not a valid date.")
    if name == "email":
        return PropertyProblem(name, "email_invalid", f"Email address {value} is invalid")
    return PropertyProblem(name, "value_invalid", f"{value} was not valid.")


def _stage_problems(
    account: Account, kind: str, values: Mapping[str, str], record: Record | None
) -> Iterable[PropertyProblem]:
    pipeline_field, stage_field = STAGE_FIELDS[kind]
    pipelines = account.pipelines[kind]
    wanted = values.get(pipeline_field) or (record.get(pipeline_field) if record else "")
    pipeline = pipelines.get(wanted) if wanted else next(iter(pipelines.values()), None)
    if pipeline is None or pipeline.archived:
        message = f"{wanted} was not one of the allowed options: [{', '.join(pipelines)}]"
        return [PropertyProblem(pipeline_field, "option_invalid", message)]
    stage = values.get(stage_field)
    if (stage and (found := pipeline.stage(stage)) is None) or (stage and found and found.archived):
        allowed = ", ".join(one.id for one in pipeline.stages if not one.archived)
        message = f"{stage} was not one of the allowed options: [{allowed}]"
        return [PropertyProblem(stage_field, "option_invalid", message)]
    return []


# --- the world to the wire ---------------------------------------------------------------------


def _created(_: Account, record: Record) -> str:
    return iso(record.created_at)


def _updated(_: Account, record: Record) -> str:
    return iso(record.updated_at)


def _address(side: str, part: str) -> Callable[[Account, Record], str | None]:
    def read(_: Account, record: Record) -> str | None:
        try:
            found = orjson.loads(record.get("hs_email_headers") or "{}").get(side) or {}
        except orjson.JSONDecodeError:
            return None
        if isinstance(found, list):
            found = found[0] if found else {}
        value = found.get(part)
        return value or None

    return read


VIRTUAL: dict[str, Callable[[Account, Record], str | None]] = {
    "hs_object_id": lambda _, record: record.id,
    "hs_createdate": _created,
    "hs_lastmodifieddate": _updated,
    "lastmodifieddate": _updated,
    "hs_object_source": lambda _, record: record.created_by.source_type,
    "hs_object_source_id": lambda _, record: record.created_by.source_id or None,
    "hs_object_source_label": lambda _, record: record.created_by.source_type,
    "hs_created_by_user_id": lambda _, record: (
        str(record.created_by.user_id) if record.created_by.user_id else None
    ),
    "hs_email_from_email": _address("from", "email"),
    "hs_email_from_firstname": _address("from", "firstName"),
    "hs_email_from_lastname": _address("from", "lastName"),
    "hs_email_to_email": _address("to", "email"),
    "hs_email_to_firstname": _address("to", "firstName"),
    "hs_email_to_lastname": _address("to", "lastName"),
}
"""Properties that are read off the record instead of being stored."""


def read_value(account: Account, record: Record, name: str, is_instant: bool) -> str | None:
    """One property as HubSpot answers it, None when it has no value."""
    value = record.fields.get(name)
    if value:
        return iso(int(value)) if is_instant else value
    virtual = VIRTUAL.get(name)
    return virtual(account, record) if virtual is not None else None
