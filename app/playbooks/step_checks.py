"""What a step that starts a sequence of the CRM may not say."""

from __future__ import annotations

from collections.abc import Iterator

from app.playbooks import schema as form
from app.playbooks.finding import Finding, Location


def pace_findings(place: Location, step: form.StepYaml) -> Iterator[Finding]:
    """A rule writes its tasks at once, so nothing could change when they come."""
    if step.pace is not None:
        yield Finding(
            (*place, "pace"), "a rule's own tasks have no pace", "put them into a sequence"
        )


def thread_findings(place: Location, step: form.StepYaml) -> Iterator[Finding]:
    """A rule's own tasks are no conversation."""
    if step.thread:
        yield Finding(
            (*place, "thread"), "a rule's own tasks have no mail before them", "use a sequence"
        )


def hand_over_findings(place: Location, firing: bool) -> Iterator[Finding]:
    """A record changes hands on the way of a sequence, where it can be seen what went before."""
    if firing:
        yield Finding(
            (*place, "hand_over"),
            "a rule's own tasks hand nothing over",
            "put the step into a sequence and `enrol` in that",
        )


def native_findings(place: Location, step: form.StepYaml, firing: bool) -> Iterator[Finding]:
    """The CRM mails at once and by itself: nothing about it can be written ahead of its time."""
    if firing:
        yield Finding(
            (*place, "sequence"),
            "a rule's own tasks cannot start a sequence of the CRM",
            "put the step into a sequence of this playbook and `enrol` in that",
        )
    if step.assign is not None:
        yield Finding(
            (*place, "assign"),
            "a sequence of the CRM is sent by the record's owner",
            "leave `assign` out",
        )
    if step.lead is not None:
        yield Finding(
            (*place, "lead"),
            "a sequence of the CRM has no lead: its first mail leaves when it is started",
            "leave `lead` out",
        )
