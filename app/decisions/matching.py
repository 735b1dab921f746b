"""Whether a signal is the one that somebody waits for: a rule, a goal or a step."""

from __future__ import annotations

from app.decisions.event_counting import COUNTED, names_it
from app.decisions.exits import NO_END
from app.model.playbook import When
from app.model.signals import Signal
from app.model.vocabulary import ReplyClass, SignalKind, SubjectType


def waits_for(when: When, signal: Signal, subject_type: SubjectType) -> bool:
    """Whether this is the signal that a rule names; conditions and absences aside."""
    if when.replies:
        return _is_said(when, signal)
    if when.kind in COUNTED:
        return names_it(when, signal)
    if when.kind is not signal.kind:
        return False
    if when.stages and signal.stage not in when.stages:
        return False
    if when.field is not None and not _changes(when.field, signal):
        return False
    if when.sequences and signal.data.get("sequence") not in when.sequences:
        return False
    return not when.subject_types or subject_type.value in when.subject_types


def _is_said(when: When, signal: Signal) -> bool:
    """Whether a reply was told apart as one of the classes that a rule names; what nobody told
    apart is `unclassified` from the moment at which it comes."""
    if signal.kind is SignalKind.REPLIED:
        return ReplyClass.UNCLASSIFIED in when.replies and NO_END not in signal.data
    if signal.kind is not SignalKind.REPLY_CLASSIFIED:
        return False
    return signal.data.get("class") in when.replies


def _changes(field: str, signal: Signal) -> bool:
    """Whether the signal is that field's change; reading it for the first time is none."""
    return signal.data.get("field") == field and not signal.data.get("first")
