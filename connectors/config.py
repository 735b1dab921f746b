"""What the operator says about one vendor before any account is connected."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class VendorConfig:
    """The registered app, and where and how fast the vendor may be called.

    api_base, app_base: origins without a trailing slash; empty means the vendor's own. version:
    the dated API version, empty for the one that this connector is written against. ceiling: calls
    per 10 s and account, below the vendor's limit because the customer's other apps share part of
    it. rate_multiplier: raises every limit; only for a simulation that runs faster than the wall.
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_base: str = ""
    app_base: str = ""
    version: str = ""
    ceiling: int = 100
    rate_multiplier: float = 1.0
