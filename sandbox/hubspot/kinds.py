"""Object types, association types and scopes, as HubSpot numbers and names them.

Sources: the object guides and "associate records" (type ids), the scopes list of the activity
guides: tasks, calls, meetings, notes and communications go by the contacts scopes; reading the
content of e-mails needs ``sales-email-read`` beside them.
"""

from __future__ import annotations

from typing import NamedTuple

from sandbox.hubspot.errors import refuse
from sandbox.world.records import Labels


class Kind(NamedTuple):
    """One object type: the world's kind, HubSpot's singular name and its type id."""

    kind: str
    singular: str
    type_id: str
    read: str
    write: str
    schema: str


def _crm(kind: str, singular: str, type_id: str) -> Kind:
    return Kind(
        kind,
        singular,
        type_id,
        f"crm.objects.{kind}.read",
        f"crm.objects.{kind}.write",
        f"crm.schemas.{kind}",
    )


def _activity(kind: str, singular: str, type_id: str) -> Kind:
    return Kind(
        kind,
        singular,
        type_id,
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.schemas.contacts",
    )


TABLE = (
    _crm("contacts", "contact", "0-1"),
    _crm("companies", "company", "0-2"),
    _crm("deals", "deal", "0-3"),
    _crm("leads", "lead", "0-136"),
    _crm("quotes", "quote", "0-14"),
    _activity("communications", "communication", "0-18"),
    _activity("tasks", "task", "0-27"),
    _activity("notes", "note", "0-46"),
    _activity("meetings", "meeting", "0-47"),
    _activity("calls", "call", "0-48"),
    _activity("emails", "email", "0-49"),
    Kind(
        "users", "user", "0-115", "crm.objects.users.read", "crm.objects.users.write", "crm.schemas"
    ),
)
BY_KIND = {row.kind: row for row in TABLE}
_BY_NAME = {name: row for row in TABLE for name in (row.kind, row.singular, row.type_id)}

EMAIL_CONTENT = frozenset(
    ("hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_headers", "hs_body_preview")
)
"""Left out of what is read without ``sales-email-read``."""


def kind_of(name: str) -> Kind:
    """The object type of a path's name, singular, plural or type id; refuses unknown ones."""
    row = _BY_NAME.get(name)
    if row is None:
        raise refuse("kind_unknown", f"Unable to infer object type from: {name}")
    return row


HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
USER_DEFINED = "USER_DEFINED"

USER_LABEL_BASE = 1000
"""Type ids of an account's own labels count up from here; the reverse direction is one more."""

_PAIRS: tuple[tuple[str, str, str, int, int], ...] = (
    ("deals", "contacts", "", 3, 4),
    ("deals", "companies", "", 341, 342),
    ("deals", "companies", "primary", 5, 6),
    ("contacts", "companies", "", 279, 280),
    ("contacts", "companies", "primary", 1, 2),
    ("tasks", "contacts", "", 204, 203),
    ("tasks", "companies", "", 192, 191),
    ("tasks", "deals", "", 216, 215),
    ("calls", "contacts", "", 194, 193),
    ("calls", "companies", "", 182, 181),
    ("calls", "deals", "", 206, 205),
    ("emails", "contacts", "", 198, 197),
    ("emails", "companies", "", 186, 185),
    ("emails", "deals", "", 210, 209),
    ("meetings", "contacts", "", 200, 199),
    ("meetings", "companies", "", 188, 187),
    ("meetings", "deals", "", 212, 211),
    ("notes", "contacts", "", 202, 201),
    ("notes", "companies", "", 190, 189),
    ("notes", "deals", "", 214, 213),
    ("communications", "contacts", "", 81, 82),
    ("communications", "companies", "", 87, 88),
    ("communications", "deals", "", 85, 86),
    ("leads", "contacts", "", 608, 609),
    ("leads", "contacts", "primary", 578, 579),
    ("leads", "companies", "", 610, 611),
    ("leads", "companies", "primary", 580, 581),
    ("leads", "deals", "", 1037, 1038),
    ("leads", "deals", "primary", 582, 583),
    ("tasks", "leads", "", 647, 646),
    ("calls", "leads", "", 597, 596),
    ("emails", "leads", "", 599, 598),
    ("meetings", "leads", "", 601, 600),
    ("notes", "leads", "", 855, 854),
    ("communications", "leads", "", 603, 602),
    ("quotes", "deals", "", 64, 63),
    ("quotes", "contacts", "", 69, 70),
    ("quotes", "companies", "", 71, 72),
)

TYPE_IDS: dict[tuple[str, str, str], int] = {}
"""(from kind, to kind, label) → HUBSPOT_DEFINED type id."""
for _one, _other, _label, _there, _back in _PAIRS:
    TYPE_IDS[_one, _other, _label] = _there
    TYPE_IDS[_other, _one, _label] = _back
TYPES: dict[int, tuple[str, str, str]] = {number: pair for pair, number in TYPE_IDS.items()}

DISPLAY_LABELS = {"primary": "Primary"}


class UserLabel(NamedTuple):
    """A label that an account defined for one pair of object types."""

    from_kind: str
    to_kind: str
    label: str
    type_id: int


def user_labels(extra: dict[str, object]) -> list[UserLabel]:
    """An account's own association labels, in the order they were defined."""
    return extra.setdefault("association_labels", [])  # type: ignore[return-value]


def define_label(extra: dict[str, object], from_kind: str, to_kind: str, label: str) -> int:
    """The type id of an account's own label in one direction, defining it when new."""
    known = user_labels(extra)
    for row in known:
        if (row.from_kind, row.to_kind, row.label) == (from_kind, to_kind, label):
            return row.type_id
    number = USER_LABEL_BASE + 1 + len(known)
    known.append(UserLabel(from_kind, to_kind, label, number))
    known.append(UserLabel(to_kind, from_kind, label, number + 1))
    return number


def association_types(
    extra: dict[str, object], from_kind: str, to_kind: str, labels: Labels
) -> list[tuple[str, int, str | None]]:
    """(category, type id, label shown) of each label of one association."""
    found: list[tuple[str, int, str | None]] = []
    for label in labels:
        number = TYPE_IDS.get((from_kind, to_kind, label))
        if number is not None:
            found.append((HUBSPOT_DEFINED, number, DISPLAY_LABELS.get(label)))
        elif label:
            found.append((USER_DEFINED, define_label(extra, from_kind, to_kind, label), label))
    return found


def label_types(
    extra: dict[str, object], from_kind: str, to_kind: str
) -> list[tuple[str, int, str | None]]:
    """(category, type id, label shown) of every type between two kinds, in one direction."""
    fixed = [
        (HUBSPOT_DEFINED, number, DISPLAY_LABELS.get(label))
        for (one, other, label), number in TYPE_IDS.items()
        if (one, other) == (from_kind, to_kind)
    ]
    own = [
        (USER_DEFINED, row.type_id, row.label)
        for row in user_labels(extra)
        if (row.from_kind, row.to_kind) == (from_kind, to_kind)
    ]
    return [*fixed, *own]


def association_pair(
    extra: dict[str, object], category: str, number: int
) -> tuple[str, str, str] | None:
    """(from kind, to kind, label) of an association type, None when there is none such."""
    if category == HUBSPOT_DEFINED:
        return TYPES.get(number)
    for row in user_labels(extra):
        if row.type_id == number:
            return row.from_kind, row.to_kind, row.label
    return None
