"""The oracle: what the presets owe for what the CRM shows, by `docs/presets.md` alone.

Where the CRM does not tell what the app must have known (which of several contacts it chose), a
step is allowed and not demanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

from demo.calendars import DAY, HOUR, instant_of, local
from demo.facts import FOREVER, Crm, Subject
from demo.owed import (
    CLOSED,
    Enrolment,
    Owed,
    Terms,
    close,
    common_ends,
    entered,
    owner_at,
    person_of,
    steps_of,
)
from demo.steps import (
    AFTER_MEETING,
    CHOOSE,
    IDLE,
    INBOUND,
    NURTURE,
    OUTCOME,
    PROPOSAL,
    REBOOK,
    RECAP,
    STAGE_MAP,
    Step,
)

_IDLE_KINDS = ("qualified", "meeting_done", "proposal", "negotiation")
_STAGE_MAP_SETTLE = 60_000
_ASK_AFTER = 2 * HOUR


def owed(crm: Crm, terms: Terms) -> list[Owed]:
    """Everything that the playbooks in force owe or allow."""
    found: list[Owed] = []
    for playbook, since in terms.activated_at.items():
        enrolments = list(_PLAYBOOKS[playbook](crm, terms, since))
        _release(enrolments, crm, terms, since)
        for enrolment in enrolments:
            found.extend(steps_of(crm, enrolment, _STEPS[enrolment.family], terms))
            found.extend(_question(crm, enrolment, terms))
    return found


def _release(enrolments: list[Enrolment], crm: Crm, terms: Terms, since: int) -> None:
    """By when the last of a rule's backlog starts: so many a day, at the first hour of each day."""
    waiting = [one for one in enrolments if one.backlog]
    if not waiting:
        return
    last = FOREVER
    if terms.per_day:
        days = ceil(len(waiting) / terms.per_day) - 1
        midnight = local(since + days * DAY, crm.zone).replace(
            hour=0, minute=0, second=0, microsecond=0, tzinfo=None
        )
        last = max(since, instant_of(midnight, crm.zone))
    for one in waiting:
        one.start = since
        one.released_by = min(last, crm.now + 400 * DAY)


def _question(crm: Crm, enrolment: Enrolment, terms: Terms) -> Iterator[Owed]:
    """ "Choose the contact" goes before the steps of an enrolment without a person. Another one
    that runs may have asked already, so it is allowed and not demanded."""
    if enrolment.contact:
        return
    for one in steps_of(crm, enrolment, (CHOOSE,), terms):
        one.must, one.due = False, None
        yield one


# --- proposal ------------------------------------------------------------------------------------


def _proposal(crm: Crm, terms: Terms, since: int) -> Iterator[Enrolment]:
    for subject in crm.subjects.values():
        contact = person_of(subject)
        for entry in subject.entries:
            if entry.kind != "proposal" or subject.gone <= entry.at:
                continue
            backlog = entry.at < since
            start = since if backlog else entry.at + terms.settle_ms
            if entry.left_at <= start or not (backlog or entry.forward):
                continue
            one = Enrolment(subject, "proposal", entry.at, start, contact, backlog=backlog)
            yield close(one, _proposal_ends(crm, one))


def _proposal_ends(crm: Crm, one: Enrolment) -> Iterator[tuple[int, str, bool]]:
    subject, after = one.subject, one.anchor
    yield from entered(subject, after, ("negotiation", "won"), "goal_reached")
    yield from entered(subject, after, ("lost",), "closed")
    yield from entered(subject, after, ("new", "qualified", "meeting_done", "proposal", "ignored"),
                       "stage_left")  # fmt: skip
    yield from common_ends(crm, subject, one.contact, one.start, sequence=True, personal=True)


# --- inbound lead --------------------------------------------------------------------------------


def _inbound(crm: Crm, terms: Terms, since: int) -> Iterator[Enrolment]:
    for subject in crm.subjects.values():
        if subject.key[0] != "contacts":
            continue
        signals = [(form, form, True) for form in subject.forms]
        if not any(form <= subject.created_at + terms.settle_ms for form in subject.forms):
            signals.append((subject.created_at, subject.created_at + terms.settle_ms, True))
        running: Enrolment | None = None
        for anchor, start, sure in sorted(signals):
            if anchor < since or start >= min(subject.deal_at, subject.gone):
                continue
            if running is not None and start < running.soft_end:
                # The sequence is over once its last step is done, 20 days on at the earliest.
                if start < running.anchor + 20 * DAY:
                    continue
                sure = False
            one = Enrolment(subject, "inbound", anchor, start, subject.key[1], certain=sure)
            ends = list(common_ends(crm, subject, one.contact, start, sequence=True, personal=True))
            ends.append((subject.deal_at, "became_deal", True))
            running = close(one, ends)
            yield one
            # What comes after the last step begins when that is over, which the prose leaves open.
            after = anchor + 20 * DAY
            contact = subject.key[1]
            yield close(
                Enrolment(subject, "inbound-nurture", after, after, contact, certain=False), ends
            )


# --- after a meeting -----------------------------------------------------------------------------


def _meetings(crm: Crm, terms: Terms, since: int) -> Iterator[Enrolment]:
    for subject in crm.subjects.values():
        contact = person_of(subject)
        running: Enrolment | None = None
        for family, instant in _meeting_signals(subject):
            gone = min(subject.gone, subject.deal_at)  # a lead is one until it has a deal
            if not since <= instant < gone:
                continue
            if family != "after-meeting":
                one = Enrolment(subject, family, instant, instant, contact)
                yield close(one, _task_ends(crm, one, personal=family != "outcome"))
                continue
            certain = True
            if running is not None and instant < running.soft_end:
                if instant < running.anchor + 7 * DAY:
                    continue
                certain = False
            running = Enrolment(subject, family, instant, instant, contact, certain=certain)
            yield close(running, _after_meeting_ends(crm, running))


