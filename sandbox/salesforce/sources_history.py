"""Histories of opportunities: what they were at each change, and tracked fields."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sandbox.salesforce import ids
from sandbox.salesforce.computed_deals import TOLD, forecast, told_instants
from sandbox.salesforce.model import day
from sandbox.world.records import CALCULATED, Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

Values = dict[str, Any]


def deal_history(org: Org, record: Record) -> Iterator[Values]:
    """The rows of one opportunity, oldest first: one for each change of what it tells."""
    number = int(record.id)
    standing: dict[str, str] = {}
    before: dict[str, str] = {}
    pipeline = org.account.pipelines["deals"].get(record.get("pipeline"))
    for part, at in enumerate(told_instants(record), 1):
        by = record.created_by.user_id
        for name in TOLD:
            for version in record.history.get(name, ()):
                if version.at == at:
                    before[name] = standing.get(name, version.value)
                    standing[name] = version.value
                    by = version.user_id if version.source_type != CALCULATED.source_type else by
        stage = pipeline.stage(standing.get("dealstage", "")) if pipeline else None
        share = round(stage.probability * 100, 2) if stage else 0.0
        amount = standing.get("amount")
        category = forecast(stage)
        yield {
            "Id": ids.make("OpportunityHistory", number, part),
            "OpportunityId": ids.make("Opportunity", number),
            "StageName": standing.get("dealstage"),
            "Amount": float(amount) if amount else None,
            "PrevAmount": float(before["amount"]) if before.get("amount") else None,
            "CloseDate": day(int(standing["closedate"])) if standing.get("closedate") else None,
            "PrevCloseDate": day(int(before["closedate"])) if before.get("closedate") else None,
            "Probability": share,
            "ExpectedRevenue": round(float(amount) * share / 100, 2) if amount else None,
            "ForecastCategory": category.replace(" ", "").replace("Commit", "Forecast"),
            "CreatedDate": at,
            "CreatedById": org.by(by),
            "LastModifiedDate": at,
            "LastModifiedById": org.by(by),
            "SystemModstamp": at,
        }


def history(org: Org) -> Iterator[Values]:
    """OpportunityHistory of all live opportunities."""
    for row in org.rows("Opportunity"):
        assert row.record is not None
        yield from deal_history(org, row.record)


TRACKED = {"StageName": "dealstage", "Amount": "amount", "CloseDate": "closedate",
            "OwnerId": "hubspot_owner_id", "Name": "dealname"}  # fmt: skip
"""Field whose history may be tracked → the world's field."""


def field_history(org: Org) -> Iterator[Values]:
    """OpportunityFieldHistory of all live opportunities."""
    for row in org.rows("Opportunity"):
        assert row.record is not None
        yield from deal_field_history(org, row.record)


def deal_field_history(org: Org, record: Record) -> Iterator[Values]:
    """What the org tracks of one opportunity, oldest first."""
    number = int(record.id)
    changes = [
        (version.at, name, before.value, version)
        for name in sorted(org.state.tracked)
        for past in (record.history.get(TRACKED[name], ()),)
        for before, version in itertools.pairwise(past)
    ]
    for part, (at, name, old, version) in enumerate(sorted(changes, key=lambda c: c[:2]), 1):
        yield {
            "Id": ids.make("OpportunityFieldHistory", number, part),
            "OpportunityId": ids.make("Opportunity", number),
            "Field": "Owner" if name == "OwnerId" else name,
            "DataType": "Text",
            "OldValue": _told(org, name, old),
            "NewValue": _told(org, name, version.value),
            "CreatedDate": at,
            "CreatedById": org.by(version.user_id),
            "LastModifiedDate": at,
            "LastModifiedById": org.by(version.user_id),
            "SystemModstamp": at,
        }


def _told(org: Org, name: str, value: str) -> Any:
    if name == "OwnerId":
        return org.user_id(org.owner(value))
    if name == "CloseDate" and value:
        return day(int(value))
    return float(value) if name == "Amount" and value else value or None


OF_ONE: dict[str, Callable[[Org, Record], Iterator[Values]]] = {
    "OpportunityHistory": deal_history,
    "OpportunityFieldHistory": deal_field_history,
}
"""Object → its rows of one opportunity, for whoever asks for those of some alone."""
