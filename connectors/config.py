"""What the operator says about one vendor before any account is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES: Mapping[str, str] = {
    "hubspot": "HubSpot",
    "salesforce": "Salesforce",
    "pipedrive": "Pipedrive",
}
"""The CRMs by the name that addresses, variables and stored rows have, with what people call them.
"""


SILENT = frozenset({"salesforce"})
"""CRMs that send no webhooks: they are asked for changes every few minutes."""


MAIL_UNTOLD = frozenset({"pipedrive"})
"""CRMs whose webhooks do not tell that somebody wrote: they are asked for it (`mail_poll_seconds`),
and before anything is done."""


LEADS_BESIDE = frozenset({"pipedrive"})
"""CRMs whose leads are records beside the people that they are of. A lead is its person's inquiry.
"""


@dataclass(frozen=True, slots=True)
class VendorConfig:
    """The registered app, and where and how fast the vendor may be called.

    api_base, app_base: addresses without a trailing slash; empty means the vendor's own. Where an
    account answers at an address of its own (`Tokens.base`), api_base counts before there are
    tokens. version: of the API, empty for the one that this connector is written against.
    ceiling: calls per 10 s and account, below the vendor's limit because the customer's other apps
    share part of it. rate_multiplier: raises every limit; only for a simulation that runs faster
    than the wall. webhook_url: where deliveries go, for vendors that are told so for each account.
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_base: str = ""
    app_base: str = ""
    version: str = ""
    ceiling: int = 100
    rate_multiplier: float = 1.0
    webhook_url: str = ""
