"""Which person a follow-up is for."""

from __future__ import annotations

from collections.abc import Sequence

from app.model.records import Choice, ContactView, SubjectView
from app.model.vocabulary import SubjectType

NONE = "no_contact"
AMBIGUOUS = "ambiguous"


def with_role(subject: SubjectView, role: str) -> list[ContactView]:
    """The people of the record who have this role or association label."""
    wanted = role.casefold()
    return [
        contact
        for contact in subject.contacts
        if any(label.casefold() == wanted for label in contact.labels)
    ]


def choose_by_role(subject: SubjectView, role: str) -> Choice:
    """The person who has the role, and nobody else. Reasons: `role:<label>`, `primary` and
    `latest_activity` among several, `no_contact` where nobody has it, `ambiguous`."""
    group = with_role(subject, role)
    if not group:
        return Choice(None, NONE)
    if len(group) == 1:
        return Choice(group[0], f"role:{role}", _ids(group))
    return _among(group)


def choose_contact(subject: SubjectView, roles: tuple[str, ...] = ()) -> Choice:
    """The contact to touch, with the reason; contact None asks a rep to choose.

    In this order: the first configured role or association label that anyone has; the CRM's own
    primary; the latest two-way activity; the only one. Several people of one role are told apart
    by the steps after it. A tie is never broken by chance or by order of creation: a wrong
    addressee costs more than one question to the rep.

    Reasons: `role:<label>`, `primary`, `latest_activity`, `only_contact`, `no_contact`,
    `ambiguous`. A subject that is a contact is its own person.
    """
    contacts = subject.contacts
    if len(contacts) == 1:
        return _single(contacts[0], roles)
    if not contacts:
        return Choice(None, NONE)
    if subject.type is SubjectType.CONTACT:
        own = [contact for contact in contacts if contact.crm_id == subject.crm_id]
        if own:
            return Choice(own[0], "only_contact", _ids(contacts))
    for role in roles:
        group = with_role(subject, role)
        if len(group) == 1:
            return Choice(group[0], f"role:{role}", _ids(contacts))
        if group:
            return _among(group)
    return _among(contacts)


def _single(contact: ContactView, roles: tuple[str, ...]) -> Choice:
    held = {label.casefold() for label in contact.labels}
    for role in roles:
        if role.casefold() in held:
            return Choice(contact, f"role:{role}", (contact.crm_id,))
    return Choice(contact, "primary" if contact.primary else "only_contact", (contact.crm_id,))


def _among(contacts: Sequence[ContactView]) -> Choice:
    candidates = _ids(contacts)
    primary = [contact for contact in contacts if contact.primary]
    if len(primary) == 1:
        return Choice(primary[0], "primary", candidates)
    latest = max((c.last_two_way_at for c in contacts if c.last_two_way_at is not None), default=0)
    active = [contact for contact in contacts if latest and contact.last_two_way_at == latest]
    if len(active) == 1:
        return Choice(active[0], "latest_activity", candidates)
    return Choice(None, AMBIGUOUS, candidates)


def _ids(contacts: Sequence[ContactView]) -> tuple[str, ...]:
    return tuple(contact.crm_id for contact in contacts)
