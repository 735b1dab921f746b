"""In what CRMs differ, as far as the people of the world and their records are concerned."""

from __future__ import annotations

EVERY_DEAL_OWNED = frozenset({"salesforce", "pipedrive"})
"""Vendors at which no deal is without an owner."""
LEADS_ARE_PEOPLE = frozenset({"salesforce"})
"""Vendors at which a lead is a person who is no contact yet, and no record beside one."""
LEADS_BECOME_DEALS = frozenset({"pipedrive"})
"""Vendors at which a deal takes the place of a lead, with all that stands on it."""
USERS_WITHOUT_HOURS = frozenset({"salesforce", "pipedrive"})
"""Vendors that keep no working hours of users, and no zone of contacts."""
MEETINGS_ONLY_DONE = frozenset({"pipedrive"})
"""Vendors at which a meeting is done or not: who stayed away is written down nowhere, and what was
called off is deleted."""
NO_QUOTES = frozenset({"pipedrive"})
"""Vendors that keep no quotes as records of their own."""
BUYERS_DENY_QUOTES = frozenset({"salesforce"})
"""Vendors at which a quote's status says what the buyer answered, a no included; elsewhere a quote
is signed, paid or accepted, or nothing happens to it."""
