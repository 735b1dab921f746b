"""What a playbook would do with one record, now or at another time, and nothing written anywhere.

Two answers. The first is the decision at that instant, by the functions of live work on the record
as it is known: each rule with its reasons, the touches that it would plan, the guard's word on each
as of now, and their texts with the record's own values. The second walks on from there in simulated
time as a backtest does, with every task done when it is due, until nothing is left or an answer
comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.decisions.backtest import replay
from app.decisions.explain import text
from app.decisions.guard import judge
from app.decisions.lasting import LAZY
from app.decisions.rules import settled, timed, waits_for
from app.decisions.sequences import advance
from app.lanes.backtest.known import histories_of, known_at
from app.lanes.backtest.mirrored import ground_of, named_playbook
from app.lanes.backtest.report import Span, terms_of
from app.lanes.case import Case, cases_of
from app.lanes.caseload import load_rows
from app.lanes.context import Lanes, Tenant
from app.lanes.recalling import recall
from app.lanes.rows import touch_row
from app.lanes.snapshot import Snapshot
from app.lanes.supposing import UNSAVED, supposed, trying
from app.lanes.whereabouts import place_people
from app.model.backtest import Fate, History, Owed
from app.model.decisions import Decision, Explanation, StartEnrolment
from app.model.dry_run import Question
from app.model.ids import stage_anchor
from app.model.playbook import ActiveRule, Playbook
from app.model.signals import Signal
from app.model.time import HOUR, Business
from app.model.vocabulary import Mode, SignalKind
from app.store import mirror
from connectors.contract import CrmError

Row = Mapping[str, Any]

_AHEAD_DAYS = 400


def dry_run(
    lanes: Lanes,
    installation_id: int,
    playbook: Playbook | str,
    version: int | None,
    asked: Question,
) -> dict[str, Any] | None:
    """The answer, ready for JSON; None where the record is unknown. Raises BacktestError for a
    signal or playbook that there is not, naming those there are. playbook: or its id; then
    version, None for the newest."""
    if isinstance(playbook, str):
        playbook = named_playbook(lanes, installation_id, playbook, version)
    now = lanes.now() if asked.at is None else asked.at
    tenant = trying(lanes.tenant(installation_id), playbook, Business(0))
    with lanes.store.read() as conn:
        row = mirror.by_crm_id(conn, tenant.id, asked.type, [asked.crm_id]).get(asked.crm_id)
        if row is None:
            return None
        snapshot = Snapshot(tenant, conn, [row["id"]], now)
        histories = list(histories_of(conn, tenant, snapshot, [row["id"]], now))
    signal = supposed(tenant, snapshot, row["id"], asked.signal, now)
    subject = snapshot.subject(row["id"])
    decisions = _exits(tenant, snapshot, signal, now)
    decisions += _rules(tenant, snapshot, asked, signal, row["id"], now)
    known = known_at(histories[0], now) if histories else History(subject, ())
    facts = [*known.facts, *([signal] if signal else [])]
    walked = _walk(tenant, replace(known, subject=subject, facts=facts), asked, now)
    return {
        "playbook": playbook.id,
        "subject_type": asked.type,
        "subject_id": asked.crm_id,
        "subject": row["name"],
        "at": now,
        "zone": tenant.zone,
        "signal": asked.signal,
        "decisions": [_told(tenant, line) for made in decisions for line in made.explanations],
        "touches": _touches(lanes, tenant, snapshot, decisions, now),
        "walk": walked,
        "assumed": "Every task is done when it is due. "
        + (
            "The customer never answers."
            if asked.answer_after is None
            else f"The customer answers an hour after step {asked.answer_after}."
        ),
    }


def _exits(
    tenant: Tenant, snapshot: Snapshot, signal: Signal | None, now: Business
) -> list[Decision]:
    """What the signal does to what runs for the record, of whichever playbook."""
    if signal is None:
        return []
    subject = snapshot.subject(signal.subject)
    calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
    made: list[Decision] = []
    for enrolment in snapshot.enrolments(signal.subject):
        made.append(advance(enrolment, signal, subject, calendar, now))
        snapshot.follow(made[-1])
    return made


def _rules(
    tenant: Tenant,
    snapshot: Snapshot,
    asked: Question,
    signal: Signal | None,
    subject: int,
    now: Business,
) -> list[Decision]:
    context = snapshot.context(subject, now)
    if asked.afresh:
        own = f"{tenant.playbooks[UNSAVED].id}/"
        context = replace(
            context,
            past={k: v for k, v in context.past.items() if not k.startswith(own)},
            firings={k: v for k, v in context.firings.items() if not k.startswith(own)},
            last_fired={k: v for k, v in context.last_fired.items() if not k.startswith(own)},
            running=[one for one in context.running if not one.definition.startswith(own)],
        )
    made: list[Decision] = []
    for active in tenant.rules:
        when = active.rule.when
        cause = signal or _standing(active, snapshot, subject)
        if when.kind in LAZY:
            if signal is None:
                made.append(timed(active, {}, context, now))
        elif cause is not None and waits_for(when, cause, context.subject.type):
            made.append(settled(cause, active, context, now))
    return made


def _standing(active: ActiveRule, snapshot: Snapshot, subject: int) -> Signal | None:
    """The stage entry that stands, which a rule on stages would have acted on."""
    view = snapshot.subject(subject)
    if active.rule.when.kind is not SignalKind.STAGE_ENTERED:
        return None
    if view.stage_id is None or view.stage_entered_at is None:
        return None
    anchor = stage_anchor(view.stage_id, view.stage_entered_at)
    return Signal(
        SignalKind.STAGE_ENTERED, subject, view.stage_entered_at, anchor, stage=view.stage_kind
    )


def _told(tenant: Tenant, line: Explanation) -> dict[str, Any]:
    return {
        "scope": line.scope,
        "verdict": line.verdict,
        "code": line.code,
        "text": text(line.code, line.values, tenant.zone),
    }


# --- touches -------------------------------------------------------------------------------------


def _touches(
    lanes: Lanes,
    tenant: Tenant,
    snapshot: Snapshot,
    decisions: Iterable[Decision],
    now: Business,
) -> list[dict[str, Any]]:
    """Each touch that would be planned: when, whose, the guard's word on it now, and its text."""
    rows: list[dict[str, Any]] = []
    enrolments: dict[str, Row] = {}
    for action in (action for made in decisions for action in made.actions):
        if isinstance(action, StartEnrolment):
            enrolments[action.id] = _enrolment(action)
            rows += [_row(tenant, action, touch, now) for touch in action.touches]
    if not rows:
        return []
    loaded = replace(load_rows(lanes, tenant, rows, now), enrolments=enrolments)
    for subject in {row["subject_id"] for row in rows}:
        loaded.snapshot.lay_over_subject(subject, snapshot.rows[subject])
    cases = cases_of(tenant, rows, loaded, now)
    with suppress(CrmError):  # what is known will do
        place_people(lanes, tenant, cases, now, keep=False)
    recall(lanes, tenant, cases, now)
    return sorted((_case(tenant, case) for case in cases), key=lambda one: one["due_at"])


