"""Refusals that any call may meet: token, scopes, tier."""

from __future__ import annotations

from sandbox.refusals import Refusal

ROWS = (
    Refusal(
        "tier_lacks",
        403,
        "FORBIDDEN",
        "A call that rests on a scope of a higher tier is refused after a downgrade.",
        "scopes list, tiers",
        "unconfirmed",
        setting="downgrade_withdraws_scopes",
    ),
)
