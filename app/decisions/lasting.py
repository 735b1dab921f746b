"""What lasts, and since when: silence, having no next step, having no owner, standing still.

Each is a state that a rule waits to have lasted for so long. A date of its beginning is taken from
what is known of the subject at the moment of asking, so nothing has to be kept while it lasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import RuleContext
from app.model.decisions import EnrolmentView
from app.model.playbook import When
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import (
    LASTING,
    OPEN_TOUCHES,
    EnrolmentState,
    Mode,
    Outcome,
    SignalKind,
    StageKind,
    SubjectType,
)

LAZY = LASTING | {SignalKind.DATE}
"""What a rule waits for by a timer of its own and not by a signal."""

_STANDING = frozenset({Outcome.OPEN.value, Outcome.RUNNING.value})
_OPEN = frozenset(state.value for state in OPEN_TOUCHES)


@dataclass(frozen=True, slots=True)
class Since:
    """at: since when it has lasted; None: it does not last, and `code` with `values` says why.

    ahead: the instant until which it certainly does not, such as a meeting that is booked.
    """

    at: Business | None
    code: str = ""
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ahead: Business | None = None


def last_activity(subject: SubjectView, now: Business) -> Business | None:
    """When a person last did something about the subject; its creation if nobody ever did.

    A stage change is not an activity: moving a card says nothing to the prospect.
    """
    known = (subject.last_activity_at, subject.last_reply_at, subject.last_meeting_at)
    past = [at for at in known if at is not None and at <= now]
    return max(past) if past else subject.created_at


def lasts_since(when: When, context: RuleContext, now: Business) -> Since:
    """Since when what the rule waits for has lasted."""
    if when.kind is SignalKind.NO_NEXT_STEP:
        return _without_step(context, now)
    if when.kind is SignalKind.UNOWNED:
        return _without_owner(context.subject)
    if when.kind is SignalKind.STALLED:
        return _standing_still(when, context.subject, now)
    return _known(last_activity(context.subject, now))


def _known(at: Business | None) -> Since:
    return Since(at) if at is not None else Since(None, Code.ACTIVITY_UNKNOWN)


def off_limits(when: When, subject: SubjectView) -> bool:
    """Whether the deal stands in a stage that no admin gave a meaning: it owes nobody a next step
    or an owner. Silence has always been told of such deals too; its rules ask for the stage."""
    asked = when.kind is not SignalKind.NO_ACTIVITY
    return (
        asked
        and subject.type is not SubjectType.CONTACT
        and subject.stage_kind is StageKind.IGNORED
    )


def _without_owner(subject: SubjectView) -> Since:
    if subject.owner_id is not None:
        return Since(None, Code.HAS_OWNER, {"owner": subject.owner_id})
    return _known(subject.owner_at or subject.created_at)


def _standing_still(when: When, subject: SubjectView, now: Business) -> Since:
    if subject.momentum != when.momentum:
        return Since(None, Code.OTHER_MOMENTUM, {"momentum": subject.momentum})
    if not when.by_prospect:
        known = [last_activity(subject, now), subject.momentum_at]
        return _known(max((at for at in known if at is not None), default=None))
    ahead = subject.next_meeting_at
    if ahead is not None and ahead > now:
        return Since(None, Code.HAS_NEXT_STEP, {"step": "meeting", "until": ahead}, ahead)
    theirs = [subject.last_reply_at, subject.last_meeting_at, subject.momentum_at]
    past = [at for at in theirs if at is not None and at <= now]
    return _known(max(past, default=subject.created_at))


def _without_step(context: RuleContext, now: Business) -> Since:
    """Nothing planned, no open task of ours, no meeting and no activity of a rep's own ahead. It
    began with the last thing that came to an end, or that happened."""
    subject = context.subject
    meeting, task = subject.next_meeting_at, subject.next_activity_at
    for step, at in (("meeting", meeting), ("activity in the CRM", task)):
        if at is not None and at > now:
            return Since(None, Code.HAS_NEXT_STEP, {"step": step, "until": at}, at)
    over: list[Business | None] = [
        subject.created_at, subject.stage_entered_at, meeting, task, last_activity(subject, now),
        *context.last_ended.values(),
    ]  # fmt: skip
    for one in context.running:
        if one.state is not EnrolmentState.ACTIVE or one.mode is Mode.SHADOW:
            continue
        step = next(_ahead(one), None)
        if step is not None:
            return Since(None, Code.HAS_NEXT_STEP, {"step": step})
        over += [touch.get("outcome_at") for touch in one.touches]
    return _known(max((at for at in over if at is not None), default=None))


def _ahead(one: EnrolmentView) -> Iterator[str]:
    """Ids of its steps that are planned, or whose task stands open in the CRM."""
    for touch in one.touches:
        if touch["outcome"] in _STANDING or (
            touch["outcome"] is None and touch["state"] in _OPEN
        ):
            yield str(touch["step"])
