"""Fields that are shown only when ``include_fields`` asks for them: counts, latest, next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.pipedrive import words
from sandbox.world.records import Record

if TYPE_CHECKING:
    from sandbox.pipedrive.shapes import View

_COUNTS = (
    *("next_activity_id", "last_activity_id", "files_count", "notes_count", "followers_count"),
    *("email_messages_count", "activities_count", "done_activities_count"),
    "undone_activities_count",
)
_MAIL = ("last_incoming_mail_time", "last_outgoing_mail_time")
OF_DEAL = (
    *_COUNTS,
    *_MAIL,
    *("first_won_time", "products_count", "participants_count", "smart_bcc_email"),
    "source_lead_id",
)
_DEALS_OF = (
    *("open_deals_count", "related_open_deals_count", "closed_deals_count"),
    *("related_closed_deals_count", "won_deals_count", "related_won_deals_count"),
    *("lost_deals_count", "related_lost_deals_count"),
)
OF_PERSON = (
    *_COUNTS,
    *_MAIL,
    *_DEALS_OF,
    *("participant_open_deals_count", "participant_closed_deals_count"),
    *("marketing_status", "doi_status"),
)
OF_ORGANIZATION = (*_COUNTS, *_DEALS_OF, "people_count")


def of_deal(view: View, record: Record, wanted: list[str]) -> dict[str, Any]:
    """The further fields of a deal that are wanted."""
    if not wanted:
        return {}
    found = _activity(view, record) | _mail(view, record)
    at = words.standing(record, view.stages, "0")
    found |= {
        "first_won_time": words.rfc3339(at.first_won),
        "products_count": 0,
        "participants_count": len(record.linked("contacts")),
        "smart_bcc_email": f"{view.domain}+deal{record.id}@pipedrivemail.com",
        "source_lead_id": record.get("pd_source_lead") or None,
    }
    return {name: found[name] for name in wanted}


def of_person(view: View, record: Record, wanted: list[str]) -> dict[str, Any]:
    """The further fields of a person that are wanted. Consent is there only where the company has
    the Campaigns app."""
    if not wanted:
        return {}
    found = _activity(view, record) | _mail(view, record) | _deals(view, record)
    found |= {
        "participant_open_deals_count": found["open_deals_count"],
        "participant_closed_deals_count": found["closed_deals_count"],
    }
    if view.campaigns:
        found |= {"marketing_status": consent(record), "doi_status": _doi(record)}
    return {name: found[name] for name in wanted if name in found}


def of_organization(view: View, record: Record, wanted: list[str]) -> dict[str, Any]:
    """The further fields of an organization that are wanted."""
    if not wanted:
        return {}
    found = _activity(view, record) | _deals(view, record)
    found["people_count"] = len(record.linked("contacts"))
    return {name: found[name] for name in wanted}


def consent(record: Record) -> str:
    """What the Campaigns app knows of a person. Of mail that came back it tells nothing."""
    if record.get("hs_email_optout") == "true":
        return "unsubscribed"
    return record.get("pd_marketing_status") or "no_consent"


def _doi(record: Record) -> int:
    """Double opt-in: 3 confirmed, 1 not asked. The vendor documents no values."""
    return 3 if consent(record) == "subscribed" else 1


def _activity(view: View, record: Record) -> dict[str, Any]:
    every = view.activities(record)
    done = [one for one in every if words.is_done(one)]
    undone = [one for one in every if not words.is_done(one)]
    following = min(undone, key=words.due_at, default=None)
    latest = max(done, key=words.due_at, default=None)
    return {
        "next_activity_id": int(following.id) if following else None,
        "last_activity_id": int(latest.id) if latest else None,
        "files_count": 0,
        "notes_count": len(record.linked("notes")),
        "followers_count": 1,
        "email_messages_count": len(record.linked("emails")),
        "activities_count": len(every),
        "done_activities_count": len(done),
        "undone_activities_count": len(undone),
    }


def _mail(view: View, record: Record) -> dict[str, Any]:
    live = view.account.objects["emails"]
    latest: dict[bool, int] = {}
    for one in record.linked("emails"):
        mail = live.get(one)
        if mail is not None:
            incoming = mail.get("hs_email_direction") == "INCOMING_EMAIL"
            at = mail.instant("hs_timestamp") or mail.created_at
            latest[incoming] = max(latest.get(incoming, 0), at)
    return {
        "last_incoming_mail_time": words.rfc3339(latest.get(True)),
        "last_outgoing_mail_time": words.rfc3339(latest.get(False)),
    }


def _deals(view: View, record: Record) -> dict[str, int]:
    live = view.account.objects["deals"]
    counts = {"open": 0, "won": 0, "lost": 0}
    for one in record.linked("deals"):
        if one in live:
            counts[words.standing(live[one], view.stages, "0").status] += 1
    plain = {
        "open_deals_count": counts["open"],
        "closed_deals_count": counts["won"] + counts["lost"],
        "won_deals_count": counts["won"],
        "lost_deals_count": counts["lost"],
    }
    return plain | {f"related_{name}": number for name, number in plain.items()}
