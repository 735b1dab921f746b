"""The vendor's client with its transport replaced by ours.

simple-salesforce knows no refresh tokens and no time-outs, builds https addresses whatever it is
told, asks for pretty-printed JSON, and where it refreshes by itself may do so for ever. What is
kept is `restful`, and its quoting of SOQL values: the client gets our session, which sends through
our transport, and a base address that is a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from connectors.access import Access
from connectors.batches import chunks
from connectors.contract import ACTING
from connectors.salesforce.allowance import Allowance
from connectors.transport import Reply, Request, Transport


@lru_cache(maxsize=1)
def _client_class() -> Any:
    """Made on first use: importing the vendor's package costs 0.8 s and 44 MB."""
    from simple_salesforce.api import Salesforce

    return Salesforce


def quoted(value: Any) -> str:
    """A value, or a list of them, as SOQL writes it."""
    from simple_salesforce.format import quote_soql_value

    return quote_soql_value(value)


class _Answer:
    """What the vendor's client reads of an answer."""

    def __init__(self, reply: Reply) -> None:
        self.status_code = reply.status
        self.headers: Mapping[str, str] = {}  # the client's own reading of limits is not needed
        self._reply = reply

    def json(self, **_: Any) -> Any:
        return self._reply.json()


class _Session:
    """What the vendor's client takes for its HTTP session."""

    proxies: Mapping[str, str] | None = None

    def __init__(self, send: Callable[[Request], Reply]) -> None:
        self._send = send

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        safe: bool = False,
        priority: str = ACTING,
    ) -> _Answer:
        return _Answer(
            self._send(
                Request(method, url, query=params, body=json, safe=safe, priority=priority)
            )
        )


class Api:
    """Authorized calls of one installation. transport_for: of an account's address."""

    def __init__(
        self,
        transport_for: Callable[[str], Transport],
        access: Access,
        allowance: Allowance,
        version: str,
        *,
        acting: str = ACTING,
    ) -> None:
        """acting: the priority under which calls go that are meant as `ACTING`."""
        self._transport_for = transport_for
        self._access = access
        self.allowance = allowance
        self._version = version
        self._acting = acting
        self._made: Any = None

    def clearing(self) -> Api:
        """The same, its acting calls not held back by the stop of everything."""
        return Api(
            self._transport_for, self._access, self.allowance, self._version, acting="admin"
        )

    @property
    def client(self) -> Any:
        """The vendor's client on our transport."""
        if self._made is None:
            made = _client_class()(
                session_id="", instance="-", version=self._version, session=_Session(self.send)
            )
            made.base_url = self.path("")
            self._made = made
        return self._made

    def path(self, name: str) -> str:
        """The path of a resource of the API's version."""
        return f"/services/data/v{self._version}/{name}"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        safe: bool = False,
        priority: str = "ingest",
    ) -> Any:
        """One call; the answer's JSON, {} where there is none. path: below the version's."""
        answer = self.client.restful(
            path, params=query, method=method, json=body, safe=safe, priority=priority
        )
        return {} if answer is None else answer

    def query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """All rows of a query, page by page. deleted: what is in the recycle bin too."""
        return list(self.rows(soql, deleted=deleted))

    def rows(self, soql: str, *, deleted: bool = False) -> Iterator[dict[str, Any]]:
        """As `query`, each page read when its rows are wanted."""
        path, query = "queryAll" if deleted else "query", {"q": " ".join(soql.split())}
        answer = self.call("GET", path, query=query, safe=True)
        while True:
            yield from answer.get("records") or ()
            following = answer.get("nextRecordsUrl")
            if not following:
                return
            answer = self.call("GET", following.split(f"/v{self._version}/", 1)[1], safe=True)

    def query_in(
        self,
        soql: str,
        ids: Sequence[str],
        *,
        deleted: bool = False,
        size: int = 200,
    ) -> list[dict[str, Any]]:
        """Rows of a query whose `{ids}` stands for so many ids that one address cannot hold them.
        """
        found: list[dict[str, Any]] = []
        for part in chunks(list(dict.fromkeys(ids)), size):
            found += self.query(soql.replace("{ids}", quoted(list(part))), deleted=deleted)
        return found

    def send(self, request: Request) -> Reply:
        """Authorize, send, renew a refused token once. Raises only errors of the contract."""
        if request.priority == ACTING:
            request = replace(request, priority=self._acting)
        return self._access.authorized(
            lambda bearer: self._sent(request, bearer),
            "Salesforce does not accept an access token that it has just issued; it is tried again "
            "by itself. If it goes on, the user's rights or the allowed addresses (IP ranges) of "
            "the app may forbid it.",
        )

    def _sent(self, request: Request, bearer: str) -> Reply:
        reply = self._transport_for(self._access.current().base).call(request, bearer)
        self.allowance.note(reply.headers)
        return reply
