"""A look at one account's connection that changes nothing in it."""

from __future__ import annotations

from app.model.time import Clocks
from connectors.contract import Account, Checkup, Misfit, NotFound
from connectors.mapping import CrmMapping
from connectors.salesforce.api import Api
from connectors.salesforce.cadences import Cadences
from connectors.salesforce.capabilities import Facts, capabilities
from connectors.salesforce.install import OURS, finds_touches, misfits
from connectors.salesforce.schema import Schema
from connectors.transport import Request, skew_ms


def facts_of(api: Api, schema: Schema, cadences: Cadences, mapping: CrmMapping) -> Facts:
    """What the account has of what capabilities rest on. Raises the contract's errors."""
    task, deal = schema.find("task"), schema.find("deal")
    touch = task.names.get("touch_id") if task else None
    return Facts(
        deals=deal is not None,
        stage_history=_has(api, "OpportunityHistory"),
        tasks=task is not None,
        mails=schema.find("email") is not None,
        leads=schema.find("lead") is not None,
        touch_id=touch is not None,
        unique=bool(task and touch and task.properties[touch].unique),
        own_fields=deal is not None and not list(misfits(deal, mapping)),
        cadences=cadences.there,
        quotes=schema.find("quote") is not None,
    )


def _has(api: Api, sobject: str) -> bool:
    try:
        api.call("GET", f"sobjects/{sobject}/describe", safe=True)
    except NotFound:
        return False
    return True


def check_up(
    api: Api,
    schema: Schema,
    cadences: Cadences,
    mapping: CrmMapping,
    clocks: Clocks,
    account: Account,
    scopes: tuple[str, ...],
) -> Checkup:
    """Clock, allowance and fields. Raises the contract's errors."""
    schema.forget()
    cadences.look()
    reply = api.send(Request("GET", api.path("limits"), safe=True, priority="ingest"))
    facts = facts_of(api, schema, cadences, mapping)
    found: list[Misfit] = []
    for type in OURS:
        shape = schema.find(type)
        if shape is None:
            continue
        found += misfits(shape, mapping)
        if type in ("deal", "contact"):
            found += [
                Misfit(shape.sobject, said, ours=False)
                for said in mapping.check({shape.type: shape.properties})
                if "CurrencyIsoCode" not in said  # there only where an account has several
            ]
    return Checkup(
        account,
        scopes,
        capabilities(facts),
        tuple(found),
        finds_touches(schema),
        skew_ms(reply.headers, clocks.wall()),
        api.allowance.left,
        api.allowance.most,
    )
