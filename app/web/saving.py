"""Versions of playbooks saved: by the API, the editor and files alike."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from app.installations.people import view
from app.installations.windows import closed
from app.lanes import governing
from app.lanes.governing import GovernError
from app.model.playbook import Playbook
from app.playbooks.codec import to_json
from app.playbooks.loader import load_text
from app.playbooks.problems import PlaybookError
from app.store import people, playbooks
from app.web import access
from app.web.answers import Refusal, services
from app.web.api.mapping import mapped
from app.web.api.settings import stored_settings
from app.web.api.setup import changed

_STATUS = {"right": 403, "own": 403, "locked": 403, "version": 404, "comment": 422}
"""Statuses of refusals; the others are conflicts, 409: what was looked at has changed."""


@contextmanager
def governed() -> Generator[None]:
    """A refusal of whoever may change or approve playbooks, as the web answers it."""
    try:
        yield
    except GovernError as error:
        problems = [{"field": "comment", "message": error.message}] * (error.code == "comment")
        status = _STATUS.get(error.code, 409)
        raise Refusal(status, error.code, error.message, error.action, problems) from error


def checked(text: str, name: str) -> Playbook:
    """The playbook in a text, not saved. Raises Refusal with every mistake."""
    with services().store.read() as conn:
        inst = access.viewer().installation_id
        fields = mapped(conn, inst)
        staff = list(people.read(conn, inst).values())
        shut = closed(stored_settings(conn, inst), staff)
    try:
        return load_text(text, name, fields, shut, [view(row) for row in staff])
    except PlaybookError as error:
        problems = [asdict(problem) for problem in error.problems]
        count = f"{len(problems)} mistake" + ("s" if len(problems) != 1 else "")
        raise Refusal(422, "playbook", f"Nothing was saved: the playbook has {count}.",
                      "Correct each at its line and column, then send it again.",
                      problems) from error


def save_checked(read: Sequence[tuple[str, Playbook]]) -> list[dict[str, Any]]:
    """Save (text, playbook) each as a version, unless its newest version is that very text; all, or
    none where the viewer may not save one of them. `waits`: somebody else has to approve it."""
    parts, who = services(), access.viewer()
    inst, done = who.installation_id, list[dict[str, Any]]()
    with governed(), parts.store.write() as conn:
        playbooks.hold(conn, inst)
        mine, asked = access.rights(conn, who), governing.asked_for(conn, inst)
        for text, playbook in read:
            before = next(iter(playbooks.versions(conn, inst, playbook.id)), None)
            governing.may_save(conn, inst, mine, who.role == "admin", before, playbook)
            same = before if before is not None and before["source"] == text else None
            done.append(
                {
                    "playbook": playbook.id,
                    "version": same["version"] if same else _saved(conn, text, playbook, asked),
                    "new": same is None,
                    "waits": asked and (same is None or same["review"] == playbooks.WAITS),
                }
            )
    return done


def _saved(conn: Connection, text: str, playbook: Playbook, asked: bool) -> int:
    """The number of the version that this makes."""
    parts, who = services(), access.viewer()
    inst, wall = who.installation_id, parts.clocks.wall()
    review = playbooks.WAITS if asked else None
    _, version = playbooks.save(
        conn, inst, playbook.id, text, to_json(playbook), who.who, wall, review
    )
    changed(conn, "playbook_saved", {"playbook": playbook.id, "version": version})
    if asked:
        governing.propose(conn, inst, playbook, version, who.who, parts.clocks.business())
    return version


def save_text(text: str, name: str) -> tuple[Playbook, dict[str, Any]]:
    """The playbook, and `version`, `waits` as `save_checked` says. Raises Refusal with every
    mistake."""
    playbook = checked(text, name)
    return playbook, save_checked([(text, playbook)])[0]
