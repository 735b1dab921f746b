"""Conditions of rules, compiled once to closures.

Logic is three-valued. A comparison with a value that the CRM does not have is neither true nor
false but *unknown*, and stays unknown under `not`; a condition that is unknown as a whole is not
met. With two values `not: {deal.owner == x}` would hold for every deal without owner, while
`deal.owner != x` would not. Who wants to act on absence says so with `known` and `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.decisions.memo import IdentityMemo
from app.decisions.relative import RELATIVE_OPS, lies
from app.decisions.timing import local_date
from app.decisions.who import choose_contact, with_role
from app.model.engagement import engagement_days
from app.model.playbook import AllOf, Compare, Condition, NotOf, Op
from app.model.records import ContactView, SubjectView
from app.model.time import Business, parse_distance, parse_instant

Getter = Callable[[SubjectView], Any]
Check = Callable[[SubjectView, Business, str], bool | None]
"""Of a subject, the present, and the zone whose days count."""
Met = Callable[[SubjectView, Business, str], bool]

_SUBJECT: Mapping[str, Getter] = {
    "type": lambda s: s.type.value,
    "crm_id": lambda s: s.crm_id,
    "name": lambda s: s.name or None,
    "pipeline": lambda s: s.pipeline,
    "stage": lambda s: s.stage_id,
    "stage_id": lambda s: s.stage_id,
    "stage_kind": lambda s: s.stage_kind.value,
    "stage_entered_at": lambda s: s.stage_entered_at,
    "owner": lambda s: s.owner_id,
    "amount": lambda s: s.amount,
    "currency": lambda s: s.currency,
    "created_at": lambda s: s.created_at,
    "last_activity_at": lambda s: s.last_activity_at,
    "last_reply_at": lambda s: s.last_reply_at,
    "next_meeting_at": lambda s: s.next_meeting_at,
    "contacts": lambda s: len(s.contacts),
    "momentum": lambda s: s.momentum,
}
_CONTACT: Mapping[str, Callable[[ContactView], Any]] = {
    "crm_id": lambda c: c.crm_id,
    "name": lambda c: c.name or None,
    "email": lambda c: c.email or None,
    "zone": lambda c: c.zone,
    "opted_out": lambda c: c.opted_out,
    "bounced": lambda c: c.bounced,
    "control": lambda c: c.control,
}


def getter(field: str, roles: tuple[str, ...] = (), of: str = "") -> Getter:
    """How the value of a condition's field is read from a subject; None is unknown.

    `engagement.7d` is how often the prospect did something within 7 days; of: by whoever has this
    role, unknown where nobody does.
    `deal.x`, `lead.x` and `subject.x` are the subject's own columns, else its mapped field `x`;
    `contact.x` is the person who would be touched (chosen by `roles`); `event.x` is what the event
    says on which the rule decides; any other name is a mapped field.
    """
    prefix, _, rest = field.partition(".")
    days = engagement_days(field)
    if days is not None:
        return _engagement_getter(days, of)
    if prefix == "event" and rest:
        return lambda subject: (subject.event or {}).get(rest)
    if prefix == "contact" and rest:
        return _contact_getter(rest, roles)
    name = rest if prefix in ("deal", "lead", "subject") and rest else field
    known = _SUBJECT.get(name)
    if known is not None:
        return known

    def from_fields(subject: SubjectView) -> Any:
        found = subject.fields.get(name)
        return subject.fields.get(field) if found is None else found

    return from_fields


def _engagement_getter(days: int, of: str) -> Getter:
    if not of:
        return lambda subject: subject.engagement.get(days)

    def from_people(subject: SubjectView) -> int | None:
        people = with_role(subject, of)
        counts = [subject.engaged_by.get((one.crm_id, days), 0) for one in people]
        return sum(counts) if people else None

    return from_people


def _contact_getter(name: str, roles: tuple[str, ...]) -> Getter:
    known = _CONTACT.get(name)

    def from_contact(subject: SubjectView) -> Any:
        contact = choose_contact(subject, roles).contact
        if contact is None:
            return None
        return contact.fields.get(name) if known is None else known(contact)

    return from_contact


def _alike(found: Any, wanted: Any) -> Any:
    """`found` as the type of `wanted`, None if it cannot be; CRMs send numbers and flags as text"""
    if isinstance(wanted, bool):
        text = found if isinstance(found, bool) else str(found).strip().lower()
        return {True: True, False: False, "true": True, "false": False}.get(text)
    if isinstance(wanted, int | float):
        if isinstance(found, bool):
            return None
        try:
            return found if isinstance(found, int | float) else float(found)
        except (TypeError, ValueError):
            return None
    return str(found) if isinstance(wanted, str) else found


def _instant(text: Any) -> int | None:
    """An ISO date or time as an instant, so that it compares with a time that is kept as one."""
    try:
        return parse_instant(text) if isinstance(text, str) and text[4:5] == "-" else None
    except ValueError:
        return None


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _ordered(get: Getter, op: Op, wanted: Any) -> Check:
    compare, moment = _ORDER[op], _instant(wanted)

    def check(subject: SubjectView, now: Business, zone: str) -> bool | None:
        found = get(subject)
        if found is None:
            return None
        if moment is not None and isinstance(found, int):
            return compare(found, moment)
        found = _alike(found, wanted)
        return None if found is None else compare(found, wanted)

    return check


def _member(get: Getter, wanted: Any, inside: bool) -> Check:
    options = tuple(wanted) if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)

    def check(subject: SubjectView, now: Business, zone: str) -> bool | None:
        found = get(subject)
        if found is None:
            return None
        return any(_alike(found, option) == option for option in options) is inside

    return check


def _contains(get: Getter, wanted: Any) -> Check:
    def check(subject: SubjectView, now: Business, zone: str) -> bool | None:
        found = get(subject)
        if found is None:
            return None
        if isinstance(found, list | tuple | set | frozenset):
            return wanted in found
        return str(wanted).casefold() in str(found).casefold()

    return check


def _compare(part: Compare, roles: tuple[str, ...]) -> Check:
    get = getter(part.field, roles, part.of)
    if part.op == "known":
        return lambda subject, now, zone: get(subject) is not None
    if part.op == "unknown":
        return lambda subject, now, zone: get(subject) is None
    if part.op in RELATIVE_OPS:
        lie = lies(part.op, parse_distance(part.value))
        return lambda subject, now, zone: lie(get(subject), now, zone)
    if part.op in ("in", "not_in"):
        return _member(get, part.value, part.op == "in")
    if part.op == "contains":
        return _contains(get, part.value)
    return _ordered(get, part.op, part.value)


def _all(checks: tuple[Check, ...]) -> Check:
    def check(subject: SubjectView, now: Business, zone: str) -> bool | None:
        verdict: bool | None = True
        for part in checks:
            found = part(subject, now, zone)
            if found is False:
                return False
            if found is None:
                verdict = None
        return verdict

    return check


def _any(checks: tuple[Check, ...]) -> Check:
    def check(subject: SubjectView, now: Business, zone: str) -> bool | None:
        verdict: bool | None = False
        for part in checks:
            found = part(subject, now, zone)
            if found:
                return True
            if found is None:
                verdict = None
        return verdict

    return check


def _not(inner: Check) -> Check:
    def check(subject: SubjectView, now: Business, zone: str) -> bool | None:
        found = inner(subject, now, zone)
        return None if found is None else not found

    return check


def _build(condition: Condition, roles: tuple[str, ...]) -> Check:
    if isinstance(condition, Compare):
        return _compare(condition, roles)
    if isinstance(condition, NotOf):
        return _not(_build(condition.part, roles))
    parts = tuple(_build(part, roles) for part in condition.parts)
    return _all(parts) if isinstance(condition, AllOf) else _any(parts)


@lru_cache(maxsize=256)
def _compiled(roles: tuple[str, ...]) -> IdentityMemo[Condition, Met]:
    def close(condition: Condition) -> Met:
        check = _build(condition, roles)
        return lambda subject, now, zone: check(subject, now, zone) is True

    return IdentityMemo(close)


def _always(subject: SubjectView, now: Business, zone: str) -> bool:
    return True


def compile_condition(condition: Condition | None, roles: tuple[str, ...] = ()) -> Met:
    """A function that says whether a subject meets the condition; None is met by all.

    roles: by which `contact.…` fields find the person, as in `choose_contact`. The function takes
    the present and the zone of whoever does the work, for comparisons with dates.
    """
    return _always if condition is None else _compiled(roles)(condition)


def needs(condition: Condition | None) -> set[str]:
    """The fields a condition reads, as written in it."""
    return {part.field for part in compares(condition)}


def compares(condition: Condition | None) -> Iterator[Compare]:
    """The comparisons of which a condition consists."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, NotOf):
        yield from compares(condition.part)
    elif condition is not None:
        for part in condition.parts:
            yield from compares(part)


def days_asked(condition: Condition | None) -> set[int]:
    """Over how many days engagement is counted for the condition."""
    found = {engagement_days(field) for field in needs(condition)}
    return {days for days in found if days is not None}


def values_read(
    condition: Condition | None, subject: SubjectView, roles: tuple[str, ...], zone: str
) -> dict[str, Any]:
    """What the condition rests on, for the ledger: field → value, None where it is unknown.

    What is compared with the present is given as a day of the zone.
    """
    parts = list(compares(condition))
    relative = {part.field for part in parts if part.op in RELATIVE_OPS}
    return {
        part.name: shown_value(
            getter(part.field, roles, part.of)(subject), part.field in relative, zone
        )
        for part in sorted(parts, key=lambda part: part.name)
    }


def shown_value(value: Any, relative: bool, zone: str) -> Any:
    """A value as people are told of it; relative: it is a date, compared with the present."""
    return local_date(Business(value), zone) if relative and isinstance(value, int) else value
