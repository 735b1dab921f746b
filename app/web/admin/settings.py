"""The account's settings: limits, hours, channels, how long things are kept, the stop, leaving."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from app.installations.settings import MAPPED, Settings
from app.model.time import MINUTE, SECOND
from app.web import access, summaries
from app.web.admin.fields import Field, Kind, given, marked, minutes, refilled, window
from app.web.answers import Refusal, services
from app.web.api.events import shown as shown_events
from app.web.api.mapping import put_mapping
from app.web.api.sequences import capability, shown
from app.web.api.settings import stored_settings, write
from app.web.framing import page

blueprint = Blueprint("account", __name__)


@dataclass(frozen=True, slots=True)
class _Spec:
    """How a setting is asked for. per: how many of the setting's units one of the field's is."""

    label: str
    kind: Kind
    hint: str = ""
    per: int = 1
    placeholder: str = ""


_LIMITS = {
    "default_owner": _Spec("Tasks of records without an owner go to", "choice"),
    "rep_daily_tasks": _Spec("Most tasks for one rep a day", "number", placeholder="no limit"),
    "rep_active": _Spec("Most sequences running for one rep", "number", placeholder="no limit"),
    "rep_new_per_day": _Spec(
        "Most sequences begun for one rep in 24 hours", "number", placeholder="no limit"
    ),
    "cap_7_days": _Spec("Most touches for one person in 7 days", "number", placeholder="no limit"),
    "cap_30_days": _Spec(
        "Most touches for one person in 30 days", "number", placeholder="no limit"
    ),
    "backlog_per_day": _Spec("Backlog begun each day, by each rule", "number"),
    "merge": _Spec("One open task for each record and rep", "bool"),
}
_HOURS = {
    "zone": _Spec("Time zone", "text", placeholder="that of the CRM account"),
    "holidays": _Spec("Days off of the country", "text", placeholder="DE or US-CA"),
    "call_hours": _Spec("People may be called", "window", "in their own local day"),
    "email_hours": _Spec("E-mail steps with a window", "window", "in their own local day"),
    "mail_hours": _Spec("Mail that leaves by itself", "window", "in their own local day"),
    "working_hours": _Spec("Keep to working hours", "bool"),
}
_RULES = {
    "settle_ms": _Spec("Settle time of a stage, in minutes", "number", per=MINUTE,
                       hint="how long a record must stay in a stage to count"),
    "await_contact_ms": _Spec("Wait for a new record's contact, in minutes", "number", per=MINUTE),
    "company_stop": _Spec("An answer on one record of a company does to its others", "choice"),
    "company_stop_on": _Spec("Answers that count there", "many"),
    "company_hold_days": _Spec("They wait, in days, where they are held", "number"),
    "holdout_percent": _Spec("Records left alone to measure the effect, in percent", "number"),
    "roles": _Spec("Whom to follow up with, first to last", "area",
                   "one association label or buying role a line"),
    "caps": _Spec("Caps by segment", "area", "as YAML; docs/settings.md shows how"),
}  # fmt: skip
_CHANNELS = {
    "poll_seconds": _Spec("A CRM without webhooks is asked every so many seconds", "number"),
    "tokens_per_day": _Spec("Most of the CRM's budget of a day", "number",
                            placeholder="what its smallest plan allows"),
    "sequence_daily_limit": _Spec("Most enrolments from one inbox in 24 hours", "number",
                                  placeholder="no limit"),
    "sequence_gap_ms": _Spec("Least time between two, in seconds", "number", per=SECOND),
}  # fmt: skip
_KEEPING = {
    "ledger_days": _Spec("Decisions are kept, in days", "number"),
    "event_days": _Spec("Events of your own tools are kept, in days", "number"),
    "grace_days": _Spec("After access ended, data is kept, in days", "number"),
}
_CHOICES: Mapping[str, list[tuple[str, str]]] = {
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
GROUPS: Mapping[str, tuple[str, Mapping[str, _Spec]]] = {
    "limits": ("Limits", _LIMITS),
    "hours": ("Hours and days", _HOURS),
    "rules": ("How rules read records", _RULES),
    "channels": ("Calls to the CRM, and its own sequences", _CHANNELS),
    "keeping": ("How long things are kept", _KEEPING),
}
"""Part of the page → its title and settings."""


@blueprint.get("/settings")
@access.require("admin")
def settings() -> str:
    """All settings with their values."""
    return _page({}, "", ())


@blueprint.post("/settings/<group>")
@access.require("admin")
def save(group: str) -> Any:
    """Change the settings of one part of the page; on any mistake none, and each is named."""
    if group not in GROUPS:
        raise Refusal(404, "settings", f"There is no part {group!r}.", "Start from /settings.")
    fields = _fields(_stored(), group)
    changes: dict[str, Any] = {}
    problems: list[Mapping[str, Any]] = []
    for field in fields:
        text = given(request.form, field)
        if text is None or text == field.value:
            continue
        try:
            changes[field.name] = _READ[field.kind](text, GROUPS[group][1][field.name], field.name)
        except ValueError as error:
            problems.append({"field": field.name, "message": str(error)})
    if not problems:
        try:
            if changes:
                write(changes)
            return redirect(url_for("account.settings", saved=group) + f"#{group}", 303)
        except Refusal as refused:
            problems = list(refused.problems)
    typed = [refilled(field, request.form) for field in fields]
    again, left = marked(typed, problems)
    return _page({group: again}, group, left)


def _page(typed: Mapping[str, list[Field]], group: str, left: Any) -> str:
    """typed: part → its fields as somebody filled them in; left: problems that name no field."""
    who, parts = access.viewer(), services()
    stored = _stored()
    able = capability(parts.connectors.of(who.installation_id))
    groups = [
        {
            "id": name,
            "title": title,
            "fields": typed.get(name) or _fields(stored, name),
            "refused": name == group,
            "problems": left if name == group else (),
            "saved": request.args.get("saved") == name,
        }
        for name, (title, _) in GROUPS.items()
    ]
    with parts.store.read() as conn:
        return page(
            "admin/settings.html", conn, groups=groups, mapping=_mapping_rows(stored),
            refused_mapping=left if group == "mapping" else (), status=summaries.status(conn, who),
            native=shown(conn, who.installation_id, able), events=shown_events(conn),
        )  # fmt: skip


@blueprint.post("/settings/mapping")
@access.require("admin")
def save_mapping() -> Any:
    """Which of the account's own properties are mapped; all rows anew, an empty one is none."""
    form = request.form
    before = _stored().mapping
    wanted: dict[str, dict[str, Any]] = {kind: {} for kind in MAPPED}
    rows = zip(form.getlist("type"), form.getlist("field"), form.getlist("property"), strict=True)
    for kind, field, prop in rows:
        name, prop = field.strip(), prop.strip()
        if name and prop:
            known = before.get(kind, {}).get(name)
            # What else is known of an entry stays with it as long as its property does.
            kept = isinstance(known, dict) and known.get("property") == prop
            wanted.setdefault(kind, {})[name] = known if kept else prop
    try:
        put_mapping(wanted)
    except Refusal as refused:
        said = f"{refused.message} {refused.action}"
        return _page({}, "mapping", [{"field": "mapping", "message": said}])
    return redirect(url_for("account.settings", saved="mapping") + "#mapping", 303)


