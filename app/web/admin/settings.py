"""The account's settings: limits, hours, channels, how long things are kept, the stop, leaving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for

from app.installations.settings import MAPPED, Settings
from app.web import access, summaries
from app.web.admin.fields import Field, given, marked, refilled
from app.web.admin.setting_fields import CHOICES, GROUPS, READ, written
from app.web.answers import Refusal, services
from app.web.api.events import shown as shown_events
from app.web.api.mapping import put_mapping
from app.web.api.sequences import known_capability, shown
from app.web.api.settings import stored_settings, write
from app.web.framing import page

blueprint = Blueprint("account", __name__)


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
            changes[field.name] = READ[field.kind](text, GROUPS[group][1][field.name], field.name)
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
    able = known_capability(who.installation_id)
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
            refused_mapping=left if group == "mapping" else (),
            status=summaries.standing(conn, who),
            native=None if able is None else shown(conn, who.installation_id, able),
            events=shown_events(conn),
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
        options = _owners() if name == "default_owner" else CHOICES.get(name, [])
        found.append(
            Field(
                name, spec.label, spec.kind, written(data[name], spec, name), options,
                spec.hint or (meaning if group == "further" else ""),
                placeholder=spec.placeholder, listed="zones" if name == "zone" else "",
            )
        )  # fmt: skip
    return found


def _owners() -> list[tuple[str, str]]:
    inst = access.viewer().installation_id
    with services().store.read() as conn:
        names = summaries.owner_names(conn, inst)
    return [("", "nobody: they stand on nobody's list"), *names.items()]
