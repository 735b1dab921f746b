"""Which CRMs there are."""

from __future__ import annotations

from collections.abc import Callable

from connectors.config import VendorConfig
from connectors.contract import Vendor
from connectors.hubspot.vendor import HubSpotVendor
from connectors.pipedrive.vendor import PipedriveVendor
from connectors.salesforce.vendor import SalesforceVendor

_VENDORS: dict[str, Callable[[VendorConfig], Vendor]] = {
    "hubspot": HubSpotVendor,
    "salesforce": SalesforceVendor,
    "pipedrive": PipedriveVendor,
}

CRMS = tuple(_VENDORS)


def vendor(crm: str, config: VendorConfig) -> Vendor:
    """The vendor of that name. Raises ValueError naming those there are."""
    make = _VENDORS.get(crm)
    if make is None:
        raise ValueError(f"there is no connector for {crm!r}; there are: {', '.join(CRMS)}")
    return make(config)