def _mapping_rows(settings: Settings) -> list[dict[str, str]]:
    """What is mapped, a row each; as typed where it was just refused."""
    if request.method == "POST" and "property" in request.form:
        form = request.form
        rows = zip(form.getlist("type"), form.getlist("field"), form.getlist("property"),
                   strict=True)  # fmt: skip
        return [{"type": kind, "field": name, "property": prop} for kind, name, prop in rows]
    return [
        {
            "type": kind,
            "field": name,
            "property": str(entry.get("property", "") if isinstance(entry, dict) else entry),
        }
        for kind, entries in settings.mapping.items()
        for name, entry in entries.items()
    ]


def _stored() -> Settings:
    with services().store.read() as conn:
        return stored_settings(conn, access.viewer().installation_id)


def _fields(settings: Settings, group: str) -> list[Field]:
    data = settings.model_dump(mode="json")
    found: list[Field] = []
    for name, spec in GROUPS[group][1].items():
        meaning = Settings.model_fields[name].description or ""
        options = _owners() if name == "default_owner" else _CHOICES.get(name, [])
        found.append(
            Field(
                name, spec.label, spec.kind, _written(data[name], spec, name), options,
                spec.hint or (meaning if spec.kind != "choice" else ""),
                placeholder=spec.placeholder, listed="zones" if name == "zone" else "",
            )
        )  # fmt: skip
    return found


def _owners() -> list[tuple[str, str]]:
    inst = access.viewer().installation_id
    with services().store.read() as conn:
        names = summaries.owner_names(conn, inst)
    return [("", "nobody: they stand on nobody's list"), *names.items()]


def _written(value: Any, spec: _Spec, name: str) -> str:
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


def _number(text: str, spec: _Spec, name: str) -> Any:
    if not text:
        return None
    try:
        number = float(text) * spec.per
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if number != int(number):
        raise ValueError(f"{text!r} is no whole number")
    return int(number)


def _window(text: str, spec: _Spec, name: str) -> Any:
    start, _, end = text.partition(" ")
    return [minutes(start), minutes(end) or 24 * 60]


def _area(text: str, spec: _Spec, name: str) -> Any:
    if name == "caps":
        return _read_yaml(text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _many(text: str, spec: _Spec, name: str) -> Any:
    return [line for line in text.split("\n") if line]


_READ: Mapping[str, Callable[[str, _Spec, str], Any]] = {
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
