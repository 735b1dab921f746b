"""Quotes of an org, where they are turned on."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import control
from sandbox.world.people_acts import Acts
from tests.sandbox.salesforce.support import Place, sfid

DAY = 86_400_000


def test_a_quote_is_drawn_up_presented_and_denied(alone: Place) -> None:
    api, acts, deal = alone.client(), Acts(alone.account), alone.deal(amount="900")
    ends = 1_790_000_000_000
    quote = acts.do("create_quote", {"deal": deal.id, "title": "Quote 7", "expires": ends})

    def as_read() -> dict[str, Any]:
        text = (
            "SELECT Id, Name, Status, OpportunityId, ExpirationDate, GrandTotal, IsSyncing "
            f"FROM Quote WHERE OpportunityId = '{sfid('Opportunity', deal)}'"
        )
        (found,) = api.get("~/query", q=text)["records"]
        return found

    drawn = as_read()
    assert (drawn["Name"], drawn["Status"], drawn["GrandTotal"]) == ("Quote 7", "Draft", 900.0)
    assert drawn["OpportunityId"] == sfid("Opportunity", deal)
    assert (drawn["ExpirationDate"], drawn["IsSyncing"]) == ("2026-09-21", False)
    assert drawn["Id"].startswith("0Q0")
    acts.do("review_quote", {"quote": quote.id, "verdict": "refused"})
    assert as_read()["Status"] == "Rejected"
    acts.do("send_quote", {"quote": quote.id})
    assert as_read()["Status"] == "Presented"
    acts.do("deny_quote", {"quote": quote.id})
    assert as_read()["Status"] == "Denied"
    api.ok("PATCH", f"~/sobjects/Quote/{drawn['Id']}", {"Status": "Accepted"})
    assert quote.get("hs_status") == "ACCEPTED"
    made = api.ok(
        "POST", "~/sobjects/Quote",
        {"Name": "Quote 8", "OpportunityId": drawn["OpportunityId"], "Status": "Draft"},
    )  # fmt: skip
    assert made["id"].startswith("0Q0")


def test_where_quotes_are_not_turned_on_there_is_no_such_object(alone: Place) -> None:
    control.hide_objects(alone.account, ["Quote"])
    api = alone.client()
    assert api.call("GET", "~/sobjects/Quote/describe").status_code == 404
    listed = api.get("~/sobjects")["sobjects"]
    assert "Quote" not in {one["name"] for one in listed}
