"""Queries and the rest of their answers."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.call import Answer, Call, route
from sandbox.salesforce.describe import labels, offers
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.ids import NoId, read
from sandbox.salesforce.model import Field, Row, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.run import Plan
from sandbox.salesforce.soql.tree import Malformed, Query

PAGE, LEAST, MOST = 2_000, 200, 2_000
MOST_LOCATORS = 10
"""Rests of answers that a user may hold open; one more closes the oldest."""
_BATCH = re.compile(r"batchSize\s*=\s*(\S+)")


@dataclass(slots=True)
class Locator:
    """What is left of an answer. ``asked_at``: wall, in seconds."""

    portal_id: int
    user_id: int
    text: str
    deleted: bool
    rows: list[Row]
    size: int
    asked_at: float


@route("GET", "~/query")
def query(call: Call) -> Answer:
    """What a query finds among live records."""
    return _run(call, deleted=False)


@route("GET", "~/queryAll")
def query_all(call: Call) -> Answer:
    """What a query finds, deleted records included."""
    return _run(call, deleted=True)


def parsed(text: str) -> Query:
    """The tree of a query."""
    try:
        return parse(text)
    except Malformed as error:
        raise refuse("sf_malformed", str(error)) from None


def _run(call: Call, *, deleted: bool) -> Answer:
    text = call.arg("q")
    size = _page_size(call)
    if not text:
        raise refuse("sf_malformed", "A query string has to be specified")
    with call.hub.world.lock:
        plan = Plan(call.org, parsed(text), call.version, deleted=deleted)
        if plan.grouping is not None:
            if plan.grouping.counts_alone:
                return 200, {"totalSize": len(plan.rows()), "done": True, "records": []}
            groups = plan.groups()
            return 200, {"totalSize": len(groups), "done": True, "records": groups}
        rows = plan.rows()
        if len(rows) <= size:
            shown = [plan.show(row) for row in rows]
            return 200, {"totalSize": len(rows), "done": True, "records": shown}
        name = "0r8Fx" + secrets.token_hex(6).upper() + "AAA"
        held = Locator(
            call.account.portal_id, call.user.user_id, text, deleted, rows, size, time.time()
        )
        _keep(call, name, held)
        return 200, _page(call, name, held, plan, 0)


def _page_size(call: Call) -> int:
    found = _BATCH.search(call.options)
    if found is None:
        return PAGE
    if not found[1].isdigit() or not LEAST <= int(found[1]) <= MOST:
        raise refuse("sf_batch_size", f"batchSize must be between {LEAST} and {MOST}")
    return int(found[1])


def _keep(call: Call, name: str, held: Locator) -> None:
    own = [
        one
        for one, locator in call.hub.locators.items()
        if (locator.portal_id, locator.user_id) == (held.portal_id, held.user_id)
    ]
    for one in own[: max(0, len(own) + 1 - MOST_LOCATORS)]:
        del call.hub.locators[one]
    call.hub.locators[name] = held


def _page(call: Call, name: str, held: Locator, plan: Plan, begin: int) -> dict[str, Any]:
    end = begin + held.size
    told: dict[str, Any] = {
        "totalSize": len(held.rows),
        "done": end >= len(held.rows),
        "records": [plan.show(row) for row in held.rows[begin:end]],
    }
    if not told["done"]:
        verb = "queryAll" if held.deleted else "query"
        told["nextRecordsUrl"] = f"/services/data/{call.version}/{verb}/{name}-{end}"
    return told


@route("GET", "~/query/{locator}")
def more(call: Call, locator: str) -> Answer:
    """A further page of an answer. Which records belong to it was settled by the query."""
    name, _, begin = locator.rpartition("-")
    held: Locator | None = call.hub.locators.get(name)
    most = call.hub.settings.salesforce_locator_seconds
    old = held is not None and time.time() - held.asked_at > most
    if held is None or old or not begin.isdigit() or (
        (held.portal_id, held.user_id) != (call.account.portal_id, call.user.user_id)
    ):  # fmt: skip
        raise refuse("sf_locator", "invalid query locator")
    with call.hub.world.lock:
        plan = Plan(call.org, parsed(held.text), call.version, deleted=held.deleted)
        return 200, _page(call, name, held, plan, int(begin))


@route("GET", "~/queryAll/{locator}")
def more_of_all(call: Call, locator: str) -> Answer:
    """The same of an answer with deleted records."""
    return more(call, locator)


def picklist_values(org: Org, sobject: SObject, field: Field, record_type: str) -> dict[str, Any]:
    """A picklist's values for a record type: of stages, those of the pipeline behind it."""
    values = list(dict.fromkeys(offers(org, sobject.name, field.name)))
    if field.name == "StageName":
        pipelines = list(org.account.pipelines["deals"].values())
        try:
            number = read(record_type)[1]
        except NoId:
            number = 0
        if len(pipelines) > 1 and 0 < number <= len(pipelines):
            own = {stage.id for stage in pipelines[number - 1].stages if not stage.archived}
            values = [pair for pair in values if pair[1] in own]
    known = labels(org, sobject.name, field)
    return {
        "controllerValues": {},
        "defaultValue": None,
        "values": [
            {"attributes": None, "label": known.get(value, value), "validFor": [], "value": value}
            for value, _ in values
        ],
    }
