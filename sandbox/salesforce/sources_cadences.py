"""What is read of cadences: the world's sequences and enrolments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.salesforce import ids
from sandbox.world.sequence_records import TASK, Enrolment

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

Values = dict[str, Any]
_REASONS = {"last step": "NoMoreSteps", "merged": "AutomaticallyExited", "by hand":
            "ManuallyRemoved"}  # fmt: skip


def cadences(org: Org) -> Iterator[Values]:
    """ActionCadence."""
    for one in org.account.sequences.known.values():
        owner = _owner(org, one.user_id)
        yield {
            "Id": ids.make("ActionCadence", int(one.id)),
            "Name": one.name,
            "State": "Active",
            "Description": None,
            "OwnerId": owner,
            "IsDeleted": False,
            **_stamps(org, one.created_at, one.updated_at, owner),
        }


def steps(org: Org) -> Iterator[Values]:
    """ActionCadenceStep."""
    for one in org.account.sequences.known.values():
        for number, step in enumerate(one.steps, 1):
            yield {
                "Id": ids.make("ActionCadenceStep", int(one.id), number),
                "ActionCadenceId": ids.make("ActionCadence", int(one.id)),
                "Type": "CreateTask" if step.action == TASK else "AutoSendAnEmail",
                "Name": step.subject,
                "ActionCadenceName": one.name,
                "IsDeleted": False,
                **_stamps(org, one.created_at, one.updated_at, _owner(org, one.user_id)),
            }


def trackers(org: Org) -> Iterator[Values]:
    """ActionCadenceTracker: who is, or was, in which cadence."""
    for enrolment in enrolments(org):
        running = enrolment.state == "active"
        steps_of = enrolment.sequence.steps
        place = min(enrolment.step, len(steps_of) - 1) + 1
        deal = org.traces.tracked_deals.get(enrolment.id)
        owner = _owner(org, enrolment.user_id)
        yield {
            "Id": ids.make("ActionCadenceTracker", int(enrolment.id)),
            "ActionCadenceId": ids.make("ActionCadence", int(enrolment.sequence.id)),
            "TargetId": org.person_id(enrolment.contact_id),
            "OwnerId": owner,
            "State": "Running" if running else "Complete",
            "CompletionReason": None if running else _REASONS.get(
                enrolment.reason, "AutomaticallyExited"
            ),
            "CompletionDisposition": org.traces.dispositions.get(enrolment.id),
            "CurrentStepId": ids.make("ActionCadenceStep", int(enrolment.sequence.id), place)
            if running and steps_of
            else None,
            "RelatedToId": ids.make("Opportunity", int(deal)) if deal else None,
            "IsTrackerActive": running,
            "ErrorMessage": None,
            "IsDeleted": False,
            **_stamps(org, enrolment.enrolled_at, enrolment.updated_at, owner),
        }


def step_trackers(org: Org) -> Iterator[Values]:
    """ActionCadenceStepTracker: how far each of them has come."""
    for enrolment in enrolments(org):
        running = enrolment.state == "active"
        owner = _owner(org, enrolment.user_id)
        last = min(enrolment.step + running, len(enrolment.sequence.steps))
        for place, step in enumerate(enrolment.sequence.steps[:last], 1):
            done = place <= enrolment.step
            state = "Completed" if done else "Active" if running else "Cancelled"
            yield {
                "Id": ids.make("ActionCadenceStepTracker", int(enrolment.id), place),
                "ActionCadenceTrackerId": ids.make("ActionCadenceTracker", int(enrolment.id)),
                "ActionCadenceId": ids.make("ActionCadence", int(enrolment.sequence.id)),
                "ActionCadenceStepId": ids.make(
                    "ActionCadenceStep", int(enrolment.sequence.id), place
                ),
                "TargetId": org.person_id(enrolment.contact_id),
                "State": state,
                "StepType": "CreateTask" if step.action == TASK else "AutoSendAnEmail",
                "CompletionDate": enrolment.updated_at if done else None,
                "CompletionReason": "AutomaticallyCompleted" if done else None,
                "DueDateTime": None,
                "ErrorCode": None,
                "IsDeleted": False,
                **_stamps(org, enrolment.enrolled_at, enrolment.updated_at, owner),
            }


def enrolments(org: Org) -> Iterator[Enrolment]:
    """Everybody's way through a cadence, ended or not."""
    for past in org.account.sequences.enrolments.values():
        yield from past


def _owner(org: Org, user_id: int) -> str | None:
    return org.by(user_id)


def _stamps(org: Org, created: int, changed: int, owner: str | None) -> Values:
    return {
        "CreatedDate": created,
        "CreatedById": owner,
        "LastModifiedDate": changed,
        "LastModifiedById": owner,
        "SystemModstamp": changed,
    }