def _enrolment(start: StartEnrolment) -> Row:
    return {
        "id": start.id,
        "subject_id": start.subject,
        "version_id": UNSAVED,
        "definition": start.definition,
        "is_firing": start.sequence is None,
        "rule": start.rule.rule.key,
        "mode": Mode.LIVE.value,
        "state": start.state.value,
        "anchor": start.anchor,
        "anchor_stage": start.anchor_stage,
        "end_reason": None,
    }


def _row(tenant: Tenant, start: StartEnrolment, touch: Any, now: Business) -> dict[str, Any]:
    row = touch_row(tenant.id, touch, start.id, start.subject, start.contact, now)
    unsent = ("reason", "owner_id", "instead", "shown_subject", "assignee", "assigned_by")
    return {**row, **dict.fromkeys(unsent), "fence": 0, "attempts": 0}


def _case(tenant: Tenant, case: Case) -> dict[str, Any]:
    ruling = judge(case.facts)[0]
    made = case.render(tenant)
    facts = case.facts
    return {
        "rule": case.enrolment["rule"],
        "definition": case.enrolment["definition"],
        "step": case.row["step"],
        "due_at": case.row["due_at"],
        "write_at": case.row["write_at"],
        "owner_id": case.owner_id,
        "contact": facts.touch.contact,
        "channel": facts.touch.step.channel.value,
        "guard": {
            "verdict": ruling.verdict.value,
            "check": ruling.check,
            "code": ruling.code,
            "text": text(ruling.code, ruling.values, tenant.zone),
        },
        "title": made.subject,
        "body": made.body,
        "problem": made.problem,
    }


# --- the walk ------------------------------------------------------------------------------------


def _walk(
    tenant: Tenant, history: History, asked: Question, now: Business
) -> list[dict[str, Any]]:
    """The whole of it in simulated time; with an answer, what the answer leaves of it."""
    found = _walked(tenant, history, now)
    number = asked.answer_after
    if number is not None:
        done = [one for one in found if one.fate is Fate.OWED]
        at = now if number == 0 or not done else done[min(number, len(done)) - 1].due_at
        answer = Signal(
            SignalKind.REPLIED, history.subject.id, Business(at + HOUR), "dry-run:answer"
        )
        facts = sorted([*history.facts, answer], key=lambda fact: fact.at)
        found = _walked(tenant, replace(history, facts=facts), now)
    return [
        {
            "rule": one.rule,
            "definition": one.definition,
            "step": one.step,
            "due_at": one.due_at,
            "fate": one.fate.value,
            "reason": one.reason or None,
            "why": text(one.reason, {}, tenant.zone) if one.reason else None,
            "put_off": list(one.put_off),
        }
        for one in found
    ]


def _walked(tenant: Tenant, history: History, now: Business) -> list[Owed]:
    """From the record's present stage on: what stands counts from when it began."""
    entered = [f.at for f in history.facts if f.kind is SignalKind.STAGE_ENTERED]
    since = min(now, entered[-1] if entered else now)
    ground = ground_of(tenant, frozenset(SignalKind))
    days = _AHEAD_DAYS + max(0, (now - since) // (24 * HOUR)) + 1
    span = Span(Business(since + days * 24 * HOUR), days)
    rules = [active.rule for active in tenant.rules]
    terms = terms_of(tenant.playbooks[UNSAVED], rules, ground, span)
    found = replay([history], terms)
    return sorted(found.owed, key=lambda one: (one.due_at, one.step))
