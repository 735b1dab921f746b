"""What the CRM pages show, read from the world into plain values for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.pipedrive.grants import Grants
from sandbox.pipedrive.hooks import Hook, Hooks
from sandbox.salesforce.state import OrgState
from sandbox.world.account import Account
from sandbox.world.records import CRM_KINDS, STAGE_FIELDS, Owner, Pipeline, Property, Record, Stage
from sandbox.world.traces import LEAD_STATUS, Traces
from sandbox.world.ways import EVERY_DEAL_OWNED

IN_LIST = 300
ON_BOARD = 60
"""Cards shown per column; the rest is counted."""

NAMES = {"deals": "dealname", "companies": "name", "leads": "hs_lead_name"}
"""kind → the field with its name."""

KIND_NAMES = {
    "tasks": "Task",
    "calls": "Call",
    "emails": "E-mail",
    "meetings": "Meeting",
    "notes": "Note",
    "communications": "Message",
}


@dataclass(frozen=True)
class Entry:
    """One line of a timeline; `at` is when it happened or is due (business ms)."""

    at: int
    kind: str
    title: str
    detail: str
    who: str
    tags: tuple[str, ...] = ()
    record_id: str = ""


class Page:
    """One account as the templates see it. Times are shown in the account's zone."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.zone = ZoneInfo(account.timezone)

    @property
    def now(self) -> int:
        return self.account.world.clock.now()

    def time(self, instant: int | str | None) -> str:
        """An instant for people, or a dash."""
        if instant in (None, ""):
            return "–"
        moment = datetime.fromtimestamp(int(instant) / 1000, UTC).astimezone(self.zone)
        return f"{moment:%a %d %b %Y %H:%M}"

    def field(self, instant: int | str | None) -> str:
        """An instant as an HTML `datetime-local` value."""
        moment = datetime.fromtimestamp(int(instant or self.now) / 1000, UTC)
        return f"{moment.astimezone(self.zone):%Y-%m-%dT%H:%M}"

    def instant(self, text: str) -> int:
        """The instant of a `datetime-local` value; raises ValueError for anything else."""
        return round(datetime.fromisoformat(text).replace(tzinfo=self.zone).timestamp() * 1000)

    def owner(self, owner_id: str) -> str:
        owner: Owner | None = self.account.owners.get(owner_id)
        return f"{owner.first_name} {owner.last_name}" if owner else "No owner"

    def owners(self) -> list[Owner]:
        return [owner for owner in self.account.owners.values() if not owner.archived]

    def pipeline(self, pipeline_id: str = "") -> Pipeline:
        pipelines = self.account.pipelines["deals"]
        return pipelines.get(pipeline_id) or next(iter(pipelines.values()))

    def stages(self, record: Record) -> list[Stage]:
        """The stages that a deal or lead may stand in; none for other kinds."""
        if record.kind not in STAGE_FIELDS:
            return []
        known = self.account.pipelines[record.kind]
        pipeline = known.get(record.get(STAGE_FIELDS[record.kind][0])) or next(iter(known.values()))
        return [stage for stage in pipeline.stages if not stage.archived]

    def stage(self, record: Record, stage_id: str = "") -> str:
        """The label of a stage, its id where no pipeline has it any more."""
        pipeline_field, stage_field = STAGE_FIELDS[record.kind]
        wanted = stage_id or record.get(stage_field)
        pipeline = self.account.pipelines[record.kind].get(record.get(pipeline_field))
        stage = pipeline.stage(wanted) if pipeline else None
        return stage.label if stage else wanted

    def amount(self, deal: Record) -> str:
        amount = deal.get("amount")
        if not amount:
            return "no amount"
        return f"{float(amount):,.0f} {deal.get('deal_currency_code') or self.account.currency}"

    def pipelines(self) -> list[Pipeline]:
        return [one for one in self.account.pipelines["deals"].values() if not one.archived]

    def name(self, record: Record) -> str:
        """What a record is called, whatever its kind."""
        if record.kind == "contacts":
            return self.person(record)
        return record.get(NAMES.get(record.kind, "")) or record.id

    def newest(self, kind: str) -> list[Record]:
        """The newest records of a kind, as many as a list shows."""
        return list(islice(reversed(self.account.objects[kind].values()), IN_LIST))

    def others(self, record: Record) -> list[Record]:
        """The newest other records of its kind, to be merged with it."""
        return [other for other in self.newest(record.kind) if other is not record]

    def bin(self) -> list[Record]:
        """What was deleted and can be restored, the latest first; tasks have their own list."""
        found = [gone for kind in CRM_KINDS for gone in self.account.archived[kind].values()]
        return sorted(found, key=lambda gone: gone.archived_at or 0, reverse=True)[:IN_LIST]

    def installed(self) -> list[tuple[str, Owner]]:
        """Apps of a Pipedrive company, each with a user who has it."""
        apps, owners = self.account.world.apps, self.account.owners
        found = Grants.of(self.account.world).installations(self.account.portal_id)
        return [(apps[app_id].name, owners[owner_id]) for app_id, owner_id in found]

    def packages(self) -> list[str]:
        """Apps whose package is installed in an org of Salesforce."""
        apps = self.account.world.apps
        return [apps[one].name for one in sorted(OrgState.of(self.account).packages)]

    def hidden(self) -> list[str]:
        """Fields and objects that an org of Salesforce hides from apps."""
        state = OrgState.of(self.account)
        return sorted({*state.hidden, *state.hidden_objects})

    def is_lead(self, record: Record) -> bool:
        """Whether a person has come in as a lead and is no contact yet."""
        converted = Traces.of(self.account).converted
        return bool(record.get(LEAD_STATUS)) and record.id not in converted

    @property
    def every_deal_owned(self) -> bool:
        """Whether no deal of this CRM is without an owner."""
        return self.account.crm in EVERY_DEAL_OWNED

    def webhooks(self) -> list[Hook]:
        """The webhooks of a Pipedrive company."""
        return list(Hooks(self.account.world).of(self.account.portal_id))

    def custom(self) -> list[tuple[str, Property]]:
        """The properties that people and apps have added, by kind."""
        return [
            (kind, definition)
            for kind, known in self.account.properties.items()
            for definition in known.values()
            if not definition.built_in
        ]

    def person(self, contact: Record) -> str:
        name = f"{contact.get('firstname')} {contact.get('lastname')}".strip()
        return name or contact.get("email") or contact.id

    def state(self, task: Record) -> str:
        """done, overdue, due today or coming: the colour of a task."""
        if task.get("hs_task_status") == "COMPLETED":
            return "done"
        due = task.instant("hs_timestamp") or 0
        if due > self.now:
            return "coming"
        return "overdue" if self.now - due > 86_400_000 else "due"

    def related(self, record: Record, kind: str, *, archived: bool = False) -> list[Record]:
        store = self.account.archived if archived else self.account.objects
        if archived:
            # A record in the recycle bin keeps its own links; its neighbours have dropped theirs.
            return [
                other
                for other in store[kind].values()
                if record.id in other.links.get(record.kind, {})
            ]
        return [store[kind][other] for other in record.linked(kind) if other in store[kind]]

    def board(self, owner_id: str = "", pipeline_id: str = "") -> list[dict[str, Any]]:
        """The columns of the board: stage, its newest deals, how many, and their worth."""
        pipeline = self.pipeline(pipeline_id)
        columns: dict[str, list[Record]] = {
            stage.id: [] for stage in pipeline.stages if not stage.archived
        }
        for deal in reversed(self.account.objects["deals"].values()):
            if owner_id and deal.get("hubspot_owner_id") != owner_id:
                continue
            column = columns.get(deal.get("dealstage"))
            if column is not None and deal.get("pipeline") == pipeline.id:
                column.append(deal)
        return [
            {
                "stage": pipeline.stage(stage_id),
                "deals": deals[:ON_BOARD],
                "count": len(deals),
                "worth": sum(float(deal.get("amount") or 0) for deal in deals),
            }
            for stage_id, deals in columns.items()
        ]

    def tasks(self, owner_id: str, show: str) -> list[Record]:
        """Tasks of one owner (or all), the earliest due first; `show` is open, done or deleted."""
        store = self.account.archived if show == "deleted" else self.account.objects
        found = [
            task
            for task in store["tasks"].values()
            if (not owner_id or task.get("hubspot_owner_id") == owner_id)
            and (
                show == "deleted" or (task.get("hs_task_status") == "COMPLETED") == (show == "done")
            )
        ]
        found.sort(key=lambda task: int(task.get("hs_timestamp") or 0), reverse=show != "open")
        return found[:IN_LIST]

    def timeline(self, record: Record) -> list[Entry]:
        """Everything on a record, the newest first: activity, stages, owners, other changes."""
        entries = [
            self._activity(activity)
            for kind in KIND_NAMES
            for activity in self.related(record, kind)
        ]
        entries += [
            self._activity(task, deleted=True)
            for task in self.related(record, "tasks", archived=True)
        ]
        if record.kind in STAGE_FIELDS:
            field = STAGE_FIELDS[record.kind][1]
            entries += self._changes(record, field, "stage", "Entered {}")
        entries += self._changes(record, "hubspot_owner_id", "owner", "Owner: {}")
        for name in record.history:
            if name.endswith("_control") or name in ("hs_email_optout", "hs_email_bounce"):
                entries += self._changes(record, name, "change", f"{name}: {{}}")
        return sorted(entries, key=lambda entry: entry.at, reverse=True)

    def _activity(self, activity: Record, *, deleted: bool = False) -> Entry:
        kind = activity.kind
        title, detail, tags = "", "", []
        if kind == "tasks":
            title, detail = activity.get("hs_task_subject"), activity.get("hs_task_body")
            tags = [activity.get("hs_task_type"), activity.get("hs_task_priority")]
            tags.append("deleted" if deleted else self.state(activity))
        elif kind == "calls":
            minutes = int(activity.get("hs_call_duration") or 0) / 60_000
            title, detail = activity.get("hs_call_title"), f"{minutes:.0f} min"
            tags = [activity.get("hs_call_status")]
        elif kind == "emails":
            title, detail = activity.get("hs_email_subject"), activity.get("hs_email_text")
            incoming = activity.get("hs_email_direction") == "INCOMING_EMAIL"
            tags = ["received" if incoming else "sent"]
        elif kind == "meetings":
            title = activity.get("hs_meeting_title")
            tags = [activity.get("hs_meeting_outcome") or "no outcome"]
        elif kind == "notes":
            title, detail = "Note", activity.get("hs_note_body")
        else:
            title, detail = "Message", activity.get("hs_communication_body")
        if activity.created_by.source_type == "INTEGRATION":
            tags.append("by app")
        return Entry(
            activity.instant("hs_timestamp") or activity.created_at,
            kind,
            title or KIND_NAMES[kind],
            detail,
            self.owner(activity.get("hubspot_owner_id")),
            tuple(tag for tag in tags if tag),
            "" if deleted else activity.id,
        )

    def _changes(self, record: Record, field: str, kind: str, text: str) -> list[Entry]:
        entries: list[Entry] = []
        for version in record.history.get(field, ()):
            value = version.value or "none"
            if kind == "stage":
                value = self.stage(record, version.value)
            elif kind == "owner":
                value = self.owner(version.value)
            entries.append(
                Entry(version.at, kind, text.format(value), "", self._actor(version.source_id))
            )
        return entries

    def _actor(self, source_id: str) -> str:
        user_id = source_id.removeprefix("userId:")
        for owner in self.account.owners.values():
            if str(owner.user_id) == user_id:
                return f"{owner.first_name} {owner.last_name}"
        return source_id or "system"
