"""From records as read to what they change: mirror, signals, outcomes. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.decisions.timing import end_of_due_day
from app.lanes.context import Tenant
from app.lanes.snapshot import Link, Snapshot
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Outcome, SignalKind, TouchState
from app.signals.contacts import PersonFact, contact_facts, contact_values
from app.signals.deals import deal_change
from app.signals.engagements import call_facts, email_facts, meeting_facts, outcome_due
from app.signals.tasks import task_change
from app.store import mirror
from app.store.sets import dumps, loads
from connectors.contract import CrmRecord

ACTIVITY = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.MEETING_HELD,
        SignalKind.REP_ACTIVITY,
        SignalKind.TASK_COMPLETED,
        SignalKind.FORM_SUBMITTED,
    }
)
"""Signals that break silence: the prospect's, or a rep's own work. Our tasks never do."""

_MEASURED = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.MEETING_HELD,
        SignalKind.MEETING_MISSED,
        SignalKind.OPTED_OUT,
        SignalKind.BOUNCED,
        SignalKind.CLOSED,
    }
)

MEETING_TIMER = "meeting:"
"""Prefix of the timer that asks what came of a meeting; the CRM's id follows."""


@dataclass(slots=True)
class Findings:
    """What one batch of readings means; `app.lanes.commit` stores it.

    stages_behind: deals whose history did not reach the event yet, to be read again.
    unadopted: tasks that carry our touch id while their creation is still unanswered.
    became: contacts that were subjects of their own → the deal that they stand on now.
    """

    values: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    entries: list[tuple[int, str, int]] = field(default_factory=list[tuple[int, str, int]])
    links: dict[int, list[Link]] = field(default_factory=dict[int, list[Link]])
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    two_way: dict[str, int] = field(default_factory=dict[str, int])
    objects: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict[str, list[dict[str, Any]]](list)
    )
    closes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    edits: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    signals: list[Signal] = field(default_factory=list[Signal])
    outcomes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    arm: list[tuple[int, str, int, dict[str, Any]]] = field(
        default_factory=list[tuple[int, str, int, dict[str, Any]]]
    )
    disarm: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    unadopted: set[str] = field(default_factory=set[str])
    became: dict[int, int] = field(default_factory=dict[int, int])

    def change(self, subject_id: int, snapshot: Snapshot, values: dict[str, Any]) -> None:
        if values:
            self.values.setdefault(subject_id, {}).update(values)
            snapshot.lay_over_subject(subject_id, values)


