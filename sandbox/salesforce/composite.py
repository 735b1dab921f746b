"""Composite calls: parts that may rest on one another, graphs of them, and batches, in one call."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from sandbox.salesforce.call import PREFIX, Answer, Call, route
from sandbox.salesforce.errors import ApiError, refuse
from sandbox.salesforce.org import Org
from sandbox.world.account import Account

MOST_PARTS, MOST_GRAPHS, MOST_NODES, MOST_LEVELS = 25, 75, 500, 15
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_SEVERAL = re.compile(r"/services/data/v\d+\.0/(query|queryAll|composite/sobjects)\b")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_KEPT = ("objects", "archived", "unique", "unique_archived", "merged", "sequences")

Part = dict[str, Any]


class Dangling(Exception):
    """A reference to something that a part has not answered."""


# --- undoing -------------------------------------------------------------------------------------


def _kept(account: Account) -> bytes:
    """An account's records, to be put back should a later part fail."""
    state = {name: getattr(account, name) for name in _KEPT}
    return pickle.dumps((state, account.extra.get("traces")))


def _put_back(account: Account, kept: bytes) -> None:
    state, traces = pickle.loads(kept)
    for name, value in state.items():
        setattr(account, name, value)
    account.extra["traces"] = traces


# --- parts ---------------------------------------------------------------------------------------


def _parts(call: Call, given: Any, most: int) -> list[Part]:
    """The parts of a call, each with method, path and an id of its own."""
    if not isinstance(given, list) or not given:
        raise refuse("sf_composite_part", "compositeRequest must be a list of subrequests")
    if len(given) > most:
        raise refuse("sf_composite_size", f"The limit of {most} subrequests was exceeded")
    seen: set[str] = set()
    for part in given:
        name = part.get("referenceId") if isinstance(part, dict) else None
        right = isinstance(name, str) and re.fullmatch(r"[A-Za-z]\w*", name)
        if not right or name in seen:
            raise refuse("sf_composite_part", f"referenceId {name!r} is missing or not unique")
        seen.add(str(name))
        url = str(part.get("url", ""))
        if part.get("method") not in _METHODS or not url.startswith("/services/data/"):
            raise refuse("sf_composite_part", f"{name}: method and url must be those of a call")
    return given


def _filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """A value with every reference replaced; a text that is one takes the value as it is."""
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return _looked_up(whole, answers)
        return _REFERENCE.sub(lambda one: str(_looked_up(one, answers)), value)
    if isinstance(value, dict):
        return {name: _filled(one, answers) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, answers) for one in value]
    return value


def _looked_up(reference: re.Match[str], answers: Mapping[str, Any]) -> Any:
    name, path = reference[1], reference[2]
    found = answers.get(name)
    for step in _STEP.finditer(path):
        try:
            found = found[step[1]] if step[1] is not None else found[int(step[2])]
        except (KeyError, IndexError, TypeError):
            found = None
    if found is None:
        raise Dangling(f"Invalid reference specified. No value for {name}{path} found")
    return found


def _carried_out(call: Call, part: Part, answers: Mapping[str, Any]) -> tuple[int, Any]:
    try:
        url, body = _filled(part["url"], answers), _filled(part.get("body"), answers)
    except Dangling as error:
        refusal = refuse("sf_halted", str(error))
        call.hub.refused(refusal.rows)
        return refusal.status, refusal.body
    return _performed(call, part["method"], url, body)


def _performed(call: Call, method: str, url: str, body: Any) -> tuple[int, Any]:
    at = urlsplit(url)
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": PREFIX + at.path,
        "QUERY_STRING": at.query,
        "CONTENT_TYPE": "application/json",
    }
    part = Call(call.hub, environ, b"" if body is None else orjson.dumps(body))
    part.base, part.account, part.app, part.user = call.base, call.account, call.app, call.user
    part.scopes = call.scopes
    part.org = Org(call.account, call.hub.settings, call.user)
    status, answer = call.hub.run_part(part)
    # What a composite call shows has been JSON once: instants are texts, names are names.
    return status, answer


def _told(part: Part, status: int, body: Any) -> Part:
    headers = {}
    if status == 201 and isinstance(body, dict) and "id" in body:
        headers = {"Location": f"{part['url'].rstrip('/')}/{body['id']}"}
    return {
        "body": body,
        "httpHeaders": headers,
        "httpStatusCode": status,
        "referenceId": part["referenceId"],
    }


