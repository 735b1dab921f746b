"""Every check that stands between a rule and a record, with what it found and what would change it.

The ledger says what was decided, at the instants at which something happened; this says how it
stands at one instant, whether or not anything has happened. Both read the same values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.decisions.approaching import reached_at
from app.decisions.beside import bar
from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.context import LOOP_LIMIT, Cause, RuleContext
from app.decisions.dates import distance
from app.decisions.event_counting import COUNTED
from app.decisions.explain import say, text
from app.decisions.firing import definitions, sequence_of
from app.decisions.flow import name_of, waiting
from app.decisions.lasting import lasts_since
from app.decisions.passing import words
from app.decisions.relative import RELATIVE_OPS, said
from app.decisions.timing import owed_at
from app.model.flow import Beat, Wait
from app.model.ids import stage_anchor
from app.model.playbook import ActiveRule, AllOf, AnyOf, Compare, Condition, Enrol, NotOf, When
from app.model.time import Business
from app.model.vocabulary import LASTING, Mode, SignalKind, StageKind, SubjectType


@dataclass(frozen=True, slots=True)
class Check:
    """One check. passed None: it depends on what happens next. change: what would have to change,
    "" where it passed."""

    name: str
    passed: bool | None
    found: str
    change: str = ""


def checks(active: ActiveRule, context: RuleContext, now: Business, zone: str) -> list[Check]:
    """How the rule stands to the subject now, in the order in which it would be asked."""
    return [
        _mode(active),
        *_pause(active, zone),
        *_record(active, context),
        *_scope(active, context),
        _signal(active, context, now, zone),
        *_condition(active.rule.condition, context, now, zone),
        *_before(active, context, now, zone),
        *_limits(active, context),
        *_running(active, context, zone),
    ]


def _mode(active: ActiveRule) -> Check:
    mode = active.mode
    said = {Mode.SHADOW: "it only writes down what it would do", Mode.MANUAL: "a rep must accept"}
    if mode is Mode.LIVE:
        return Check("mode", True, "live")
    return Check("mode", None, f"{mode.value}: {said.get(mode, 'off')}", "an admin sets it live")


def _pause(active: ActiveRule, zone: str) -> Iterator[Check]:
    if active.paused_at is not None:
        since = say("at", active.paused_at, zone)
        kept = "what it would begin waits in the backlog" if active.queues else "it begins nothing"
        yield Check("pause", False, f"paused since {since}: {kept}", "an admin resumes it")


def _record(active: ActiveRule, context: RuleContext) -> Iterator[Check]:
    subject = context.subject
    if subject.deleted:
        yield Check("record", False, "deleted in the CRM", "it is restored there")
    if subject.type is not SubjectType.DEAL:
        return
    followed = context.followed is None or subject.pipeline in context.followed
    yield Check(
        "pipeline", followed, f"{subject.pipeline} is {'' if followed else 'not '}followed",
        "" if followed else "an admin follows this pipeline (Set-up)",
    )  # fmt: skip
    known = subject.stage_kind is not StageKind.IGNORED
    yield Check(
        "stage", known, f"{subject.stage_id} means {subject.stage_kind.value}",
        "" if known else "an admin confirms what this stage means (Set-up)",
    )  # fmt: skip


def _scope(active: ActiveRule, context: RuleContext) -> Iterator[Check]:
    scope, subject = active.rule.scope, context.subject
    for name, allowed, value in (
        ("pipeline", scope.pipelines, subject.pipeline),
        ("rep", scope.reps, subject.owner_id),
        ("team", scope.teams, context.owner_team),
    ):
        if allowed:
            inside = value in allowed
            change = "" if inside else f"the {name} is one of {', '.join(sorted(allowed))}"
            yield Check(f"scope: {name}", inside, str(value or "none"), change)


def _signal(active: ActiveRule, context: RuleContext, now: Business, zone: str) -> Check:
    """Whether what the rule waits for stands, where the record itself shows that."""
    when, subject = active.rule.when, context.subject
    if when.kind is SignalKind.STAGE_ENTERED and when.stages:
        inside = subject.stage_kind in when.stages
        wanted = " or ".join(sorted(stage.value for stage in when.stages))
        since = say("at", subject.stage_entered_at, zone)
        found = f"in {subject.stage_kind.value} since {since}"
        return Check("signal", inside, found, "" if inside else f"the deal enters {wanted}")
    if when.kind in LASTING:
        return _lasting(when, context, now, zone)
    if when.kind is SignalKind.DATE:
        reached = reached_at(active, context)
        value = say("date", subject.fields.get(when.field or ""), zone)
        name = f"{when.field} ({value}), {distance(when.after)}"
        return _lazy("signal", name, reached, now, zone)
    if when.kind in COUNTED:
        return _counted(active, context, zone)
    name = when.kind.value.replace("_", " ")
    return Check("signal", None, f"waits for: {name}", f"it happens ({name})")


_LASTS = {
    SignalKind.NO_ACTIVITY: "silent",
    SignalKind.NO_NEXT_STEP: "without a next step",
    SignalKind.UNOWNED: "without an owner",
    SignalKind.STALLED: "standing still",
}


def _lasting(when: When, context: RuleContext, now: Business, zone: str) -> Check:
    since = lasts_since(when, context, now)
    if since.at is None and when.kind is not SignalKind.NO_ACTIVITY:
        said = text(since.code, since.values, zone).rstrip(".")
        return Check("signal", False, said, f"it is {_LASTS[when.kind]} for {when.after}")
    at = None if since.at is None else owed_at(since.at, when.after, context.calendar)
    return _lazy("signal", _LASTS[when.kind], at, now, zone)


def _counted(active: ActiveRule, context: RuleContext, zone: str) -> Check:
    """Which events the rule waits for, and which of them came last."""
    when = active.rule.when
    names = " or ".join(sorted(when.events))
    wanted = f"{when.count} of {names}" if when.count > 1 else names
    if when.persons > 1:
        wanted += f", of {when.persons} people"
    if when.span is not None:
        wanted += f" within {when.span}"
    came = [one for one in context.happened if one.name in when.events]
    last = f"; last {came[-1].name} at {say('at', came[-1].at, zone)}" if came else "; none lately"
    return Check("signal", None, f"waits for: {wanted}{last}", f"it happens ({wanted})")


def _lazy(name: str, what: str, at: Business | None, now: Business, zone: str) -> Check:
    if at is None:
        return Check(name, False, f"{what}: unknown", "the CRM gives a date to count from")
    said = say("at", at, zone)
    if at <= now:
        return Check(name, True, f"{what}: reached at {said}")
    return Check(name, False, f"{what}: from {said} on", f"nothing happens until {said}")


def _condition(
    part: Condition | None, context: RuleContext, now: Business, zone: str
) -> Iterator[Check]:
    """Each comparison by itself; what of several alternatives one suffices is said as such."""
    if part is None:
        return
    if isinstance(part, AllOf):
        for one in part.parts:
            yield from _condition(one, context, now, zone)
        return
    days = context.calendar.zone
    met = compile_condition(part, context.roles)(context.subject, now, days)
    read = values_read(part, context.subject, context.roles, days)
    found = [f"{field} is {say(_time_like(field), value, zone)}" for field, value in read.items()]
    yield Check("condition", met, ", ".join(found), "" if met else _wanted(part))


def _time_like(field: str) -> str:
    return "at" if field.endswith("_at") else field


def _wanted(part: Condition) -> str:
    if isinstance(part, Compare):
        if part.op in ("known", "unknown"):
            return f"{part.field} is {'filled in' if part.op == 'known' else 'empty'}"
        value = part.value
        if part.op in RELATIVE_OPS:
            return f"{part.field} {said(part.op, value)}"
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        return f"{part.field} {part.op.replace('_', ' ')} {shown}"
    if isinstance(part, NotOf):
        return f"not: {_wanted(part.part)}"
    joint = " or " if isinstance(part, AnyOf) else " and "
    return joint.join(_wanted(one) for one in part.parts)


def _before(
    active: ActiveRule, context: RuleContext, now: Business, zone: str
) -> Iterator[Check]:
    subject = context.subject
    if active.rule.when.kind is SignalKind.STAGE_ENTERED and subject.stage_id is not None:
        entered = subject.stage_entered_at
        anchor = stage_anchor(subject.stage_id, entered) if entered is not None else ""
        past = [context.past.get(key, frozenset()) for key in definitions(active)]
        acted = any(anchor in anchors for anchors in past)
        yield Check(
            "not yet done", not acted, f"{'' if acted else 'not '}acted on this stage entry",
            "the deal enters the stage again" if acted else "",
        )  # fmt: skip
    for action in active.rule.then:
        sequence = sequence_of(active, action) if isinstance(action, Enrol) else None
        if sequence is None:
            continue
        found = bar(sequence, active, Cause("", Business(0)), context, now)
        if found is None:
            yield Check("nothing in the way", True, "free to begin")
            continue
        until = found[1].get("until")
        change = "the running follow-up ends"
        if found[0] in (Code.COOLING_DOWN, Code.ONCE_IN_SEQUENCE):
            change = f"nothing happens until {say('at', until, zone)}" if until else "nothing does"
        reason = f"{sequence.id}: {text(found[0], found[1], zone)}"
        yield Check("nothing in the way", False, reason, change)


def _limits(active: ActiveRule, context: RuleContext) -> Iterator[Check]:
    key, limit = active.rule.key, active.rule.limit
    if limit is not None:
        count = context.recent_firings.get(key, 0)
        below = count < limit
        yield Check(
            "limit", below, f"{count} of {limit} within the hour",
            "" if below else "an admin approves more",
        )  # fmt: skip
    often = context.recent_for_subject.get(key, 0)
    if often >= LOOP_LIMIT:
        yield Check("loop", False, f"acted {often} times within the hour", "an hour passes")


def _running(active: ActiveRule, context: RuleContext, zone: str) -> Iterator[Check]:
    """What the rule's running follow-ups stand at."""
    for one in context.running:
        stands = waiting(one) if one.rule == active.rule.key else None
        if stands is None:
            continue
        node, passage = stands
        until = say("until", passage.until_at, zone)
        if isinstance(node, Wait) and passage.begun_at is not None:
            what = words(node.until)
            found, change = f"waits until {what}, or {until}", f"it happens ({what})"
        elif isinstance(node, Beat):
            found, change = f"is written at {until} at the present pace", "the pace changes"
        else:
            found, change = f"is decided at {until}", f"nothing happens until {until}"
        yield Check(f"step {name_of(node)}", None, found, change)
