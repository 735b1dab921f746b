"""Call logs: what a telephone app tells of a call. It is an activity of type call, done."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.pipedrive import activities, errors, listing, plain, values, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.people_activity import CALL_OUTCOMES
from sandbox.world.records import Link, Record

SCOPE = "phone-integration"
OUTCOMES = {
    "connected": "connected",
    "no_answer": "no_answer",
    "left_message": "live_message",
    "left_voicemail": "voicemail",
    "wrong_number": "wrong_number",
    "busy": "busy",
}
"""Outcome of a log → the world's word for it."""
BODY = {
    "user_id": "int",
    "activity_id": "int",
    "subject": "str",
    "duration": "str",
    "outcome": "str",
    "from_phone_number": "str",
    "to_phone_number": "str",
    "start_time": "str",
    "end_time": "str",
    "person_id": "int",
    "org_id": "int",
    "deal_id": "int",
    "lead_id": "str",
    "note": "str",
}


def _shape(call: Call, record: Record) -> dict[str, Any]:
    named = {CALL_OUTCOMES[word]: outcome for outcome, word in OUTCOMES.items()}
    start = words.due_at(record)
    length = int(record.get("hs_call_duration") or 0)
    lead = next(iter(record.linked("leads")), "")
    return {
        "id": str(uuid.UUID(int=int(record.id))),
        "activity_id": int(record.id),
        "user_id": call.view.user_id(record.get("hubspot_owner_id"), record),
        "subject": plain.subject_of(record),
        "duration": str(length // 1000),
        "outcome": named.get(record.get("hs_call_disposition"), "connected"),
        "from_phone_number": record.get("hs_call_from_number") or None,
        "to_phone_number": record.get("hs_call_to_number") or None,
        "start_time": words.rfc3339(start),
        "end_time": words.rfc3339(start + length),
        "person_id": call.view.linked(record, "contacts"),
        "org_id": call.view.linked(record, "companies"),
        "deal_id": call.view.linked(record, "deals"),
        "lead_id": words.lead_id(lead) if lead else None,
        "note": record.get("hs_call_body") or None,
        "has_recording": False,
        "company_id": call.account.portal_id,
    }


@route("GET", "v1/callLogs", SCOPE, cost=20)
def call_logs(call: Call) -> Answer:
    """The calls of the user of the token."""
    owner, objects = int(call.owner.id), call.account.objects
    mine = [
        record
        for record in (*objects["calls"].values(), *objects["tasks"].values())
        if record.get("hs_call_status")
        and call.view.user_id(record.get("hubspot_owner_id"), record) == owner
    ]
    return listing.paged(call, mine, lambda record: _shape(call, record))


@route("POST", "v1/callLogs", SCOPE, cost=10)
def add_call_log(call: Call) -> Answer:
    """Logs a call. With ``activity_id`` that activity becomes the call; what it is about stays."""
    required = ("outcome", "to_phone_number", "start_time", "end_time")
    body = values.checked(call, BODY, required)
    if body["outcome"] not in OUTCOMES:
        raise errors.invalid("pd_outcome", "outcome", f"must be one of {', '.join(OUTCOMES)}.")
    if body.get("deal_id") and body.get("lead_id"):
        raise errors.refuse("pd_log_about", "A call is about a deal or a lead, not both")
    start = values.spaced("start_time", body["start_time"])
    end = values.spaced("end_time", body["end_time"])
    user = values.owner(call, body.get("user_id"), "user_id") or call.owner
    account = call.account
    with account.world.lock:
        made = {
            "hs_timestamp": str(start),
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED" if body["outcome"] == "connected" else "NO_ANSWER",
            "hs_call_disposition": CALL_OUTCOMES[OUTCOMES[body["outcome"]]],
            "hs_call_duration": str(end - start),
            "hs_call_from_number": body.get("from_phone_number") or "",
            "hs_call_to_number": body["to_phone_number"],
            "hs_call_body": body.get("note") or "",
            "hubspot_owner_id": user.id,
        }
        if body.get("activity_id") is not None:
            planned = activities.find(call, str(body["activity_id"]), deleted=False)
            done = {"hs_task_status": "COMPLETED", "hs_task_type": "CALL"}
            if body.get("subject"):
                done["hs_task_subject"] = body["subject"]
            record = account.update(planned.kind, planned.id, made | done, call.actor)
        else:
            made["hs_call_title"] = body.get("subject") or f"Call {body['to_phone_number']}"
            record = account.create("calls", made, call.actor, _about(call, body))
    return listing.one(_shape(call, record))


def _about(call: Call, body: dict[str, Any]) -> list[Link]:
    return [
        Link(words.LINKS[name], values.linked(call, name, body[name]).id, ("", "primary"))
        for name in ("person_id", "org_id", "deal_id", "lead_id")
        if body.get(name) is not None
    ]
