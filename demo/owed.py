"""What an enrolment owes, and what ends it: the part of the presets' prose that all share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from demo.calendars import DAY, HOUR, Calendar, call_time
from demo.facts import FOREVER, Crm, Key, Subject, at
from demo.steps import PERSONAL, Step

CLOSED = ("won", "lost")


@dataclass(frozen=True)
class Terms:
    """What the admin chose. activated_at: playbook → when it was set live; per_day: records of a
    backlog released a day, 0 for none; limits: merging, caps and daily budgets are on, so that they
    may put off what is owed; asks_every: how often (ms) the app asks a CRM that tells nothing."""

    activated_at: Mapping[str, int]
    settle_ms: int = 300_000
    default_owner: str = ""
    per_day: int = 0
    limits: bool = True
    asks_every: int = 0


@dataclass
class Enrolment:
    """One start of a family of steps: a sequence, or the tasks of a rule.

    anchor: what delays count from. start: when it was decided. contact: its person, "" for nobody,
    None where the CRM does not tell (several contacts). ends: (at, reason, certain), by time.
    certain False: the prose leaves open whether it started at all.
    """

    subject: Subject
    family: str
    anchor: int
    start: int
    contact: str | None
    ends: list[tuple[int, str, bool]] = field(default_factory=list)
    certain: bool = True
    backlog: bool = False
    released_by: int = 0

    @property
    def soft_end(self) -> int:
        """From here on it may be over."""
        return self.ends[0][0] if self.ends else FOREVER

    @property
    def hard_end(self) -> int:
        """From here on it is over."""
        return next((when for when, _, certain in self.ends if certain), FOREVER)

    @property
    def ended(self) -> int:
        """From here on nothing written before has a reason any more. A meeting that was held
        meanwhile bars what is not yet written, and ends nothing."""
        ends = (when for when, why, certain in self.ends if certain and why != "meeting_held")
        return next(ends, FOREVER)

    @property
    def reason(self) -> str:
        return next((reason for _, reason, certain in self.ends if certain), "")


@dataclass
class Owed:
    """One step of an enrolment. due: as it is first written, None where it cannot be foretold.

    earliest, write: between when and when it is written unless something put it off. over: from
    when on it may not be written any more. must: it has to be there, or a reason to put it off.
    """

    enrolment: Enrolment
    step: Step
    due: int | None
    earliest: int
    write: int
    over: int
    must: bool

    @property
    def key(self) -> tuple[Key, str, str, int]:
        return (self.enrolment.subject.key, self.step.family, self.step.id, self.enrolment.anchor)


def person_of(subject: Subject) -> str | None:
    """The only contact; "" where there is none; None where only the app's choice can tell."""
    if not subject.contacts:
        return ""
    return subject.contacts[0] if len(subject.contacts) == 1 else None


def owner_at(subject: Subject, instant: int, terms: Terms) -> str:
    return at(subject.owners, instant) or terms.default_owner


def common_ends(
    crm: Crm, subject: Subject, contact: str | None, start: int, *, sequence: bool, personal: bool
) -> Iterator[tuple[int, str, bool]]:
    """Ends by the prospect, the rep and the record. sequence: else the tasks of a rule, which
    answers and bounces do not end."""
    yield subject.gone, "record_deleted", True
    people = subject.contacts if contact is None else [contact] if contact else []
    sure = contact is not None
    for one in people:
        person = crm.contacts.get(one)
        if person is None:
            continue
        if personal and person.opted_out_at >= start:
            yield person.opted_out_at, "opted_out", sure
        if sequence and person.bounced_at >= start:
            yield person.bounced_at, "bounced", sure
        yield from _stops(person.controls, start, certain=sure)
    yield from _stops(subject.controls, start, certain=True)
    if not sequence:
        return
    for reply in subject.replies:
        if reply >= start:
            yield reply, "replied", True
    for meeting in subject.meetings:
        if meeting.booked_at >= start and (not meeting.said or meeting.said[0][0] > start):
            yield meeting.booked_at, "meeting_booked", True
        for said, outcome in meeting.said:
            # Booked before, held since: what is not yet written has been answered.
            if outcome == "COMPLETED" and said > start:
                yield max(said, meeting.start), "meeting_held", True


