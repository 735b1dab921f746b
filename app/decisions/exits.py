"""What ends an enrolment before its last step, as data.

`CANDIDATES` says which reasons a signal can give, the most telling first; `_HOLDS` says when each
really holds. A sequence obeys the exits that its file leaves on; the firing of a `create_tasks`
rule obeys `FIRING_EXITS`; both obey `ALWAYS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.model.decisions import EnrolmentView
from app.model.playbook import Step
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.vocabulary import SignalKind, StageKind, StopReason, TaskType

ALWAYS = frozenset(
    {StopReason.CONTROL, StopReason.DELETED, StopReason.LEAD_CLOSED, StopReason.NOT_FOLLOWED}
)

# A rule's tasks are a promise about the deal, not a conversation: a reply does not void "recap the
# meeting". They end with the stage that caused them (if one did), with the deal, and, where a task
# addresses the person, with an opt-out.
FIRING_EXITS = frozenset(
    {
        StopReason.STAGE_LEFT,
        StopReason.CLOSED_WON,
        StopReason.CLOSED_LOST,
        StopReason.OPTED_OUT,
    }
)

# Tasks in which a rep addresses the prospect; the rest is work of the rep's own.
PERSONAL = frozenset({TaskType.CALL, TaskType.EMAIL, TaskType.LINKEDIN, TaskType.MEETING})

NO_END = "no_end"
"""Key in a reply's data: what it was said to mean, where that ends nothing."""

LEAD = "lead"
"""Key in the data of a deletion: the lead that is gone, where it is not the record itself."""

_STAGE_REASONS = (
    StopReason.CLOSED_WON,
    StopReason.CLOSED_LOST,
    StopReason.NOT_FOLLOWED,
    StopReason.STAGE_LEFT,
)

CANDIDATES: Mapping[SignalKind, tuple[StopReason, ...]] = {
    SignalKind.REPLIED: (StopReason.REPLIED,),
    SignalKind.MEETING_BOOKED: (StopReason.MEETING_BOOKED,),
    SignalKind.STAGE_ENTERED: _STAGE_REASONS,
    SignalKind.CLOSED: _STAGE_REASONS,
    SignalKind.OPTED_OUT: (StopReason.OPTED_OUT,),
    SignalKind.BOUNCED: (StopReason.BOUNCED,),
    SignalKind.COLLEAGUE: (StopReason.COLLEAGUE,),
    SignalKind.CONTROL_CHANGED: (StopReason.CONTROL,),
    SignalKind.DELETED: (StopReason.LEAD_CLOSED, StopReason.DELETED),
}


def addresses(step: Step) -> bool:
    """Whether the step reaches the prospect, by a rep or by the CRM."""
    return step.native is not None or step.task in PERSONAL


def writes_mail(step: Step) -> bool:
    """Whether the step reaches the prospect's mailbox."""
    return step.native is not None or step.task is TaskType.EMAIL


def _since_anchor(enrolment: EnrolmentView, event: Signal, _: SubjectView) -> bool:
    """What came before the enrolment's cause, and is only reported late, answers nothing."""
    return event.at >= enrolment.anchor_at


def _replied(enrolment: EnrolmentView, event: Signal, _: SubjectView) -> bool:
    """A reply of which it is known already that it is no end, such as a machine's, ends nothing."""
    if event.data.get(NO_END) or _of_another(enrolment, event):
        return False
    return event.at >= enrolment.anchor_at


def _booked(enrolment: EnrolmentView, event: Signal, subject: SubjectView) -> bool:
    return _since_anchor(enrolment, event, subject) and not _of_another(enrolment, event)


def _of_another(enrolment: EnrolmentView, event: Signal) -> bool:
    """A sequence for one role is not answered by somebody else on the record."""
    if enrolment.sequence is None or not enrolment.sequence.role:
        return False
    return event.contact is not None and event.contact != enrolment.contact


def _begun_by_closing(enrolment: EnrolmentView, event: Signal, subject: SubjectView) -> bool:
    """What was started by the closing itself (onboarding of a won deal) is not ended by it."""
    stage = enrolment.anchor_stage
    if stage is None:
        return False
    return event.cause.startswith(f"stage:{stage}:") or (
        subject.closed and subject.stage_id == stage
    )


