"""A lead that becomes a deal, and a deal that becomes a lead: jobs, done at once in the sandbox."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.pipedrive import deals, errors, listing, values, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Link, Record


def _done(call: Call, **found: Any) -> Answer:
    """The job's id; what came of it is kept with the company."""
    jobs = call.account.extra.setdefault("pipedrive", {}).setdefault("conversions", {})
    job = str(uuid.uuid4())
    jobs[job] = {"conversion_id": job, "status": "completed", **found}
    return listing.one({"conversion_id": job})


def _links(call: Call, record: Record) -> list[Link]:
    """Person, organization, activities and notes go with what a record becomes."""
    kinds = ("contacts", "companies", *words.KINDS["activity"], "notes", "emails")
    return [
        Link(kind, one, record.links[kind][one])
        for kind in kinds
        for one in record.linked(kind)
        if one in call.account.objects[kind]
    ]


@route("POST", "v2/leads/{lead_id}/convert/deal", "leads:full", cost=40)
def to_deal(call: Call, lead_id: str) -> Answer:
    """A deal in place of a lead, which is deleted."""
    body = values.checked(call, {"stage_id": "int", "pipeline_id": "int"})
    account = call.account
    with account.world.lock:
        record_id = words.lead_record(lead_id)
        if not record_id:
            raise errors.missing("Lead")
        lead = listing.find(call, "leads", record_id, deleted=False)
        pipeline, stage = deals.place(call, body)
        shape = call.view.lead(lead)
        value = shape["value"] or {"amount": "", "currency": account.currency}
        made = {
            "dealname": shape["title"],
            "pipeline": pipeline.id,
            "dealstage": stage.id,
            "amount": str(value["amount"]),
            "deal_currency_code": value["currency"],
            "hubspot_owner_id": lead.get("hubspot_owner_id"),
        }
        made["pd_source_lead"] = lead_id
        deal = account.create("deals", made, call.actor, _links(call, lead))
        account.archive("leads", lead.id, call.actor)
    return _done(call, deal_id=int(deal.id))


@route("POST", "v2/deals/{deal_id}/convert/lead", "deals:full", cost=40)
def to_lead(call: Call, deal_id: str) -> Answer:
    """A lead in place of a deal, which is deleted."""
    account = call.account
    with account.world.lock:
        deal = listing.find(call, "deals", deal_id, deleted=False)
        made = {
            "hs_lead_name": deal.get("dealname"),
            "hubspot_owner_id": deal.get("hubspot_owner_id"),
            "pd_amount": deal.get("amount"),
            "pd_currency": deal.get("deal_currency_code"),
        }
        lead = account.create("leads", made, call.actor, _links(call, deal))
        account.archive("deals", deal.id, call.actor)
    return _done(call, lead_id=words.lead_id(lead.id))


def _status(call: Call, job: str) -> Answer:
    found = call.account.extra.get("pipedrive", {}).get("conversions", {}).get(job)
    if found is None:
        raise errors.missing("Conversion")
    return listing.one(found)


@route("GET", "v2/leads/{lead_id}/convert/status/{job}", "leads:full|leads:read", cost=1)
def lead_status(call: Call, lead_id: str, job: str) -> Answer:
    """What became of a lead's conversion."""
    return _status(call, job)


@route("GET", "v2/deals/{deal_id}/convert/status/{job}", "deals:full|deals:read", cost=1)
def deal_status(call: Call, deal_id: str, job: str) -> Answer:
    """What became of a deal's conversion."""
    return _status(call, job)
