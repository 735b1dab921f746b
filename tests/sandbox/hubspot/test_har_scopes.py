"""The archive tells for each call which scopes it rested on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.support import SCOPES, SandboxServer


def needed(server: SandboxServer) -> dict[str, list[tuple[str, ...]]]:
    entries: list[dict[str, Any]] = server.hubspot.har.export()["log"]["entries"]
    return {
        f"{entry['request']['method']} {urlsplit(entry['request']['url']).path}": [
            tuple(group) for group in entry.get("_scopes", ())
        ]
        for entry in entries
    }


def test_each_entry_tells_the_scopes_that_were_checked() -> None:
    with SandboxServer(settings={"har": True}) as server:
        client = server.client()
        client.get("/crm/owners/2026-03")
        client.get("/crm/properties/2026-03/deals")
        client.post("/crm/associations/2026-03/deals/contacts/batch/read", {"inputs": []})
        told = needed(server)
    assert told["GET /crm/owners/2026-03"] == [("crm.objects.owners.read",)]
    assert told["GET /crm/properties/2026-03/deals"] == [
        ("crm.objects.deals.read", "crm.schemas.deals.read", "crm.schemas.deals.write")
    ]
    assert told["POST /crm/associations/2026-03/deals/contacts/batch/read"] == [
        ("crm.objects.deals.read",),
        ("crm.objects.contacts.read",),
    ]


def test_a_scope_that_only_adds_is_told_where_it_was_drawn_on() -> None:
    """The content of e-mails is left out without its scope; nothing is refused."""
    path = "/crm/objects/2026-03/emails"
    with SandboxServer(settings={"har": True}) as server:
        blind = [scope for scope in SCOPES if scope != "sales-email-read"]
        for scopes, asked, drawn in (
            (SCOPES, "hs_email_subject", True),
            (SCOPES, "hs_email_direction", False),
            (blind, "hs_email_subject", False),
        ):
            server.hubspot.har.clear()
            server.client(scopes=scopes).get(path, properties=asked)
            assert (("sales-email-read",) in needed(server)[f"GET {path}"]) is drawn
