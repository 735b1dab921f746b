"""What a rule may look at when it decides about one subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.exits import LEAD
from app.decisions.places import Places
from app.model.calendar import WorkCalendar
from app.model.decisions import Decision, EnrolmentView, Explanation, SetProperty
from app.model.ids import stage_anchor
from app.model.playbook import ActiveRule
from app.model.record import record
from app.model.records import Happened, SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Mode, SignalKind, StopReason

LOOP_LIMIT = 5  # actions for one subject and rule within an hour; more looks like a loop


@record
class RuleContext:
    """One subject with everything that the rules in force may read about it.

    installation_key: `crm:account`, for derived ids.
    calendar: the working time of the subject's owner. owner_team: the owner's team.
    running: enrolments and firings that have not ended.
    past: definition → anchors already used for this subject. A definition is the key of the
    sequence or, for `create_tasks` and for rules without enrolment, of the rule.
    firings: rule key → how often it fired for this subject; numbers the silences.
    last_fired: rule key → when it last did. last_ended: definition → when its latest enrolment for
    this subject ended. armed: rule keys that have a timer for this subject.
    roles: contact roles in the order of choice. followed: pipeline ids followed, None for all.
    seen: kind → time of the latest such signal, for `unless`; what the subject itself knows of
    replies and meetings counts besides.
    recent_firings: rule key → firings in the whole installation within the last hour, for `limit`.
    recent_for_subject: the same for this subject alone, for loop protection.
    places: what may still run, None where nothing limits it.
    mail_seen: when mail was lately seen to be opened, or clicked in, for rules that count.
    happened: events and other signals that rules count, as far back as any of them looks, oldest
    first.
    """

    installation_key: str
    subject: SubjectView
    rules: Sequence[ActiveRule]
    calendar: WorkCalendar
    running: Sequence[EnrolmentView] = ()
    past: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    firings: Mapping[str, int] = field(default_factory=dict[str, int])
    last_fired: Mapping[str, Business] = field(default_factory=dict[str, Business])
    last_ended: Mapping[str, Business] = field(default_factory=dict[str, Business])
    armed: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    owner_team: str | None = None
    followed: frozenset[str] | None = None
    seen: Mapping[SignalKind, Business] = field(default_factory=dict[SignalKind, Business])
    recent_firings: Mapping[str, int] = field(default_factory=dict[str, int])
    recent_for_subject: Mapping[str, int] = field(default_factory=dict[str, int])
    places: Places | None = None
    mail_seen: Mapping[SignalKind, Sequence[Business]] = field(
        default_factory=dict[SignalKind, Sequence[Business]]
    )
    happened: Sequence[Happened] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """What a firing hangs on. anchor: for ids. at: what delays count from.

    stage: the stage id whose entry it is, None where no stage caused it. entry: a stage entry.
    contact: whom it is for, where that was settled before or where it was their doing.
    """

    anchor: str
    at: Business
    stage: str | None = None
    entry: bool = False
    values: Mapping[str, Any] | None = None
    contact: str | None = None


def explain(
    active: ActiveRule,
    context: RuleContext,
    verdict: str,
    code: str,
    now: Business,
    positive: bool = False,
    values: Mapping[str, Any] | None = None,
) -> Explanation:
    """A line of the ledger about this rule and the context's subject."""
    scope = f"rule:{active.rule.key}"
    return Explanation(context.subject.id, scope, verdict, code, now, positive, values or {})


def refusal(
    active: ActiveRule,
    context: RuleContext,
    code: str,
    now: Business,
    values: Mapping[str, Any] | None = None,
) -> Decision:
    """Nothing is done, and why."""
    return Decision((), (explain(active, context, "not_fired", code, now, values=values),))


def gate(active: ActiveRule, context: RuleContext) -> tuple[str, Mapping[str, Any]] | None:
    """Why the rule does not act on this subject at all, whatever the signal; None if it may."""
    subject, rule = context.subject, active.rule
    if active.mode is Mode.OFF:
        return Code.RULE_OFF, {}
    if subject.deleted:
        return StopReason.DELETED.value, {}
    pipeline, owner = subject.pipeline, subject.owner_id
    followed = context.followed
    if followed is not None and pipeline is not None and pipeline not in followed:
        return Code.NOT_FOLLOWED, {"pipeline": pipeline}
    scope = rule.scope
    if scope.pipelines and pipeline not in scope.pipelines:
        return Code.OUT_OF_SCOPE, {"field": "pipeline", "value": pipeline}
    if scope.reps and owner not in scope.reps:
        return Code.OUT_OF_SCOPE, {"field": "rep", "value": owner}
    if scope.teams and context.owner_team not in scope.teams:
        return Code.OUT_OF_SCOPE, {"field": "team", "value": context.owner_team}
    recent = context.recent_for_subject.get(rule.key, 0)
    if recent >= LOOP_LIMIT:
        return Code.LOOP, {"count": recent, "limit": LOOP_LIMIT}
    return None


def closed_to(
    active: ActiveRule, context: RuleContext
) -> tuple[str, Mapping[str, Any]] | None:
    """Why the rule begins nothing new on this subject: as `gate`, or because it is paused and what
    it would begin is not to be kept."""
    if active.paused_at is not None and not active.queues:
        return Code.RULE_PAUSED, {"since_at": active.paused_at}
    return gate(active, context)


def tempered(context: RuleContext, made: Decision, now: Business) -> RuleContext:
    """The context with the momentum that a rule has just given: what became hot by a signal is not
    made hot by it a second time."""
    for one in made.actions:
        if isinstance(one, SetProperty):
            warmed = replace(context.subject, momentum=one.value, momentum_at=now)
            context = replace(context, subject=warmed)
    return context


def _still_standing(signal: Signal, subject: SubjectView) -> bool:
    """Whether the subject is still in the stage that the signal says it entered, by that entry.

    Comparing the stage alone would take a deal that left and came back for one that stayed.
    """
    if not signal.cause.startswith("stage:"):
        return True
    if subject.stage_id is None or subject.stage_entered_at is None:
        return subject.stage_kind is signal.stage
    return stage_anchor(subject.stage_id, subject.stage_entered_at) == signal.cause


def _handed_on(signal: Signal, active: ActiveRule, subject: SubjectView) -> bool:
    """Whether the new owner lost the record again before it settled, or had it until just before:
    a change to and fro is no change."""
    if not active.settle_ms:
        return False
    if signal.data.get("to", subject.owner_id) != subject.owner_id:
        return True
    had_until = signal.data.get("had_until")
    return had_until is not None and signal.at - had_until < active.settle_ms


def _lead_closed(signal: Signal, subject: SubjectView) -> bool:
    """Whether the lead that began it, of a CRM that keeps leads beside people, is over already."""
    leads: list[str] | None = subject.fields.get("leads")
    if leads is None:
        return False
    if signal.kind is SignalKind.SUBJECT_CREATED:
        return not leads
    what, _, lead = signal.cause.partition(":")
    return what == LEAD and lead not in leads


def left_again(signal: Signal, active: ActiveRule, subject: SubjectView) -> str:
    """The code that says how what the signal told of is over already; "" where it still stands."""
    if signal.kind is SignalKind.OWNER_CHANGED:
        return Code.HANDED_ON if _handed_on(signal, active, subject) else ""
    if _lead_closed(signal, subject):
        return StopReason.LEAD_CLOSED.value
    return "" if _still_standing(signal, subject) else Code.PASSED_THROUGH
