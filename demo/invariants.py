"""What must never happen, whatever was owed: each rule reads the CRM's records alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from demo.calendars import HOUR, in_call_hours
from demo.facts import Crm, Task, at, versions
from demo.matching import Matches
from demo.owed import Owed, Terms
from demo.steps import CHOOSE, PERSONAL

_NEVER_AGAIN = ("hs_task_subject", "hs_task_body", "hs_task_type", "hs_task_priority",
                "hs_task_status")  # fmt: skip
SOON_MS = HOUR
"""A replay lets the world's events of up to an hour happen at once."""
_WHILE_OURS = ("hs_timestamp", "hubspot_owner_id")


def broken(crm: Crm, terms: Terms, steps: list[Owed], matches: Matches) -> list[str]:
    """A sentence for each invariant broken."""
    over = {task.id: steps[index].enrolment.ended for index, task in matches.pairs.items()}
    found: list[str] = []
    for task in crm.tasks:
        for problem in (
            *_associations(crm, task),
            *_consent(crm, task),
            *_hours(crm, task),
            *_rewritten(task),
            *_undone(task),
        ):
            found.append(f"task {task.id}: {problem}")
    if terms.limits:
        found += _one_at_a_time(crm, over)
    found += _left_standing(crm, over)
    return found


def _associations(crm: Crm, task: Task) -> Iterator[str]:
    if task.subject is None:
        yield "is associated with no deal and no person"
        return
    subject = crm.subjects.get(task.subject)
    if subject is None:
        if task.subject[0] == "contacts":
            yield f"is about contact {task.subject[1]} alone, who has a deal"
        return
    if task.subject[0] == "deals" and len(subject.contacts) == 1 and not task.contacts:
        yield f"lacks its person, contact {subject.contacts[0]}"
    if strange := set(task.contacts) - set(subject.contacts):
        yield f"is associated with {', '.join(sorted(strange))}, who is not on its deal"


def _consent(crm: Crm, task: Task) -> Iterator[str]:
    """Nobody gets a task that addresses them after they opted out or bounced; nobody at all after
    a rep's stop. The stage map asks nobody and addresses nobody."""
    for contact in task.contacts if task.type in PERSONAL else ():
        person = crm.contacts.get(contact)
        if person is None:
            continue
        if person.opted_out_at <= task.created_at:
            yield f"was written after contact {contact} opted out"
        if task.type == "EMAIL" and person.bounced_at <= task.created_at:
            yield f"was written after a message to contact {contact} bounced"
    subject = crm.subjects.get(task.subject) if task.subject else None
    if subject is not None and at(subject.controls, task.created_at) == "stop":
        yield "was written after a rep had stopped the follow-up"
    if subject is not None and subject.gone <= task.created_at:
        yield "was written after its record was deleted"


def _hours(crm: Crm, task: Task) -> Iterator[str]:
    """The due time that we wrote lies in the rep's working time; a call may lie in the person's
    hours instead where the two never meet."""
    if crm.calendar(task.owner).works_at(task.due):
        return
    zones = [person.zone for contact in task.contacts if (person := crm.contacts.get(contact))]
    if task.type == "CALL" and any(in_call_hours(task.due, zone) for zone in zones if zone):
        return
    yield "is due outside the working hours of its owner"


def _rewritten(task: Task) -> Iterator[str]:
    """After creation nothing of a task's content or status is written by us."""
    for name in _NEVER_AGAIN:
        for when, _, source in versions(task.raw, name)[1:]:
            if source == "INTEGRATION":
                yield f"{name} was written again by the app at {when}"


def _undone(task: Task) -> Iterator[str]:
    """Due time and owner are ours only while nobody else has written them."""
    for name in _WHILE_OURS:
        theirs = False
        for when, _, source in versions(task.raw, name)[1:]:
            if source != "INTEGRATION":
                theirs = True
            elif theirs:
                yield f"{name}, set by a person, was overwritten by the app at {when}"
    if task.archived_at > task.completed_at and task.resolved:
        yield "was completed by a rep and archived by the app"
    if task.edited and task.resolved:
        yield "was archived by the app although a person had edited it"


def _one_at_a_time(crm: Crm, over: dict[str, int]) -> Iterator[str]:
    """No step of a sequence is written for a deal and rep who have an open one already.

    What a rep edited stays open when its sequence is over, and holds up nothing.
    """
    slots: dict[object, list[Task]] = defaultdict(list)
    for task in crm.tasks:
        if task.step is not None and not task.step.at_once:
            slots[task.subject].append(task)
    for tasks in slots.values():
        for task in tasks:
            for other in tasks:
                stands = other.created_at < task.created_at < other.closed or (
                    other.created_at == task.created_at and other.id < task.id
                )
                ended = other.edited and over.get(other.id, 0) <= task.created_at
                same = at(other.owners, task.created_at) == task.owner
                if stands and same and not ended:
                    yield (
                        f"task {task.id} was written for deal and rep while task {other.id} "
                        "stood open"
                    )


def _left_standing(crm: Crm, over: dict[str, int]) -> Iterator[str]:
    """An open task that nobody touched and whose reason is gone is archived soon."""
    for task in crm.tasks:
        if task.step is CHOOSE:
            continue  # asked once for all that runs, so the CRM does not tell what it hangs on
        end = over.get(task.id, crm.now)
        stood = min(task.closed, crm.now) - end
        if stood > SOON_MS and not task.edited and not _touched(task):
            yield f"task {task.id} stood for {stood // HOUR} hours after its reason was gone"


def _touched(task: Task) -> bool:
    return any(source != "INTEGRATION" for _, _, source in versions(task.raw, "hs_task_status")[1:])
