"""What decisions and touches are called where people read of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.decisions.explain import text
from app.lanes.measuring_names import zone_of
from app.playbooks.codec import from_json
from app.store import ledger, playbooks, reading
from app.store.sets import loads

Row = Mapping[Any, Any]


def entries(
    conn: Connection, row: Row, found: Sequence[ledger.Entry]
) -> list[dict[str, Any]]:
    """Ledger entries of a subject with their text in words and local time, the latest first.

    `about` is what people call the scope: a task's title, a follow-up's or a rule's name.
    """
    about = _about(conn, row["id"])
    zone = zone_of(conn, row["installation_id"])
    return [
        {
            "id": entry.id,
            "scope": entry.scope,
            "about": about.get(entry.scope, entry.scope.removeprefix("rule:")),
            "verdict": entry.verdict,
            "code": entry.code,
            "text": text(entry.code, _named(entry.values, about), zone),
            "values": dict(entry.values),
            "first_at": entry.first_at,
            "last_at": entry.last_at,
            "count": entry.count,
            "positive": entry.positive,
        }
        for entry in reversed(found)
    ]


def _named(values: Mapping[str, Any], about: Mapping[str, str]) -> Mapping[str, Any]:
    """A ledger line's values, the task that was waited for by its title: nobody knows its id."""
    title = about.get(f"touch:{values.get('open_task')}")
    return values if title is None else {**values, "open_task": f"“{title}”"}


def _about(conn: Connection, subject_id: int) -> dict[str, str]:
    """Scope of the ledger → what people call the touch or follow-up that it names."""
    touches = titled(conn, reading.touches_of(conn, subject_id))
    enrolments = reading.enrolments_of(conn, subject_id)
    return {
        **{f"touch:{touch['id']}": touch["title"] for touch in touches},
        **{f"enrolment:{one['id']}": one["definition"] for one in enrolments},
    }


def titled(conn: Connection, touches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Touches with a title for people: the task's as written, else the one that it will have."""
    titles = step_titles(conn, {touch["version_id"] for touch in touches})
    for touch in touches:
        key = (touch["version_id"], touch["definition"], touch["step"])
        touch["title"] = touch["shown_subject"] or titles.get(key, touch["step"])
    return touches


def with_ahead(
    conn: Connection, enrolments: list[dict[str, Any]], touches: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Enrolments, each with the ids of its steps that are `ahead`: not planned yet, or not over."""
    running = {row["version_id"] for row in enrolments if row["state"] == "active"}
    titles = step_titles(conn, running)
    over = {
        (touch["enrolment_id"], touch["step"])
        for touch in touches
        if touch["state"] == "dropped" or touch["outcome"] not in (None, "open")
    }
    for row in enrolments:
        own = (row["version_id"], row["definition"])
        steps = [step for version, name, step in titles if (version, name) == own]
        running_on = row["state"] == "active"
        row["ahead"] = [s for s in steps if running_on and (row["id"], s) not in over]
    return enrolments


def step_titles(conn: Connection, versions: Iterable[int]) -> dict[tuple[int, str, str], str]:
    """(version id, definition, step id) → the step's title."""
    titles: dict[tuple[int, str, str], str] = {}
    for version, row in playbooks.load(conn, versions).items():
        playbook = from_json(loads(row["data"]))
        defined = [(sequence.key, sequence.steps) for sequence in playbook.sequences.values()]
        defined += [(rule.key, rule.tasks) for rule in playbook.rules]
        for definition, steps in defined:
            titles.update({(version, definition, step.id): step.subject for step in steps})
    return titles


def rule_title(conn: Connection, version: int, rule: str) -> str:
    """What people call the rule of a follow-up; its key where that version does not have it."""
    for row in playbooks.load(conn, [version]).values():
        for one in from_json(loads(row["data"])).rules:
            if one.key == rule and one.title:
                return one.title
    return rule
