"""The subject exists, is open, and lies where the rule acts."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.playbook import Scope
from app.model.vocabulary import StageKind, StopReason

_CHECK = "open_and_scope"


def check(facts: GuardFacts) -> Ruling | None:
    """A closed subject is out, unless its closing is what the touch follows (onboarding)."""
    subject, touch, settings = facts.subject, facts.touch, facts.settings
    if subject.deleted:
        return drop(_CHECK, StopReason.DELETED.value)
    if subject.closed and (touch.anchor_stage is None or subject.stage_id != touch.anchor_stage):
        won = subject.stage_kind is StageKind.WON
        reason = StopReason.CLOSED_WON if won else StopReason.CLOSED_LOST
        return drop(_CHECK, reason.value, stage=subject.stage_id)
    pipeline = subject.pipeline
    followed = settings.followed_pipelines
    if followed is not None and pipeline is not None and pipeline not in followed:
        return drop(_CHECK, Code.NOT_FOLLOWED, pipeline=pipeline)
    if touch.rule is None:
        return None
    scope = touch.rule.rule.scope
    if touch.step.assign.to != "owner" and touch.owner_id != subject.owner_id:
        # A rule acts on its owners' records; who then does the work may be of another team.
        scope = Scope(scope.pipelines)
    if scope.pipelines and pipeline not in scope.pipelines:
        return drop(_CHECK, Code.OUT_OF_SCOPE, field="pipeline", value=pipeline)
    if scope.reps and touch.owner_id not in scope.reps:
        return drop(_CHECK, Code.OUT_OF_SCOPE, field="rep", value=touch.owner_id)
    team = facts.owner.team if facts.owner else None
    if scope.teams and team not in scope.teams:
        return drop(_CHECK, Code.OUT_OF_SCOPE, field="team", value=team)
    return None
