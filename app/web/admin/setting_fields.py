"""How each setting stands in a field of the page, and how what was typed is read back."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from app.installations.settings import Settings
from app.model.time import MINUTE, SECOND
from app.web.admin.fields import Kind, minutes, window


@dataclass(frozen=True, slots=True)
class Spec:
    """How a setting is asked for. per: how many of the setting's units one of the field's is."""

    label: str
    kind: Kind
    hint: str = ""
    per: int = 1
    placeholder: str = ""


_LIMITS = {
    "default_owner": Spec("Tasks of records without an owner go to", "choice"),
    "rep_daily_tasks": Spec("Most tasks for one rep a day", "number", placeholder="no limit"),
    "rep_active": Spec("Most sequences running for one rep", "number", placeholder="no limit"),
    "rep_new_per_day": Spec(
        "Most sequences begun for one rep in 24 hours", "number", placeholder="no limit"
    ),
    "cap_7_days": Spec("Most touches for one person in 7 days", "number", placeholder="no limit"),
    "cap_30_days": Spec(
        "Most touches for one person in 30 days", "number", placeholder="no limit"
    ),
    "backlog_per_day": Spec("Backlog begun each day, by each rule", "number"),
    "merge": Spec("One open task for each record and rep", "bool"),
}
_HOURS = {
    "zone": Spec("Time zone", "text", placeholder="that of the CRM account"),
    "holidays": Spec("Days off of the country", "text", placeholder="DE or US-CA"),
    "call_hours": Spec("People may be called", "window", "in their own local day"),
    "email_hours": Spec("E-mail steps with a window", "window", "in their own local day"),
    "mail_hours": Spec("Mail that leaves by itself", "window", "in their own local day"),
    "working_hours": Spec("Keep to working hours", "bool"),
    "best_time_days": Spec("Days by which a step may wait for a person's best hour", "number",
                            "0 keeps it on its day", placeholder="their best hour is not used"),
}
_RULES = {
    "settle_ms": Spec("Settle time of a stage, in minutes", "number", per=MINUTE,
                       hint="how long a record must stay in a stage to count"),
    "await_contact_ms": Spec("Wait for a new record's contact, in minutes", "number", per=MINUTE),
    "same_address": Spec("Contacts with one e-mail address are", "choice"),
    "company_stop": Spec("An answer on one record of a company does to its others", "choice"),
    "company_stop_on": Spec("Answers that count there", "many"),
    "company_hold_days": Spec("They wait, in days, where they are held", "number"),
    "approve_versions": Spec("Versions of playbooks need somebody else's approval", "bool"),
    "holdout_percent": Spec("Records left alone to measure the effect, in percent", "number"),
    "roles": Spec("Whom to follow up with, first to last", "area",
                   "one association label or buying role a line"),
    "caps": Spec("Caps by segment", "area", "as YAML; docs/settings.md shows how"),
}  # fmt: skip
_CHANNELS = {
    "poll_seconds": Spec("A CRM without webhooks is asked every so many seconds", "number"),
    "mail_poll_seconds": Spec(
        "A CRM that does not tell of mail is asked for it every so many seconds", "number"
    ),
    "tokens_per_day": Spec("Most of the CRM's budget of a day", "number",
                            placeholder="what its smallest plan allows"),
    "sequence_daily_limit": Spec("Most enrolments from one inbox in 24 hours", "number",
                                  placeholder="no limit"),
    "sequence_gap_ms": Spec("Least time between two, in seconds", "number", per=SECOND),
}  # fmt: skip
_KEEPING = {
    "ledger_days": Spec("Decisions are kept, in days", "number"),
    "event_days": Spec("Events of your own tools are kept, in days", "number"),
    "grace_days": Spec("After access ended, data is kept, in days", "number"),
}
CHOICES: Mapping[str, list[tuple[str, str]]] = {
    "same_address": [("one", "one person"), ("each", "each a person of their own")],
    "company_stop": [
        ("off", "nothing"), ("hold", "they wait for some days"), ("stop", "they end"),
    ],
    "company_stop_on": [
        ("replied", "a reply"), ("meeting_booked", "a booked meeting"), ("opted_out", "an opt-out"),
        ("won", "a deal that is won"),
    ],
}  # fmt: skip
ELSEWHERE = ("mapping", "native_sequences", "sequence_library", "sequence_inboxes")
"""Settings with a part of the page of their own, as changing them asks the CRM."""


def _further() -> dict[str, Spec]:
    """Settings that have no place above yet, so that none is ever missing: by their type."""
    placed = {*_LIMITS, *_HOURS, *_RULES, *_CHANNELS, *_KEEPING, *ELSEWHERE}
    found: dict[str, Spec] = {}
    for name, field in Settings.model_fields.items():
        if name not in placed:
            simple: Kind = "bool" if field.annotation is bool else "text"
            kind: Kind = "number" if isinstance(field.default, int) else simple
            found[name] = Spec(name.replace("_", " "), simple if simple == "bool" else kind)
    return found


_PLACED: Mapping[str, tuple[str, Mapping[str, Spec]]] = {
    "limits": ("Limits", _LIMITS),
    "hours": ("Hours and days", _HOURS),
    "rules": ("How rules read records", _RULES),
    "channels": ("Calls to the CRM, and its own sequences", _CHANNELS),
    "keeping": ("How long things are kept", _KEEPING),
    "further": ("Further settings", _further()),
}
GROUPS = {name: part for name, part in _PLACED.items() if part[1]}
"""Part of the page → its title and settings."""


def written(value: Any, spec: Spec, name: str) -> str:
    """A setting as it stands in its field."""
    if spec.kind == "bool":
        return "on" if value else ""
    if spec.kind == "window":
        return window(value)
    if name == "caps":
        return _yaml(value)
    if name == "roles" or spec.kind == "many":
        return "\n".join(value)
    if value is None:
        return ""
    return f"{value / spec.per:g}" if spec.kind == "number" else str(value)


def _number(text: str, spec: Spec, name: str) -> Any:
    if not text:
        return None
    try:
        number = float(text) * spec.per
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if number != int(number):
        raise ValueError(f"{text!r} is no whole number")
    return int(number)


def _window(text: str, spec: Spec, name: str) -> Any:
    start, _, end = text.partition(" ")
    return [minutes(start), minutes(end) or 24 * 60]


def _area(text: str, spec: Spec, name: str) -> Any:
    if name == "caps":
        return _read_yaml(text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _many(text: str, spec: Spec, name: str) -> Any:
    return [line for line in text.split("\n") if line]


READ: Mapping[str, Callable[[str, Spec, str], Any]] = {
    "number": _number,
    "bool": lambda text, spec, name: bool(text),
    "window": _window,
    "area": _area,
    "many": _many,
    "choice": lambda text, spec, name: text or None,
    "text": lambda text, spec, name: text or None,
}
"""Kind of field → its text as the setting's value. Raises ValueError that says what is wrong."""


def _yaml(value: Any) -> str:
    if not value:
        return ""
    out = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.dump([_slim(one) for one in value], out)
    return out.getvalue()


def _slim(segment: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in segment.items() if value not in (None, {})}


def _read_yaml(text: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text) or []
    except YAMLError as error:
        raise ValueError(f"not YAML: {str(error).splitlines()[0]}") from None
