"""From records as read to what they change: mirror, signals, outcomes. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from app.lanes.context import Tenant
from app.lanes.findings import Findings
from app.lanes.hearing import as_reply, letter_events, property_events
from app.lanes.observe_leads import lead_changes
from app.lanes.snapshot import Link, Snapshot
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import ACTIVITY, ENGAGEMENT, MEASURED, SignalKind
from app.signals.activities import activities_of, done_with, picked_up, reply_at
from app.signals.contacts import PersonFact, contact_facts, contact_values, contacted_since
from app.signals.deals import deal_change
from app.signals.engagements import call_facts, email_facts, meeting_facts, outcome_due
from app.signals.many import SOURCE
from app.store.sets import dumps, loads
from connectors.contract import CrmRecord

MEETING_TIMER = "meeting:"
"""Prefix of the timer that asks what came of a meeting; the CRM's id follows."""


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
            if not baseline:
                self.found.heard.extend(property_events(self.tenant, record, row, self.now))
            change = deal_change(
                subject_id, row, record.fields, record.history, record.created_at,
                record.updated_at, self.tenant.stages, known.get(subject_id, frozenset()),
                self.tenant.kept("deal"),
            )  # fmt: skip
            self.found.change(subject_id, self.snapshot, change.values)
            self.found.entries.extend((subject_id, *entry) for entry in change.entries)
            if record.associations is not None and "contact" in record.associations:
                self._link(subject_id, record)
            if change.restored:
                self._restored(subject_id, record)
            if baseline:
                self._baseline_reply(subject_id, change.signals)
            else:
                for signal in change.signals:
                    self.signal(signal)

    def _baseline_reply(self, subject_id: int, signals: Sequence[Signal]) -> None:
        for signal in signals:
            if signal.kind is SignalKind.REPLIED:
                self.found.change(subject_id, self.snapshot, {"last_reply_at": signal.at})
                self.found.did([reply_at(signal.at)], [subject_id])

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

    def _restored(self, subject_id: int, record: CrmRecord) -> None:
        """A record came back out of the bin. That is shown and starts nothing: whoever restores a
        deal has not asked for what ran on it, and what happens with it from now on acts again."""
        self.found.outcomes.append(
            {"subject_id": subject_id, "kind": "restored", "cause": f"restored:{record.updated_at}",
             "occurred_at": record.updated_at, "contact_id": None, "data": {}}
        )  # fmt: skip

    def subjects_of_contact(self, contact: str) -> list[int]:
        """Row ids of the subjects that a person stands on."""
        return list(self._of_contact.get(contact, ()))

    def subject_of(self, type: str, crm_id: str) -> int | None:
        """Row id of the subject that is this record."""
        return self._by_crm.get((type, crm_id))

    # --- people ------------------------------------------------------------------------------

    def contacts(self, records: Iterable[CrmRecord], *, baseline: bool = False) -> None:
        for record in records:
            if self.snapshot.tombstones.bar(record.fields.get("email")):
                self._barred(record)
                continue
            row = self.snapshot.people.get(record.id)
            fresh = contact_values(record.fields, record.created_at, self.tenant.kept("contact"))
            facts = contact_facts(record.id, row, fresh, record.fields, record.updated_at)
            if row is not None and row["deleted"] and not baseline:
                self._contact_is_back(record)
            times, at = contacted_since(row, fresh), Business(fresh["contacted_at"] or self.now)
            self.found.touched_by_others(record.id, times, at, self.tenant.zone)
            if row is not None and not baseline:
                self.found.heard.extend(property_events(self.tenant, record, row, self.now))
            changed = lead_changes(self, record, row, fresh)
            self.found.contacts[record.id] = fresh
            if row is not None and row.get("in_sequence") and not fresh["in_sequence"]:
                self.found.left_sequence.add(record.id)
            self.snapshot.lay_over_contact(record.id, fresh)
            for deal in (record.associations or {}).get("deal", ()):
                known = self._by_crm.get(("deal", deal))
                if known is not None:
                    self._became_deal(record.id, known)
            if not baseline:
                for signal in changed:
                    self.signal(signal)
                self._new_lead(record, fresh)
                self.facts(facts, [record.id], [])

    def _barred(self, record: CrmRecord) -> None:
        """Somebody who was erased is back under another id: nothing of them is kept but that."""
        nobody = {**contact_values({}, record.created_at), "deleted": True}
        self.found.contacts[record.id] = nobody
        self.found.barred.append(record.id)
        self.snapshot.lay_over_contact(record.id, nobody)
        own = self._by_crm.get(("contact", record.id))
        if own is not None:
            self.found.change(own, self.snapshot, {"deleted": True})

    def _contact_is_back(self, record: CrmRecord) -> None:
        """Its own subject too, unless it is marked so because the inquiry became a deal."""
        own = self._by_crm.get(("contact", record.id))
        if own is None or "became_deal" in self.snapshot.subject(own).fields:
            return
        self.found.change(own, self.snapshot, {"deleted": False})
        self._restored(own, record)

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
                contact=record.id,
                data={"type": "contact", SOURCE: record.fields.get("source") or ""},
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
            about = self.subjects_of(contacts, deals)
            self.found.did(activities_of(record), about)
            self.found.with_people += done_with(record, contacts, self._of_contact)
            self.found.outcomes.extend(picked_up(record, contacts, about))
            if type == "email":
                self.found.heard.extend(letter_events(record, contacts, self.snapshot, self.now))

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
        for subject_id in self.subjects_of(contacts, deals):
            if due is not None:
                self.found.arm.append((subject_id, name, due, {"meeting": record.id}))
            else:
                self.found.disarm.append((subject_id, name))
        return facts

    def subjects_of(self, contacts: Sequence[str], deals: Sequence[str]) -> set[int]:
        """Row ids of all that these people and deals are subjects of."""
        found = {self._by_crm.get(("deal", deal)) for deal in deals}
        found.update(s for contact in contacts for s in self._of_contact.get(contact, ()))
        return {subject for subject in found if subject is not None}

    # --- signals -----------------------------------------------------------------------------

    def signal(self, signal: Signal, acted: bool = False) -> None:
        """Take a signal in, unless the same fact came by another path already. acted: somebody did
        something, although the kind of signal alone does not say so."""
        row = self.snapshot.rows.get(signal.subject)
        if row is None:
            return
        values: dict[str, Any] = {}
        if signal.kind is SignalKind.REPLIED:
            self.found.did([reply_at(signal.at)], [signal.subject])
            if signal.at <= (row["last_reply_at"] or 0):
                return
            values, reply = as_reply(signal, self.snapshot)
            if reply is None:
                self.found.change(signal.subject, self.snapshot, values)
                return
            signal = reply
        elif signal.kind is SignalKind.MEETING_BOOKED:
            values["next_meeting_at"] = signal.data.get("start_at")
        elif signal.kind is SignalKind.MEETING_HELD:
            values["last_meeting_at"] = signal.at
        elif signal.kind in (SignalKind.OPENED, SignalKind.CLICKED):
            self.snapshot.mail_seen[signal.subject, signal.kind].add(signal.at)
        if (acted or signal.kind in ACTIVITY) and signal.at > (row["last_activity_at"] or 0):
            values["last_activity_at"] = signal.at
        if signal.kind in ENGAGEMENT and self.snapshot.engaged.note(signal):
            self.snapshot.lay_over_subject(signal.subject, row)  # its counts are another
        self.found.change(signal.subject, self.snapshot, values)
        self.found.signals.append(signal)
        self.snapshot.note(signal)
        if signal.kind in MEASURED:
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
