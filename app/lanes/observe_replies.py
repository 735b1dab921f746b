"""What was said of replies, as signals for every record that the person stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.decisions.exits import NO_END
from app.decisions.reply_table import LEAD, REPLY_AT, no_end
from app.lanes.heard import Ground, Heard
from app.lanes.observe import Observer
from app.model.replies import LETTERS, MACHINES, Said
from app.model.signals import Signal
from app.model.time import DAY, Business
from app.model.vocabulary import CLOSED_KINDS, EnrolmentState, ReplyClass, SignalKind
from app.signals.contacts import PersonFact
from app.store.sets import loads

ABOUT_MS = 14 * DAY
"""A reply that came longer ago is not the one that somebody speaks of now."""

_ALSO = {
    ReplyClass.OPT_OUT: (SignalKind.OPTED_OUT, "opt_out"),
    ReplyClass.BOUNCE: (SignalKind.BOUNCED, "bounce"),
}
"""Classes that say what the CRM says by a property of its own; either way the same follows."""


class ReplyObserver:
    """The part of observing that concerns replies; its findings are the observer's."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def hear(self, heard: Heard) -> None:
        """Take in what was said of the latest reply. Said again, it changes nothing."""
        contact = heard.id if heard.type == "contact" else self._writer(heard.id)
        subjects = self._subjects(heard, contact)
        if not subjects:
            return
        said = self._meant(heard, subjects, contact)
        if said is None:
            return
        reply_at = self._reply_at(heard, subjects, contact)
        row = self._observer.snapshot.people.get(contact or "")
        kept = {**said.as_data(), REPLY_AT: reply_at}
        known = loads(row["reply_said"]) if row and row.get("reply_said") else {}
        if {**known, "by": said.by} == kept:
            return
        if contact is not None:
            self._observer.found.said[contact] = kept
            self._observer.snapshot.lay_over_contact(contact, {"reply_said": None})
        self._mark_machine(said, subjects, reply_at)
        self._came_together(kept, subjects)
        self._tell(heard, said, subjects, contact, reply_at)

    def _meant(
        self, heard: Heard, subjects: Sequence[int], contact: str | None
    ) -> Said | None:
        """What was said, a letter with its meaning; None for one that nobody had asked for."""
        if heard.said.kind not in LETTERS:
            return heard.said
        ground: Ground = self._observer.snapshot.replies
        means = ground.meaning(heard.said, subjects, contact)
        if means is None:
            return None if heard.only_asked else heard.said
        return replace(heard.said, means=means)

    def _writer(self, deal: str) -> str | None:
        """Whoever of a deal's people wrote last, or is the only one."""
        subject = self._observer.subject_of("deal", deal)
        snapshot = self._observer.snapshot
        people = [contact for contact, _, _ in snapshot.links.get(subject or 0, ())]
        if len(people) == 1:
            return people[0]
        rows = [(snapshot.people.get(one) or {}, one) for one in people]
        wrote = sorted((row.get("last_reply_at") or 0, one) for row, one in rows)
        return wrote[-1][1] if wrote and wrote[-1][0] else None

    def _subjects(self, heard: Heard, contact: str | None) -> list[int]:
        found = self._observer.subjects_of(
            [contact] if contact else [], [heard.id] if heard.type == "deal" else []
        )
        return sorted(one for one in found if not self._observer.snapshot.rows[one]["deleted"])

    def _reply_at(self, heard: Heard, subjects: Sequence[int], contact: str | None) -> int:
        """When the reply came that is spoken of; now, where none has been seen yet."""
        snapshot = self._observer.snapshot
        known = [snapshot.rows[one]["last_reply_at"] or 0 for one in subjects]
        person = snapshot.people.get(contact or "") or {}
        latest = max((*known, person.get("last_reply_at") or 0))
        return latest if heard.at - ABOUT_MS <= latest <= heard.at else heard.at

    def _mark_machine(self, said: Said, subjects: Sequence[int], reply_at: int) -> None:
        """A machine's answer is no reply, and what was taken for a machine's may be one."""
        found, snapshot = self._observer.found, self._observer.snapshot
        for subject in subjects:
            row = snapshot.rows[subject]
            if said.kind in MACHINES and row["last_reply_at"] == reply_at:
                found.change(subject, snapshot, {"machine_reply_at": reply_at})
            elif said.kind not in MACHINES and row["machine_reply_at"] == reply_at:
                found.change(subject, snapshot, {"machine_reply_at": None})

    def _came_together(self, kept: Mapping[str, Any], subjects: Sequence[int]) -> None:
        """The mail may be of the same reading as the word about it: then it is known at once that
        it ends nothing, or is no reply at all."""
        found = self._observer.found
        signals: list[Signal] = []
        for signal in found.signals:
            mine = signal.kind is SignalKind.REPLIED and signal.subject in subjects
            meant = no_end(kept, signal.at) if mine else None
            if meant is None:
                signals.append(signal)
            elif meant.kind not in MACHINES:
                data = {**signal.data, NO_END: meant.kind.value}
                signals.append(replace(signal, data=data))
        found.signals = signals

    def _tell(
        self,
        heard: Heard,
        said: Said,
        subjects: Sequence[int],
        contact: str | None,
        reply_at: int,
    ) -> None:
        lead = self._lead(heard, subjects, contact)
        cause = f"said:{reply_at}:{said.kind.value}:{said.date or said.words}"
        data = {**said.as_data(), REPLY_AT: reply_at}
        for subject in subjects:
            self._observer.signal(
                Signal(
                    SignalKind.REPLY_CLASSIFIED, subject, Business(heard.at), cause,
                    contact=contact, data={**data, LEAD: subject == lead},
                )
            )  # fmt: skip
        also = _ALSO.get(said.kind)
        if also is not None and contact is not None:
            kind, word = also
            fact = PersonFact(kind, heard.at, f"{word}:{contact}:{reply_at}")
            self._observer.facts([fact], [contact], [])

    def _lead(self, heard: Heard, subjects: Sequence[int], contact: str | None) -> int:
        """The one record of the person's on which somebody gets the task: where it was said, else
        where they are followed up, else the open one where something happened last."""
        snapshot = self._observer.snapshot
        about = heard.about or (heard.id if heard.type == "deal" else None)
        named = self._observer.subject_of("deal", about) if about else None
        if named in subjects and named is not None:
            return named

        def rank(one: int) -> tuple[bool, bool, int, int]:
            row = snapshot.rows[one]
            kind = self._observer.tenant.stages.kind(row["stage_id"])
            runs = any(
                run["contact_id"] == contact and run["state"] == EnrolmentState.ACTIVE.value
                for run in snapshot.running.get(one, ())
            )
            return kind not in CLOSED_KINDS, runs, row["last_activity_at"] or 0, -one

        return max(subjects, key=rank)