def _closed(kind: StageKind) -> Callable[[EnrolmentView, Signal, SubjectView], bool]:
    def holds(enrolment: EnrolmentView, event: Signal, subject: SubjectView) -> bool:
        return (
            event.stage is kind
            and event.at >= enrolment.anchor_at
            and not _begun_by_closing(enrolment, event, subject)
        )

    return holds


def _stage_left(enrolment: EnrolmentView, event: Signal, subject: SubjectView) -> bool:
    """Any later entry ends it, into the same stage too: the deal left and came back.

    The subject's present stage would not show that when both moves arrive together.
    """
    if enrolment.anchor_stage is None or not event.cause.startswith("stage:"):
        return False
    if event.at < enrolment.anchor_at:
        return False
    if enrolment.anchor.startswith("stage:"):
        return True
    return not event.cause.startswith(f"stage:{enrolment.anchor_stage}:")


def _same_person(enrolment: EnrolmentView, event: Signal, _: SubjectView) -> bool:
    """One contact's opt-out or bounce does not silence another contact of the same deal."""
    if event.contact is not None and enrolment.contact is not None:
        return event.contact == enrolment.contact
    return True


def _opted_out(enrolment: EnrolmentView, event: Signal, subject: SubjectView) -> bool:
    if enrolment.sequence is None and not any(map(addresses, enrolment.steps)):
        return False
    return _same_person(enrolment, event, subject)


def _colleague(enrolment: EnrolmentView, event: Signal, _: SubjectView) -> bool:
    """Somebody answered on another record of the company, and the admin wants that to end it. What
    would not end it here does not end it from there."""
    if event.data.get("what") != "stop" or event.at < enrolment.anchor_at:
        return False
    return enrolment.sequence is not None and event.data["exit"] in enrolment.sequence.exits


def _stopped(enrolment: EnrolmentView, event: Signal, subject: SubjectView) -> bool:
    if event.data.get("control") == "stop" or subject.control == "stop":
        return True
    return any(c.control == "stop" for c in subject.contacts if c.crm_id == enrolment.contact)


def _off_limits(_: EnrolmentView, event: Signal, __: SubjectView) -> bool:
    """The deal was moved to a pipeline that nobody asked us to follow."""
    return bool(event.data.get("off_limits"))


def _deleted(enrolment: EnrolmentView, event: Signal, _: SubjectView) -> bool:
    """The record itself, or the person whom the follow-up is for; not just anybody on the record.
    """
    if LEAD in event.data:
        return False
    return event.contact is None or event.contact == enrolment.contact


def _lead_closed(_: EnrolmentView, event: Signal, __: SubjectView) -> bool:
    """The person is still there; what is gone is the last lead that made an inquiry of them."""
    return LEAD in event.data


_HOLDS: Mapping[StopReason, Callable[[EnrolmentView, Signal, SubjectView], bool]] = {
    StopReason.REPLIED: _replied,
    StopReason.MEETING_BOOKED: _booked,
    StopReason.STAGE_LEFT: _stage_left,
    StopReason.CLOSED_WON: _closed(StageKind.WON),
    StopReason.CLOSED_LOST: _closed(StageKind.LOST),
    StopReason.OPTED_OUT: _opted_out,
    StopReason.BOUNCED: _same_person,
    StopReason.COLLEAGUE: _colleague,
    StopReason.CONTROL: _stopped,
    StopReason.DELETED: _deleted,
    StopReason.LEAD_CLOSED: _lead_closed,
    StopReason.NOT_FOLLOWED: _off_limits,
}


def exits_of(enrolment: EnrolmentView) -> frozenset[StopReason]:
    """The exits that bind this enrolment, those that nothing turns off included."""
    if enrolment.sequence is not None:
        return enrolment.sequence.exits | ALWAYS
    exits = FIRING_EXITS | ALWAYS
    return exits if enrolment.anchor.startswith("stage:") else exits - {StopReason.STAGE_LEFT}


def stop_reason(
    enrolment: EnrolmentView, event: Signal, subject: SubjectView
) -> StopReason | None:
    """Why the signal ends the enrolment; None if it does not."""
    for reason in CANDIDATES.get(event.kind, ()):
        if reason in exits_of(enrolment) and _HOLDS[reason](enrolment, event, subject):
            return reason
    return None