def _stops(
    controls: list[tuple[int, str]], start: int, *, certain: bool
) -> Iterator[tuple[int, str, bool]]:
    for when, value in controls:
        if value == "stop" and when >= start:
            yield when, "stopped_by_rep", certain
    if at(controls, start) == "stop":
        lifted = any(when > start for when, _ in controls)
        yield start, "stopped_by_rep", certain and not lifted


def entered(
    subject: Subject, after: int, kinds: Iterable[str], reason: str
) -> Iterator[tuple[int, str, bool]]:
    """Ends by a stage entry after an instant; the reason "closed" is told apart by won and lost."""
    for entry in subject.entries:
        if entry.at > after and entry.kind in kinds:
            yield entry.at, f"closed_{entry.kind}" if reason == "closed" else reason, True


def close(enrolment: Enrolment, ends: Iterable[tuple[int, str, bool]]) -> Enrolment:
    """The enrolment with its ends in order; what never happens left out."""
    enrolment.ends = sorted(end for end in ends if end[0] < FOREVER)
    return enrolment


def steps_of(
    crm: Crm, enrolment: Enrolment, steps: Iterable[Step], terms: Terms
) -> Iterator[Owed]:
    """Every step of an enrolment with its times."""
    subject = enrolment.subject
    owner = owner_at(subject, enrolment.start, terms)
    if not owner:
        return
    rep = crm.calendar(owner)
    for step in steps:
        base = enrolment.released_by if enrolment.backlog else enrolment.anchor
        due = rep.shift(due_instant(step, base, rep))
        earliest = max(enrolment.start, _earliest(enrolment, step, rep))
        write = max(enrolment.start, enrolment.released_by, _written(step, due, base, rep))
        later = owner_at(subject, write, terms)
        due = place(crm, step, due, enrolment.contact, crm.calendar(later))
        write = max(write, _written(step, due, base, crm.calendar(later)))
        refused = _refused(crm, enrolment, step)
        over = enrolment.hard_end if enrolment.contact is None else min(enrolment.hard_end, refused)
        known = (
            not enrolment.backlog
            and later == owner
            and (step.type != "CALL" or enrolment.contact is not None)
        )
        if enrolment.backlog:
            # Released on one of several days, of which the last is assumed here.
            write = rep.next_day(rep.next_day(write))
        sure = enrolment.certain and (known or enrolment.backlog)
        must = sure and write <= crm.now and write < min(over, refused, enrolment.soft_end)
        if later != owner:
            earliest = max(enrolment.start, earliest - DAY)  # in the other owner's zone
        yield Owed(enrolment, step, due if known else None, earliest, write, over, must)


def due_instant(step: Step, anchor: int, rep: Calendar) -> int:
    """When a step is owed: local days, or hours by the clock, after the anchor."""
    return rep.after_days(anchor, step.days) if step.days else anchor + step.hours * HOUR


def place(crm: Crm, step: Step, due: int, contact: str | None, rep: Calendar) -> int:
    """The due time in the rep's working time and, for a call, in the person's hours."""
    if step.type != "CALL":
        return rep.shift(due)
    person = crm.contacts.get(contact or "")
    return call_time(due, rep, (person.zone if person else "") or rep.zone)


def _earliest(enrolment: Enrolment, step: Step, rep: Calendar) -> int:
    """When the step is written at the earliest: of a backlog, were it released at once."""
    base = enrolment.start if enrolment.backlog else enrolment.anchor
    return _written(step, rep.shift(due_instant(step, base, rep)), base, rep)


def _written(step: Step, due: int, anchor: int, rep: Calendar) -> int:
    if step.at_once:
        return min(anchor, due)
    return due if step.exact else rep.day_begins(due)


def _refused(crm: Crm, enrolment: Enrolment, step: Step) -> int:
    """From when on the person may not be addressed by this step, whatever the enrolment says; where
    the CRM does not tell who the person is, from when on one of the contacts may not."""
    if step.type not in PERSONAL or enrolment.family == "stage-map":
        return FOREVER
    subject = enrolment.subject
    people = subject.contacts if enrolment.contact is None else [enrolment.contact]
    found = FOREVER
    for one in people:
        person = crm.contacts.get(one)
        if person is not None:
            bounced = person.bounced_at if step.type == "EMAIL" else FOREVER
            found = min(found, person.opted_out_at, bounced)
    return found
