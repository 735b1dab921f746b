"""What HubSpot's refusals of an enrolment mean.

Only `subCategory` of an unsubscribed contact is known from live accounts; most other answers are
not documented. So a stable word is sought in the sub-category, then in the sentence, and what
nobody has seen before is `other`, shown as HubSpot said it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.contract import EnrolReason, EnrolRefused
from connectors.transport import scrub

MISSING_SCOPES = "MISSING_SCOPES"

_PATH = "/automation/sequences/"

_SAID: tuple[tuple[EnrolReason, str], ...] = (
    ("unsubscribed", r"unsubscribed|opted out|legal basis"),
    ("already_enrolled", r"already[ _](been[ _])?enrolled|already_in_sequence"),
    ("daily_limit", r"limit"),
    ("no_seat", r"\bseat"),
    ("inbox_not_connected", r"inbox|senderemail|not[ _]connected"),
    ("no_email", r"no (primary )?e-?mail|without e-?mail|e-?mail address"),
    ("contact_gone", r"contact\b.*(not found|does not exist|deleted)"),
    ("sequence_gone", r"sequence\b.*(not found|does not exist|deleted)"),
)
"""Reasons by what the answer says, the most telling first."""

_WORDS: Mapping[EnrolReason, str] = {
    "already_enrolled": "The contact is in a sequence already; HubSpot allows one at a time.",
    "unsubscribed": "The contact has unsubscribed, or gave no legal basis for one-to-one mail.",
    "no_seat": "The sender has no Sales or Service Hub seat (Professional or above). A HubSpot "
    "admin can assign one under Users & Teams.",
    "inbox_not_connected": "The sender has not connected this inbox to HubSpot. They can connect "
    "it under Settings, General, Email.",
    "daily_limit": "The sender's inbox has reached HubSpot's limit of enrolments for the day.",
    "sequence_gone": "HubSpot does not show this sequence to the sender. Share it with them, or "
    "correct its name in the playbook.",
    "contact_gone": "HubSpot no longer has this contact.",
    "no_email": "The contact has no e-mail address.",
    "unavailable": "This HubSpot account's edition has no sequences.",
}


def is_about_enrolling(path: str) -> bool:
    """Whether a path lists sequences or enrols in one. Reading an enrolment is a plain reading."""
    return path.startswith(_PATH) and "/enrollments/contact/" not in path


def refusal(status: int, body: Mapping[str, Any], detail: str) -> EnrolRefused | None:
    """The refusal in our words; None for what any other call may meet too."""
    if body.get("category") == MISSING_SCOPES or status in (401, 423, 477):
        return None
    if status == 429 and (body.get("policyName") or body.get("errorType") == "RATE_LIMIT"):
        return None
    said = f"{body.get('subCategory') or ''} {body.get('message') or ''}"
    reason = _reason(status, said)
    words = _WORDS.get(reason)
    if words is None:
        heard = scrub(str(body.get("message") or "no reason given"))[:300].rstrip(".")
        words = f"HubSpot would not enrol the contact: {heard}."
    return EnrolRefused(words, reason, detail)


def _reason(status: int, said: str) -> EnrolReason:
    if status == 429:
        return "daily_limit"
    if status == 409:
        return "already_enrolled"
    for reason, pattern in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            return reason
    return "unavailable" if status in (402, 403) else "other"
