"""What a CRM computes by itself on a quote, and the words for how one stands.

Sources: HubSpot's guide to the quotes API for the values of ``hs_status`` (a published quote is
``APPROVAL_NOT_NEEDED`` or ``APPROVED``; ``REJECTED`` is an approver's word, never the buyer's; a
quote of the newer kind turns ``ACCEPTED`` when the buyer accepts it). ``hs_quote_status`` beside it
is [U]: developers quote it from their accounts, no guide lists it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.world.records import Record

DRAFT, SENT, ACCEPTED = "DRAFT", "APPROVAL_NOT_NEEDED", "ACCEPTED"
IN_REVIEW, APPROVED, REFUSED = "PENDING_APPROVAL", "APPROVED", "REJECTED"
DENIED = "DENIED"
"""The buyer said no; only Salesforce has a word for it on the quote."""

LIFECYCLE = "hs_quote_status"
PUBLISHED = frozenset({SENT, APPROVED})

_LIFECYCLES = {
    DRAFT: "DRAFT",
    IN_REVIEW: "PENDING_APPROVAL",
    REFUSED: "CHANGES_REQUESTED",
    SENT: "PUBLISHED",
    APPROVED: "PUBLISHED",
    ACCEPTED: "ACCEPTED",
}


def computed(record: Record, values: Mapping[str, str]) -> dict[str, str]:
    """What follows from the values about to be written on a quote."""
    found: dict[str, str] = {}
    status = values.get("hs_status")
    if status is not None:
        found[LIFECYCLE] = _LIFECYCLES.get(status, "")
        found["hs_locked"] = "true" if status in (*PUBLISHED, ACCEPTED) else "false"
        if status in PUBLISHED:
            found["hs_quote_link"] = f"https://quotes.example/{record.id}"
    if values.get("hs_esign_date") or values.get("hs_manually_signed") == "true":
        found[LIFECYCLE] = "ACCEPTED"
    return {name: value for name, value in found.items() if record.get(name) != value}
