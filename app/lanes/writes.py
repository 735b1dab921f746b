"""Decisions as rows, collected from many subjects before one transaction stores them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.decisions.codes import EFFECTS, Code
from app.decisions.flow import timer_of
from app.decisions.strata import stratum_of
from app.lanes.context import Tenant
from app.lanes.rows import instants_row, notice_row, touch_row
from app.lanes.snapshot import Snapshot
from app.model.decisions import (
    ArmTimer,
    ChangeVersion,
    ChooseContact,
    CountFrom,
    Decision,
    DisarmTimer,
    EndEnrolment,
    Explanation,
    HoldContact,
    HoldSubject,
    LeaveOut,
    LiftHolds,
    MoveTouches,
    NotePassages,
    Notice,
    PlannedTouch,
    PlanTouches,
    ReassignTasks,
    ResumeEnrolment,
    SetProperty,
    StartEnrolment,
    SuppressContact,
    WithdrawTouches,
)
from app.model.ids import enrolment_id
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason, TouchState


@dataclass(slots=True)
class Writes:
    """What `app.lanes.commit` is to store; each list or mapping goes to its table as one set."""

    starts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    touches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ends: list[EndEnrolment] = field(default_factory=list[EndEnrolment])
    arm: list[ArmTimer] = field(default_factory=list[ArmTimer])
    disarm: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    notices: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    holds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    values: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    gives: dict[int, str] = field(default_factory=dict[int, str])
    explanations: list[Explanation] = field(default_factory=list[Explanation])
    dirty: set[int] = field(default_factory=set[int])
    asks: set[str] = field(default_factory=set[str])
    moved: dict[str, int] = field(default_factory=dict[str, int])
    moved_touches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    withdrawn: list[WithdrawTouches] = field(default_factory=list[WithdrawTouches])
    chosen: list[ChooseContact] = field(default_factory=list[ChooseContact])
    left_out: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    versions: list[ChangeVersion] = field(default_factory=list[ChangeVersion])
    since: dict[str, Business] = field(default_factory=dict[str, Business])
    contact_holds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    lifted: list[LiftHolds] = field(default_factory=list[LiftHolds])
    suppressed: list[SuppressContact] = field(default_factory=list[SuppressContact])
    resumed: list[str] = field(default_factory=list[str])
    replanned: list[str] = field(default_factory=list[str])
    noted: list[NotePassages] = field(default_factory=list[NotePassages])

    def take(self, tenant: Tenant, decision: Decision, snapshot: Snapshot, now: Business) -> None:
        """Turn the actions of one decision into rows."""
        self.explanations.extend(decision.explanations)
        for action in decision.actions:
            match action:
                case StartEnrolment():
                    self._start(tenant, action, snapshot, now)
                case EndEnrolment():
                    self.ends.append(action)
                    self.dirty.add(action.subject)
                case PlanTouches():
                    row = snapshot.enrolment_row(action.enrolment)
                    contact = row["contact_id"] if row else None
                    self._touches(
                        tenant, action.touches, action.enrolment, action.subject, contact, now
                    )
                case MoveTouches():
                    self.moved_touches.extend(map(instants_row, action.touches))
                    if action.anew:
                        self.replanned.extend(touch.id for touch in action.touches)
                    self.dirty.add(action.subject)
                case WithdrawTouches():
                    self.withdrawn.append(action)
                    self.dirty.add(action.subject)
                case LeaveOut():
                    self._leave_out(tenant, action, snapshot)
                case ChangeVersion():
                    self.versions.append(action)
                    self.dirty.add(action.subject)
                case CountFrom():
                    self.since[action.enrolment] = action.at
                case NotePassages():
                    self.noted.append(action)
                    self.dirty.add(action.subject)
                case ArmTimer():
                    self.arm.append(action)
                case DisarmTimer():
                    self.disarm.append((action.subject, action.rule))
                case Notice():
                    self.notices.append(notice_row(tenant, action, snapshot))
                case SetProperty():
                    column = action.field.removeprefix("followthrough_")
                    found: dict[str, Any] = {column: action.value, f"{column}_at": now}
                    self.values.setdefault(action.subject, {}).update(found)
                    snapshot.lay_over_subject(action.subject, found)
                    self.dirty.add(action.subject)
                case HoldSubject():
                    self.holds.append(
                        {
                            "installation_id": tenant.id,
                            "subject_id": action.subject,
                            "reason": action.reason,
                            "until_at": action.until_at,
                        }
                    )
                case HoldContact():
                    self.contact_holds.append(
                        {
                            "installation_id": tenant.id,
                            "contact_id": action.contact,
                            "reason": action.reason,
                            "until_at": action.until_at,
                        }
                    )
                case LiftHolds():
                    self.lifted.append(action)
                case SuppressContact():
                    self.suppressed.append(action)
                case ResumeEnrolment():
                    row = snapshot.replies.rows[action.enrolment]
                    self.resumed.append(action.enrolment)
                    self._look_again(tenant, row, now)
                    self._touches(
                        tenant, action.touches, action.enrolment, action.subject,
                        row["contact_id"], now,
                    )
                case ReassignTasks():
                    self.gives[action.subject] = action.to
                case ChooseContact():
                    self.chosen.append(action)
                    self.dirty.add(action.subject)
        # After the actions: where the rule also began something of the same id, that is its past.
        for line in decision.explanations:
            if line.code in EFFECTS or line.code == Code.WOULD_ACT:
                self._remember(tenant, line, snapshot, now)

    def _remember(
        self, tenant: Tenant, line: Explanation, snapshot: Snapshot, now: Business
    ) -> None:
        """A rule acted without starting anything: remembered as a firing that is over.

        Without it the same silence would fire at every later signal, and a notice-only rule would
        have no past that `again` could look at.
        """
        key = line.scope.removeprefix("rule:")
        active = tenant.rule(key)
        if active is None:
            return
        subject = snapshot.subject(line.subject)
        anchor = str(line.values["anchor"])
        row = {
            "id": enrolment_id(tenant.key, subject.first_seen, key, anchor),
            "installation_id": tenant.id,
            "subject_id": line.subject,
            "contact_id": None,
            "rule": key,
            "definition": key,
            "is_firing": True,
            "version_id": active.version,
            "anchor": anchor,
            "anchor_at": line.at,
            "anchor_stage": None,
            "started_at": now,
            "mode": active.mode.value,
            "state": EnrolmentState.ENDED.value,
            "choice": "",
            "ended_at": now,
            "end_reason": StopReason.FINISHED.value,
            "stratum": None,
        }
        if not any(e["id"] == row["id"] for e in self.starts):
            self.starts.append(row)
            snapshot.history.setdefault(line.subject, []).append(row)

    def _start(
        self, tenant: Tenant, start: StartEnrolment, snapshot: Snapshot, now: Business
    ) -> None:
        subject = snapshot.subject(start.subject)
        row = {
            "id": start.id,
            "installation_id": tenant.id,
            "subject_id": start.subject,
            "contact_id": start.contact,
            "rule": start.rule.rule.key,
            "definition": start.definition,
            "is_firing": start.sequence is None,
            "version_id": start.rule.version,
            "anchor": start.anchor,
            "anchor_at": start.anchor_at,
            "anchor_stage": start.anchor_stage,
            "started_at": start.started_at,
            "mode": start.mode.value,
            "state": start.state.value,
            "choice": start.choice,
            "ended_at": None,
            "end_reason": None,
            "stratum": _stratum(tenant, subject),
        }
        self.starts.append(row)
        snapshot.add_enrolment(row, start.touches, start.passages)
        if start.passages:
            self.noted.append(NotePassages(start.id, subject.id, start.passages))
        if start.state is EnrolmentState.APPROVAL:
            self.asks.add(start.rule.rule.key)
        if start.mode is Mode.LIVE and start.state is EnrolmentState.ACTIVE:
            self._touches(tenant, start.touches, start.id, subject.id, start.contact, now)
            self.dirty.add(start.subject)

    def _leave_out(self, tenant: Tenant, action: LeaveOut, snapshot: Snapshot) -> None:
        row = snapshot.enrolment_row(action.enrolment)
        contact = row["contact_id"] if row else None
        for touch in action.touches:
            planned = touch_row(
                tenant.id, touch, action.enrolment, action.subject, contact, action.at
            )
            over = {"state": TouchState.DROPPED.value, "reason": action.reason}
            self.left_out.append({**planned, **over, "outcome_at": action.at})
        self.dirty.add(action.subject)

    def add_touches(self, tenant: Tenant, begun: StartEnrolment, now: Business) -> None:
        """Touches of an enrolment that stands already and only now becomes active."""
        self._touches(tenant, begun.touches, begun.id, begun.subject, begun.contact, now)

    def _touches(
        self,
        tenant: Tenant,
        touches: Iterable[PlannedTouch],
        enrolment: str,
        subject: int,
        contact: str | None,
        now: Business,
    ) -> None:
        for touch in touches:
            self.touches.append(
                touch_row(tenant.id, touch, enrolment, subject, contact, now)
            )
        self.dirty.add(subject)


    def _look_again(self, tenant: Tenant, row: Any, now: Business) -> None:
        """A control step that it stood at may have had its time while it was ended."""
        if tenant.steers(row):
            data = {"enrolment": row["id"]}
            self.arm.append(ArmTimer(row["subject_id"], timer_of(row["id"]), now, data))

    def withdraw(self, enrolments: Collection[str], now: Business) -> None:
        """Take back what was decided on the way of these: another was first, by what it knew. They
        are looked at again at once, in case only this decision knew that a step was over."""
        self.touches = [one for one in self.touches if one["enrolment_id"] not in enrolments]
        self.ends = [
            one for one in self.ends
            if one.enrolment not in enrolments or one.reason is not StopReason.FINISHED
        ]  # fmt: skip
        scopes = {f"enrolment:{enrolment}" for enrolment in enrolments}
        for one in self.explanations:
            if one.scope in scopes and one.code == Code.MOMENTUM_SET:
                self.values.get(one.subject, {}).pop("momentum", None)
        self.explanations = [one for one in self.explanations if one.scope not in scopes]
        again = {timer_of(one.enrolment): one for one in self.noted if one.enrolment in enrolments}
        self.disarm = [pair for pair in self.disarm if pair[1] not in again]
        self.arm = [one for one in self.arm if one.rule not in again]
        self.arm += [
            ArmTimer(one.subject, name, now, {"enrolment": one.enrolment})
            for name, one in again.items()
        ]


def _stratum(tenant: Tenant, subject: SubjectView) -> str | None:
    """With which others it is compared, while a part of them is held out."""
    if not tenant.settings.holdout_percent:
        return None
    owner = tenant.calendars.people.get(subject.owner_id or "")
    return stratum_of(subject, owner.team if owner else None)
