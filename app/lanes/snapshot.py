"""Everything that decisions may read of a set of subjects, loaded by sets, then kept in memory.

What a reading of the CRM changed is laid over the loaded rows before anyone decides, so that
reading, deciding and storing are one transaction's worth of work with the computing outside of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.decisions.context import RuleContext
from app.decisions.starting import touch_row as planned_row
from app.lanes import placed
from app.lanes.context import Tenant
from app.lanes.engaging import Engaged
from app.lanes.enrolment_view import enrolment_view
from app.lanes.happened import add_happened, latest, load_happened
from app.lanes.past import COUNTED, Past
from app.lanes.steps import withdrawn
from app.lanes.views import person_view, subject_view
from app.model.decisions import (
    ChooseContact,
    Decision,
    EndEnrolment,
    EnrolmentView,
    NotePassages,
    PlannedTouch,
    PlanTouches,
    ResumeEnrolment,
    WithdrawTouches,
)
from app.model.flow import Passage
from app.model.records import ContactView, Happened, SubjectView
from app.model.signals import Signal
from app.model.time import HOUR, Business
from app.model.vocabulary import EnrolmentState as State
from app.model.vocabulary import Mode, SignalKind
from app.store import erasure, mirror, outbox, outcomes, passages, running, summaries, timers

Row = Mapping[Any, Any]
Link = tuple[str, bool, tuple[str, ...]]

_NO_TOMBSTONES = erasure.Tombstones()


class Snapshot:
    """Rows of subjects, their people and what runs for them. Mutable only by `lay_over_*`."""

    def __init__(
        self,
        tenant: Tenant,
        conn: Connection,
        ids: Iterable[int],
        now: Business,
        *,
        contacts: Iterable[str] = (),
        tasks: Iterable[str] = (),
        meetings: Iterable[str] = (),
        leads: Iterable[str] = (),
        quotes: Mapping[str, Row] | None = None,
        touches: Iterable[str] = (),
        with_running: bool = True,
        compared: bool = False,
    ) -> None:
        """contacts, tasks, meetings, leads: CRM ids of records about to be compared with ours.
        quotes: rows of those.

        compared: contacts as read are laid beside it, so whoever must not come back matters.
        with_running False: subjects and people only, for judging touches that are decided.
        """
        self.tenant = tenant
        self.ids = list(dict.fromkeys(ids))
        self.rows: dict[int, dict[str, Any]] = mirror.by_id(conn, self.ids)
        self.links: dict[int, list[Link]] = mirror.links(conn, tenant.id, self.ids)
        wanted = {contact for found in self.links.values() for contact, _, _ in found} | {*contacts}
        self.people: dict[str, dict[str, Any]] = mirror.contact_rows(conn, tenant.id, wanted)
        self.suppressed = mirror.suppressed(conn, tenant.id, wanted)
        self.tombstones = erasure.tombstones(conn, tenant.id) if compared else _NO_TOMBSTONES
        self.replies: Any = None  # what replies are acted on by, where any is (`app.lanes.heard`)
        self.engaged = Engaged(tenant, conn, self.ids, now)
        self._happened: dict[int, list[Happened]] = defaultdict(list)
        self._views: dict[int, SubjectView] = {}
        self._people_views: dict[str, ContactView] = {}
        if with_running:
            self._load_running(conn, now)
        self.objects: dict[tuple[str, str], Row] = {}
        held_beside = {"task": list(tasks), "meeting": list(meetings), "lead": list(leads)}
        for type, crm_ids in held_beside.items():
            if crm_ids:
                found = mirror.objects(conn, tenant.id, type, crm_ids)
                self.objects.update({(type, key): row for key, row in found.items()})
        self.objects.update({("quote", key): row for key, row in (quotes or {}).items()})
        self.quotes_begun: int | None = None  # since when the account's quotes are read
        held = {row["touch_id"] for row in self.objects.values() if row["touch_id"]} | {*touches}
        self.touches = outbox.by_id(conn, held) if held else {}

    def _load_running(self, conn: Connection, now: Business) -> None:
        """What runs for these subjects and what ran: everything that rules read besides them."""
        tenant = self.tenant
        self.running = running.running(conn, self.ids)
        self.history = running.history(conn, self.ids)
        rows = [row for found in self.running.values() for row in found]
        self.steps = running.steps_of(conn, [row["id"] for row in rows])
        steered = [row["id"] for row in rows if tenant.steers(row)]
        self.passages = passages.of(conn, steered) if steered else {}
        self.armed: dict[int, set[str]] = defaultdict(set)
        for timer in timers.of_subjects(conn, tenant.id, self.ids):
            self.armed[timer["subject_id"]].add(timer["rule"])
        self.places = placed.places_of(conn, tenant, now)
        self.recent_firings = running.recent_firings(
            conn, tenant.id, [a.rule.key for a in tenant.rules if a.rule.limit], now - HOUR
        )
        self._absences = {kind for active in tenant.rules for kind in active.rule.when.unless}
        self._completed = (
            summaries.last_completed(conn, self.ids)
            if SignalKind.TASK_COMPLETED in self._absences
            else {}
        )
        whens = (active.rule.when for active in tenant.rules)
        self.mail_seen = outcomes.mail_seen(conn, tenant.id, self.ids, whens, now)
        self._happened.update(load_happened(conn, tenant, self.ids, self.running, now))
        self._shadow_rules = {
            active.rule.key for active in tenant.rules if active.mode is Mode.SHADOW
        }

    def note(self, signal: Signal) -> None:
        """A signal of this batch counts at once."""
        add_happened(self._happened[signal.subject], signal)

    # --- laying readings over ----------------------------------------------------------------

    def lay_over_subject(self, subject_id: int, values: Mapping[str, Any]) -> None:
        if values:
            self.rows.setdefault(subject_id, {}).update(values)
            self._views.pop(subject_id, None)

    def lay_over_contact(self, contact_id: str, values: Mapping[str, Any]) -> None:
        self.people.setdefault(contact_id, {"crm_id": contact_id}).update(values)
        self._people_views.clear()
        self._views.clear()

    def lay_over_links(self, subject_id: int, links: list[Link]) -> None:
        self.links[subject_id] = links
        self._views.pop(subject_id, None)

    def close_touch(self, touch_id: str, outcome: str, at: int) -> None:
        for steps in self.steps.values():
            for index, step in enumerate(steps):
                if step["id"] == touch_id:
                    steps[index] = {**step, "outcome": outcome, "outcome_at": at}
        if touch_id in self.touches:
            self.touches[touch_id] = {**self.touches[touch_id], "outcome": outcome}

    def add_enrolment(
        self, row: Row, touches: Iterable[PlannedTouch], noted: Iterable[Passage] = ()
    ) -> None:
        """An enrolment just decided: the next signal of the same batch sees it."""
        subject = row["subject_id"]
        if any(known["id"] == row["id"] for known in self.running.get(subject, ())):
            return
        self.running.setdefault(subject, []).append(row)
        self.history.setdefault(subject, []).append(row)
        if row["mode"] != Mode.SHADOW.value and row["state"] in COUNTED:
            # A limit counts what this batch began too: a hundred signals often come together.
            self.recent_firings[row["rule"]] = self.recent_firings.get(row["rule"], 0) + 1
        placed.note(self.places, row, self.rows[subject]["owner_id"])
        self.steps[row["id"]] = [planned_row(touch) for touch in touches]
        self._note(row["id"], noted)

    def enrolment_row(self, enrolment: str) -> Row | None:
        known = (row for rows in self.running.values() for row in rows)
        return next((row for row in known if row["id"] == enrolment), None)

    def activate(self, enrolment: str) -> None:
        """A waiting enrolment became active in this transaction."""
        self._change(enrolment, state=State.ACTIVE.value, mode=Mode.LIVE.value)

    def _change(self, enrolment: str, **values: Any) -> None:
        for subject, rows in self.running.items():
            if any(row["id"] == enrolment for row in rows):
                self.running[subject] = [
                    {**row, **values} if row["id"] == enrolment else row for row in rows
                ]

    def mark_step(self, enrolment: str, step: str, state: str) -> None:
        """A touch's state changed in this transaction."""
        steps = self.steps.get(enrolment, [])
        self.steps[enrolment] = [
            {**known, "state": state} if known["step"] == step else known for known in steps
        ]

    def follow(self, decision: Decision) -> None:
        """Take ends and newly planned steps into the snapshot."""
        for action in decision.actions:
            if isinstance(action, EndEnrolment):
                rows = self.running.get(action.subject, [])
                self.running[action.subject] = [r for r in rows if r["id"] != action.enrolment]
                self._ended(rows, action)
            elif isinstance(action, ChooseContact):
                for enrolment in action.enrolments:
                    self._change(enrolment, contact_id=action.contact)
            elif isinstance(action, ResumeEnrolment):
                self._resume(action)
            elif isinstance(action, PlanTouches):
                self.steps.setdefault(action.enrolment, []).extend(
                    planned_row(touch) for touch in action.touches
                )
            elif isinstance(action, NotePassages):
                self._note(action.enrolment, action.passages)
            elif isinstance(action, WithdrawTouches):
                rows = self.steps.get(action.enrolment, [])
                self.steps[action.enrolment] = withdrawn(rows, action)

    def _resume(self, action: ResumeEnrolment) -> None:
        row = self.replies.rows[action.enrolment]
        self.running.setdefault(action.subject, []).append(
            {**row, "state": State.ACTIVE.value, "ended_at": None, "end_reason": None}
        )
        known = self.replies.steps.get(action.enrolment, ())
        self.steps[action.enrolment] = [*known, *map(planned_row, action.touches)]

    def _ended(self, rows: Iterable[Row], end: EndEnrolment) -> None:
        """The next signal of the same batch asks when it last ended."""
        keys = [(row["definition"], row["anchor"]) for row in rows if row["id"] == end.enrolment]
        self.history[end.subject] = [
            {**one, "ended_at": end.at, "end_reason": end.reason.value}
            if (one["definition"], one["anchor"]) in keys
            else one
            for one in self.history.get(end.subject, ())
        ]

    def _note(self, enrolment: str, noted: Iterable[Passage]) -> None:
        self.passages.setdefault(enrolment, {}).update({one.step: one for one in noted})

    # --- views -------------------------------------------------------------------------------

    def subject(self, subject_id: int) -> SubjectView:
        found = self._views.get(subject_id)
        if found is None:
            found = self._views[subject_id] = self._subject(self.rows[subject_id])
        return found

    def contact(self, contact_id: str | None) -> ContactView | None:
        if contact_id is None:
            return None
        found = self._people_views.get(contact_id)
        if found is None:
            row = self.people.get(contact_id)
            if row is None or row.get("deleted"):
                return None
            found = self._people_views[contact_id] = self._person(contact_id, row, False, ())
        return found

    def _subject(self, row: Row) -> SubjectView:
        people = tuple(
            self._person(contact, self.people.get(contact), primary, labels)
            for contact, primary, labels in self.links.get(row["id"], ())
            if not (self.people.get(contact) or {}).get("deleted")
        )
        known = self.people.get(row["crm_id"]) if row["type"] == "contact" else None
        kind = self.tenant.stages.kind
        return self.engaged.on(subject_view(row, known, kind(row["stage_id"]), people))

    def _person(
        self, contact_id: str, row: Row | None, primary: bool, labels: tuple[str, ...]
    ) -> ContactView:
        return person_view(contact_id, row, primary, labels, self.suppressed.get(contact_id))

    # --- what runs ---------------------------------------------------------------------------

    def enrolments(self, subject_id: int) -> list[EnrolmentView]:
        return [self.enrolment(row) for row in self.running.get(subject_id, ())]

    def enrolment(self, row: Row) -> EnrolmentView:
        return self.enrolment_with(row, self.steps.get(row["id"], ()))

    def enrolment_with(self, row: Row, steps: Sequence[Row]) -> EnrolmentView:
        """The enrolment with these rows of its touches."""
        return enrolment_view(self.tenant, row, steps, self.passages.get(row["id"], {}))

    def context(self, subject_id: int, now: Business) -> RuleContext:
        past = Past.of(self.history.get(subject_id, ()), self._shadow_rules, now)
        view = self.subject(subject_id)
        owner = self.tenant.calendars.people.get(view.owner_id or "")
        return RuleContext(
            installation_key=self.tenant.key,
            subject=view,
            rules=self.tenant.rules,
            running=self.enrolments(subject_id),
            past=past.anchors,
            firings=past.firings,
            last_fired=past.last_fired,
            last_ended=past.last_ended,
            armed=frozenset(self.armed.get(subject_id, ())),
            calendar=self.tenant.calendar(self.tenant.owner_or_default(view.owner_id), now),
            roles=self.tenant.settings.roles,
            owner_team=owner.team if owner else None,
            followed=self.tenant.stages.followed,
            seen=latest(view, self._completed.get(view.id)) if self._absences else {},
            recent_firings=self.recent_firings,
            places=self.places,
            recent_for_subject=past.recent,
            mail_seen={
                kind: sorted(map(Business, found))
                for (subject, kind), found in self.mail_seen.items()
                if subject == subject_id
            },
            happened=tuple(self._happened.get(subject_id, ())),
        )
