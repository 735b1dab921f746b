"""Who may edit playbooks and approve their versions: by role, by a manager's rights, by team.

What a person sees goes by their role. What they may do about playbooks goes by two rights beside
it, each with its reach. Admins have both, everywhere; reps have none, whatever stands in their row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.model.playbook import Playbook

REACHES = ("none", "team", "all")
"""How far a right goes: playbooks all of whose rules are for the manager's own people, or all."""

RIGHTS = ("edits", "approves")

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Rights:
    """One person's. edits, approves: of REACHES. team: their own; owners: ids of their people."""

    edits: str
    approves: str
    team: str | None
    owners: frozenset[str]

    def may_edit(self, playbook: Playbook) -> bool:
        return self._reaches(self.edits, playbook)

    def may_approve(self, playbook: Playbook) -> bool:
        return self._reaches(self.approves, playbook)

    def _reaches(self, reach: str, playbook: Playbook) -> bool:
        return reach == "all" or (reach == "team" and self._own(playbook))

    def _own(self, playbook: Playbook) -> bool:
        """Whether every rule is for the person's own people alone."""
        team = frozenset({self.team} if self.team else ())
        return all(
            (rule.scope.teams and rule.scope.teams <= team)
            or (rule.scope.reps and rule.scope.reps <= self.owners)
            for rule in playbook.rules
        )


EVERYTHING = Rights("all", "all", None, frozenset())
"""An admin's."""


def own_people(owner_id: str, rows: Mapping[str, Row]) -> frozenset[str]:
    """Owner ids of a manager's people: themselves, whom they manage, and their team in the CRM."""
    team = rows[owner_id]["team"] if owner_id in rows else None
    return frozenset(
        row["owner_id"]
        for row in rows.values()
        if row["owner_id"] == owner_id
        or row["manager_id"] == owner_id
        or (team is not None and row["team"] == team)
    )


def held(row: Row) -> tuple[str, str]:
    """What a person may edit and approve, of REACHES; somebody who left the CRM, nothing."""
    if not row["active"] or row["role"] not in ("manager", "admin"):
        return "none", "none"
    return ("all", "all") if row["role"] == "admin" else (row["edits"], row["approves"])


def rights_of(owner_id: str, rows: Mapping[str, Row]) -> Rights:
    """The rights of a person. rows: all people of the installation."""
    row = rows[owner_id]
    edits, approves = held(row)
    return Rights(edits, approves, row["team"], own_people(owner_id, rows))


def approvers(
    versions: Sequence[Playbook], rows: Mapping[str, Row], author: str
) -> list[Row]:
    """Who may approve what somebody saved. versions: it, and the one whose place it takes.

    author: as versions name whoever saved them, the address where the person has one.
    """
    found = {owner: rights_of(owner, rows) for owner in rows}
    return [
        rows[owner]
        for owner, rights in found.items()
        if not is_author(rows[owner], author)
        and all(rights.may_approve(one) for one in versions)
    ]


def enough_approvers(rows: Iterable[Row]) -> bool:
    """Whether any version could be approved by somebody other than its author: two who may approve
    all, so that each can approve the other's."""
    return sum(1 for row in rows if held(row)[1] == "all") >= 2


def is_author(row: Row, author: str) -> bool:
    """Whether a person is who saved a version."""
    name = author.strip().casefold()
    return bool(name) and name in {row["email"].casefold(), row["owner_id"].casefold()}
