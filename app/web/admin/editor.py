"""The editor of a playbook: a form with the sequence's days, the YAML, both of the same text.

The text that is being edited travels with the page, so nothing half done is stored: what is saved
is a version, whole and without mistakes, and two people who edit at a time find out when they save.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from app.installations.rights import Rights
from app.lanes import governing
from app.playbooks.codec import from_json, to_json
from app.playbooks.differences import differences
from app.playbooks.editing import EditError
from app.playbooks.fields import DATE_FIELDS, DATE_TYPES
from app.playbooks.loader import load_text
from app.playbooks.presets import preset, preset_ids, preset_text
from app.store import locks, people, pipelines, playbooks
from app.store.sets import loads
from app.web import access
from app.web.admin.attempt import attempted, signals
from app.web.admin.form.conditions import known_fields
from app.web.admin.form.deeds import done
from app.web.admin.form.document import applied, changed_in, document_of, form_of
from app.web.admin.form.persons import LIST, found
from app.web.admin.form.places import placed
from app.web.admin.form.shape import Known, fields_in
from app.web.admin.preview import previewed
from app.web.advised import draft_of, note_taken, offered, told_of
from app.web.answers import Refusal, answer, services
from app.web.api.mapping import mapped
from app.web.api.versions import looked_over, numbered, version_row
from app.web.framing import page
from app.web.saving import governed, save_text

blueprint = Blueprint("editor", __name__)

VIEWS = ("form", "yaml")
_OWN = ("form", "yaml", "check", "save", "compare", "redraw", "preview", "try")
"""Buttons that are about the page; all others are about the text."""

STARTER = """\
playbook: {name}
title: A playbook of our own
description: What it is for, in a sentence or two.

rules:
  - id: begin
    title: A proposal was sent
    when: {{stage_entered: proposal}}
    then: [{{enrol: follow-up}}]
    limit: 50{scope}

sequences:
  - id: follow-up
    title: Until it is decided
    steps:
      - id: first-call
        at: 3d
        task: call
        template: first-call
        subject: Call about open questions

templates:
  first-call:
    decides: Is anything unclear, and who needs the answer?
    body: |
      Ask which part raised questions, and with whom.

      Close with one thing to send or to change, and a day to speak again.
"""


@blueprint.get("/playbooks/new")
@access.require_right("edits")
def start() -> str:
    """A playbook of one's own, to begin with."""
    name = "ours"
    with services().store.read() as conn:
        taken = {row["playbook"] for row in playbooks.latest(conn, access.viewer().installation_id)}
        scope = _scope(access.rights(conn, access.viewer()))
    if name in taken:
        name = next(f"ours-{n}" for n in range(2, 1000) if f"ours-{n}" not in taken)
    return _page("", STARTER.format(name=name, scope=scope), 0, "form", "")


def _scope(mine: Rights) -> str:
    """Whom a playbook of the viewer's own may be for, as a line of the file."""
    if mine.edits != "team":
        return ""
    name, whom = ("teams", [mine.team]) if mine.team else ("reps", sorted(mine.owners))
    return f"\n    scope: {{{name}: {json.dumps(whom, ensure_ascii=False)}}}"


@blueprint.get("/playbooks/<playbook>/edit")
@access.require_right("edits")
def edit(playbook: str) -> str:
    """The newest version, that of `?version=`, or the preset, ready to be changed; `?advice=`: with
    the change made in it that a figure asks for, not saved."""
    number = numbered("version")
    view = request.args.get("view", "form")
    who, key = access.viewer(), request.args.get("advice", "")
    with governed(), services().store.read() as conn:
        saved = playbooks.versions(conn, who.installation_id, playbook)
        base = saved[0]["version"] if saved else 0
        if not saved and playbook in preset_ids():
            text = preset_text(playbook)
        else:
            row, mine = version_row(conn, playbook, number), access.rights(conn, who)
            if not mine.may_edit(from_json(loads(saved[0]["data"]))):
                raise governing.not_theirs(mine, playbook, conn, who.installation_id)
            text = row["source"]
    if key:
        offered(playbook, key)
        return _page(playbook, draft_of(playbook, key), base, view, "", changed=True, compare=True,
                     advice=key)  # fmt: skip
    return _page(playbook, text, base, view, "")


@blueprint.post("/playbooks/draft")
@access.require_right("edits")
def draft() -> Any:
    """One press of a button: the fields are taken into the text, then the button does its work."""
    typed = request.form
    name, view = typed.get("playbook", ""), typed.get("view", "form")
    base = int(typed["base"]) if typed.get("base", "").isdecimal() else 0
    text = typed.get("text", "").replace("\r\n", "\n")
    deed = typed.get("do", "redraw")
    said, touched = "", list[str]()
    document = document_of(text)
    if view == "form" and document is not None:
        try:
            form = form_of(document, _known())
            touched = [*changed_in(form, typed), deed.partition(":")[2]]
            text = applied(text, document, form, typed)
            if deed.partition(":")[0] not in _OWN:
                text = done(text, document_of(text) or {}, deed)
        except EditError as error:
            said = f"That could not be done: {error}. Change it as YAML."
    if deed in VIEWS:
        view = deed
    if deed == "save" and not said:
        return _save(name, text, base, view)
    tried = attempted(text, typed) if deed == "try" else None
    preview = None
    if deed.startswith("preview:") and document is not None:
        words = typed.get("record", "").strip()
        preview = previewed(document_of(text) or {}, deed.partition(":")[2], words)
    compare = deed == "compare"
    return _page(name, text, base, view, said, changed=True, compare=compare, preview=preview,
                 touched=touched, tried=tried, advice=typed.get("advice", ""))  # fmt: skip


