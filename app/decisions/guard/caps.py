"""How often one person may be addressed, in rolling 7 and 30 days: over all channels, and by one.

Which caps hold depends on the segment that the record belongs to; what reps and other tools did
counts as much as what we did.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition
from app.decisions.guard.ruling import defer
from app.decisions.timing import next_working_day
from app.model.decisions import Ruling
from app.model.guard import CHANNELS, Cap, CapSegment, GuardFacts, GuardSettings, Window
from app.model.playbook import Step
from app.model.record import changer
from app.model.records import SubjectView
from app.model.vocabulary import ANSWER, TaskType

_of_contacts = changer(SubjectView, "contacts")
_NO_CAP = Cap()


def check(facts: GuardFacts) -> Ruling | None:
    """Against what had been counted when the facts were read."""
    return over_cap(facts, facts.contact_touches, facts.channel_touches)


def channel_of(step: Step) -> TaskType | None:
    """The kind of touch that a step is to the person; None: none that counts."""
    if step.native is not None:
        return TaskType.EMAIL
    return step.task if step.task in CHANNELS else None


def capped(settings: GuardSettings) -> bool:
    """Whether touches of persons are limited for anybody; where not, none need be counted."""
    return bool(settings.cap_7_days or settings.cap_30_days or settings.segments)


def segment_of(facts: GuardFacts) -> CapSegment:
    """The first segment that the record meets, with the touch's person as its contact.

    A record that meets a condition only if something unknown were known is not in that segment.
    """
    settings, subject = facts.settings, facts.subject
    if settings.segments and facts.contact is not None:
        subject = _of_contacts(subject, (facts.contact,))
    for segment in settings.segments:
        met = compile_condition(segment.condition, settings.contact_roles)
        if met(subject, facts.now, facts.calendar.zone):
            return segment
    return _of_the_rest(settings.cap_7_days, settings.cap_30_days)


@lru_cache(maxsize=256)
def _of_the_rest(week: int | None, month: int | None) -> CapSegment:
    """Whoever is in no segment: asked for every touch, and the same for all of an account."""
    return CapSegment("", None, Cap(week, month))


def over_cap(facts: GuardFacts, all: Window, of_channel: Window) -> Ruling | None:
    """A deferral to the next working day if one more would exceed a cap.

    all, of_channel: what the person bore, by any channel and by the touch's own. The window rolls
    by days, so each new day may free a place.
    """
    channel = channel_of(facts.touch.step)
    if not capped(facts.settings) or facts.touch.contact is None or channel is None:
        return None
    if facts.touch.definition == ANSWER:
        return None  # they wrote; not to answer because they were asked too often would be odd
    segment = segment_of(facts)
    for code, cap, count, kind in _limits(segment, channel, all, of_channel):
        if count >= cap:
            again = next_working_day(facts.now, facts.calendar)
            values = _values(facts, segment, kind)
            return defer("caps", code, again, cap=cap, count=count, **values)
    return None


def _limits(
    segment: CapSegment, channel: TaskType, all: Window, of_channel: Window
) -> Iterator[tuple[str, int, int, TaskType | None]]:
    """(code, cap, count, channel or None) of every cap that is set."""
    alone = segment.channels.get(channel, _NO_CAP)
    for cap, counts, kind in ((segment.all, all, None), (alone, of_channel, channel)):
        if cap.week:
            yield Code.CAP_7_DAYS, cap.week, counts[0], kind
        if cap.month:
            yield Code.CAP_30_DAYS, cap.month, counts[1], kind


def _values(facts: GuardFacts, segment: CapSegment, kind: TaskType | None) -> dict[str, Any]:
    """What the ledger says beside the numbers; whose touches they were only where not all ours."""
    found: dict[str, Any] = {}
    if segment.name:
        found["segment"] = segment.name
    if kind is not None:
        found["channel"] = kind.value
    others = facts.others
    if others.touches[1]:
        known = sum(others.whose.values())
        shares = dict(sorted(others.whose.items()))
        if others.touches[1] > known:
            shares["others"] = others.touches[1] - known
        found["others"] = shares
    return found
