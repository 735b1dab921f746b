"""What follow-ups become when two records turn out to be one."""

from __future__ import annotations

from collections.abc import Sequence

from app.decisions.exits import exits_of
from app.model.decisions import Decision, EndEnrolment, EnrolmentView, Explanation
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StageKind, StopReason


def merged(
    kept: Sequence[EnrolmentView],
    gone: Sequence[EnrolmentView],
    subject: SubjectView,
    now: Business,
) -> Decision:
    """Ends of running follow-ups when the record of `gone` is merged into that of `kept`.

    Of two that run the same sequence, or the same rule's tasks, the older goes on: it is further
    along, and the prospect knows it. What comes from the record that is gone and hangs on a stage
    in which the surviving one is not, ends as if it had left that stage.
    subject: the surviving record as last known.
    """
    ends: list[EndEnrolment] = []
    lines: list[Explanation] = []

    def end(one: EnrolmentView, reason: StopReason, **values: str) -> None:
        ends.append(EndEnrolment(one.id, subject.id, reason, now))
        lines.append(
            Explanation(
                subject.id, f"enrolment:{one.id}", "ended", reason.value, now, True, values
            )
        )

    standing = [one for one in kept if one.state is not EnrolmentState.ENDED]
    for other in sorted(gone, key=_age):
        if other.state is EnrolmentState.ENDED:
            continue
        left = _left(other, subject)
        if left is not None:
            end(other, left)
            continue
        twin = next((one for one in standing if _same(one, other)), None)
        if twin is None:
            standing.append(other)
            continue
        older, younger = sorted((twin, other), key=_age)
        standing = [older if one is twin else one for one in standing]
        end(younger, StopReason.MERGED, goes_on=older.id)
    return Decision(tuple(ends), tuple(lines))


def _same(one: EnrolmentView, other: EnrolmentView) -> bool:
    """Shadow and live are told apart: what was only imagined takes nobody's place."""
    shadows = (one.mode is Mode.SHADOW, other.mode is Mode.SHADOW)
    return one.definition == other.definition and shadows[0] == shadows[1]


def _age(one: EnrolmentView) -> tuple[bool, Business, str]:
    """What acts goes before what only waits for somebody's word."""
    return one.state is not EnrolmentState.ACTIVE, one.started_at, one.id


def _left(one: EnrolmentView, subject: SubjectView) -> StopReason | None:
    if subject.closed and one.anchor_stage != subject.stage_id:
        won = subject.stage_kind is StageKind.WON
        reason = StopReason.CLOSED_WON if won else StopReason.CLOSED_LOST
        return reason if reason in exits_of(one) else None
    if one.anchor_stage is None or one.anchor_stage == subject.stage_id:
        return None
    return StopReason.STAGE_LEFT if StopReason.STAGE_LEFT in exits_of(one) else None