def _meeting_signals(subject: Subject) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for meeting in subject.meetings:
        ask = meeting.end + _ASK_AFTER
        if not meeting.outcome_at(ask):
            found.append(("outcome", ask))
        for said, outcome in meeting.said:
            instant = max(said, meeting.start)
            if outcome == "COMPLETED":
                found += [("recap", instant), ("after-meeting", instant)]
            elif outcome == "NO_SHOW":
                found.append(("rebook", instant))
    return sorted(found, key=lambda pair: pair[1])


def _task_ends(crm: Crm, one: Enrolment, *, personal: bool) -> Iterator[tuple[int, str, bool]]:
    """Ends of a rule's own tasks. A deal that was closed when the rule fired is owed nothing."""
    if one.subject.kind_at(one.start) in CLOSED:
        yield one.start, "closed", True
    yield from entered(one.subject, one.start, CLOSED, "closed")
    yield from common_ends(
        crm, one.subject, one.contact, one.start, sequence=False, personal=personal
    )


def _after_meeting_ends(crm: Crm, one: Enrolment) -> Iterator[tuple[int, str, bool]]:
    subject = one.subject
    if subject.kind_at(one.start) in CLOSED:
        yield one.start, "closed", True
    yield from entered(subject, one.start, ("proposal", "negotiation", "won"), "goal_reached")
    yield from entered(subject, one.start, ("lost",), "closed")
    yield from common_ends(crm, subject, one.contact, one.start, sequence=True, personal=True)
    if subject.key[0] == "contacts":
        yield subject.deal_at, "became_deal", True


# --- idle deal -----------------------------------------------------------------------------------


def _idle(crm: Crm, terms: Terms, since: int) -> Iterator[Enrolment]:
    for subject in crm.subjects.values():
        if subject.key[0] != "deals":
            continue
        contact, fired = person_of(subject), 0
        for last, until in _silences(subject, since):
            overs = _week_later(crm, subject, last, terms)
            if crm.by_the_day and subject.created_at < last < since:
                # At some time of that day, in whichever zone; perhaps only now, perhaps before.
                overs |= {min(overs) - DAY, max(overs) + DAY}
                overs = {max(over, since) for over in overs} if max(overs) >= since else overs
            over = min(overs)
            # What ended it may not have been heard of yet.
            if over >= until + terms.asks_every or over > crm.now or over >= subject.gone:
                continue
            backlog = over < since
            if backlog and until <= since:
                continue
            certain = len(overs) == 1 and last > fired and over < until
            certain = certain and subject.kind_at(over) in _IDLE_KINDS
            fired = over
            one = Enrolment(subject, "idle", over, over, contact, certain=certain, backlog=backlog)
            ends = list(_task_ends(crm, one, personal=True))
            if not certain or backlog:
                # Looked at again with the next thing that happens, while the silence lasts; a
                # backlog is judged at its release.
                ends.append((until, "activity", False))
            if backlog and subject.kind_at(since) not in _IDLE_KINDS:
                continue
            yield close(one, ends)


def _week_later(crm: Crm, subject: Subject, last: int, terms: Terms) -> set[int]:
    """When seven days of silence are over: more than one instant where owners in several zones
    had the subject meanwhile."""
    found = {crm.calendar(owner_at(subject, last, terms)).after_days(last, 7)}
    for when, owner in subject.owners:
        if last < when <= max(found):
            found.add(crm.calendar(owner or terms.default_owner).after_days(last, 7))
    return found


def _silences(subject: Subject, since: int) -> Iterator[tuple[int, int]]:
    """(latest activity, when the CRM next knew of another), oldest first.

    Of the time before the app was there, only what stands on the deal itself is known of it.
    """
    last = subject.created_at
    for activity in subject.activity:
        if activity.known < since and not activity.own:
            continue
        if activity.at > last:
            yield last, activity.known
            last = activity.at
    yield last, FOREVER


# --- stage map -----------------------------------------------------------------------------------


def _stage_map(crm: Crm, terms: Terms, since: int) -> Iterator[Enrolment]:
    for subject in crm.subjects.values():
        for entry in subject.entries:
            start = entry.at + _STAGE_MAP_SETTLE
            if entry.kind != "proposal" or entry.at < since or entry.left_at <= start:
                continue
            ends = [(entry.left_at, "stage_left", True), (subject.gone, "record_deleted", True)]
            one = Enrolment(subject, "stage-map", entry.at, start, person_of(subject))
            yield close(one, ends)


_PLAYBOOKS: dict[str, Callable[[Crm, Terms, int], Iterator[Enrolment]]] = {
    "proposal": _proposal,
    "inbound-lead": _inbound,
    "post-meeting": _meetings,
    "idle-deal": _idle,
    "proposal-stage-map": _stage_map,
}
_STEPS: dict[str, tuple[Step, ...]] = {
    "proposal": PROPOSAL,
    "inbound": INBOUND,
    "inbound-nurture": NURTURE,
    "after-meeting": AFTER_MEETING,
    "recap": (RECAP,),
    "outcome": (OUTCOME,),
    "rebook": (REBOOK,),
    "idle": (IDLE,),
    "stage-map": STAGE_MAP,
}
