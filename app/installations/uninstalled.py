"""The CRM says that the app was uninstalled: access is over, what we know stays for the grace time.
"""

from __future__ import annotations

from app.installations.registry import Connectors
from app.model.time import Clocks
from app.store import audit, installations, people
from app.store.engine import Store


def take_out(
    store: Store, connectors: Connectors, clocks: Clocks, crm: str, account: str, user: str
) -> bool:
    """Forget the access to an account that this user of the CRM had given us. Safe to repeat.

    Every user of an account may install an app for themselves. Where another one than ours takes
    it out, our access stands, and nothing changes; false then.
    """
    with store.write() as conn:
        row = installations.find(conn, crm, account)
        if row is None:
            return False
        there = people.read(conn, row["id"]).values()
        told = next((one for one in there if user in (one["user_id"], one["owner_id"])), None)
        ours = str(row["installed_by"] or "").lower()
        if told is not None and ours and told["email"].lower() != ours:
            return False
        if installations.get_tokens(conn, row["id"]) is None:
            return False
        installations.drop_tokens(conn, row["id"])
        # Who was leaving has left: there is nothing more that we could clean up.
        status = "left" if row["status"] == "leaving" else "revoked"
        installations.withdraw(conn, row["id"], status, clocks.wall())
        installations.bump(conn, row["id"])
        audit.write(
            conn, row["id"], told["email"] if told else f"user {user}", "uninstalled",
            clocks.wall(), {"crm": crm, "account": account},
        )  # fmt: skip
    connectors.forget(row["id"])  # the one at hand has an access token that may still be good
    return True
