"""Quotes of the CRM against what we knew of them: events on their deals, and what those keep.

The events are those that a customer's own tool could post of a quote. So a rule that waits for one
acts whichever told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.decisions.zones import day_number, day_start
from app.lanes.observe import Observer
from app.lanes.quotes import TIMER
from app.model.events import spec
from app.model.quotes import EXPIRES, STATUS
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind
from app.signals.events import event_cause, event_signal
from app.signals.quotes import SENT, Reading, kept_of, quote_gone, read_quote
from app.store.sets import dumps, loads
from connectors.contract import CrmRecord


class QuoteObserver:
    """The part of observing that concerns quotes; its findings are the observer's."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def read(self, records: Iterable[CrmRecord]) -> None:
        observer = self._observer
        for record in records:
            linked = record.associations or {}
            deals, people = linked.get("deal", []), linked.get("contact", [])
            known, begun = self._known(record.id), observer.snapshot.quotes_begun
            end = _end_of(record.fields.get("expires"), observer.tenant.zone)
            found = read_quote(record, known, deals, end, observer.now, begun)
            if found is None:
                continue
            before = set(known["deals"]) if known else set[str]()
            contact = people[0] if len(people) == 1 else None
            self._note(record.id, found)
            for deal in deals:
                # A quote that was put on the deal only now is sent on it now.
                late = known is not None and found.is_open and deal not in before
                self._on_deal(deal, record.id, found, SENT if late else None, contact)
            left = before - set(deals)
            if known is not None and left:
                self._off(record.id, known, left, record.updated_at)

    def gone(self, id: str, at: int) -> None:
        """A quote was deleted; one that we never read is no matter of ours."""
        known = self._known(id)
        if known is not None:
            self._note(id, quote_gone(known, at))
            self._off(id, known, known["deals"], at)

    def _off(self, id: str, known: Mapping[str, Any], deals: Iterable[str], at: int) -> None:
        for deal in deals:
            self._on_deal(deal, id, quote_gone(known, at), None, None)

    def _known(self, id: str) -> dict[str, Any] | None:
        stored = self._observer.snapshot.objects.get(("quote", id))
        return None if stored is None else loads(stored["known"])

    def _note(self, id: str, found: Reading) -> None:
        self._observer.found.objects["quote"].append(
            {"crm_id": id, "touch_id": None, "known": found.known, "pending": {}}
        )

    def _on_deal(
        self, deal: str, id: str, found: Reading, late: str | None, contact: str | None
    ) -> None:
        """late: the state that is news on this deal, though it is none of the quote's."""
        observer = self._observer
        subject = observer.subject_of("deal", deal)
        if subject is None:
            return
        self._keep(subject, id, found)
        name, at = found.event, found.at
        if name is None and late is not None:
            name, at = "quote_sent", Business(found.known["seen"])
        if name is not None:
            cause = event_cause(f"quote:{id}:{name.removeprefix('quote_')}:{at}")
            signal = event_signal(subject, name, at, cause, contact, found.data)
            observer.found.told.append((name, at))
            observer.signal(signal, spec(name).breaks_silence)
        if found.expires_at is not None:
            data = {"quote": id, "seen": found.known["seen"]}
            observer.found.arm.append((subject, f"{TIMER}{id}", found.expires_at, data))
        else:
            observer.found.disarm.append((subject, f"{TIMER}{id}"))

    def _keep(self, subject: int, id: str, found: Reading) -> None:
        """Lay what the deal keeps over it first: rules decide the event on the deal as it is now.
        """
        observer = self._observer
        known = loads(observer.snapshot.rows[subject]["fields"])
        changed = kept_of(id, found, known, observer.tenant.kept("deal"))
        if not changed:
            return
        fresh = {"fields": dumps({**known, **changed})}
        observer.found.change(subject, observer.snapshot, fresh)
        at = Business(found.known["seen"])
        for name in (STATUS, EXPIRES):
            if name in changed:
                data = {"field": name, "from": known.get(name), "to": changed[name], "first": False}
                cause = f"field:{name}:{id}:{at}"
                observer.signal(Signal(SignalKind.FIELD_CHANGED, subject, at, cause, data=data))


def _end_of(day: str | None, zone: str) -> int | None:
    """The midnight that ends a day."""
    return None if day is None else day_start(day_number(day) + 1, zone)
