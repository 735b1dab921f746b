"""A vendor that rotates refresh tokens, and a process that refreshes beside others.

Run as a program, it is one of several processes with threads of its own on one database: what they
do is told by the vendor, which withdraws the grant when a refresh token comes twice.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from app.installations.tokens import SqlTokenStore, TokenVault
from app.store.engine import Store
from connectors.access import RotatingAccess
from connectors.budget import MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import CrmError
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.vendor import SalesforceVendor
from tests.connectors.support import Answer, Asked, Calls, Clocks

THREADS = 8


class RotatingVendor:
    """Answers the token endpoints; a refresh token is good once."""

    def __init__(self, *, lose: int = 0, exp: int | None = None) -> None:
        """lose: how many refreshes are carried out and their answers lost."""
        self.lock = threading.Lock()
        self.live = "r0"
        self.refreshes = 0
        self.reused = 0
        self.revoked = False
        self.lose = lose
        self.exp = exp

    def __call__(self, asked: Asked) -> Answer:
        form = asked.form if asked.method == "POST" else {}
        with self.lock:
            if asked.path.endswith("/introspect"):
                return self._introspected(form)
            if asked.path.endswith("/token"):
                return self._refreshed(asked, form)
        return 404, [{"errorCode": "NOT_FOUND", "message": "no such resource"}]

    def _introspected(self, form: dict[str, str]) -> Answer:
        if form["token_type_hint"] == "refresh_token":
            return 200, {"active": not self.revoked and form["token"] == self.live}
        return 200, {"active": True, **({"exp": self.exp} if self.exp else {})}

    def _refreshed(self, asked: Asked, form: dict[str, str]) -> Answer:
        if form["refresh_token"] != self.live or self.revoked:
            self.reused += form["refresh_token"] != self.live
            self.revoked = True
            return 400, {"error": "invalid_grant", "error_description": "expired refresh token"}
        self.refreshes += 1
        self.live = f"r{self.refreshes}"
        if self.lose:
            self.lose -= 1
            return "hang up"
        host = asked.headers["Host"]
        return 200, {
            "access_token": f"a{self.refreshes}",
            "refresh_token": self.live,
            "instance_url": f"http://{host}/salesforce",
            "id": "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA",
            "scope": "api refresh_token",
            "issued_at": "1790000000000",
        }


def connector_on(url: str, store: object) -> SalesforceConnector:
    config = VendorConfig("id", "secret", f"{url}/salesforce", f"{url}/salesforce")
    made = SalesforceVendor(config).connect(store, MemoryBudgetStore(), Clocks(), Calls())  # type: ignore[arg-type]
    assert isinstance(made, SalesforceConnector)
    return made


def access_of(connector: SalesforceConnector) -> RotatingAccess:
    access = connector._parts.access  # pyright: ignore[reportPrivateUsage]
    assert isinstance(access, RotatingAccess)
    return access


def main(database: str, key: str, url: str, rounds: str) -> None:
    """Renew, as often as the rounds say, whatever token this process has just got."""
    store = Store(database)
    tokens = SqlTokenStore(store, TokenVault([key]), 1, Clocks())
    accesses = [access_of(connector_on(url, tokens)) for _ in range(2)]
    print("ready", flush=True)
    sys.stdin.readline()

    def renew(number: int) -> int:
        access, failures = accesses[number % 2], 0
        for _ in range(int(rounds)):
            try:
                access.bearer(refused=access.current().access)
            except CrmError:
                failures += 1
        return failures

    with ThreadPoolExecutor(THREADS) as pool:
        print(sum(pool.map(renew, range(THREADS))), flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
