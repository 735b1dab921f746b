"""What an org has bought, by the account's tier.

Limits: the app limits cheatsheet (100,000 calls in 24 hours, and 1,000 more for each user of the
Professional and Enterprise editions, 5,000 of the Unlimited one; 25 long-running calls at once, 5
in the Developer edition). Sales Engagement is a licence of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from sandbox.salesforce.state import OrgState
from sandbox.world.account import Account


class Edition(NamedTuple):
    """``per_user``: calls in 24 hours for each user, beside ``calls``. ``at_once``: long-running
    calls. ``engagement``: whether Sales Engagement, and cadences with it, is usually there."""

    name: str
    calls: int
    per_user: int
    at_once: int
    engagement: bool


EDITIONS: dict[str, Edition] = {
    "developer": Edition("Developer Edition", 15_000, 0, 5, False),
    "professional": Edition("Professional Edition", 100_000, 1_000, 25, False),
    "enterprise": Edition("Enterprise Edition", 100_000, 1_000, 25, True),
    "unlimited": Edition("Unlimited Edition", 100_000, 5_000, 25, True),
}
"""Tier of the account → what it is."""


def edition_of(account: Account) -> Edition:
    """The edition of an org."""
    return EDITIONS[account.tier]


def daily_calls(account: Account) -> int:
    """Calls that an org may make in 24 hours."""
    edition = edition_of(account)
    users = sum(1 for owner in account.owners.values() if not owner.archived)
    return edition.calls + edition.per_user * users


def has_engagement(account: Account) -> bool:
    """Whether the org has Sales Engagement: as its admin said, else as such editions usually do."""
    said = OrgState.of(account).engagement
    return edition_of(account).engagement if said is None else said
