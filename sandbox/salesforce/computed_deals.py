"""Reckoned values of opportunities."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sandbox.salesforce import ids
from sandbox.salesforce.computed import company_id, reads
from sandbox.salesforce.days import activity_day
from sandbox.salesforce.model import day
from sandbox.world.records import Record, Stage

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_DAY_MS = 86_400_000


def stage_of(org: Org, record: Record) -> Stage | None:
    """The stage that a deal stands in."""
    pipeline = org.account.pipelines["deals"].get(record.get("pipeline"))
    return pipeline.stage(record.get("dealstage")) if pipeline else None


def stage_name(org: Org, stage_id: str) -> str:
    """What StageName holds for a stage."""
    if org.settings.salesforce_stage_name_is == "MasterLabel":
        for pipeline in org.account.pipelines["deals"].values():
            stage = pipeline.stage(stage_id)
            if stage is not None:
                return stage.label
    return stage_id


def live_stages(org: Org) -> list[Stage]:
    """Every stage once, in the order of the screens: pipelines share those of one name."""
    found: dict[str, Stage] = {}
    for pipeline in org.account.pipelines["deals"].values():
        for stage in pipeline.stages:
            known = found.get(stage.id)
            if known is None or known.archived:
                found[stage.id] = stage
    return list(found.values())


def forecast(stage: Stage | None) -> str:
    """The forecast category that an admin gives such a stage."""
    if stage is None or not stage.closed:
        if stage is not None and stage.probability >= 0.75:
            return "Commit"
        return "Pipeline" if stage is None or stage.probability < 0.5 else "Best Case"
    return "Closed" if stage.probability >= 1.0 else "Omitted"


@reads("Opportunity.StageName")
def _stage_name(org: Org, record: Record) -> str:
    return stage_name(org, record.get("dealstage"))


@reads("Opportunity.IsClosed")
def _is_closed(org: Org, record: Record) -> bool:
    return record.get("hs_is_closed") == "true"


@reads("Opportunity.IsWon")
def _is_won(org: Org, record: Record) -> bool:
    return record.get("hs_is_closed_won") == "true"


@reads("Opportunity.Probability")
def probability(org: Org, record: Record) -> float:
    """In percent: as written, until the next stage sets it anew."""
    own = record.history.get("sf_Probability")
    stage = record.history.get("dealstage")
    if own and own[-1].value and (not stage or own[-1].at >= stage[-1].at):
        return float(own[-1].value)
    found = stage_of(org, record)
    return round(found.probability * 100, 2) if found else 0.0


@reads("Opportunity.ExpectedRevenue")
def _expected(org: Org, record: Record) -> float | None:
    amount = record.get("amount")
    return round(float(amount) * probability(org, record) / 100, 2) if amount else None


@reads("Opportunity.ForecastCategory")
def _forecast(org: Org, record: Record) -> str:
    return forecast(stage_of(org, record)).replace(" ", "").replace("Commit", "Forecast")


@reads("Opportunity.ForecastCategoryName")
def _forecast_name(org: Org, record: Record) -> str:
    return record.get("sf_ForecastCategoryName") or forecast(stage_of(org, record))


@reads("Opportunity.CloseDate")
def close_date(org: Org, record: Record) -> str:
    """A month after it was made, where nobody has set one: no opportunity is without."""
    value = record.instant("closedate")
    return day(value if value is not None else record.created_at + 30 * _DAY_MS)


@reads("Opportunity.RecordTypeId")
def _record_type(org: Org, record: Record) -> str | None:
    pipelines = list(org.account.pipelines["deals"])
    if len(pipelines) < 2 or record.get("pipeline") not in pipelines:
        return None
    return ids.make("RecordType", pipelines.index(record.get("pipeline")) + 1)


@reads("Opportunity.ContactId")
def _contact_id(org: Org, record: Record) -> str | None:
    for contact in record.links.get("contacts", ()):
        role = org.traces.roles.get(org.traces.pairs.get((record.id, contact), 0))
        if role is not None and role.primary:
            return org.linked_id("Contact", contact)
    return None


@reads("Opportunity.LastStageChangeDate")
def _stage_changed(org: Org, record: Record) -> int | None:
    past = record.history.get("dealstage", ())
    for before, after in zip(reversed(past[:-1]), reversed(past), strict=False):
        if before.value != after.value:
            return after.at
    return None


@reads("Opportunity.PushCount")
def _pushes(org: Org, record: Record) -> int:
    dates = [day(int(one.value)) for one in record.history.get("closedate", ()) if one.value]
    pairs = itertools.pairwise(dates)
    return sum(1 for before, after in pairs if after[:7] > before[:7])


def _open_tasks(org: Org, record: Record) -> list[Record]:
    live = org.account.objects["tasks"]
    found = (live.get(one) for one in record.links.get("tasks", ()))
    return [one for one in found if one and one.get("hs_task_status") != "COMPLETED"]


@reads("Opportunity.HasOpenActivity")
def _open_activity(org: Org, record: Record) -> bool:
    meetings = (org.account.objects["meetings"].get(one) for one in record.linked("meetings"))
    ahead = any((one.instant("hs_meeting_start_time") or 0) > org.now for one in meetings if one)
    return ahead or bool(_open_tasks(org, record))


@reads("Opportunity.HasOverdueTask")
def _overdue(org: Org, record: Record) -> bool:
    today = org.local_day(org.now, org.zone)
    return any((activity_day(org, one) or today) < today for one in _open_tasks(org, record))


@reads("Opportunity.LastAmountChangedHistoryId")
def _amount_history(org: Org, record: Record) -> str | None:
    return _last_history(org, record, "amount")


@reads("Opportunity.LastCloseDateChangedHistoryId")
def _close_history(org: Org, record: Record) -> str | None:
    return _last_history(org, record, "closedate")


TOLD = ("dealstage", "amount", "closedate")
"""What a change of which writes a row of OpportunityHistory."""


def told_instants(record: Record) -> list[int]:
    """The instants at which such a row was written, oldest first."""
    return sorted({one.at for name in TOLD for one in record.history.get(name, ())})


def _last_history(org: Org, record: Record, name: str) -> str | None:
    past = record.history.get(name, ())
    if len(past) < 2:
        return None
    number = int(record.id)
    return ids.make("OpportunityHistory", number, told_instants(record).index(past[-1].at) + 1)


# --- quotes --------------------------------------------------------------------------------------


def _deal_of(org: Org, record: Record) -> Record | None:
    deal = next(iter(record.linked("deals")), None)
    return org.account.find("deals", deal) if deal is not None else None


@reads("Quote.QuoteNumber")
def _quote_number(org: Org, record: Record) -> str:
    return record.id.zfill(8)


@reads("Quote.OpportunityId")
def _quoted_deal(org: Org, record: Record) -> str | None:
    deal = next(iter(record.linked("deals")), None)
    return org.linked_id("Opportunity", deal) if deal is not None else None


@reads("Quote.AccountId")
def _quoted_company(org: Org, record: Record) -> str | None:
    deal = _deal_of(org, record)
    return company_id(org, deal) if deal is not None else None


@reads("Quote.ContactId")
def _quoted_person(org: Org, record: Record) -> str | None:
    person = next(iter(record.linked("contacts")), None)
    return org.person_id(person) if person is not None else None
