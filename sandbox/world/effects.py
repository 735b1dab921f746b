"""What a CRM computes by itself when a record changes.

Sources: HubSpot's list of deal, contact and activity properties and its page on calculated stage
properties (Professional and Enterprise only; "latest time in stage" stays empty while the record
is in the stage). A task moves ``notes_last_updated``, ``num_notes`` and
``notes_next_activity_date`` though nobody was contacted; only calls, e-mails, meetings and
messages count as contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world import money, quotes, sequences
from sandbox.world.records import (
    ACTIVITY_KINDS,
    CRM_KINDS,
    PAID_TIERS,
    STAGE_FIELDS,
    Actor,
    Pipeline,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.world.store import Account

ACTIVITIES = frozenset(ACTIVITY_KINDS)
SUBJECTS = frozenset(CRM_KINDS)
CONTACTING = frozenset(("calls", "emails", "meetings", "communications"))
PLANNED = frozenset(("tasks", "meetings"))


def unique_key(kind: str, name: str, value: str) -> str:
    """The form in which two values of a unique property are compared."""
    return value.lower() if name == "email" and kind == "contacts" else value


def unique_keys(kind: str, name: str, fields: Mapping[str, str]) -> list[str]:
    """The keys that a record holds of one unique property; a merged contact has several."""
    values = [fields.get(name, "")]
    if name == "email" and kind == "contacts":
        values += fields.get("hs_additional_emails", "").split(";")
    return [unique_key(kind, name, value) for value in values if value]


def on_create(
    account: Account, record: Record, values: dict[str, str], now: int, actor: Actor
) -> dict[str, str]:
    """What is computed on a new record from the values it is created with."""
    kind = record.kind
    if kind in SUBJECTS:
        values.setdefault("createdate", str(now))
    pipeline_field, stage_field = STAGE_FIELDS.get(kind, ("", ""))
    if pipeline_field and pipeline_field not in values and account.pipelines[kind]:
        values[pipeline_field] = next(iter(account.pipelines[kind]))
    if kind == "leads":
        values.setdefault(stage_field, account.pipelines[kind][values[pipeline_field]].first().id)
    return on_update(account, record, values, now, actor)


def on_update(
    account: Account, record: Record, values: dict[str, str], now: int, actor: Actor
) -> dict[str, str]:
    """What is computed on the record itself from the values about to be written."""
    derived: dict[str, str] = {}
    kind = record.kind
    if kind == "tasks":
        if "hs_task_status" in values:
            done = values["hs_task_status"] == "COMPLETED"
            if done or "hs_task_completion_date" in record.fields:
                derived["hs_task_completion_date"] = str(now) if done else ""
    elif kind == "deals" and values.get("dealstage"):
        _stage(account, record, values, derived, now, actor)
    if kind == "deals" and ("amount" in values or "deal_currency_code" in values):
        derived |= money.converted(account, record, values)
    elif kind == "quotes":
        derived |= quotes.computed(record, values)
    if "hubspot_owner_id" in values and kind in SUBJECTS:
        derived["hubspot_owner_assigneddate"] = str(now) if values["hubspot_owner_id"] else ""
        derived["hs_all_owner_ids"] = values["hubspot_owner_id"]
    return derived


def after_create(account: Account, record: Record, now: int) -> None:
    """What a new record, with all its associations, moves on its neighbours."""
    if record.kind in ACTIVITIES:
        for neighbour in _subjects(account, record):
            _logged(account, record, neighbour, now)


def after_update(account: Account, record: Record, before: Mapping[str, str], now: int) -> None:
    """What a changed record moves on its neighbours; ``before`` holds the replaced values."""
    kind = record.kind
    if kind not in ACTIVITIES:
        if kind == "contacts":
            sequences.contact_changed(account, record, before, now)
        return
    neighbours = _subjects(account, record)
    for neighbour in neighbours:
        account.compute(neighbour, {"notes_last_updated": _later(neighbour, now)}, now)
    if kind in PLANNED and not before.keys().isdisjoint(
        ("hs_timestamp", "hs_task_status", "hs_meeting_outcome", "hs_meeting_start_time")
    ):
        for neighbour in neighbours:
            _next_activity(account, neighbour, now)


def after_link(account: Account, near: Record, far: Record, now: int, *, new_record: bool) -> None:
    """What a new association moves; a new activity counts when its creation is complete."""
    for one, other in ((near, far), (far, near)):
        if one.kind == "deals" and other.kind == "contacts":
            _count(account, one, "num_associated_contacts", "contacts", now)
        elif one.kind == "contacts" and other.kind == "deals":
            _count(account, one, "num_associated_deals", "deals", now)
        elif not new_record and one.kind in ACTIVITIES and other.kind in SUBJECTS:
            _logged(account, one, other, now)


def after_unlink(account: Account, gone: Record, neighbours: Iterable[Record], now: int) -> None:
    """What the end of associations moves on the records that ``gone`` was associated with."""
    for neighbour in neighbours:
        if gone.kind == "contacts" and neighbour.kind == "deals":
            _count(account, neighbour, "num_associated_contacts", "contacts", now)
        elif gone.kind == "deals" and neighbour.kind == "contacts":
            _count(account, neighbour, "num_associated_deals", "deals", now)
        elif gone.kind in PLANNED and neighbour.kind in SUBJECTS:
            _next_activity(account, neighbour, now)


def after_merge(account: Account, record: Record, neighbours: Iterable[Record], now: int) -> None:
    """What two records that became one move on themselves and on their neighbours."""
    for neighbour in neighbours:
        after_link(account, record, neighbour, now, new_record=True)
    if record.kind in SUBJECTS:
        _next_activity(account, record, now)


def _subjects(account: Account, record: Record) -> list[Record]:
    found: list[Record] = []
    for kind in CRM_KINDS:
        ids = record.links.get(kind)
        if ids:
            live = account.objects[kind]
            found.extend(live[one] for one in ids if one in live)
    return found


def _count(account: Account, record: Record, name: str, kind: str, now: int) -> None:
    account.compute(record, {name: str(len(record.links.get(kind, ())))}, now)


def _later(record: Record, instant: int, name: str = "notes_last_updated") -> str:
    old = record.fields.get(name)
    return old if old and int(old) > instant else str(instant)


def _logged(account: Account, activity: Record, subject: Record, now: int) -> None:
    """One activity was logged on one deal, contact or company."""
    kind, fields = activity.kind, subject.fields
    happened = min(activity.instant("hs_timestamp") or now, now) if kind in CONTACTING else now
    values = {
        "notes_last_updated": _later(subject, happened),
        "num_notes": str(int(fields.get("num_notes") or 0) + 1),
    }
    if kind in CONTACTING:
        values["notes_last_contacted"] = _later(subject, happened, "notes_last_contacted")
        values["num_contacted_notes"] = str(int(fields.get("num_contacted_notes") or 0) + 1)
    if kind == "emails" and activity.get("hs_email_direction") == "INCOMING_EMAIL":
        values["hs_sales_email_last_replied"] = _later(
            subject, happened, "hs_sales_email_last_replied"
        )
        if subject.kind == "contacts":
            values["hs_last_sales_activity_timestamp"] = values["hs_sales_email_last_replied"]
    elif kind == "meetings":
        values["engagements_last_meeting_booked"] = str(now)
        start = activity.get("hs_meeting_start_time") or activity.get("hs_timestamp")
        values["hs_latest_meeting_activity"] = start
    if kind in PLANNED and _is_planned(activity, now):
        due = int(activity.fields["hs_timestamp"])
        known = fields.get("notes_next_activity_date")
        if not known or int(known) > due or int(known) <= now:
            values["notes_next_activity_date"] = str(due)
            values["hs_notes_next_activity_type"] = kind[:-1].upper()
    account.compute(subject, values, now)
    if subject.kind == "contacts":
        sequences.activity_logged(account, activity, subject)


def _is_planned(activity: Record, now: int) -> bool:
    due = activity.fields.get("hs_timestamp")
    if not due or int(due) <= now:
        return False
    if activity.kind == "tasks":
        return activity.get("hs_task_status") != "COMPLETED"
    return activity.get("hs_meeting_outcome") not in ("CANCELED", "COMPLETED", "NO_SHOW")


def _next_activity(account: Account, subject: Record, now: int) -> None:
    """The earliest planned activity still ahead, read anew from the associations."""
    best: tuple[int, str] | None = None
    for kind in ("tasks", "meetings"):
        live = account.objects[kind]
        for one in subject.links.get(kind, ()):
            activity = live.get(one)
            if activity is not None and _is_planned(activity, now):
                due = int(activity.fields["hs_timestamp"])
                if best is None or due < best[0]:
                    best = (due, kind[:-1].upper())
    account.compute(
        subject,
        {
            "notes_next_activity_date": str(best[0]) if best else "",
            "hs_notes_next_activity_type": best[1] if best else "",
        },
        now,
    )


def _stage(
    account: Account,
    record: Record,
    values: dict[str, str],
    derived: dict[str, str],
    now: int,
    actor: Actor,
) -> None:
    """A deal enters a stage: what is closed and won, the probability, the stage's own dates."""
    new, old = values["dealstage"], record.get("dealstage")
    pipeline: Pipeline | None = account.pipelines["deals"].get(
        values.get("pipeline") or record.get("pipeline")
    )
    stage = pipeline.stage(new) if pipeline else None
    if stage is not None:
        won = stage.closed and stage.probability >= 1.0
        derived["hs_is_closed"] = "true" if stage.closed else "false"
        derived["hs_is_closed_won"] = "true" if won else "false"
        derived["hs_is_closed_lost"] = "true" if stage.closed and not won else "false"
        derived["hs_deal_stage_probability"] = f"{stage.probability:g}"
        # Only the CRM's own screens date the closing; an API write leaves the date alone, and so
        # does everybody at Salesforce.
        screens = actor.source_type == "CRM_UI" and account.crm != "salesforce"
        if stage.closed and "closedate" not in values and screens:
            values["closedate"] = str(now)
    if account.tier in PAID_TIERS:
        derived[f"hs_v2_date_entered_{new}"] = str(now)
        derived["hs_v2_date_entered_current_stage"] = str(now)
        if f"hs_v2_latest_time_in_{new}" in record.fields:
            derived[f"hs_v2_latest_time_in_{new}"] = ""
        if old and old != new:
            entered = record.instant(f"hs_v2_date_entered_{old}") or record.created_at
            spent = max(0, now - entered)
            past = int(record.get(f"hs_v2_cumulative_time_in_{old}") or 0)
            derived[f"hs_v2_date_exited_{old}"] = str(now)
            derived[f"hs_v2_latest_time_in_{old}"] = str(spent)
            derived[f"hs_v2_cumulative_time_in_{old}"] = str(past + spent)
