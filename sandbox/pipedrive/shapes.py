"""Records as API v2 shows them: typed, ids as numbers, times in UTC."""

from __future__ import annotations

import time
from typing import Any

import orjson

from sandbox.pipedrive import plain, visible, words
from sandbox.pipedrive.fields import custom_fields
from sandbox.settings import Settings
from sandbox.world.account import Account
from sandbox.world.records import Owner, Record, Stage

Shape = dict[str, Any]
MISSING_AT_TIMES = (
    *("won_time", "lost_time", "close_time", "expected_close_date", "stage_change_time"),
    *("org_id", "person_id", "lost_reason", "probability"),
)
"""Fields of a deal that an account may leave out where they have no value."""


class View:
    """One account as Pipedrive shows it."""

    def __init__(self, account: Account, settings: Settings) -> None:
        self.account = account
        self.settings = settings
        self.stages: dict[str, Stage] = {
            stage.id: stage
            for pipeline in account.pipelines["deals"].values()
            for stage in pipeline.stages
        }

        own = account.extra.get("pipedrive", {})
        self.campaigns: bool = own.get("campaigns", True)
        """Whether the company has the Campaigns app, which knows of consent."""
        self.domain = "-".join(account.name.lower().split())

    # --- users ---------------------------------------------------------------------------------

    def user_id(self, owner_id: str, fallback: Record | None = None) -> int | None:
        """The number of a user; a record without an owner belongs to whoever made it."""
        if owner_id:
            return int(owner_id)
        if fallback is None:
            return None
        behind = words.person_behind(self.account, fallback.created_by)
        return int(behind.id) if behind else None

    def is_admin(self, owner: Owner) -> bool:
        """The first user of a company is its admin; others may be made so."""
        admins = self.account.extra.get("pipedrive", {}).get("admins")
        if admins is not None:
            return owner.id in admins
        return owner is next(iter(self.account.owners.values()))

    # --- records -------------------------------------------------------------------------------

    def seen(self, record: Record, *, search: bool = False) -> Record | None:
        """The state of a record that a reader is shown now; None: not there yet."""
        lag = self.settings.search_lag_seconds if search else self.settings.read_lag_seconds
        shadow = record.shadow
        if not lag or shadow is None or time.monotonic() - shadow[0] >= lag:
            return record
        return shadow[1]

    def updated(self, record: Record) -> int:
        """When a record was last changed, by what the account counts as a change."""
        if self.settings.pipedrive_activity_updates or record.kind not in ("deals", "contacts"):
            return record.updated_at
        own = [
            past[-1].at for past in record.history.values() if past[-1].source_type != "CALCULATED"
        ]
        return max((record.created_at, record.archived_at or 0, *own))

    def linked(self, record: Record, kind: str) -> int | None:
        """The record of another kind that this one names: the primary one, else the first."""
        ids = record.links.get(kind) or {}
        live = self.account.objects[kind]
        found = [one for one in ids if one in live]
        main = next((one for one in found if "primary" in ids[one]), found[0] if found else None)
        return int(main) if main else None

    def deal(self, record: Record) -> Shape:
        pipeline = self.account.pipelines["deals"].get(record.get("pipeline"))
        opened = words.open_stages(pipeline) if pipeline else []
        at = words.standing(record, self.stages, opened[-1].id if opened else "0")
        closed = at.won or at.lost
        archived = record.get("pd_archived") == "true"
        shape: Shape = {
            "id": int(record.id),
            "title": record.get("dealname"),
            "creator_user_id": self.user_id("", record),
            "owner_id": self.user_id(record.get("hubspot_owner_id"), record),
            "person_id": self.linked(record, "contacts"),
            "org_id": self.linked(record, "companies"),
            "pipeline_id": int(record.get("pipeline")),
            "stage_id": int(at.stage_id),
            "value": plain.number(record.get("amount")) or 0,
            "currency": record.get("deal_currency_code") or self.account.currency,
            "add_time": words.rfc3339(record.created_at),
            "update_time": words.rfc3339(self.updated(record)),
            "stage_change_time": words.rfc3339(at.stage_changed),
            "is_deleted": record.archived,
            "is_archived": archived,
            "archive_time": words.rfc3339(record.instant("pd_archive_time")),
            "status": at.status,
            "probability": plain.number(record.get("pd_probability")),
            "lost_reason": record.get("closed_lost_reason") or None,
            "visible_to": visible.level(record),
            "close_time": words.rfc3339(closed),
            "won_time": words.rfc3339(at.won),
            "lost_time": words.rfc3339(at.lost),
            "expected_close_date": self._expected(record, closed),
            "label_ids": plain.numbers(record.get("pd_label_ids")),
            "origin": plain.origin(record),
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "arr": None,
            "mrr": None,
            "acv": None,
            "custom_fields": custom_fields(self.account, record),
        }
        return self._thinned(shape)

    def _expected(self, record: Record, closed: int | None) -> str | None:
        """The expected date; the world's people date a closing in the same field."""
        value, past = record.get("closedate"), record.history.get("closedate", [])
        if closed is not None and past and past[-1].at == closed:
            value = words.before(past, closed)
        return words.day_of(int(value)) if value else None

    def _thinned(self, shape: Shape) -> Shape:
        if self.settings.pipedrive_nulls_left_out:
            for name in MISSING_AT_TIMES:
                if shape.get(name) is None:
                    del shape[name]
        return shape

    def person(self, record: Record) -> Shape:
        first, last = record.get("firstname"), record.get("lastname")
        name = record.get("pd_name") or f"{first} {last}".strip() or record.get("email")
        return {
            "id": int(record.id),
            "name": name,
            "first_name": first or None,
            "last_name": last or None,
            "owner_id": self.user_id(record.get("hubspot_owner_id"), record),
            "org_id": self.linked(record, "companies"),
            "add_time": words.rfc3339(record.created_at),
            "update_time": words.rfc3339(self.updated(record)),
            "emails": plain.addresses(record, "email"),
            "phones": plain.addresses(record, "phone"),
            "is_deleted": record.archived,
            "visible_to": visible.level(record),
            "label_ids": plain.numbers(record.get("pd_label_ids")),
            "picture_id": None,
            "job_title": record.get("jobtitle") or None,
            "custom_fields": custom_fields(self.account, record),
        }

    def organization(self, record: Record) -> Shape:
        return {
            "id": int(record.id),
            "name": record.get("name"),
            "owner_id": self.user_id(record.get("hubspot_owner_id"), record),
            "add_time": words.rfc3339(record.created_at),
            "update_time": words.rfc3339(record.updated_at),
            "is_deleted": record.archived,
            "visible_to": visible.level(record),
            "address": plain.place(record),
            "website": record.get("website") or record.get("domain") or None,
            "label_ids": plain.numbers(record.get("pd_label_ids")),
            "custom_fields": custom_fields(self.account, record),
        }

    def activity(self, record: Record) -> Shape:
        at = words.due_at(record)
        all_day = record.get("hs_task_is_all_day") == "true"
        done = words.is_done(record)
        people = self.participants(record)
        lead = next(iter(record.linked("leads")), "")
        return {
            "id": int(record.id),
            "subject": plain.subject_of(record),
            "type": words.type_of(record),
            "owner_id": self.user_id(record.get("hubspot_owner_id"), record),
            "creator_user_id": self.user_id("", record),
            "is_deleted": record.archived,
            "add_time": words.rfc3339(record.created_at),
            "update_time": words.rfc3339(record.updated_at),
            "deal_id": self.linked(record, "deals"),
            "lead_id": words.lead_id(lead) if lead else None,
            "person_id": next((one["person_id"] for one in people if one["primary"]), None),
            "org_id": self.linked(record, "companies"),
            "project_id": None,
            "due_date": words.day_of(at),
            "due_time": None if all_day else words.hours(at % words.DAY),
            "duration": plain.duration_of(record),
            "busy": record.get("pd_busy") == "true",
            "done": done,
            "marked_as_done_time": words.rfc3339(plain.done_at(record) if done else None),
            "location": orjson.loads(record.get("pd_location") or "null"),
            "participants": people,
            "attendees": orjson.loads(record.get("pd_attendees") or "[]"),
            "conference_meeting_client": None,
            "conference_meeting_url": None,
            "conference_meeting_id": None,
            "public_description": record.get("pd_description") or None,
            "priority": words.PRIORITIES.get(record.get("hs_task_priority")),
            "note": plain.note_of(record) or None,
        }

    def lead(self, record: Record) -> Shape:
        stage = record.get("hs_pipeline_stage")
        closed = {
            one.id
            for pipeline in self.account.pipelines["leads"].values()
            for one in pipeline.stages
            if one.closed
        }
        amount = record.get("pd_amount")
        currency = record.get("pd_currency") or self.account.currency
        following = min(
            (one for one in self.activities(record) if not words.is_done(one)),
            key=words.due_at,
            default=None,
        )
        owner = self.user_id(record.get("hubspot_owner_id"), record)
        return {
            "id": words.lead_id(record.id),
            "title": record.get("hs_lead_name"),
            "owner_id": owner,
            "creator_id": self.user_id("", record),
            "label_ids": [one for one in record.get("pd_label_ids").split(";") if one],
            "person_id": self.linked(record, "contacts"),
            "organization_id": self.linked(record, "companies"),
            "source_name": "API" if plain.origin(record) == "API" else "Manually created",
            "origin": plain.origin(record),
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "is_archived": stage in closed or record.get("pd_archived") == "true",
            "was_seen": record.get("pd_seen") == "true",
            "value": {"amount": plain.number(amount), "currency": currency} if amount else None,
            "expected_close_date": record.get("pd_expected") or None,
            "next_activity_id": int(following.id) if following else None,
            "add_time": words.with_ms(record.created_at),
            "update_time": words.with_ms(record.updated_at),
            "visible_to": str(visible.level(record)),
        }

    def activities(self, record: Record) -> list[Record]:
        """The live activities of a deal, person, organization or lead."""
        live = self.account.objects
        return [
            live[kind][one]
            for kind in words.KINDS["activity"]
            for one in record.linked(kind)
            if one in live[kind]
        ]

    def note(self, record: Record) -> Shape:
        lead = next(iter(record.linked("leads")), "")
        return {
            "id": int(record.id),
            "content": record.get("hs_note_body"),
            "active_flag": not record.archived,
            "add_time": words.spaced(record.instant("hs_timestamp") or record.created_at),
            "update_time": words.spaced(record.updated_at),
            "user_id": self.user_id(record.get("pd_author"), record),
            "last_update_user_id": None,
            "deal_id": self.linked(record, "deals"),
            "person_id": self.linked(record, "contacts"),
            "org_id": self.linked(record, "companies"),
            "lead_id": words.lead_id(lead) if lead else None,
            "project_id": None,
            **{
                f"pinned_to_{name}_flag": name in record.get("pd_pinned").split(";")
                for name in ("deal", "person", "organization", "lead", "project")
            },
        }

    def participants(self, record: Record) -> list[Shape]:
        """The persons of an activity; one of them is the primary."""
        main = self.linked(record, "contacts")
        live = self.account.objects["contacts"]
        return [
            {"person_id": int(one), "primary": int(one) == main}
            for one in record.linked("contacts")
            if one in live
        ]
