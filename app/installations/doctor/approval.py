"""Versions of playbooks that wait for somebody's approval, and whether anybody could give it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.installations.doctor.findings import About, Finding
from app.installations.rights import enough_approvers
from app.installations.settings import Settings
from app.store import people, playbooks


def approval(say: About, conn: Connection, inst: int, settings: Settings) -> Iterator[Finding]:
    """Nothing where no approval is asked for."""
    if not settings.approve_versions:
        return
    if not enough_approvers(people.read(conn, inst).values()):
        yield say.attention(
            "too_few_approvers", "Fewer than two active users may approve every version.",
            "Nobody approves what they saved themselves, so some versions can never act.",
            "Make somebody admin, or give a manager the right to approve all, under People.",
        )  # fmt: skip
    waiting = [
        f"{row['playbook']} {row['version']}"
        for row in playbooks.latest(conn, inst)
        if row["review"] == playbooks.WAITS
    ]
    if waiting:
        yield say.note(
            "versions_wait", f"Versions wait for approval: {', '.join(waiting)}.",
            "Until somebody approves them, the ones before act.",
            "Whoever may approve them finds them under Rules.",
        )  # fmt: skip
