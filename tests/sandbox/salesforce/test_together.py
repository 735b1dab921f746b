"""Composite calls, graphs and batches."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Record
from tests.sandbox.salesforce.support import DATA, TOUCH, Client, Place, sfid

COMPOSITE = "~/composite"


def part(name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    made = {"referenceId": name, "method": method, "url": path.replace("~", DATA, 1)}
    return made | ({} if body is None else {"body": body})


def run(api: Client, *parts: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    body = {"allOrNone": all_or_none, "compositeRequest": list(parts)}
    return api.ok("POST", COMPOSITE, body)["compositeResponse"]


def statuses(told: list[dict[str, Any]]) -> list[int]:
    return [one["httpStatusCode"] for one in told]


def test_a_part_may_rest_on_another(api: Client, deal: Record) -> None:
    opportunity = sfid("Opportunity", deal)
    text = f"SELECT OwnerId FROM Opportunity WHERE Id = '{opportunity}'"
    told = run(
        api,
        part("deal", "GET", f"~/query?q={text.replace(' ', '+')}"),
        part("task", "POST", "~/sobjects/Task",
             {"Subject": "x", "WhatId": opportunity, "OwnerId": "@{deal.records[0].OwnerId}"}),
        part("read", "GET", "~/sobjects/Task/@{task.id}?fields=OwnerId,WhatId"),
    )  # fmt: skip
    assert statuses(told) == [200, 201, 200]
    assert told[1]["httpHeaders"]["Location"].endswith(told[1]["body"]["id"])
    assert told[2]["body"]["OwnerId"] == "005Fx00000000BKIAY"
    assert told[2]["body"]["WhatId"] == opportunity


def test_a_composite_call_is_one_call(alone: Place) -> None:
    api = alone.client()
    body = {"compositeRequest": [part(f"p{n}", "GET", "~/limits") for n in range(3)]}
    answer = api.call("POST", COMPOSITE, body)
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/102000"


@pytest.mark.refusal("sf_halted")
def test_what_rests_on_a_failed_part_is_not_done(api: Client, sandbox: Place) -> None:
    before = len(sandbox.account.objects["tasks"])
    told = run(
        api,
        part("bad", "POST", "~/sobjects/Task", {"Subject": "x" * 256}),
        part("rests", "PATCH", "~/sobjects/Task/@{bad.id}", {"Subject": "y"}),
        part("free", "POST", "~/sobjects/Task", {"Subject": "z"}),
    )
    assert statuses(told) == [400, 400, 201]
    assert told[0]["body"][0]["errorCode"] == "STRING_TOO_LONG"
    assert told[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert len(sandbox.account.objects["tasks"]) == before + 1


@pytest.mark.refusal("sf_halted")
def test_all_or_none_undoes_what_was_done(api: Client, sandbox: Place, deal: Record) -> None:
    opportunity, before = sfid("Opportunity", deal), len(sandbox.account.objects["tasks"])
    told = run(
        api,
        part("step", "PATCH", f"~/sobjects/Opportunity/{opportunity}", {"NextStep": "Call"}),
        part("task", "POST", "~/sobjects/Task",
             {"Subject": "x", "WhatId": opportunity, TOUCH: "undone"}),
        part("bad", "POST", "~/sobjects/Task", {"Subject": "x" * 256}),
        all_or_none=True,
    )  # fmt: skip
    assert statuses(told) == [400, 400, 400]
    codes = [one["body"][0]["errorCode"] for one in told]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "STRING_TOO_LONG"]
    assert len(sandbox.account.objects["tasks"]) == before
    assert api.get(f"~/sobjects/Opportunity/{opportunity}")["NextStep"] is None
    assert api.create("Task", Subject="y", **{TOUCH: "undone"}), "the unique value is free again"


def test_each_graph_is_done_whole_or_not_at_all(api: Client, deal: Record) -> None:
    def graph(name: str, subject: str) -> dict[str, Any]:
        task = {"Subject": subject, "WhatId": sfid("Opportunity", deal)}
        return {
            "graphId": name,
            "compositeRequest": [
                part("first", "POST", "~/sobjects/Task", task),
                part("second", "PATCH", "~/sobjects/Task/@{first.id}", {"Priority": "High"}),
            ],
        }

    told = api.ok("POST", f"{COMPOSITE}/graph", {"graphs": [
        graph("good", "from a graph"), graph("bad", "x" * 256)
    ]})["graphs"]  # fmt: skip
    assert [one["isSuccessful"] for one in told] == [True, False]
    assert statuses(told[0]["graphResponse"]["compositeResponse"]) == [201, 204]
    rows = api.query("SELECT Priority FROM Task WHERE Subject = 'from a graph'")
    assert rows == [{"Priority": "High"}]


def test_a_batch_is_independent_parts(api: Client) -> None:
    requests = [
        {"method": "GET", "url": "v67.0/limits"},
        {"method": "GET", "url": "v67.0/nothing"},
        {"method": "GET", "url": "v67.0/limits"},
    ]
    told = api.ok("POST", f"{COMPOSITE}/batch", {"batchRequests": requests})
    assert told["hasErrors"] is True
    assert [one["statusCode"] for one in told["results"]] == [200, 404, 200]
    halted = {"batchRequests": requests, "haltOnError": True}
    told = api.ok("POST", f"{COMPOSITE}/batch", halted)
    assert [one["statusCode"] for one in told["results"]] == [200, 404, 400]


def several(count: int, path: str) -> dict[str, Any]:
    return {"compositeRequest": [part(f"p{n}", "GET", path) for n in range(count)]}


@pytest.mark.refusal("sf_composite_size", "sf_composite_part", "sf_graph_size")
def test_what_a_composite_call_may_not_be(alone: Place) -> None:
    api = alone.client()
    query = "~/query?q=SELECT+Id+FROM+Task"
    assert api.error("POST", COMPOSITE, several(26, "~/limits"))[1] == "LIMIT_EXCEEDED"
    assert api.error("POST", COMPOSITE, several(6, query))[1] == "LIMIT_EXCEEDED"
    alone.settings.update({"salesforce_composite_queries": 25})
    assert api.ok("POST", COMPOSITE, several(6, query))
    for bad in (
        {},
        {"compositeRequest": [part("a", "GET", "~/limits"), part("a", "GET", "~/limits")]},
        {"compositeRequest": [part("a", "LOOK", "~/limits")]},
        {"compositeRequest": [part("a", "GET", "/elsewhere")]},
    ):
        assert api.error("POST", COMPOSITE, bad)[1] == "INVALID_INPUT"
    chain = [part("p0", "POST", "~/sobjects/Task", {"Subject": "x"})]
    chain += [
        part(f"p{n}", "POST", "~/sobjects/Task", {"Subject": f"@{{p{n - 1}.id}}"})
        for n in range(1, 16)
    ]
    graph = {"graphs": [{"graphId": "deep", "compositeRequest": chain}]}
    assert api.error("POST", f"{COMPOSITE}/graph", graph)[1] == "LIMIT_EXCEEDED"
    graph["graphs"][0]["compositeRequest"] = chain[:15]
    assert api.ok("POST", f"{COMPOSITE}/graph", graph)["graphs"][0]["isSuccessful"] is True
