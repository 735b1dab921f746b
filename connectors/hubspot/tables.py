"""HubSpot's names and numbers: paths, type ids, association types.

Sources: the object guides and "associate records" of the public documentation, version 2026-03.
"""

from __future__ import annotations

from connectors.contract import ObjectType

API_VERSION = "2026-03"
API_BASE = "https://api.hubapi.com"
APP_BASE = "https://app.hubspot.com"

PATHS: dict[ObjectType, str] = {
    "deal": "deals",
    "contact": "contacts",
    "company": "companies",
    "lead": "leads",
    "quote": "quotes",
    "task": "tasks",
    "note": "notes",
    "email": "emails",
    "meeting": "meetings",
    "call": "calls",
    "user": "users",
}

TYPE_IDS: dict[ObjectType, str] = {
    "contact": "0-1",
    "company": "0-2",
    "deal": "0-3",
    "quote": "0-14",
    "task": "0-27",
    "note": "0-46",
    "meeting": "0-47",
    "call": "0-48",
    "email": "0-49",
    "user": "0-115",
    "lead": "0-136",
}

TYPE_OF: dict[str, ObjectType] = {
    **{path: kind for kind, path in PATHS.items()},
    **{number: kind for kind, number in TYPE_IDS.items()},
    **{kind: kind for kind in PATHS},
}
"""Plural, singular or type id → our word."""

ENGAGEMENTS: tuple[ObjectType, ...] = ("task", "email", "meeting", "call", "note")

ASSOCIATION_TYPES: dict[tuple[ObjectType, ObjectType], int] = {
    ("task", "contact"): 204,
    ("task", "company"): 192,
    ("task", "deal"): 216,
    ("task", "lead"): 647,
    ("call", "contact"): 194,
    ("call", "company"): 182,
    ("call", "deal"): 206,
    ("email", "contact"): 198,
    ("email", "company"): 186,
    ("email", "deal"): 210,
    ("meeting", "contact"): 200,
    ("meeting", "company"): 188,
    ("meeting", "deal"): 212,
    ("note", "contact"): 202,
    ("note", "company"): 190,
    ("note", "deal"): 214,
}
"""HUBSPOT_DEFINED association types, as they stand inline in a create."""

PRIMARY_TYPES = frozenset({1, 2, 5, 6})
"""HUBSPOT_DEFINED types that mean "primary" (contact and company, deal and company)."""

BATCH = 100
"""Inputs of one batch call."""

HISTORY_BATCH = 50
"""Inputs, or records of a page, when histories are asked for."""

ASSOCIATION_BATCH = 1_000
SEARCH_PAGE = 200
SEARCH_GROUPS = 5
"""Most groups of filters, of which any may hold, in one search."""

FURTHER_EMAILS = "hs_additional_emails"
"""Addresses of a contact beside its first one, between semicolons."""

UNIQUE_CONFLICT_CODES = frozenset({"CONFLICTING_UNIQUE_VALUE", "CONFLICT", "ALREADY_EXISTS"})
