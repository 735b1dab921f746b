"""Mail that the users' inboxes have logged: read only, no app can make a message."""

from __future__ import annotations

import re
from typing import Any

import orjson

from sandbox.pipedrive import errors, listing, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Record

READ = "mail:read|mail:full"
_TAGS = re.compile(r"<[^>]+>")


def _party(call: Call, address: str) -> dict[str, Any]:
    """Somebody who wrote or was written to; a person of the company is named."""
    found = call.account.find_unique("contacts", "email", address) if address else None
    owner = next((one for one in call.account.owners.values() if one.email == address), None)
    name = call.view.person(found)["name"] if found else ""
    if owner is not None:
        name = f"{owner.first_name} {owner.last_name}".strip()
    return {
        "id": abs(hash(address)) % 1_000_000,
        "email_address": address,
        "name": name,
        "linked_person_id": int(found.id) if found else None,
        "linked_person_name": name if found else None,
    }


def message(call: Call, mail: Record) -> dict[str, Any]:
    """One message. ``sent_flag`` tells what a user sent from what came in."""
    headers = orjson.loads(mail.get("hs_email_headers") or "{}")
    sender = mail.get("hs_email_from_email") or headers.get("from", {}).get("email", "")
    to = [one.get("email", "") for one in headers.get("to", [])] or [mail.get("hs_email_to_email")]
    sent = mail.get("hs_email_direction") != "INCOMING_EMAIL"
    at = mail.instant("hs_timestamp") or mail.created_at
    text = _TAGS.sub("", mail.get("hs_email_text") or mail.get("hs_email_html"))
    owner = call.view.user_id(mail.get("hubspot_owner_id"), mail)
    return {
        "id": int(mail.id),
        "from": [_party(call, sender)],
        "to": [_party(call, one) for one in to],
        "cc": [_party(call, one.get("email", "")) for one in headers.get("cc", [])],
        "bcc": [],
        "body_url": f"http://{call.host}/pipedrive/v1/mailbox/mailMessages/{mail.id}",
        "account_id": str(call.account.portal_id),
        "user_id": owner,
        "mail_thread_id": int(mail.get("hs_email_thread_id") or mail.id),
        "subject": mail.get("hs_email_subject"),
        "snippet": text[:225],
        "mail_tracking_status": _tracking(call, mail) if sent else None,
        "mail_link_tracking_enabled_flag": 0,
        "read_flag": 1,
        "draft": None,
        "draft_flag": 0,
        "synced_flag": 1,
        "deleted_flag": 0,
        "has_body_flag": 1,
        "sent_flag": int(sent),
        "sent_from_pipedrive_flag": 0,
        "smart_bcc_flag": 0,
        "message_time": words.rfc3339(at),
        "add_time": words.rfc3339(mail.created_at),
        "update_time": words.rfc3339(mail.updated_at),
        "has_attachments_flag": 0,
        "external_deleted_flag": False,
        "mua_message_id": mail.get("hs_email_message_id") or None,
        "template_id": None,
        "company_id": call.account.portal_id,
    }


def _tracking(call: Call, mail: Record) -> str:
    """Whether its reader has opened a tracked mail since it was sent."""
    sent = mail.instant("hs_timestamp") or mail.created_at
    live = call.account.objects["contacts"]
    opened = [
        live[one].instant("hs_sales_email_last_opened") or 0
        for one in mail.linked("contacts")
        if one in live
    ]
    return "opened" if max(opened, default=0) >= sent else "not opened"


def _of(call: Call, kind: str, record_id: str) -> Answer:
    record = listing.find(call, kind, record_id)
    live = call.account.objects["emails"]
    found = [live[one] for one in record.linked("emails") if one in live]
    found.sort(key=lambda mail: mail.instant("hs_timestamp") or mail.created_at, reverse=True)
    page, start, limit = listing.offset(call, found)
    shown = [
        {
            "object": "mailMessage",
            "timestamp": words.spaced(mail.instant("hs_timestamp") or mail.created_at),
            "data": message(call, mail),
        }
        for mail in page
    ]
    more = start + limit < len(found)
    told = {"start": start, "limit": limit, "more_items_in_collection": more}
    return 200, {"success": True, "data": shown, "additional_data": {"pagination": told}}


@route("GET", "v1/deals/{deal_id}/mailMessages", READ, cost=20)
def of_deal(call: Call, deal_id: str) -> Answer:
    """The mail of a deal, the newest first."""
    return _of(call, "deals", deal_id)


@route("GET", "v1/persons/{person_id}/mailMessages", READ, cost=20)
def of_person(call: Call, person_id: str) -> Answer:
    """The mail of a person, the newest first."""
    return _of(call, "contacts", person_id)


@route("GET", "v1/mailbox/mailMessages/{mail_id}", READ, cost=2)
def one(call: Call, mail_id: str) -> Answer:
    """One message, its text with ``include_body=1``."""
    found = call.account.objects["emails"].get(mail_id)
    if found is None:
        raise errors.missing("Mail message")
    shown = message(call, found)
    if call.arg("include_body") == "1":
        shown["body"] = found.get("hs_email_html") or found.get("hs_email_text")
    return listing.one(shown)
