"""Requests of cards in HubSpot: its proxy makes them, signs them (v3) and says whose they are.

A card's code asks for an address of ours; the proxy appends `portalId`, `userId` and `userEmail` to
its query and signs the whole. Whoever works at the card's code in their own browser could put such
words into the address themselves, so each may stand there only once.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from app.model.time import Wall
from connectors.contract import Asker, BadSignature
from connectors.hubspot.webhooks import verify_v3


def verify_card(
    secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
) -> Asker:
    """Who asks. Raises BadSignature where HubSpot did not sign it, or says nobody."""
    verify_v3(secret, method, url, headers, body, now)
    query = parse_qs(urlsplit(url).query)
    account, user, email = (_only(query, n) for n in ("portalId", "userId", "userEmail"))
    if not account or not (user or email):
        raise BadSignature("HubSpot signed the request but names no account and user in it.")
    return Asker(account, user, email)


def _only(query: Mapping[str, list[str]], name: str) -> str:
    found = query.get(name, [])
    if len(found) > 1:
        raise BadSignature(f"{name} stands in the address more than once; one was not HubSpot's.")
    return found[0] if found else ""
