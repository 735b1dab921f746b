"""Who sees a record: everybody, or its owner alone and the admins.

A record that is hidden from a user is missing from the lists that the user's token asks for, its
own address answers 403, and the user's webhooks hear nothing of it. Levels between owner and whole
company go by groups of users; a company here has one group, which everybody is in.
Source: changelog on pipeline visibility (403), guide for webhooks v2 (user_id).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pipedrive import errors
from sandbox.world.records import Owner, Record

if TYPE_CHECKING:
    from sandbox.pipedrive.call import Call
    from sandbox.pipedrive.shapes import View

FIELD = "pd_visible_to"
OWNER, EVERYBODY = 1, 3
SMALL, LARGE = (1, 3), (1, 3, 5, 7)
"""The levels of the plans Lite and Growth, and of those above."""


def level(record: Record) -> int:
    """The ``visible_to`` of a record."""
    return int(record.get(FIELD) or EVERYBODY)


def sees(view: View, owner: Owner, record: Record) -> bool:
    """Whether a user sees a record."""
    if level(record) != OWNER or view.is_admin(owner):
        return True
    return view.user_id(record.get("hubspot_owner_id"), record) == int(owner.id)


def kept(call: Call, given: int | str | None) -> dict[str, str]:
    """A body's ``visible_to`` as the world keeps it; left out or null, it stays as it is."""
    if given is None:
        return {}
    known = SMALL if call.account.tier in ("lite", "growth") else LARGE
    if str(given) not in map(str, known):
        levels = ", ".join(map(str, known))
        raise errors.invalid("pd_visible_to", "visible_to", f"{given!r} is none of {levels}.")
    return {FIELD: str(given)}