def _run(call: Call, parts: Sequence[Part], *, all_or_none: bool) -> tuple[list[Part], bool]:
    """The answers of all parts, and whether all of them are good ones."""
    kept = _kept(call.account) if all_or_none else b""
    answers: dict[str, Any] = {}
    told: list[Part] = []
    failed = -1
    for number, part in enumerate(parts):
        if all_or_none and failed >= 0:
            break
        status, body = _carried_out(call, part, answers)
        if status >= 300:
            failed = number if failed < 0 else failed
        else:
            answers[part["referenceId"]] = body
        told.append(_told(part, status, body))
    if all_or_none and failed >= 0:
        _put_back(call.account, kept)
        told = [
            told[number] if number == failed else _told(part, *_halted(call))
            for number, part in enumerate(parts)
        ]
    return told, failed < 0


def _halted(call: Call) -> tuple[int, Any]:
    refusal: ApiError = refuse(
        "sf_halted",
        "The transaction was rolled back since another operation in the same transaction failed.",
    )
    call.hub.refused(refusal.rows)
    return refusal.status, refusal.body


# --- endpoints -----------------------------------------------------------------------------------


@route("POST", "~/composite")
def composite(call: Call) -> Answer:
    """Parts one after the other; ``allOrNone`` undoes all of them where one fails."""
    body = call.object()
    parts = _parts(call, body.get("compositeRequest"), MOST_PARTS)
    most = call.hub.settings.salesforce_composite_queries
    if sum(1 for part in parts if _SEVERAL.match(part["url"])) > most:
        raise refuse("sf_composite_size", f"At most {most} subrequests are queries or collections")
    with call.hub.world.lock:
        told, _ = _run(call, parts, all_or_none=body.get("allOrNone") is True)
    return 200, {"compositeResponse": told}


@route("POST", "~/composite/graph")
def graph(call: Call) -> Answer:
    """Graphs of parts, each carried out whole or not at all."""
    given = call.object().get("graphs")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise refuse("sf_composite_part", "graphs must be a list")
    graphs = [_parts(call, one.get("compositeRequest"), MOST_NODES) for one in given]
    if len(graphs) > MOST_GRAPHS or sum(map(len, graphs)) > MOST_NODES:
        raise refuse("sf_graph_size", f"{MOST_GRAPHS} graphs and {MOST_NODES} nodes at most")
    if any(_levels(parts) > MOST_LEVELS for parts in graphs):
        raise refuse("sf_graph_size", f"A graph has {MOST_LEVELS} levels at most")
    told: list[Part] = []
    with call.hub.world.lock:
        for one, parts in zip(given, graphs, strict=True):
            answers, good = _run(call, parts, all_or_none=True)
            told.append(
                {
                    "graphId": one.get("graphId"),
                    "graphResponse": {"compositeResponse": answers},
                    "isSuccessful": good,
                }
            )
    return 200, {"graphs": told}


def _levels(parts: Sequence[Part]) -> int:
    """How deep the references of a graph go."""
    depth: dict[str, int] = {}
    for part in parts:
        text = part["url"] + orjson.dumps(part.get("body")).decode()
        below = [depth.get(name, 0) for name, _ in _REFERENCE.findall(text)]
        depth[part["referenceId"]] = 1 + max(below, default=0)
    return max(depth.values(), default=0)


@route("POST", "~/composite/batch")
def batch(call: Call) -> Answer:
    """Independent parts; ``haltOnError`` leaves out what comes after a failed one."""
    body = call.object()
    given = body.get("batchRequests")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise refuse("sf_composite_part", "batchRequests must be a list of subrequests")
    if len(given) > MOST_PARTS:
        raise refuse("sf_composite_size", f"The limit of {MOST_PARTS} subrequests was exceeded")
    results: list[Part] = []
    failed = False
    with call.hub.world.lock:
        for part in given:
            if failed and body.get("haltOnError") is True:
                status, answer = _halted(call)
            else:
                url = "/services/data/" + str(part.get("url", "")).removeprefix("/services/data/")
                method = str(part.get("method", "GET"))
                status, answer = _performed(call, method, url, part.get("richInput"))
            failed = failed or status >= 300
            results.append({"statusCode": status, "result": answer})
    return 200, {"hasErrors": failed, "results": results}
