"""A look at one account's connection that changes nothing in it."""

from __future__ import annotations

from app.model.time import Clocks
from connectors.contract import Checkup, CrmError, Misfit, ObjectType
from connectors.headers import number
from connectors.mapping import CrmMapping
from connectors.pipedrive.account import account_of, read_facts
from connectors.pipedrive.api import Api, v1
from connectors.pipedrive.capabilities import capabilities
from connectors.pipedrive.fields import Fields
from connectors.pipedrive.install import FOOTPRINT, check
from connectors.pipedrive.subscriptions import Subscriptions
from connectors.pipedrive.tables import PATHS
from connectors.transport import skew_ms


def check_up(
    api: Api,
    clocks: Clocks,
    base: str,
    scopes: tuple[str, ...],
    mapping: CrmMapping,
    fields: Fields,
    subscriptions: Subscriptions,
) -> Checkup:
    """Account, clock, burst limit, fields and subscriptions. Raises the contract's errors."""
    reply = api.send("GET", v1("users", "me"), priority="ingest")
    found: list[Misfit] = []
    for type in FOOTPRINT:
        found += check(type, fields)
        found += _mapped(type, mapping, fields)
    found += _unsubscribed(subscriptions)
    return Checkup(
        account_of(read_facts(reply.json()), base),
        scopes,
        capabilities(scopes),
        tuple(found),
        unique_touch_id=False,
        skew_ms=skew_ms(reply.headers, clocks.wall()),
        calls_left=number(reply.headers, "x-ratelimit-remaining"),
        calls_most=number(reply.headers, "x-ratelimit-limit"),
    )


def _mapped(type: ObjectType, mapping: CrmMapping, fields: Fields) -> list[Misfit]:
    """Custom fields that an account's own mapping names and that are not there any more."""
    known = fields.of(type)
    return [
        Misfit(
            PATHS[type], f"{type}.{field.name} is mapped to {field.property!r}, which this account "
            "does not have", ours=False,
        )
        for field in mapping.of(type).fields.values()
        if len(field.property) == 40 and not field.ours and field.property not in known
    ]  # fmt: skip


def _unsubscribed(subscriptions: Subscriptions) -> list[Misfit]:
    try:
        missing = subscriptions.missing()
    except CrmError as error:
        return [Misfit("webhooks", f"cannot be checked: {error.message}", ours=False)]
    return [
        Misfit(
            f"webhooks.{name}", "is not subscribed: Pipedrive drops a subscription to which "
            "nothing could be delivered for three days", ours=True,
        )
        for name in missing
    ]  # fmt: skip
