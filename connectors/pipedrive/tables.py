"""Pipedrive's names and numbers: paths, token costs, limits, and what is not documented.

Sources: the API reference with its `x-token-cost` entries, the page on rate limiting (September
2026) and the guides to OAuth and to webhooks v2. What stands under "not documented" is one
constant each, to be changed when an account shows otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.contract import ObjectType

OAUTH_BASE = "https://oauth.pipedrive.com"
HOSTS = ("pipedrive.com",)
"""Where an account's API may be, by the end of its host name: the address comes with a token."""

V2 = "/api/v2"
V1 = "/v1"

PATHS: Mapping[ObjectType, str] = {
    "deal": "deals",
    "contact": "persons",
    "company": "organizations",
    "lead": "leads",
    "task": "activities",
    "meeting": "activities",
    "call": "activities",
    "email": "activities",
    "note": "notes",
}

V1_ONLY: frozenset[ObjectType] = frozenset({"note", "lead"})
"""Types that version 2 does not have."""

KEYS: Mapping[ObjectType, str] = {
    "deal": "deal_id",
    "contact": "person_id",
    "lead": "lead_id",
    "company": "org_id",
}
"""How activities and notes name what they stand on."""

PAGES: Mapping[str, str] = {
    "deal": "deal",
    "contact": "person",
    "company": "organization",
    "lead": "leads/inbox",
    "task": "activities",
    "meeting": "activities",
    "call": "activities",
    "email": "activities",
}
"""What stands for {type} in the address of a record's page."""

ENTITIES: Mapping[str, ObjectType] = {
    "deal": "deal",
    "person": "contact",
    "lead": "lead",
}
"""Entities of webhooks → our types; activities are told apart by what they are, and no others are
subscribed to."""

INCLUDED: Mapping[ObjectType, str] = {
    "deal": "next_activity_id,last_activity_id,last_incoming_mail_time,last_outgoing_mail_time,"
    "participants_count",
    "contact": "last_incoming_mail_time,last_outgoing_mail_time,marketing_status,"
    "open_deals_count,closed_deals_count",
}
"""What v2 answers only when it is asked for."""

BATCH = 100
"""Ids of one reading."""

ALONE = 5
"""Up to so many records are read one by one, a token each; a list costs ten, however short."""

PAGE = 500
DEAL_PAGE = 100
"""Deals of one page of the import, small because each with several people costs ten tokens more."""

PRIORITY_PATTERNS: tuple[tuple[str, str], ...] = (
    ("high", r"high|urgent|hoch|dringend|alta|haut|élev|hoog|wysok"),
    ("medium", r"medium|normal|mittel|media|moyen|gemiddeld|średni"),
    ("low", r"low|niedrig|baja|baixa|bassa|bass|faible|laag|nisk"),
)
"""An account's own priorities of activities, by their names, in the languages most seen."""

# --- limits --------------------------------------------------------------------------------------

BURST_WINDOW_MS = 2_000
BURST_CEILING = 50
"""Calls in two seconds. Pipedrive allows 80 on the smallest plan, for each token."""

SEARCH_CEILING = 5
"""Searches in two seconds; Pipedrive allows ten."""

TOKENS_PER_DAY = 24_000
"""What is spent at most in a day unless a setting says otherwise: four fifths of what the smallest
plan gives an account with one seat. All apps of the account share it, and no answer says how much
there is or is left."""

COSTS: tuple[tuple[str, re.Pattern[str], int], ...] = tuple(
    (method, re.compile(pattern + r"\Z"), cost)
    for method, pattern, cost in (
        ("GET", r"/v1/users/(me|\d+)", 2),
        ("GET", r"/v1/users", 20),
        ("GET", r"/v1/(notes|leads)/[^/]+", 2),
        ("GET", r"/v1/(notes|leads|activityTypes)", 20),
        ("(POST|PUT|PATCH)", r"/v1/(notes|leads|activityTypes)(/[^/]+)?", 10),
        ("DELETE", r"/v1/(notes|leads|webhooks)/[^/]+", 6),
        ("(GET|POST)", r"/v1/webhooks", 10),
        ("GET", r"/v1/deals/\d+/flow", 40),
        ("GET", r"/v1/deals/\d+/participants", 10),
        ("GET", r"/v1/deals/\d+/(changelog|mailMessages)", 20),
        ("GET", r"/v1/mailbox/mailMessages/\d+", 2),
        ("GET", r"/api/v2/(stages|pipelines)", 5),
        ("GET", r"/api/v2/[a-z]+/search", 20),
        ("GET", r"/api/v2/deals/archived", 20),
        ("GET", r"/api/v2/[a-zA-Z]+/[^/]+", 1),
        ("GET", r"/api/v2/[a-zA-Z]+", 10),
        ("(POST|PATCH)", r"/api/v2/[a-z]+Fields(/[^/]+)*", 10),
        ("(POST|PATCH)", r"/api/v2/[a-z]+(/[^/]+)?", 5),
        ("DELETE", r"/api/v2/[a-zA-Z]+/[^/]+", 3),
    )
)
"""(method, path, tokens), the first that fits; by the reference, where it names a cost."""

_DEAREST = 40


def cost(method: str, path: str) -> int:
    """Tokens that a call takes of the day's budget. What the reference does not name is taken to
    be as dear as the dearest: an estimate may be too high, never too low."""
    for methods, pattern, tokens in COSTS:
        if re.fullmatch(methods, method) and pattern.match(path):
            return tokens
    return _DEAREST


# --- not documented ------------------------------------------------------------------------------

RESET_ZONE = "UTC"
"""Zone of the midnight at which the day's budget begins again: "of the server", which is not named.
"""

DELETED_ARE_SHOWN = True
"""Whether a deleted record can still be read by its id, marked so, for the 30 days in which it can
be restored. Where it cannot, nobody's data is erased here because a record is not found."""

BURST_REFUSALS = 5
"""Refusals (429) in a row, without a word on what is left of the burst limit, that mean the day's
budget is used up."""
