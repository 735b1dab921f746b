"""The vendor's client with its transport replaced by ours.

pipedrive-python-lib knows v1 paths alone, sends without a time-out, and answers a refusal that is
no JSON as if it were a result. What is kept is its entry point, `_request`, so that code written
against the client works on our transport; the paths are v2's wherever there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from connectors.access import Access
from connectors.contract import ACTING, ASIDE, READING, ObjectType
from connectors.pipedrive.tables import PATHS, V1, V1_ONLY, V2, cost
from connectors.transport import Reply, Request, Transport

SEARCH = ("default", "search")


@lru_cache(maxsize=1)
def _client_class() -> Any:
    """Made on first use: importing the vendor's package costs what most processes need not pay."""
    from pipedrive.client import Client

    class PathClient(Client):  # pyright: ignore[reportUntypedBaseClass]
        """`pipedrive.client.Client` whose `_request` goes through our transport.

        Addresses are paths of the account's own; the options are `requests`' (`params`, `json`)
        and ours (`safe`, `buckets`, `priority`). Answers the body's JSON.
        """

        BASE_URL = f"{V1}/"

        def __init__(self, api: Api) -> None:
            super().__init__()
            self._api = api

        def _request(
            self, method: str, url: str, headers: Any = None, params: Any = None, **options: Any
        ) -> Any:
            return self._api.send(method.upper(), url, params, **options).json()

    return PathClient


class Api:
    """Authorized calls of one installation."""

    def __init__(
        self, transport: Callable[[], Transport], access: Access, *, acting: str = ACTING,
        reading: str = READING,
    ) -> None:  # fmt: skip
        """transport: to the account's own address, known with its tokens. acting, reading: the
        priorities under which calls go that are meant as `ACTING` and as `READING`."""
        self._transport = transport
        self._access = access
        self._priorities = {ACTING: acting, READING: reading}
        self.client = _client_class()(self)

    def clearing(self) -> Api:
        """The same, its acting calls not held back by the stop of everything."""
        return Api(self._transport, self._access, acting="admin")

    def aside(self) -> Api:
        """The same, its readings giving way to all else."""
        return Api(self._transport, self._access, reading=ASIDE)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        safe: bool | None = None,
        buckets: tuple[str, ...] = ("default",),
        priority: str = READING,
    ) -> Any:
        """One call; the answer's JSON. safe: repeating it does no harm; unless said, a GET's."""
        return self.client._request(
            method, path, params=query, json=body, safe=safe, buckets=buckets, priority=priority
        )

    def listed(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All rows of a list, page after page: by cursor in v2, by offset in v1."""
        asked = dict(query or {})
        while True:
            answer = self.call("GET", path, query=asked)
            yield from answer.get("data") or ()
            more = following(answer)
            if not more:
                return
            asked |= more

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        json: Any = None,
        safe: bool | None = None,
        buckets: tuple[str, ...] = ("default",),
        priority: str = ACTING,
    ) -> Reply:
        """What the client's `_request` does: authorize, send, renew a refused token once."""
        request = Request(
            method,
            path,
            query=query,
            body=json,
            safe=method == "GET" if safe is None else safe,
            priority=self._priorities.get(priority, priority),
            buckets=buckets,
            cost=cost(method, path),
        )
        return self._access.authorized(
            lambda bearer: self._transport().call(request, bearer),
            "Pipedrive does not accept an access token that it has just issued; it is tried again "
            "by itself.",
        )


def following(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What asks for the next page; empty after the last one."""
    more: Mapping[str, Any] = answer.get("additional_data") or {}
    if more.get("next_cursor"):
        return {"cursor": more["next_cursor"]}
    # v1 lists tell it apart from the rest; leads put it flat and name no next start.
    paged: Mapping[str, Any] = more.get("pagination") or more
    if not paged.get("more_items_in_collection"):
        return {}
    start = paged.get("next_start")
    return {"start": paged["start"] + paged["limit"] if start is None else start}


def v2(name: str, id: str | int | None = None) -> str:
    """Path of a collection of v2, or of one of its records."""
    return f"{V2}/{name}" if id is None else f"{V2}/{name}/{id}"


def v1(name: str, id: str | int | None = None) -> str:
    """Path of a collection that only v1 has, or of one of its records."""
    return f"{V1}/{name}" if id is None else f"{V1}/{name}/{id}"


def path_of(type: ObjectType, id: str | None = None) -> str:
    """Path of the records of a type, or of one of them, in the newest version that has it."""
    return (v1 if type in V1_ONLY else v2)(PATHS[type], id)