@blueprint.get("/editor/people")
@access.require_right("edits")
def look_for_people() -> Response:
    """Those whom the words of `?q=` mean, for the list under a field that takes one person."""
    with services().store.read() as conn:
        rows = list(people.read(conn, access.viewer().installation_id).values())
    return answer({"people": found(rows, request.args.get("q", ""))})


def _save(name: str, text: str, base: int, view: str) -> Any:
    """The text as a version; back to the form where it has mistakes, or where somebody was faster.
    """
    with services().store.read() as conn:
        rows = playbooks.versions(conn, access.viewer().installation_id, name) if name else []
    newest = rows[0]["version"] if rows else 0
    key = request.form.get("advice", "")
    if newest > base and request.form.get("anyway") != str(newest):
        by = rows[0]["saved_by"] or "somebody"
        said = (f"Version {newest} was saved by {by} while you edited version {base or 1}. Saving "
                "now puts your text above theirs.")  # fmt: skip
        return _page(name, text, base, view, said, changed=True, newer=newest, advice=key)
    try:
        taken = offered(name, key) if key else None
        saved, done = save_text(text, f"{name or 'playbook'}.yaml")
    except Refusal as refused:
        said = f"{refused.message} {refused.action}"
        return _page(name, text, base, view, said, changed=True, advice=key)
    if taken is not None and done["new"]:
        note_taken(taken, done["version"])
    address = url_for("editor.edit", playbook=saved.id, view=view, saved=done["version"])
    return redirect(address, 303)


def _page(
    name: str,
    text: str,
    base: int,
    view: str,
    said: str,
    *,
    changed: bool = False,
    newer: int = 0,
    compare: bool = False,
    preview: Mapping[str, Any] | None = None,
    touched: Sequence[str] = (),
    tried: Mapping[str, Any] | None = None,
    advice: str = "",
) -> str:
    checked = looked_over(text)
    document = document_of(text)
    form = form_of(document, _known()) if document is not None else None
    wrong: dict[str, str] = {}
    left = list(checked["problems"])
    if form is not None:
        wrong, left = placed(form.fields(), checked["problems"])

    def near(path: str) -> bool:
        """Whether something was just done there, so that it stands open."""
        return any(one.startswith(path) for one in touched)

    with services().store.read() as conn:
        known = known_fields(mapped(conn, access.viewer().installation_id))
        against = _against(conn, name, text, base, checked) if compare else None
        return page(
            "admin/editor.html", conn, playbook=name or (checked["playbook"] or ""), text=text,
            base=base, view=view if form is not None and view in VIEWS else "yaml", form=form,
            found=checked, wrong=wrong, left=left, said=said, changed=changed, newer=newer,
            saved_now=request.args.get("saved", ""), condition_fields=known, compared=against,
            preview=preview, fields_in=fields_in, people_list=LIST,
            near=near, locked=_locked(conn, name), tried=tried, trial=request.form,
            supposed=signals(), advice=told_of(name, advice),
        )  # fmt: skip


def _locked(conn: Any, playbook: str) -> list[str]:
    """What of a playbook the viewer may not change."""
    who = access.viewer()
    found = () if who.role == "admin" else locks.read(conn, who.installation_id)
    return [what for what in found if what.partition("/")[0] == playbook]


def _against(
    conn: Any, name: str, text: str, base: int, found: Mapping[str, Any]
) -> list[Any] | None:
    """What this text changes of the version that it began with; None where it has mistakes."""
    if found["problems"]:
        return None
    fields = mapped(conn, access.viewer().installation_id)
    after = to_json(load_text(text, "playbook.yaml", fields))
    if base:
        before = loads(version_row(conn, name, base)["data"])
    elif name in preset_ids():
        before = to_json(preset(name))
    else:
        return []
    return differences(before, after)


def _known() -> Known:
    inst = access.viewer().installation_id
    with services().store.read() as conn:
        rows = [row for row in people.read(conn, inst).values() if row["active"]]
        fields = mapped(conn, inst)
        followed = [row for row in pipelines.read(conn, inst) if row["followed"]]
    dates = sorted({*DATE_FIELDS, *(name for name, kind in fields.items() if kind in DATE_TYPES)})
    return Known(
        dates=dates,
        teams=sorted({row["team"] for row in rows if row["team"]}),
        staff=[(row["owner_id"] or "", row["email"] or "", row["name"] or "") for row in rows],
        pipelines=[(row["id"], row["label"]) for row in followed],
    )
