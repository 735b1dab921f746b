"""Advice of the figures on its way into a playbook: the draft it implies, and that it was taken."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.feedback.advice import Advice, advice, measured
from app.feedback.counted import Counted
from app.lanes.keeping import look
from app.lanes.measuring import DEFAULT_DAYS
from app.lanes.measuring_names import TAKEN
from app.playbooks.editing import EditError
from app.playbooks.prepared import prepared
from app.playbooks.presets import preset_ids, preset_text
from app.store import playbooks
from app.web import access
from app.web.answers import Refusal, services
from app.web.api.setup import changed


def offered(playbook: str, key: str) -> Advice:
    """The advice behind an edit, as the figures say it now. Raises Refusal where they do not."""
    found = next(
        (one for one in advice(_counted(everybody=False))
         if one.edit is not None and (one.edit.playbook, one.edit.key) == (playbook, key)), None,
    )  # fmt: skip
    if found is None:
        raise Refusal(
            404, "not_found", "The figures do not ask for this change of the playbook any more.",
            "See “What to change” on the dashboard's weekly review for what they ask for now.",
        )  # fmt: skip
    return found


def told_of(playbook: str, key: str) -> dict[str, str] | None:
    """What the figures said, above the draft that follows from it; None for any other draft, and
    where they do not say so any more."""
    if not key:
        return None
    try:
        one = offered(playbook, key)
    except Refusal:
        return None
    return {"key": key, "found": one.found, "change": one.change}


def draft_of(playbook: str, key: str) -> str:
    """The playbook's newest text with the edit made in it. Raises Refusal."""
    with services().store.read() as conn:
        text = newest(conn, playbook)
    try:
        return prepared(text, key)
    except EditError as error:
        raise Refusal(
            409, "conflict", f"The change has no place in the playbook: {error}.",
            "Open the playbook and change it by hand.",
        ) from error


def newest(conn: Connection, playbook: str) -> str:
    """The text of the newest version, or of the preset; empty where there is neither."""
    rows = playbooks.versions(conn, access.viewer().installation_id, playbook)
    if rows:
        return str(rows[0]["source"])
    return preset_text(playbook) if playbook in preset_ids() else ""


def note_taken(one: Advice, version: int) -> None:
    """The edit was saved as this version: what it was made for, to be looked at again later."""
    edit = one.edit
    if edit is None:
        return
    before = measured(_counted(everybody=True), edit.measure, edit.of)
    with services().store.write() as conn:
        rows = playbooks.versions(conn, access.viewer().installation_id, edit.playbook)
        row = next(row for row in rows if row["version"] == version)
        data: dict[str, Any] = {
            "found": one.found, "key": edit.key, "playbook": edit.playbook,
            "measure": edit.measure, "of": edit.of, "before": [before.hits, before.n],
            "at": services().clocks.business(), "version_id": row["id"],
        }  # fmt: skip
        changed(conn, TAKEN, data)


def _counted(*, everybody: bool) -> Counted:
    """The week's figures: the whole account's, or as the viewer may see them."""
    parts, who = services(), access.viewer()
    with parts.store.read() as conn:
        owners = None if everybody else access.owners_seen(conn, who)
    found, _ = look(
        parts.store, who.installation_id, "week", DEFAULT_DAYS, parts.clocks.business(),
        parts.clocks.wall(), owners,
    )  # fmt: skip
    return found
