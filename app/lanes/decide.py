"""Runs the pure decisions over signals and due timers of a snapshot, subject by subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.decisions import colleagues, ending, recycling
from app.decisions.flow import TIMER
from app.decisions.lasting import LAZY
from app.decisions.replies import answer
from app.decisions.rules import arm, decide, timed
from app.decisions.sequences import advance, became_deal, progress
from app.lanes.beginning import drop_unowed
from app.lanes.colleagues import heed, tell_mates
from app.lanes.context import Tenant
from app.lanes.observe import MEETING_TIMER, Observer
from app.lanes.quotes import TIMER as TIMER_OF_QUOTES
from app.lanes.quotes import quote_hint
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Explanation, SetProperty
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind, StopReason
from app.signals.contacts import PersonFact
from app.store.sets import loads


def decide_signals(
    tenant: Tenant, snapshot: Snapshot, signals: Iterable[Signal], writes: Writes, now: Business
) -> None:
    """First what a signal does to what runs, then what rules make of it, in the order of time."""
    ordered = sorted(signals, key=lambda signal: signal.at)
    for signal in ordered:
        _advance(tenant, snapshot, signal, writes, now)
        heed(tenant, snapshot, signal, writes, now)
        if signal.kind is SignalKind.REPLY_CLASSIFIED and snapshot.replies is not None:
            ground = snapshot.replies.of(snapshot, signal)
            decision = answer(signal, snapshot.context(signal.subject, now), ground, now)
            writes.take(tenant, decision, snapshot, now)
            snapshot.follow(decision)
        context = snapshot.context(signal.subject, now)
        decision = decide(signal, context, now)
        writes.take(tenant, decision, snapshot, now)
        snapshot.follow(decision)
    drop_unowed(tenant, snapshot, {signal.subject for signal in ordered}, writes, now)
    if not any(active.rule.when.kind in LAZY for active in tenant.rules):
        return
    for subject in dict.fromkeys(signal.subject for signal in ordered):
        decision = arm(snapshot.context(subject, now), now)
        writes.take(tenant, decision, snapshot, now)


def _advance(
    tenant: Tenant, snapshot: Snapshot, signal: Signal, writes: Writes, now: Business
) -> None:
    subject = snapshot.subject(signal.subject)
    for enrolment in snapshot.enrolments(signal.subject):
        calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
        decision = advance(enrolment, signal, subject, calendar, now)
        if decision.actions or decision.explanations:
            writes.take(tenant, decision, snapshot, now)
            snapshot.follow(decision)


def decide_became(
    tenant: Tenant, snapshot: Snapshot, became: Mapping[int, int], writes: Writes, now: Business
) -> None:
    """Enrolments of inquiries that have a deal now: they move to it, or end, as their file says."""
    for contact, deal in became.items():
        for enrolment in snapshot.enrolments(contact):
            decision = became_deal(enrolment, deal, now)
            writes.take(tenant, decision, snapshot, now)
            snapshot.follow(decision)
            if not decision.actions:
                writes.moved[enrolment.id] = deal


def decide_timers(
    tenant: Tenant,
    snapshot: Snapshot,
    observer: Observer,
    due: Sequence[Mapping[str, Any]],
    writes: Writes,
    now: Business,
) -> None:
    """What timers that are due mean, now that their subjects were read again.

    A timer is removed with the transaction that acts on it; what it arms anew replaces it.
    """
    asked: set[tuple[int, str]] = set()
    for timer in due:
        subject_id, name = timer["subject_id"], timer["rule"]
        writes.disarm.append((subject_id, name))
        if subject_id not in snapshot.rows:
            continue
        data = loads(timer["data"])
        if name.startswith(MEETING_TIMER):
            if (timer["about"], name) not in asked:
                asked.add((timer["about"], name))
                _ask_outcome(observer, timer["about"], data, timer["due_at"])
            continue
        if name.startswith(TIMER_OF_QUOTES):
            observer.found.heard.append(quote_hint(data, timer["due_at"]))
            continue
        if name.startswith(colleagues.TIMER):
            tell_mates(tenant, snapshot, observer, timer, writes, now)
            continue
        if name.startswith(recycling.TIMER):
            _bring_back(tenant, snapshot, observer, timer, data, writes, now)
            continue
        if name.startswith(ending.TIMER):
            if "became_deal" in snapshot.subject(subject_id).fields:
                rule_key = str(data["rule"])
                writes.explanations.append(_is_deal(subject_id, rule_key, snapshot, now))
                continue
            context = snapshot.context(subject_id, now)
            rule = tenant.rule(str(data["rule"]))
            decision = ending.go_on(rule, data, Business(timer["due_at"]), context, now)
            writes.take(tenant, decision, snapshot, now)
            snapshot.follow(decision)
            continue
        if name.startswith(TIMER):
            _go_on(tenant, snapshot, timer["about"], data["enrolment"], writes, now)
            continue
        active = tenant.rule(name)
        if active is None:
            continue
        if "became_deal" in snapshot.subject(subject_id).fields:
            writes.explanations.append(_is_deal(subject_id, name, snapshot, now))
            continue
        decision = timed(active, data, snapshot.context(subject_id, now), now)
        writes.take(tenant, decision, snapshot, now)
        snapshot.follow(decision)
        if any(isinstance(action, SetProperty) for action in decision.actions):
            # What stands still in its new momentum is waited for from now on.
            writes.take(tenant, arm(snapshot.context(subject_id, now), now), snapshot, now)


def _go_on(
    tenant: Tenant,
    snapshot: Snapshot,
    subject_id: int,
    enrolment: str,
    writes: Writes,
    now: Business,
) -> None:
    """The step that an enrolment stands at has something to decide; it may have ended since."""
    row = snapshot.enrolment_row(enrolment)
    if row is None:
        return
    subject = snapshot.subject(subject_id)
    calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
    decision = progress(snapshot.enrolment(row), subject, calendar, now)
    writes.take(tenant, decision, snapshot, now)
    snapshot.follow(decision)


def _bring_back(
    tenant: Tenant,
    snapshot: Snapshot,
    observer: Observer,
    timer: Mapping[str, Any],
    data: Mapping[str, Any],
    writes: Writes,
    now: Business,
) -> None:
    context = snapshot.context(timer["subject_id"], now)
    decision, signal = recycling.come_back(data, Business(timer["due_at"]), context, now)
    writes.take(tenant, decision, snapshot, now)
    if signal is not None:
        observer.signal(signal)


def _is_deal(subject_id: int, rule: str, snapshot: Snapshot, now: Business) -> Explanation:
    values = {"deal": snapshot.subject(subject_id).fields["became_deal"]}
    code = StopReason.BECAME_DEAL.value
    return Explanation(subject_id, f"rule:{rule}", "not_fired", code, now, values=values)


def _ask_outcome(
    observer: Observer, subject_id: int, data: Mapping[str, Any], due_at: int
) -> None:
    fact = PersonFact(
        SignalKind.OUTCOME_UNKNOWN, due_at, f"outcome:{data['meeting']}", dict(data)
    )
    observer.signal(
        Signal(fact.kind, subject_id, Business(fact.at), fact.cause, data=fact.data)
    )
