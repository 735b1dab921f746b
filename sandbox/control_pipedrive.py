"""What a run may change about a Pipedrive company: seats, top-ups, Campaigns, payment, admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.world.account import Account
from sandbox.world.people_terms import ActError, Terms

FIELDS: dict[str, type] = {
    "seats": int,
    "top_up": int,
    "campaigns": bool,
    "closed": bool,
    "admins": list,
}
"""``seats`` and ``top_up`` (tokens a day) make the budget, ``campaigns``: whether anything is known
of consent, ``closed``: whether the company has not paid, ``admins``: ids or e-mails of users."""


def set_company(account: Account, given: Any) -> None:
    """Takes some of :data:`FIELDS`; raises ActError naming the first unfit one."""
    if account.crm != "pipedrive":
        raise ActError("pipedrive", f"account {account.portal_id} is a {account.crm} one")
    if not isinstance(given, Mapping):
        raise ActError("pipedrive", f"must be an object with some of {', '.join(FIELDS)}")
    for name, value in given.items():
        wanted = FIELDS.get(name)
        if wanted is None:
            raise ActError(f"pipedrive.{name}", f"is unknown; there are {', '.join(FIELDS)}")
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ActError(f"pipedrive.{name}", f"must be {wanted.__name__}, not {value!r}")
    terms = Terms(account)
    made = dict(given)
    if "admins" in made:
        made["admins"] = [terms.owner_of(str(one)).id for one in made["admins"]]
    account.extra.setdefault("pipedrive", {}).update(made)
