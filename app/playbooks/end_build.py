"""What comes after a sequence's end, from the form of a file."""

from __future__ import annotations

from app.model.ending import REVIEW, End, Return
from app.model.vocabulary import StopReason
from app.playbooks import schema as form
from app.playbooks.end_schema import CoolDownYaml, EndYaml


def return_of(source: form.SequenceYaml) -> Return:
    """When the sequence may begin anew."""
    again, restart = source.again, source.if_running == "restart"
    if isinstance(again, CoolDownYaml):
        return Return(after=again.after, restart=restart)
    return Return(once=again == "once", restart=restart)


def end_of(sequence: str, reason: StopReason, end: EndYaml | str) -> End:
    """What follows an end of the sequence for this reason."""
    if isinstance(end, str):
        return End("archive")
    if end.next is not None:
        return End("next", end.next, end.after)
    if end.recycle is not None:
        return End("recycle", after=end.recycle)
    return End("review", review_id(sequence, reason))


def review_id(sequence: str, reason: StopReason) -> str:
    """Id of the built-in sequence that reviews an end; no file can write such a one."""
    return f"{sequence}/{reason.value}{REVIEW}"
