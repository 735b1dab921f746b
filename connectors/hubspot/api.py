"""The vendor's client with its transport replaced by ours.

hubspot-api-client opens a connection per call, sets no time-out, prints errors and lets urllib3
retry behind our back; its generated modules know no dated paths. What is kept is its entry point,
`api_request`, so that code written against the client works on our transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from connectors.access import Access
from connectors.contract import ACTING, ASIDE, READING
from connectors.transport import Reply, Request, Transport

ASSOCIATIONS = ("default", "associations")
"""Whether association calls count against the general limit too is not documented: they take both.
"""

SEARCH = ("search",)


@lru_cache(maxsize=1)
def _client_class() -> Any:
    """Made on first use: importing the vendor's package costs 0.1 s and 14 MB."""
    from hubspot import HubSpot

    class DatedClient(HubSpot):  # pyright: ignore[reportUntypedBaseClass]
        """`hubspot.HubSpot` whose `api_request` goes through our transport.

        Options are the vendor's (`method`, `path`, `body`, `qs`), `{version}` in a path standing
        for the API version, and ours (`safe`, `buckets`, `priority`).
        """

        def __init__(self, api: Api) -> None:
            super().__init__(access_token="")
            self._api = api

        def api_request(self, options: Mapping[str, Any]) -> Any:
            return self._api.send(options)

    return DatedClient


class Api:
    """Authorized calls of one installation."""

    def __init__(
        self, transport: Transport, access: Access, version: str, *, acting: str = ACTING,
        reading: str = READING,
    ) -> None:  # fmt: skip
        """acting, reading: the priorities under which calls go that are meant as `ACTING` and as
        `READING`."""
        self._transport = transport
        self._access = access
        self._version = version
        self._priorities = {ACTING: acting, READING: reading}
        self.client = _client_class()(self)

    def clearing(self) -> Api:
        """The same, its acting calls not held back by the stop of everything."""
        return Api(self._transport, self._access, self._version, acting="admin")

    def aside(self) -> Api:
        """The same, its readings giving way to all else."""
        return Api(self._transport, self._access, self._version, reading=ASIDE)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        safe: bool = False,
        buckets: tuple[str, ...] = ("default",),
        priority: str = READING,
    ) -> Any:
        """One call; the answer's JSON."""
        reply: Reply = self.client.api_request(
            {
                "method": method,
                "path": path,
                "qs": query,
                "body": body,
                "safe": safe,
                "buckets": buckets,
                "priority": priority,
            }
        )
        return reply.json()

    def send(self, options: Mapping[str, Any]) -> Reply:
        """What the client's `api_request` does: authorize, send, renew a refused token once."""
        method: str = options.get("method") or "GET"
        priority: str = options.get("priority") or ACTING
        request = Request(
            method,
            options["path"].replace("{version}", self._version),
            query=options.get("qs"),
            body=options.get("body"),
            safe=bool(options.get("safe", method == "GET")),
            priority=self._priorities.get(priority, priority),
            buckets=options.get("buckets") or ("default",),
        )
        return self._access.authorized(
            lambda bearer: self._transport.call(request, bearer),
            "HubSpot does not accept an access token that it has just issued; it is tried again by "
            "itself.",
        )
