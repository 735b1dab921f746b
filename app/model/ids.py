"""Derived ids: deciding twice yields the same id, and a unique index holds one effect a touch."""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID

_NAMESPACE = UUID("7c0a4e0e-6f5c-5b58-9a1c-52f1a54f3f6d").bytes
_VARIANT = ("8", "9", "a", "b")


def enrolment_id(
    installation: str, subject: tuple[str, str], definition: str, anchor: str, person: str = ""
) -> str:
    """Id of an enrolment or of one firing of a rule.

    installation: `crm:account`, so that a re-install derives the same ids.
    subject: (type, CRM id) under which the subject was first seen; unchanged by later moves.
    definition: `playbook/sequence` or `playbook/rule`.
    anchor: what caused it: stage entry, causing record, date value or number of this silence.
    person: CRM id of the contact, only where one rule enrols several people.
    """
    name = "|".join(("enrolment", installation, *subject, definition, anchor, person))
    return _uuid5(name)


def touch_id(enrolment: str, step: str, occurrence: int = 0) -> str:
    """Id of one touch: its enrolment, its step, and how many touches of that step came before."""
    return _uuid5(f"touch|{enrolment}|{step}|{occurrence}")


def stage_anchor(stage_id: str, entered_at: int) -> str:
    """The anchor of a stage entry: stage and its timestamp in the CRM's own history."""
    return f"stage:{stage_id}:{entered_at}"


def _uuid5(name: str) -> str:
    """`str(uuid.uuid5(namespace, name))` at a third of its price: four ids are made an event."""
    text = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
