"""Deals: lists, archived ones, single ones; made, changed, deleted."""

from __future__ import annotations

from typing import Any

from sandbox.pipedrive import errors, extras, fields, listing, values, visible, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.pipedrive.frame import labels_of
from sandbox.world.records import Link, Pipeline, Record, Stage

READ = "deals:read|deals:full"
FULL = "deals:full"
BODY = {
    "title": "str",
    "owner_id": "int",
    "person_id": "int",
    "org_id": "int",
    "pipeline_id": "int",
    "stage_id": "int",
    "value": "number",
    "currency": "str",
    "is_deleted": "bool",
    "is_archived": "bool",
    "archive_time": "str",
    "status": "str",
    "probability": "number",
    "lost_reason": "str",
    "visible_to": "int",
    "close_time": "str",
    "won_time": "str",
    "lost_time": "str",
    "expected_close_date": "str",
    "label_ids": "ints",
    "custom_fields": "dict",
}
STATUSES = ("open", "won", "lost", "deleted")


# --- reading -------------------------------------------------------------------------------------


@route("GET", "v2/deals", READ, cost=10)
def deals(call: Call) -> Answer:
    """All deals that are not archived, deleted ones only by ``status``."""
    return _list(call, archived=False)


@route("GET", "v2/deals/archived", READ, cost=20)
def archived_deals(call: Call) -> Answer:
    """All archived deals."""
    return _list(call, archived=True)


def _list(call: Call, *, archived: bool) -> Answer:
    order, limit = listing.Order(call), call.limit()
    more, keys = listing.included(call, extras.OF_DEAL), listing.field_keys(call)
    wanted, statuses = listing.ids(call), call.args("status")
    for one in statuses:
        if one not in STATUSES:
            raise errors.invalid(
                "pd_bad_query", "status", f"{one!r} is none of {', '.join(STATUSES)}."
            )
    account = call.account
    records = list(account.objects["deals"].values())
    if "deleted" in statuses:
        oldest = call.now - words.KEPT_DELETED
        gone = account.archived["deals"].values()
        records += [deal for deal in gone if (deal.archived_at or 0) >= oldest]
    records = [
        deal
        for deal in listing.readable(call, records)
        if (deal.get("pd_archived") == "true") == archived and (wanted is None or deal.id in wanted)
    ]
    records = _filtered(call, listing.changed_within(call, records))
    if statuses:
        view = call.view
        records = [
            deal for deal in records if words.standing(deal, view.stages, "0").status in statuses
        ]
    page, cursor = order.page(call, records, limit)
    return listing.listed([_shape(call, deal, more, keys) for deal in page], cursor)


def _filtered(call: Call, records: list[Record]) -> list[Record]:
    """What the query's owner, person, organization, pipeline and stage leave."""
    owner, pipeline, stage = (call.number(f"{n}_id") for n in ("owner", "pipeline", "stage"))
    person, org = call.number("person_id"), call.number("org_id")
    view = call.view
    if owner is not None:
        records = [
            deal for deal in records if view.user_id(deal.get("hubspot_owner_id"), deal) == owner
        ]
    if pipeline is not None:
        records = [deal for deal in records if deal.get("pipeline") == str(pipeline)]
    if stage is not None:
        records = [
            deal
            for deal in records
            if words.standing(deal, view.stages, "0").stage_id == str(stage)
        ]
    if person is not None:
        records = [deal for deal in records if view.linked(deal, "contacts") == person]
    if org is not None:
        records = [deal for deal in records if view.linked(deal, "companies") == org]
    return records


def _shape(
    call: Call, deal: Record, more: list[str] | None = None, keys: list[str] | None = None
) -> dict[str, Any]:
    shape = call.view.deal(deal)
    if keys is not None:
        shape["custom_fields"] = {
            key: value for key, value in shape["custom_fields"].items() if key in keys
        }
    return shape | extras.of_deal(call.view, deal, more or [])


@route("GET", "v2/deals/{deal_id}", READ, cost=1)
def deal(call: Call, deal_id: str) -> Answer:
    """One deal; a deleted one for thirty days."""
    more, keys = listing.included(call, extras.OF_DEAL), listing.field_keys(call)
    return listing.one(_shape(call, listing.find(call, "deals", deal_id), more, keys))


# --- writing -------------------------------------------------------------------------------------


@route("POST", "v2/deals", FULL, cost=5)
def add_deal(call: Call) -> Answer:
    """A new deal; without an owner it belongs to the user of the token."""
    body = values.checked(call, BODY, required=("title",))
    account = call.account
    with account.world.lock:
        pipeline, stage = place(call, body)
        given = {"owner_id": int(call.owner.id)} | body
        made = _fields(call, given, None) | {"pipeline": pipeline.id, "dealstage": stage.id}
        links = [
            Link(kind, values.linked(call, name, body[name]).id, ("", "primary"))
            for name, kind in (("person_id", "contacts"), ("org_id", "companies"))
            if body.get(name) is not None
        ]
        made.setdefault("deal_currency_code", account.currency)
        record = account.create("deals", made, call.actor, links)
        _decide(call, record, body)
        return listing.one(_shape(call, record))


