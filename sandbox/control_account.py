"""What a run may change about an account while it stands: tier, seats, inboxes, sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.world import sequence_terms
from sandbox.world.account import Account
from sandbox.world.people_terms import ActError
from sandbox.world.records import TIERS


def set_tier(account: Account, given: Any) -> None:
    """Another tier, from the next call on; what was granted and made under the old one stays."""
    if given not in TIERS:
        raise ActError("tier", f"{given!r} is none of {', '.join(TIERS)}")
    account.tier = given


CHANGES: dict[str, Callable[[Account, Any], object]] = {
    "tier": set_tier,
    "seats": sequence_terms.set_seats,
    "inboxes": sequence_terms.set_inboxes,
    "sequences": sequence_terms.add_sequences,
    "unenrol_workflow": sequence_terms.set_workflow,
}


def change_account(account: Account, body: Mapping[str, Any]) -> None:
    """Carries out every change named in the body; raises ActError naming the first unfit one."""
    with account.world.lock:
        for name, given in body.items():
            CHANGES[name](account, given)


def describe_sequences(account: Account) -> dict[str, Any]:
    """Seats, inboxes, sequences and workflow of an account."""
    state = account.sequences
    flow = state.workflow
    return {
        "seats": None if state.seats is None else sorted(state.seats),
        "inboxes": {str(user): list(addresses) for user, addresses in state.inboxes.items()},
        "sequences": [
            {"id": one.id, "name": one.name, "user_id": one.user_id, "shared": one.shared}
            for one in state.known.values()
        ],
        "unenrol_workflow": flow and {"property": flow.property, "seconds": flow.seconds},
    }
