"""The fields that a playbook may name, and what conditions ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.decisions.relative import RELATIVE_OPS
from app.model.engagement import MOST_DAYS, engagement_days
from app.playbooks import schema as form
from app.playbooks.event_words import asks_event
from app.playbooks.field_words import CLOSED
from app.playbooks.finding import Finding, Location
from app.wording.language import suggest

_SUBJECT_FIELDS = (
    "name",
    "amount",
    "currency",
    "stage",
    "stage_kind",
    "stage_entered_at",
    "pipeline",
    "owner",
    "created_at",
    "last_activity_at",
    "last_reply_at",
    "next_meeting_at",
    "contacts",
    "momentum",
)
_CONTACT_FIELDS = ("name", "email", "zone", "opted_out", "bounced", "control")
CONDITION_FIELDS = (
    "subject.type",
    *(f"{prefix}.{name}" for prefix in ("deal", "subject") for name in _SUBJECT_FIELDS),
    "deal.quote_status",
    *(f"contact.{name}" for name in _CONTACT_FIELDS),
)
"""What a condition may ask without a mapping; times are instants, `contacts` is their number."""

QUOTE_DATES = ("deal.quote_expires", "deal.quote_sent_at")
"""Dates of the quote that was sent last, where quotes are read; it expires only while it is open.
"""

DATE_FIELDS = ("deal.close_date", *QUOTE_DATES)
"""Dates that a step may count from without a mapping."""

DATE_TYPES = frozenset({"date", "instant"})
"""Types of a mapped field that are dates."""


def unmapped(location: Location, name: str, known: Iterable[str], what: str = "field") -> Finding:
    """A field that nothing is mapped to; known: those that the author may have meant."""
    hint, prefix = suggest(name, known), name.partition(".")[0]
    if prefix in ("deal", "contact"):
        mapping = f"map a property of the {prefix} to it first (PUT /api/mapping)"
        hint = f"{hint} Or {mapping}" if hint.startswith("did you mean") else mapping
    return Finding(location, f"unknown {what} `{name}`", hint)


def plain_field(name: str) -> str:
    """`deal.close_date` as the subject's mapped fields call it: `close_date`."""
    prefix, _, rest = name.partition(".")
    return rest if rest and prefix in ("deal", "lead", "subject") else name


def dates_of(fields: Mapping[str, str]) -> frozenset[str]:
    """Names of dates; fields: what the installation has mapped, each with its type."""
    return frozenset((*DATE_FIELDS, *(n for n, type in fields.items() if type in DATE_TYPES)))


def condition_findings(
    base: Location, condition: form.ConditionYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    """What a condition asks and is not there. known: mapped fields; dates: those that are dates."""
    if isinstance(condition, form.AllYaml):
        for index, part in enumerate(condition.all):
            yield from condition_findings((*base, "all", index), part, known, dates)
    elif isinstance(condition, form.AnyYaml):
        for index, part in enumerate(condition.any):
            yield from condition_findings((*base, "any", index), part, known, dates)
    elif isinstance(condition, form.NotYaml):
        yield from condition_findings((*base, "not"), condition.not_, known, dates)
    else:
        yield from _comparison(base, condition, known, dates)


def _comparison(
    base: Location, compare: form.CompareYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    names = {*CONDITION_FIELDS, *DATE_FIELDS, *known}
    if compare.field.startswith("engagement."):
        if engagement_days(compare.field) is None:
            hint = f"write it like engagement.7d, of at most {MOST_DAYS} days"
            yield Finding((*base, "field"), f"unknown field `{compare.field}`", hint)
        return
    if compare.of is not None:
        yield Finding(
            (*base, "of"),
            f"`{compare.field}` is of the record, not of one of its people",
            "leave `of` out; it goes with engagement, such as engagement.14d",
        )
    if asks_event(compare.field, known):
        return
    if compare.field not in names:
        yield unmapped((*base, "field"), compare.field, names)
        return
    if compare.op in RELATIVE_OPS and not _is_date(compare.field, dates):
        yield Finding(
            (*base, "field"),
            f"`{compare.field}` is no date, so nothing lies `{compare.op}` of it",
            "name a date, such as deal.close_date, or map the property with the type date",
        )
    choice = CLOSED.get(compare.field)
    values = compare.value if isinstance(compare.value, list) else [compare.value]
    if choice is None or compare.op in ("known", "unknown"):
        return
    for index, value in enumerate(values):
        if value not in choice:
            at = (index,) if isinstance(compare.value, list) else ()
            hint = suggest(str(value), choice)
            yield Finding((*base, "value", *at), f"{value!r} is no {compare.field}", hint)


def _is_date(name: str, dates: frozenset[str]) -> bool:
    return name in dates or name.endswith("_at")
