"""The main navigation: what each role is led to, and which entry a page belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ALL = ("rep", "manager", "admin")
_LEADS = ("manager", "admin")
_ADMINS = ("admin",)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. pages: endpoints of the pages below it, which are reached from its own."""

    endpoint: str
    label: str
    roles: tuple[str, ...]
    pages: tuple[str, ...] = ()


_PLAYBOOKS = (
    "pages.migrate", "pages.activation", "playbooks.show", "playbooks.versions",
    "playbooks.compare", "playbooks.attempt", "playbooks.files", "editor.edit", "editor.draft",
    "editor.start", "approvals.show", "reviews.show",
)  # fmt: skip

ENTRIES = (
    Entry("pages.result", "Result", _LEADS),
    Entry("pages.next_up", "Do next", ALL),
    Entry(
        "dashboard.first", "Dashboard", _LEADS, ("dashboard.page", "dashboard.records")
    ),
    Entry("pages.mine", "Mine", ALL),
    Entry("pages.subjects", "Records", ALL, ("pages.subject", "pages.dry_run", "why.show")),
    Entry("pages.rules", "Rules", _LEADS, _PLAYBOOKS),
    Entry(
        "guide.setup", "Set-up", _ADMINS,
        ("pages.leave", "account.settings", "account.save", "audit.show"),
    ),
    Entry("people.index", "People", _ADMINS, ("people.show", "people.save")),
    Entry("pages.health", "Health", _ADMINS),
)


def entries(role: str, endpoint: str | None) -> list[dict[str, Any]]:
    """The entries of a role in their order; `here` marks the one that the page belongs to."""
    return [
        {
            "endpoint": entry.endpoint,
            "label": entry.label,
            "here": endpoint == entry.endpoint or endpoint in entry.pages,
        }
        for entry in ENTRIES
        if role in entry.roles
    ]
