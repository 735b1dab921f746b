"""A look at one account's connection that changes nothing in it."""

from __future__ import annotations

from app.model.time import Clocks
from connectors.contract import Checkup, Forbidden, Misfit
from connectors.headers import number
from connectors.hubspot.account import ACCOUNT_INFO, account_of, schema_at
from connectors.hubspot.api import Api
from connectors.hubspot.capabilities import capabilities
from connectors.hubspot.install import FOOTPRINT, misfits, probe
from connectors.hubspot.tables import TYPE_OF
from connectors.mapping import CrmMapping
from connectors.transport import skew_ms


def check_up(
    api: Api,
    clocks: Clocks,
    app_base: str,
    hub_domain: str,
    scopes: tuple[str, ...],
    mapping: CrmMapping,
    native: bool,
) -> Checkup:
    """Account, clock, rate limit and properties. scopes, hub_domain: as introspection told them.
    native: HubSpot's own sequences are in use.

    Raises the contract's errors; what one type's scopes do not allow is a misfit.
    """
    reply = api.send({"method": "GET", "path": ACCOUNT_INFO, "safe": True, "priority": "ingest"})
    headers = reply.headers
    unique = probe(api)
    found: list[Misfit] = []
    for path in FOOTPRINT:
        found += _type(api, path, mapping, native)
    return Checkup(
        account_of(reply.json(), app_base, hub_domain),
        scopes,
        capabilities(scopes, unique),
        tuple(found),
        unique,
        skew_ms(headers, clocks.wall()),
        number(headers, "X-HubSpot-RateLimit-Remaining"),
        number(headers, "X-HubSpot-RateLimit-Max"),
    )


def _type(api: Api, path: str, mapping: CrmMapping, native: bool) -> list[Misfit]:
    try:
        there = schema_at(api, path)
    except Forbidden as error:
        return [Misfit(path, f"cannot be checked: {error.message}", ours=False)]
    found = list(misfits(path, there, bridge=native))
    type_ = TYPE_OF.get(path)
    if type_ is not None and type_ in mapping.objects:
        found += [Misfit(path, said, ours=False) for said in mapping.check({type_: there})]
    return found
