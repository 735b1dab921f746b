"""The one place that says what the world's records are called at Pipedrive, and back.

The world keeps HubSpot's names. At Pipedrive won and lost are no stages but a status, and a deal
stays in the stage where it was decided; calls, meetings, messages and tasks are all activities;
logged e-mails are mail messages, which no app can make; a lead's id is a UUID; a user has one id.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from sandbox.world.account import Account
from sandbox.world.records import Actor, Owner, Pipeline, Record, Stage, Version

DAY = 86_400_000
KEPT_DELETED = 30 * DAY
"""For so long a deleted record can still be read."""

KINDS = {
    "deal": ("deals",),
    "person": ("contacts",),
    "organization": ("companies",),
    "activity": ("tasks", "calls", "meetings", "communications"),
    "lead": ("leads",),
    "note": ("notes",),
}
"""Entity → the world's kinds that are shown as it."""
ENTITIES = {kind: entity for entity, kinds in KINDS.items() for kind in kinds}

LINKS = {
    "deal_id": "deals",
    "person_id": "contacts",
    "org_id": "companies",
    "organization_id": "companies",
    "lead_id": "leads",
}
"""Field that names another record → the world's kind of that record."""

# --- activities ----------------------------------------------------------------------------------

TYPE_OF_TASK = {"CALL": "call", "EMAIL": "email", "MEETING": "meeting", "TODO": "task"}
TASK_OF_TYPE = {key: task for task, key in TYPE_OF_TASK.items()}
TYPE_OF_MESSAGE = {"SMS": "sms", "WHATS_APP": "whatsapp", "LINKEDIN_MESSAGE": "linkedin_message"}
OWN_TYPE = "pd_type"
"""Field of a task whose type the world has no word for."""
PRIORITIES = {"LOW": 1, "MEDIUM": 2, "HIGH": 3}
"""The world's priority → id of the option in the account's activity fields."""

TYPES = (
    ("call", "Call", "call", False),
    ("meeting", "Meeting", "meeting", False),
    ("task", "Task", "task", False),
    ("deadline", "Deadline", "deadline", False),
    ("email", "E-mail", "email", False),
    ("lunch", "Lunch", "lunch", False),
    ("sms", "SMS", "smartphone", True),
    ("whatsapp", "WhatsApp", "bubble", True),
    ("linkedin_message", "LinkedIn message", "bubble", True),
)
"""(key, name, icon, made by the account) of the activity types that an account has at first."""


def type_of(record: Record) -> str:
    """The key of an activity's type."""
    if record.kind == "calls":
        return "call"
    if record.kind == "meetings":
        return "meeting"
    if record.kind == "communications":
        return TYPE_OF_MESSAGE.get(record.get("hs_communication_channel_type"), "task")
    return record.get(OWN_TYPE) or TYPE_OF_TASK.get(record.get("hs_task_type"), "task")


def is_done(record: Record) -> bool:
    """Whether an activity is marked as done."""
    if record.kind == "tasks":
        return record.get("hs_task_status") == "COMPLETED"
    if record.kind == "meetings":
        return record.get("hs_meeting_outcome") == "COMPLETED"
    return True


def due_at(record: Record) -> int:
    """When an activity is due or took place."""
    start = record.instant("hs_meeting_start_time") if record.kind == "meetings" else None
    return start or record.instant("hs_timestamp") or record.created_at


# --- stages and status ---------------------------------------------------------------------------


class Standing(NamedTuple):
    """Where a deal stands: stage and status, and when they were reached (business ms)."""

    stage_id: str
    status: str
    stage_changed: int | None
    won: int | None
    lost: int | None
    first_won: int | None


def standing(deal: Record, stages: Mapping[str, Stage], fallback: str) -> Standing:
    """Reads a deal's history of stages, in which the world keeps won and lost as two of them.

    ``fallback``: the stage of a deal that was never in an open one.
    """
    stage_id, changed, first_won = "", None, None
    status, since = "open", deal.created_at
    for version in deal.history.get("dealstage", ()):
        found = stages.get(version.value)
        if found is None or not found.closed:
            if stage_id and version.value != stage_id:
                changed = version.at
            stage_id, status = version.value, "open"
            continue
        status, since = ("won" if found.probability >= 1 else "lost"), version.at
        if status == "won" and first_won is None:
            first_won = version.at
    won = since if status == "won" else None
    lost = since if status == "lost" else None
    shown = "deleted" if deal.archived else status
    return Standing(stage_id or fallback, shown, changed, won, lost, first_won)


def open_stages(pipeline: Pipeline) -> list[Stage]:
    """The stages that Pipedrive has: won and lost are none."""
    return [stage for stage in pipeline.stages if not stage.closed]


def closing_stage(pipeline: Pipeline, status: str) -> Stage | None:
    """The world's stage for won or lost deals of a pipeline."""
    wanted = 1.0 if status == "won" else 0.0
    return next((one for one in pipeline.stages if one.closed and one.probability == wanted), None)


# --- ids -----------------------------------------------------------------------------------------

_LEADS = 0x9C1E0F52A7D44B6E << 64


def lead_id(record_id: str) -> str:
    """The UUID of a lead."""
    return str(uuid.UUID(int=_LEADS | int(record_id)))


def lead_record(given: str) -> str:
    """The id of the record behind a lead's UUID, empty when it is no such UUID."""
    try:
        number = uuid.UUID(given).int
    except (ValueError, AttributeError):
        return ""
    return str(number & (2**64 - 1)) if number >> 64 << 64 == _LEADS else ""


def person_behind(account: Account, actor: Actor, record: Record | None = None) -> Owner | None:
    """The user whom Pipedrive names as who did something: what nobody did, the record's owner."""
    if actor.user_id is not None:
        for owner in account.owners.values():
            if owner.user_id == actor.user_id:
                return owner
    if record is not None and record.get("hubspot_owner_id") in account.owners:
        return account.owners[record.get("hubspot_owner_id")]
    return next(iter(account.owners.values()), None)


def source_of(source_type: str) -> str:
    """``change_source``: what people do is app, what comes through the API is api."""
    return "api" if source_type == "INTEGRATION" else "app"


# --- times ---------------------------------------------------------------------------------------


def rfc3339(instant: int | None) -> str | None:
    """An instant as API v2 shows it: whole seconds, UTC."""
    if instant is None:
        return None
    return f"{datetime.fromtimestamp(instant // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def with_ms(instant: int) -> str:
    """An instant as webhooks show it."""
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spaced(instant: int | None) -> str | None:
    """An instant as API v1 shows it, in UTC."""
    if instant is None:
        return None
    return f"{datetime.fromtimestamp(instant // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def day_of(instant: int | None) -> str | None:
    """The date of an instant, in UTC."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant // 1000, UTC).date().isoformat()


def hours(ms: int) -> str:
    """A duration as ``HH:MM:SS``."""
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def before(versions: Iterable[Version], instant: int) -> str:
    """The value that a field had just before an instant."""
    value = ""
    for version in versions:
        if version.at >= instant:
            break
        value = version.value
    return value
