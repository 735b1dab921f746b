"""One-time sign-in links for the CRM's active users."""

from __future__ import annotations

from dataclasses import dataclass

from app.installations.config import Config
from app.model.time import HOUR, MINUTE, Wall
from app.store import installations, people, signins
from app.store.engine import Store

LINK_MS = 24 * HOUR
"""How long an unused link works: a link sent in the evening must still work in the morning."""


FRAME_MS = 5 * MINUTE
"""A link that opens the panel in a frame of the CRM is followed at once or never."""


class NoSuchPerson(Exception):
    """Nobody active has this address; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link signs in."""

    installation_id: int
    owner_id: str
    email: str
    name: str
    role: str


def make(store: Store, config: Config, installation_id: int, email: str, wall: Wall) -> str:
    """The address of a new link for an active CRM user. Raises NoSuchPerson."""
    wanted = email.strip().lower()
    with store.write() as conn:
        rows = people.read(conn, installation_id).values()
        person = next((row for row in rows if row["email"] == wanted and row["active"]), None)
        if person is None:
            raise NoSuchPerson(
                f"no active user of the CRM has the address {email!r}; check the spelling, or add "
                "the user in the CRM and synchronise people"
            )
        token = signins.issue(conn, installation_id, person["owner_id"], wall, LINK_MS)
    return f"{config.url}/signin/{token}"


def for_frame(store: Store, config: Config, installation_id: int, owner: str, wall: Wall) -> str:
    """The address, to which a record's type and id are appended, that opens its panel in a frame of
    the CRM, once, for somebody whom the CRM has just vouched for."""
    with store.write() as conn:
        token = signins.issue(conn, installation_id, owner, wall, FRAME_MS)
    return f"{config.url}/frame/{token}"


def everywhere(store: Store, config: Config, email: str, wall: Wall) -> list[tuple[str, str]]:
    """(account's name, link) for each installation with such an active user; for the command line,
    where no mail is set up. Raises NoSuchPerson."""
    with store.read() as conn:
        found = [row["installation_id"] for row in people.by_email(conn, email)]
        names = {row["id"]: row["name"] or row["account_id"] for row in installations.read(conn)}
    if not found:
        raise NoSuchPerson(
            f"no active user of a connected CRM has the address {email!r}; check the spelling, or "
            "connect the CRM first"
        )
    return [(names[inst], make(store, config, inst, email, wall)) for inst in found]


def use(store: Store, token: str, wall: Wall) -> Link | None:
    """Use a link up; None where it is used, too old, unknown or of somebody who left."""
    with store.write() as conn:
        found = signins.redeem(conn, token, wall)
        if found is None:
            return None
        installation_id, owner_id = found
        person = people.read(conn, installation_id, [owner_id]).get(owner_id)
    if person is None or not person["active"]:
        return None
    return Link(
        person["installation_id"], person["owner_id"], person["email"],
        person["name"] or person["email"], person["role"],
    )
