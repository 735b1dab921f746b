"""What has happened to records: the changelog, the flow of a deal, recent changes of all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.pipedrive import errors, fields, listing, mail, values, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Record, Version

READ = "recents:read"
_KEYS = {
    "deals": {
        "dealname": "title",
        "amount": "value",
        "deal_currency_code": "currency",
        "hubspot_owner_id": "owner_id",
        "pipeline": "pipeline_id",
        "closed_lost_reason": "lost_reason",
        "pd_label_ids": "label_ids",
    },
    "contacts": {
        "email": "email",
        "firstname": "first_name",
        "lastname": "last_name",
        "phone": "phone",
        "hubspot_owner_id": "owner_id",
        "hs_email_optout": "marketing_status",
    },
}
"""The world's field → its key in the changelog. Stages, status and dates are told apart."""


def _changes(call: Call, record: Record) -> Iterator[tuple[Version, str, str, str]]:
    """(version, key, old value, new value) of everything that a changelog tells."""
    known = {one.name: code for code, one in fields.custom(call.account, record.kind).items()}
    known |= _KEYS[record.kind]
    for name, past in record.history.items():
        if record.kind == "deals" and name == "dealstage":
            yield from _stages(call, past)
        elif record.kind == "deals" and name == "closedate":
            yield from _dates(record, past)
        elif name in known:
            old = ""
            for version in past:
                if version.at > record.created_at:
                    yield version, known[name], old, version.value
                old = version.value


def _dates(record: Record, past: list[Version]) -> Iterator[tuple[Version, str, str, str]]:
    """Expected dates as dates; what the world's people date in that field when they close a deal
    is no change of it."""
    closings = {version.at for version in record.history.get("dealstage", ())}
    old = ""
    for version in past:
        if version.at in closings and version.at == int(version.value or 0):
            continue
        new = words.day_of(int(version.value)) or "" if version.value else ""
        if version.at > record.created_at:
            yield version, "expected_close_date", old, new
        old = new


def _stages(call: Call, past: list[Version]) -> Iterator[tuple[Version, str, str, str]]:
    """Moves between open stages as ``stage_id``, decisions as ``status``."""
    stage, status = "", "open"
    for version in past:
        found = call.view.stages.get(version.value)
        if found is not None and found.closed:
            to = "won" if found.probability >= 1 else "lost"
        else:
            to = "open"
            if stage and version.value != stage:
                yield version, "stage_id", stage, version.value
            stage = version.value
        if to != status:
            yield version, "status", status, to
        status = to


def _entry(call: Call, record: Record, change: tuple[Version, str, str, str]) -> dict[str, Any]:
    version, key, old, new = change
    actor = next(
        (one for one in call.account.owners.values() if one.user_id == version.user_id), None
    )
    behind = actor or words.person_behind(call.account, record.created_by, record)
    source = words.source_of(version.source_type)
    return {
        "field_key": key,
        "old_value": old or None,
        "new_value": new or None,
        "actor_user_id": int(behind.id) if behind else None,
        "time": _time(call, version.at),
        "change_source": source,
        "change_source_user_agent": None,
        "is_bulk_update_flag": version.source_type in ("CRM_UI_BULK_ACTION", "BATCH_UPDATE"),
    }


def _time(call: Call, instant: int) -> str | None:
    """When a change was made, in the zone that the account's changelogs have."""
    if call.vendor.settings.pipedrive_changelog_zone == "UTC":
        return words.spaced(instant)
    moment = datetime.fromtimestamp(instant // 1000, ZoneInfo(call.account.timezone))
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _log(call: Call, kind: str, record_id: str) -> Answer:
    record = listing.find(call, kind, record_id)
    changes = sorted(_changes(call, record), key=lambda change: change[0].at, reverse=True)
    page, cursor = listing.plain_page(call, changes, call.limit())
    return listing.listed([_entry(call, record, one) for one in page], cursor)


@route("GET", "v1/deals/{deal_id}/changelog", READ, cost=20)
def deal_changelog(call: Call, deal_id: str) -> Answer:
    """The changes of a deal's fields, the newest first, by cursor."""
    return _log(call, "deals", deal_id)


@route("GET", "v1/persons/{person_id}/changelog", READ, cost=20)
def person_changelog(call: Call, person_id: str) -> Answer:
    """The changes of a person's fields, the newest first, by cursor."""
    return _log(call, "contacts", person_id)


# --- flow ----------------------------------------------------------------------------------------


@route("GET", "v1/deals/{deal_id}/flow", READ, cost=40)
def flow(call: Call, deal_id: str) -> Answer:
    """Everything of a deal, the newest first: changes, activities, notes, mail."""
    record = listing.find(call, "deals", deal_id)
    view, account = call.view, call.account
    found: list[tuple[int, str, dict[str, Any]]] = [
        (change[0].at, "dealChange", _entry(call, record, change) | {"id": None})
        for change in _changes(call, record)
    ]
    found += [
        (words.due_at(one), "activity", view.activity(one)) for one in view.activities(record)
    ]
    live = account.objects["notes"]
    notes = [live[one] for one in record.linked("notes") if one in live]
    found += [(one.created_at, "note", view.note(one)) for one in notes]
    emails = account.objects["emails"]
    found += [
        (emails[one].created_at, "mailMessage", mail.message(call, emails[one]))
        for one in record.linked("emails")
        if one in emails
    ]
    wanted = call.args("items")
    if wanted:
        found = [entry for entry in found if entry[1] in wanted]
    found.sort(key=lambda entry: entry[0], reverse=True)
    return listing.paged(
        call,
        found,
        lambda entry: {"object": entry[1], "timestamp": words.spaced(entry[0]), "data": entry[2]},
    )


# --- recents -------------------------------------------------------------------------------------

RECENT = {
    "deal": ("deals",),
    "person": ("contacts",),
    "organization": ("companies",),
    "activity": words.KINDS["activity"],
    "note": ("notes",),
}


@route("GET", "v1/recents", "recents:read|search:read", cost=20)
def recents(call: Call) -> Answer:
    """What was changed since an instant, of every kind or of some, deleted records among it."""
    given = call.arg("since_timestamp")
    try:
        since = values.moment(given)
    except ValueError:
        raise errors.refuse(
            "pd_since", "since_timestamp must be in the format YYYY-MM-DD HH:MM:SS"
        ) from None
    items = call.args("items") or list(RECENT)
    view, account = call.view, call.account
    found: list[tuple[int, str, Record]] = [
        (record.updated_at, entity, record)
        for entity in items
        for kind in RECENT.get(entity, ())
        for store in (account.objects, account.archived)
        for record in listing.readable(call, store[kind].values())
        if record.updated_at // 1000 * 1000 >= since
    ]
    found.sort(key=lambda entry: (entry[0], int(entry[2].id)))
    answer = listing.paged(
        call,
        found,
        lambda entry: {
            "item": entry[1],
            "id": int(entry[2].id),
            "data": getattr(view, entry[1])(entry[2]),
        },
    )
    last = words.spaced(found[-1][0]) if found else given
    answer[1]["additional_data"] |= {"since_timestamp": given, "last_timestamp_on_page": last}
    return answer