class Observer:
    """Compares records with a snapshot and collects findings. One batch, one observer."""

    def __init__(self, tenant: Tenant, snapshot: Snapshot, now: Business) -> None:
        self.tenant = tenant
        self.snapshot = snapshot
        self.now = now
        self.found = Findings()
        self._by_crm: dict[tuple[str, str], int] = {
            (row["type"], row["crm_id"]): key for key, row in snapshot.rows.items()
        }
        self._of_contact: dict[str, list[int]] = defaultdict(list)
        for subject, links in snapshot.links.items():
            for contact, _, _ in links:
                self._of_contact[contact].append(subject)

    # --- subjects ----------------------------------------------------------------------------

    def deals(
        self,
        records: Iterable[CrmRecord],
        known: dict[int, frozenset[tuple[str, int]]],
        *,
        baseline: bool = False,
    ) -> None:
        """baseline: a first import, which remembers everything and signals nothing."""
        for record in records:
            subject_id = self._by_crm.get(("deal", record.id))
            if subject_id is None:
                continue
            row = self.snapshot.rows[subject_id]
            change = deal_change(
                subject_id, row, record.fields, record.history, record.created_at,
                record.updated_at, self.tenant.stages, known.get(subject_id, frozenset()),
            )  # fmt: skip
            self.found.change(subject_id, self.snapshot, change.values)
            self.found.entries.extend((subject_id, *entry) for entry in change.entries)
            if record.associations is not None and "contact" in record.associations:
                self._link(subject_id, record)
            if baseline:
                self._baseline_reply(subject_id, change.signals)
            else:
                for signal in change.signals:
                    self.signal(signal)

    def _baseline_reply(self, subject_id: int, signals: Sequence[Signal]) -> None:
        for signal in signals:
            if signal.kind is SignalKind.REPLIED:
                self.found.change(subject_id, self.snapshot, {"last_reply_at": signal.at})

    def _link(self, subject_id: int, record: CrmRecord) -> None:
        ids = (record.associations or {}).get("contact", [])
        primary = record.primary.get("contact")
        links: list[Link] = [
            (contact, contact == primary, record.labels.get(("contact", contact), ()))
            for contact in sorted(ids)
        ]
        if links == self.snapshot.links.get(subject_id, []):
            return
        self.found.links[subject_id] = links
        self.snapshot.lay_over_links(subject_id, links)
        for contact, _, _ in links:
            if subject_id not in self._of_contact[contact]:
                self._of_contact[contact].append(subject_id)
            self._became_deal(contact, subject_id)

    def _became_deal(self, contact: str, deal: int) -> None:
        """An inquiry that has its deal is no subject of its own any more."""
        own = self._by_crm.get(("contact", contact))
        if own is None or self.snapshot.rows[own]["deleted"]:
            return
        self.found.became[own] = deal
        gone = {"deleted": True, "fields": dumps({"became_deal": deal})}
        self.found.change(own, self.snapshot, gone)

    def deleted(self, type: str, crm_id: str, at: int) -> None:
        """A record is gone: its enrolments end, or those of the person who is gone."""
        cause = f"deleted:{type}:{crm_id}:{at}"
        if type == "contact":
            self.found.contacts[crm_id] = {**_blank_contact(self.snapshot, crm_id), "deleted": True}
            self.snapshot.lay_over_contact(crm_id, {"deleted": True})
            self.facts([PersonFact(SignalKind.DELETED, at, cause)], [crm_id], [])
        subject_id = self._by_crm.get((type, crm_id))
        if subject_id is not None and not self.snapshot.rows[subject_id]["deleted"]:
            self.found.change(subject_id, self.snapshot, {"deleted": True})
            self.signal(Signal(SignalKind.DELETED, subject_id, Business(at), cause))

    # --- people ------------------------------------------------------------------------------

    def contacts(self, records: Iterable[CrmRecord], *, baseline: bool = False) -> None:
        for record in records:
            row = self.snapshot.people.get(record.id)
            fresh = contact_values(record.fields, record.created_at)
            facts = contact_facts(record.id, row, fresh, record.fields, record.updated_at)
            self.found.contacts[record.id] = fresh
            self.snapshot.lay_over_contact(record.id, fresh)
            for deal in (record.associations or {}).get("deal", ()):
                known = self._by_crm.get(("deal", deal))
                if known is not None:
                    self._became_deal(record.id, known)
            if not baseline:
                self._new_lead(record, fresh)
                self.facts(facts, [record.id], [])

    def _new_lead(self, record: CrmRecord, fresh: dict[str, Any]) -> None:
        """A contact without a deal is a subject of its own: an inquiry before a deal exists."""
        subject_id = self._by_crm.get(("contact", record.id))
        if subject_id is None or self.snapshot.rows[subject_id]["modified_at"] is not None:
            return
        self.found.change(
            subject_id,
            self.snapshot,
            {
                "name": fresh["name"] or fresh["email"],
                "owner_id": fresh["owner_id"],
                "created_at": fresh["created_at"],
                "modified_at": record.updated_at,
            },
        )
        link: Link = (record.id, True, ())
        self.found.links[subject_id] = [link]
        self.snapshot.lay_over_links(subject_id, [link])
        if subject_id not in self._of_contact[record.id]:
            self._of_contact[record.id].append(subject_id)
        self.signal(
            Signal(
                SignalKind.SUBJECT_CREATED, subject_id, Business(fresh["created_at"]), "created",
                contact=record.id, data={"type": "contact"},
            )
        )  # fmt: skip

    def facts(
        self, facts: Iterable[PersonFact], contacts: Sequence[str], deals: Sequence[str]
    ) -> None:
        """Make signals of facts about people, for every subject that they stand on."""
        subjects: dict[int, str | None] = {}
        for deal in deals:
            subject_id = self._by_crm.get(("deal", deal))
            if subject_id is not None:
                subjects[subject_id] = None
        for contact in contacts:
            for subject_id in self._of_contact.get(contact, ()):
                subjects[subject_id] = subjects.get(subject_id) or contact
        for fact in facts:
            for subject_id, contact in subjects.items():
                self.signal(
                    Signal(
                        fact.kind, subject_id, Business(fact.at), fact.cause, contact=contact,
                        data=fact.data,
                    )
                )  # fmt: skip
            if fact.kind in (SignalKind.REPLIED, SignalKind.MEETING_HELD):
                for contact in contacts:
                    self.found.two_way[contact] = max(self.found.two_way.get(contact, 0), fact.at)

    # --- engagements -------------------------------------------------------------------------

    def engagements(self, type: str, records: Iterable[CrmRecord]) -> None:
        """E-mails, calls and meetings, with the contacts and deals that they are associated to."""
        for record in records:
            linked = record.associations or {}
            contacts, deals = linked.get("contact", []), linked.get("deal", [])
            if type == "email":
                facts = email_facts(record.id, record.fields)
            elif type == "call":
                facts = call_facts(record.id, record.fields)
            else:
                facts = self._meeting(record, contacts, deals)
            self.facts(facts, contacts, deals)

    def _meeting(
        self, record: CrmRecord, contacts: Sequence[str], deals: Sequence[str]
    ) -> list[PersonFact]:
        stored = self.snapshot.objects.get(("meeting", record.id))
        known = loads(stored["known"]) if stored else None
        facts = meeting_facts(
            record.id, known, record.fields, record.created_at, record.updated_at
        )
        fresh = {name: record.fields.get(name) for name in ("outcome", "start_at", "end_at")}
        self.found.objects["meeting"].append(
            {"crm_id": record.id, "touch_id": None, "known": fresh, "pending": {}}
        )
        due = outcome_due(record.fields)
        name = f"{MEETING_TIMER}{record.id}"
        for subject_id in self._subjects_of(contacts, deals):
            if due is not None:
                self.found.arm.append((subject_id, name, due, {"meeting": record.id}))
            else:
                self.found.disarm.append((subject_id, name))
        return facts

    def _subjects_of(self, contacts: Sequence[str], deals: Sequence[str]) -> set[int]:
        found = {self._by_crm.get(("deal", deal)) for deal in deals}
        found.update(s for contact in contacts for s in self._of_contact.get(contact, ()))
        return {subject for subject in found if subject is not None}

    # --- tasks -------------------------------------------------------------------------------

    def tasks(self, records: Iterable[CrmRecord]) -> None:
        """Our tasks as reps left them, and others' tasks as activity once completed."""
        for record in records:
            stored = self.snapshot.objects.get(("task", record.id))
            if stored is None or stored["touch_id"] is None:
                self._foreign_task(record)
                continue
            touch = self.snapshot.touches.get(stored["touch_id"])
            change = task_change(
                loads(stored["known"]), loads(stored["pending"]), record.fields, record.history
            )
            self.found.objects["task"].append(
                {
                    "crm_id": record.id,
                    "touch_id": stored["touch_id"],
                    "known": change.known,
                    "pending": change.pending,
                }
            )
            if touch is None or not change.touched:
                continue
            if change.edited:
                self._edited(touch, change.edited, record)
            if not change.completed:
                continue
            at = change.completed_at or record.updated_at
            if touch["outcome"] == Outcome.OPEN.value:
                self._close(touch, Outcome.COMPLETED, at, "completed_by_rep")
                self.signal(
                    Signal(
                        SignalKind.TASK_COMPLETED, touch["subject_id"], Business(at),
                        f"task:{touch['id']}", contact=touch["contact_id"],
                        data={"touch": touch["id"], "step": touch["step"],
                              "enrolment": touch["enrolment_id"]},
                    )
                )  # fmt: skip
            elif touch["outcome"] == Outcome.LEFT.value:
                # Left to the rep when its sequence ended: no step follows, but somebody did
                # something about the deal, which is not silent any more.
                self.signal(
                    Signal(
                        SignalKind.REP_ACTIVITY, touch["subject_id"], Business(at),
                        f"task:{touch['id']}", contact=touch["contact_id"], data={"what": "task"},
                    )
                )  # fmt: skip

    def _foreign_task(self, record: CrmRecord) -> None:
        touch_id = record.fields.get("touch_id")
        if touch_id:
            touch = self.snapshot.touches.get(touch_id)
            if touch is not None and touch["state"] != TouchState.PERFORMED.value:
                self.found.unadopted.add(record.id)
            return
        if record.fields.get("status") == "completed" and record.associations is not None:
            at = record.fields.get("completed_at") or record.updated_at
            fact = PersonFact(SignalKind.REP_ACTIVITY, at, f"task:{record.id}", {"what": "task"})
            linked = record.associations
            self.facts([fact], linked.get("contact", []), linked.get("deal", []))

    def _edited(self, touch: Any, names: list[str], record: CrmRecord) -> None:
        due = record.fields.get("due_at") or touch["due_at"]
        owner = record.fields.get("owner") or touch["owner_id"]
        overdue = touch["overdue_at"]
        if "due_at" in names and touch["outcome"] == Outcome.OPEN.value:
            overdue = end_of_due_day(Business(due), self.tenant.calendar(owner, self.now))
        self.found.edits.append(
            {"key": touch["id"], "due_at": due, "owner_id": owner, "overdue_at": overdue}
        )
        self.signal(
            Signal(
                SignalKind.TASK_EDITED, touch["subject_id"], Business(record.updated_at),
                f"edit:{touch['id']}:{record.updated_at}", contact=touch["contact_id"],
                data={"touch": touch["id"], "step": touch["step"], "fields": names},
            )
        )  # fmt: skip

    def task_deleted(self, task_id: str, at: int) -> None:
        """Archived by somebody: our own resolution, or a rep's word that the step is over."""
        stored = self.snapshot.objects.get(("task", task_id))
        if stored is None or stored["touch_id"] is None:
            return
        touch = self.snapshot.touches.get(stored["touch_id"])
        if touch is None or touch["outcome"] != Outcome.OPEN.value:
            return
        if "archived" in loads(stored["pending"]):
            return
        self._close(touch, Outcome.DELETED, at, "deleted_by_rep")
        self.signal(
            Signal(
                SignalKind.TASK_DELETED, touch["subject_id"], Business(at),
                f"task:{touch['id']}", contact=touch["contact_id"],
                data={"touch": touch["id"], "step": touch["step"],
                      "enrolment": touch["enrolment_id"]},
            )
        )  # fmt: skip

    def _close(self, touch: Any, outcome: Outcome, at: int, why: str) -> None:
        self.found.closes.append(
            {"key": touch["id"], "outcome": outcome.value, "outcome_at": at, "outcome_why": why}
        )
        self.snapshot.close_touch(touch["id"], outcome.value, at)

    # --- signals -----------------------------------------------------------------------------

    def signal(self, signal: Signal) -> None:
        """Take a signal in, unless the same fact came by another path already."""
        row = self.snapshot.rows.get(signal.subject)
        if row is None:
            return
        values: dict[str, Any] = {}
        if signal.kind is SignalKind.REPLIED:
            if signal.at <= (row["last_reply_at"] or 0):
                return
            values["last_reply_at"] = signal.at
        elif signal.kind is SignalKind.MEETING_BOOKED:
            values["next_meeting_at"] = signal.data.get("start_at")
        elif signal.kind is SignalKind.MEETING_HELD:
            values["last_meeting_at"] = signal.at
        if signal.kind in ACTIVITY and signal.at > (row["last_activity_at"] or 0):
            values["last_activity_at"] = signal.at
        self.found.change(signal.subject, self.snapshot, values)
        self.found.signals.append(signal)
        if signal.kind in _MEASURED:
            self.found.outcomes.append(
                {
                    "subject_id": signal.subject,
                    "kind": signal.kind.value,
                    "cause": signal.cause,
                    "occurred_at": signal.at,
                    "contact_id": signal.contact,
                    "data": dict(signal.data),
                }
            )


def _blank_contact(snapshot: Snapshot, crm_id: str) -> dict[str, Any]:
    row = snapshot.people.get(crm_id) or contact_values({}, 0)
    return {name: row[name] for name in mirror.CONTACT_COLUMNS}
