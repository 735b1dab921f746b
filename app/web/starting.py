"""From the connection to the first playbook that watches: which step is next, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.model.vocabulary import Mode
from app.playbooks.presets import preset
from app.store import playbooks

STEPS = ("import", "stages", "people", "playbook", "activate")

FIRST = ("proposal", "inbound-lead", "post-meeting", "idle-deal")
"""Presets that need no data but what every CRM has, the one to begin with first."""

DAYS = 90


def steps(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps with how each stands, by where the installation stands."""
    imported = status["status"] == "active"
    known = status["subjects"] if imported else status["imported"]
    followed, confirmed = status["followed"], status["confirmed"]
    rules = sum(status["rules"].values())
    return [
        _step("import", "Import", imported, f"{known:,} records"),
        _step(
            "stages", "Pipelines and stages", bool(followed and confirmed),
            f"{followed} of {status['pipelines']} followed, "
            f"{confirmed} of {status['stages']} stages confirmed",
        ),
        _step("people", "People", bool(status["managers"]),
              f"{status['people']} users, {status['managers']} who manage"),
        _step("playbook", "Playbook", bool(status["saved"]), f"{status['saved']} chosen"),
        _step("activate", "Watch", bool(rules), f"{rules} rules active" if rules else "in shadow"),
    ]  # fmt: skip


def _step(key: str, title: str, done: bool, state: str) -> dict[str, Any]:
    return {"key": key, "title": title, "done": done, "state": state}


def upcoming(found: list[dict[str, Any]]) -> str:
    """The first step that is not done; the last where all are."""
    return next((step["key"] for step in found if not step["done"]), STEPS[-1])


def is_active(conn: Connection, inst: int, playbook: str) -> bool:
    """Whether a rule of the playbook is on: then it must not be set back to watching from here."""
    states = playbooks.states(conn, inst).items()
    return any(
        key.startswith(f"{playbook}/") and row["mode"] != Mode.OFF.value for key, row in states
    )


def choices() -> list[dict[str, str]]:
    """The presets that are offered first."""
    return [
        {"playbook": id, "title": preset(id).title, "description": preset(id).description}
        for id in FIRST
    ]
