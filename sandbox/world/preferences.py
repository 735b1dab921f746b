"""What people want to be written to about: an account's subscriptions, and who is in which.

Being opted out of everything is a contact's property; the state of one subscription stands here,
by address, because it outlives the contact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sandbox.world.records import Actor, Option, Property, Record

if TYPE_CHECKING:
    from sandbox.world.account import Account

ONE_TO_ONE = "One to One"
"""The subscription that a rep's own mails, sequences among them, go by."""

SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED = "SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"


class Subscription(NamedTuple):
    """One kind of mail that an account sends."""

    id: str
    name: str
    description: str
    purpose: str


class Choice(NamedTuple):
    """What somebody chose about one subscription, and on what legal basis, at business ms."""

    status: str
    at: int
    legal_basis: str = ""


@dataclass
class Preferences:
    """Subscriptions of one account by id, and the choices made. ``strict``: privacy rules are on,
    so that nobody is written to without a legal basis."""

    known: dict[str, Subscription]
    chosen: dict[tuple[str, str], Choice] = field(default_factory=dict)
    strict: bool = False

    def named(self, name: str) -> Subscription | None:
        """The subscription of that name or id."""
        return next((one for one in self.known.values() if name in (one.id, one.name)), None)

    def choice(self, email: str, subscription: Subscription) -> Choice | None:
        """What the owner of an address chose, None where nobody asked."""
        return self.chosen.get((email.lower(), subscription.id))


def default_preferences(portal_id: int) -> Preferences:
    """The two subscriptions that every account begins with."""
    rows = (
        Subscription(f"{portal_id}01", ONE_TO_ONE, "One to one e-mails", "Sales"),
        Subscription(f"{portal_id}02", "Marketing Information", "Offers and news", "Marketing"),
    )
    return Preferences({row.id: row for row in rows})


def properties(preferences: Preferences) -> list[Property]:
    """The contact properties that show the opt-outs of single subscriptions."""
    return [
        Property(
            f"hs_email_optout_{row.id}",
            f"Opted out of email: {row.name}",
            "enumeration",
            "booleancheckbox",
            "contactsinformation",
            options=[Option("true", "True", 0), Option("false", "False", 1)],
            read_only=True,
        )
        for row in preferences.known.values()
    ]


def choose(
    account: Account, contact: Record, subscription: Subscription, choice: Choice, actor: Actor
) -> None:
    """Records what a contact chose about one subscription."""
    with account.world.lock:
        key = contact.get("email").lower(), subscription.id
        account.preferences.chosen[key] = choice
        out = "true" if choice.status == UNSUBSCRIBED else "false"
        name = f"hs_email_optout_{subscription.id}"
        account.update("contacts", contact.id, {name: out}, actor)


def may_be_sequenced(account: Account, contact: Record) -> bool:
    """Whether a rep's own mails may go to a contact."""
    if contact.get("hs_email_optout") == "true":
        return False
    found = account.preferences.named(ONE_TO_ONE)
    choice = account.preferences.choice(contact.get("email"), found) if found else None
    if choice is not None and choice.status == UNSUBSCRIBED:
        return False
    based = choice is not None and choice.status == SUBSCRIBED and bool(choice.legal_basis)
    return based or not account.preferences.strict
