"""What of its contents a CRM tells: a checker must not know better than the app could.

The sandbox keeps everything in one way. Salesforce's and Pipedrive's APIs tell whole seconds;
Pipedrive's due times by the minute, and nothing of mail that came back; our fields there have names
of the account's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demo.facts import Raw
from demo.owed import Owed

SECOND, MINUTE = 1_000, 60_000
WHOLE_SECONDS = frozenset({"pipedrive", "salesforce"})
_DUE_KEPT_TO = {"pipedrive": MINUTE, "salesforce": SECOND}
_INSTANTS = frozenset({"hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time"})
_NAMES = {
    "follow_up_control": "followthrough_control",
    "follow_up_paused_until": "followthrough_pause_until",
}
"""Name of a field of ours at such a CRM → the name by which the checker asks."""
_UNTOLD = frozenset({"hs_email_bounce", "hs_email_hard_bounce_reason_enum"})
_AS_LOGGED = frozenset({"calls", "communications"})
"""Kinds of which these CRMs tell when they were logged. Salesforce tells no more than the day they
are of; Pipedrive has when they are due, and when they were marked as done."""
_STAMPS = ("created_at", "updated_at", "archived_at")


def as_told(export: Raw) -> Raw:
    """The export with the instants that its CRM tells."""
    if export.get("crm") not in WHOLE_SECONDS:
        return export
    return {
        name: [_record(one, name, export["crm"]) if "history" in one else one for one in value]
        if isinstance(value, list)
        else value
        for name, value in export.items()
    }


def cut(export: Raw, steps: Iterable[Owed]) -> None:
    """Due times as such a CRM keeps them: what is left of the minute or second is cut off."""
    kept_to = _DUE_KEPT_TO.get(str(export.get("crm")), 1)
    for one in steps:
        one.due = one.due and one.due - one.due % kept_to


def _record(record: Raw, kind: str, crm: str) -> dict[str, Any]:
    told = dict(record)
    names, untold = (_NAMES, _UNTOLD) if crm == "pipedrive" else ({}, frozenset[str]())
    for name in _STAMPS:
        told[name] = told[name] and _whole(told[name])
    told["history"] = {
        names.get(name, name): [[_whole(row[0]), _value(name, row[1]), *row[2:]] for row in rows]
        for name, rows in record["history"].items()
        if name not in untold
    }
    told["properties"] = {
        names.get(name, name): _value(name, value)
        for name, value in record["properties"].items()
        if name not in untold
    }
    if kind in _AS_LOGGED:
        told["properties"]["hs_timestamp"] = str(told["created_at"])
    return told


def _value(name: str, value: str) -> str:
    return str(_whole(int(value))) if name in _INSTANTS and value.isdigit() else value


def _whole(instant: int) -> int:
    return instant - instant % SECOND
