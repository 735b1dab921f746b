"""A signal that has not come, as if it had, and a playbook that is not in force, as if it were:
laid over records that are only read."""

from __future__ import annotations

from dataclasses import replace

from app.decisions.lasting import LAZY
from app.lanes.backtest.report import BacktestError
from app.lanes.context import Tenant
from app.lanes.snapshot import Snapshot
from app.model.ids import stage_anchor
from app.model.in_force import in_force
from app.model.playbook import Playbook
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Mode, SignalKind, StageKind

UNSAVED = -1
"""Version of the playbook that is tried, as no saved one has it."""


def trying(tenant: Tenant, playbook: Playbook, since: Business) -> Tenant:
    """The installation, with this playbook's rules live since then and no others."""
    settle = tenant.settings.settle_ms
    rules = [
        in_force(rule, playbook, settle, version=UNSAVED, mode=Mode.LIVE, activated_at=since)
        for rule in playbook.rules
    ]
    versions = {**tenant.playbooks, UNSAVED: playbook}
    return replace(tenant, rules=rules, playbooks=versions, _steps={})


def supposed(
    tenant: Tenant, snapshot: Snapshot, subject: int, word: str | None, now: Business
) -> Signal | None:
    """The signal that is supposed to come, laid over the record as reading it would show."""
    if word is None:
        return None
    name, _, stage = word.partition(":")
    kinds = [kind.value for kind in SignalKind if kind not in LAZY]
    if name not in kinds:
        raise BacktestError(f"signal: there is no {name!r}; there are {', '.join(kinds)}")
    kind = SignalKind(name)
    if kind is not SignalKind.STAGE_ENTERED:
        stamps = {
            SignalKind.REPLIED: "last_reply_at",
            SignalKind.MEETING_HELD: "last_meeting_at",
            SignalKind.REP_ACTIVITY: "last_activity_at",
        }
        if kind in stamps:
            snapshot.lay_over_subject(subject, {stamps[kind]: now})
        return Signal(kind, subject, now, f"dry-run:{now}")
    stages = [kind.value for kind in StageKind if kind is not StageKind.IGNORED]
    if stage not in stages:
        raise BacktestError(
            f"signal: stage_entered needs a stage, such as stage_entered:proposal; there are "
            f"{', '.join(stages)}"
        )
    pipeline = snapshot.subject(subject).pipeline
    found = [one for one in tenant.stages.of_kind(stage) if one.pipeline == pipeline]
    if not found:
        raise BacktestError(f"signal: no stage of the record's pipeline is confirmed as {stage!r}")
    id = min(found, key=lambda one: one.position).id
    snapshot.lay_over_subject(
        subject, {"stage_id": id, "stage_entered_at": now}
    )
    return Signal(
        kind, subject, now, stage_anchor(id, now), stage=StageKind(stage), data={"stage_id": id}
    )
