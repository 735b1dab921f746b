"""What a demo at each CRM needs of its own: the app's registration, what precedes consent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo import registration, salesforce_package


@dataclass(frozen=True)
class Crm:
    """A CRM. ``path``: where the sandbox serves it, below its address.

    ``registration``: what the vendor knows of the app at an address, as the sandbox takes it.
    ``package``: where an admin installs the app's package before anybody can consent, below
    ``path``; empty where there is none. ``settings``: of the app, so that weeks pass in a minute.
    """

    name: str
    path: str
    registration: Callable[[str], Mapping[str, Any]]
    package: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def environment(self, sandbox: str, client_id: str, secret: str) -> dict[str, str]:
        """The variables by which the app knows of this CRM, played by the sandbox at an address."""
        prefix, base = self.name.upper(), f"{sandbox}{self.path}"
        return {
            f"{prefix}_CLIENT_ID": client_id,
            f"{prefix}_CLIENT_SECRET": secret,
            f"{prefix}_API_BASE": base,
            f"{prefix}_APP_BASE": base,
        }


CRMS: dict[str, Crm] = {
    "hubspot": Crm("hubspot", "", registration.registration),
    "salesforce": Crm(
        "salesforce",
        "/salesforce",
        salesforce_package.registration,
        "/packaging/installPackage.apexp",
        {"poll_seconds": 240},  # less than an entry takes to settle
    ),
    "pipedrive": Crm(
        "pipedrive", "/pipedrive", registration.pipedrive, settings={"mail_poll_seconds": 1800}
    ),
}
"""Name → what is special about it."""