@route("PATCH", "v2/deals/{deal_id}", FULL, cost=5)
def change_deal(call: Call, deal_id: str) -> Answer:
    """Changes the fields that are given."""
    body = values.checked(call, BODY)
    account = call.account
    with account.world.lock:
        record = listing.find(call, "deals", deal_id, deleted=False)
        record = account.need("deals", record.id)
        if record.get("pd_archived") == "true" and body.get("is_archived") is not False:
            raise errors.refuse("pd_archived", "Archived deals cannot be edited")
        made = _fields(call, body, record)
        elsewhere = str(body.get("pipeline_id") or "") not in ("", record.get("pipeline"))
        if elsewhere or body.get("stage_id") is not None:
            pipeline, stage = place(call, body)
            made |= {"pipeline": pipeline.id, "dealstage": stage.id}
            at = words.standing(record, call.view.stages, stage.id)
            if at.status in ("won", "lost") and body.get("status") is None:
                body["status"] = at.status  # it stays decided in its new stage
        record = account.update("deals", record.id, made, call.actor)
        values.relink(call, record, body, ("person_id", "org_id"))
        _decide(call, record, body)
        if body.get("is_deleted"):
            account.archive("deals", record.id, call.actor)
        return listing.one(_shape(call, record))


@route("DELETE", "v2/deals/{deal_id}", FULL, cost=3)
def delete_deal(call: Call, deal_id: str) -> Answer:
    """Marks a deal as deleted; after thirty days it is gone."""
    record = listing.find(call, "deals", deal_id, deleted=False)
    call.account.archive("deals", record.id, call.actor)
    return listing.one({"id": int(record.id)})


def place(call: Call, body: dict[str, Any]) -> tuple[Pipeline, Stage]:
    """Pipeline and stage of a write; a stage alone names its pipeline."""
    pipelines = call.account.pipelines["deals"]
    stage_id, pipeline_id = body.get("stage_id"), body.get("pipeline_id")
    if stage_id is not None:
        for pipeline in pipelines.values():
            stage = pipeline.stage(str(stage_id))
            if stage is not None and not (stage.archived or stage.closed or pipeline.archived):
                if pipeline_id not in (None, int(pipeline.id)):
                    raise errors.invalid(
                        "pd_stage", "stage_id", f"Stage is not in pipeline {pipeline_id}."
                    )
                return pipeline, stage
        raise errors.invalid("pd_stage", "stage_id", f"Stage {stage_id} does not exist.")
    key = str(pipeline_id) if pipeline_id is not None else next(iter(pipelines))
    pipeline = pipelines.get(key)
    if pipeline is None or pipeline.archived:
        raise errors.invalid("pd_pipeline", "pipeline_id", f"Pipeline {key} does not exist.")
    return pipeline, next(one for one in words.open_stages(pipeline) if not one.archived)


def _fields(call: Call, body: dict[str, Any], record: Record | None) -> dict[str, str]:
    """World fields of a deal's body, but for stage, status and links."""
    made: dict[str, str] = {}
    plain = {"title": "dealname", "currency": "deal_currency_code"}
    for name, field in plain.items():
        if body.get(name) is not None:
            made[field] = body[name]
    if "currency" in body and len(body["currency"] or "") != 3:
        raise errors.invalid("pd_currency", "currency", "This value is not a valid currency.")
    for name, field in (("value", "amount"), ("probability", "pd_probability")):
        if name in body:
            made[field] = "" if body[name] is None else f"{body[name]:.15g}"
    if body.get("owner_id") is not None:
        found = values.owner(call, body["owner_id"])
        made["hubspot_owner_id"] = found.id if found else ""
    if "expected_close_date" in body:
        given = body["expected_close_date"]
        made["closedate"] = str(values.date_of("expected_close_date", given)) if given else ""
    if "label_ids" in body:
        known = labels_of(call.account, "deals")
        made["pd_label_ids"] = values.label_ids(known, "label_ids", body["label_ids"])
    if "is_archived" in body:
        made["pd_archived"] = "true" if body["is_archived"] else ""
        made["pd_archive_time"] = str(call.now) if body["is_archived"] else ""
    if "custom_fields" in body:
        made |= fields.kept(call.account, "deals", body["custom_fields"])
    return made | visible.kept(call, body.get("visible_to"))


def _decide(call: Call, record: Record, body: dict[str, Any]) -> None:
    """Won, lost or open again, and what may be said only then."""
    status = body.get("status")
    if status is not None and status not in STATUSES[:3]:
        raise errors.invalid("pd_status", "status", f"{status!r} is none of open, won, lost.")
    at = words.standing(record, call.view.stages, "0")
    to = status or at.status
    for name, when in (("won_time", "won"), ("lost_time", "lost"), ("lost_reason", "lost")):
        if body.get(name) and to != when:
            raise errors.invalid("pd_status", name, f"can only be set if deal status is {when}.")
    made: dict[str, str] = {}
    if body.get("lost_reason"):
        made["closed_lost_reason"] = body["lost_reason"]
    if status is not None and status != at.status:
        pipeline = call.account.pipelines["deals"][record.get("pipeline")]
        stage = words.closing_stage(pipeline, status) if status != "open" else None
        made["dealstage"] = stage.id if stage else at.stage_id
    if made:
        call.account.update("deals", record.id, made, call.actor)
