"""The vendor's client with its transport replaced by ours.

simple-salesforce knows no refresh tokens and no time-outs, builds https addresses whatever it is
told, asks for pretty-printed JSON, and where it refreshes by itself may do so for ever. What is
kept is `restful`, and its quoting of SOQL values: the client gets our session, which sends through
our transport, and a base address that is a path.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from connectors.access import Access
from connectors.batches import chunks
from connectors.contract import ACTING, ASIDE, READING, NotFound
from connectors.salesforce.allowance import Allowance
from connectors.salesforce.tables import AT_ONCE
from connectors.transport import Reply, Request, Transport

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """A query. deleted: of what is in the recycle bin too. there: whether the account is sure to
    have the object; where it is not, there are no rows of one that it lacks.

    Its text holds names and ids, and nothing that anybody typed: several of them travel in a call
    whose parts may refer to one another, by a notation of their own.
    """

    soql: str
    deleted: bool = False
    there: bool = True

    @property
    def verb(self) -> str:
        return "queryAll" if self.deleted else "query"


Found = list[dict[str, Any]]
"""Rows of one query."""

Question = Generator[Sequence[Ask], Sequence[Found], T]
"""Yields what it asks, is sent the rows of each, and returns what they say."""


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
        reading: str = READING,
    ) -> None:
        """acting, reading: the priorities under which calls go that are meant as `ACTING` and as
        `READING`."""
        self._transport_for = transport_for
        self._access = access
        self.allowance = allowance
        self._version = version
        self._priorities = {ACTING: acting, READING: reading}
        self._made: Any = None

    def clearing(self) -> Api:
        """The same, its acting calls not held back by the stop of everything."""
        return Api(
            self._transport_for, self._access, self.allowance, self._version, acting="admin"
        )

    def aside(self) -> Api:
        """The same, its readings giving way to all else."""
        return Api(
            self._transport_for, self._access, self.allowance, self._version, reading=ASIDE
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
        priority: str = READING,
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
        verb = Ask(soql, deleted).verb
        yield from self._pages(self.call("GET", verb, query={"q": _line(soql)}, safe=True))

    def _pages(self, answer: Any) -> Iterator[dict[str, Any]]:
        while True:
            yield from answer.get("records") or ()
            following = answer.get("nextRecordsUrl")
            if not following:
                return
            answer = self.call("GET", following.split(f"/v{self._version}/", 1)[1], safe=True)

    def ask(self, asks: Sequence[Ask]) -> list[Found]:
        """Rows of several queries, in their order, with as few calls as Salesforce allows."""
        found: list[Found] = []
        for ask, rows in zip(asks, self.asked(asks), strict=True):
            found.append(self._alone(ask) if rows is None else rows)
        return found

    def asked(self, asks: Sequence[Ask]) -> list[Found | None]:
        """As `ask`; None for what was refused, or would have to be asked alone: doing so tells why.
        """
        found: list[Found | None] = []
        for part in chunks(asks, AT_ONCE):
            found += self._together(part) if len(part) > 1 else [None] * len(part)
        return found

    def _alone(self, ask: Ask) -> Found:
        try:
            return self.query(ask.soql, deleted=ask.deleted)
        except NotFound:
            if ask.there:
                raise
            return []

    def _together(self, asks: Sequence[Ask]) -> list[Found | None]:
        parts = [
            {
                "method": "GET",
                "referenceId": f"q{number}",
                "url": f"{self.path(ask.verb)}?{urlencode({'q': _line(ask.soql)})}",
            }
            for number, ask in enumerate(asks)
        ]
        # Nothing is written, so a lost answer may be asked for again.
        answer = self.call("POST", "composite", body={"compositeRequest": parts}, safe=True)
        told = {one.get("referenceId"): one for one in answer.get("compositeResponse") or ()}
        found: list[Found | None] = []
        for part in parts:
            one = told.get(part["referenceId"])
            good = one is not None and one.get("httpStatusCode") == 200
            found.append(list(self._pages(one["body"])) if one is not None and good else None)
        return found

    def answers(self, questions: Mapping[K, Question[Any]]) -> dict[K, Any]:
        """What several questions come to, all asked together."""
        wanted = {name: next(question) for name, question in questions.items()}
        rows = iter(self.ask([ask for asks in wanted.values() for ask in asks]))
        found: dict[K, Any] = {}
        for name, question in questions.items():
            try:
                question.send([next(rows) for _ in wanted[name]])
            except StopIteration as end:
                found[name] = end.value
        return found

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
        meant = request.priority
        request = replace(request, priority=self._priorities.get(meant, meant))
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


def _line(soql: str) -> str:
    return " ".join(soql.split())
