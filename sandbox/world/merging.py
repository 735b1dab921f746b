"""What becomes of two records that are merged into one.

HubSpot's changelog on merges: the result is a new record with a new id, whatever the kind; both
former ids lead to it; the primary record's present values win and the histories are united;
of several "primary" associations the primary record's stay. No propertyChange tells the values
that moved. Merge guide (knowledge base): the earlier creation date is kept, the other contact's
address becomes an additional one. Other vendors keep the primary record and its history.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.world.records import CALCULATED, Actor, Labels, Record, Version

_SOURCES = {"contacts": "MERGE_CONTACTS", "companies": "MERGE_COMPANIES"}
_LATEST = (
    "notes_last_updated",
    "notes_last_contacted",
    "hs_sales_email_last_replied",
    "hs_sales_email_last_opened",
    "hs_sales_email_last_clicked",
    "hs_last_sales_activity_timestamp",
    "engagements_last_meeting_booked",
    "hs_latest_meeting_activity",
    "recent_conversion_date",
)
_SUMS = ("num_notes", "num_contacted_notes", "num_conversion_events")


def united(new_id: str, primary: Record, other: Record, now: int, actor: Actor) -> Record:
    """The record that takes the place of both, without its associations."""
    fields = {**_filled(other), **_filled(primary), **_reckoned(primary, other)}
    fields["hs_merged_object_ids"] = ";".join(
        [*_former(primary), primary.id, *_former(other), other.id]
    )
    record = Record(
        primary.kind,
        new_id,
        fields,
        {},
        primary.created_at if new_id == primary.id else min(primary.created_at, other.created_at),
        now,
        primary.created_by,
    )
    by = Actor(_SOURCES.get(primary.kind, "MERGE_OBJECTS"), actor.source_id, actor.user_id)
    for name in dict.fromkeys((*primary.history, *other.history, *fields)):
        mine, theirs = primary.history.get(name, ()), other.history.get(name, ())
        # A record that goes on as itself only takes over what it had not.
        past = list(mine or theirs) if new_id == primary.id else _past(mine, theirs)
        value = fields.get(name, "")
        if not past or past[-1].value != value:
            source = CALCULATED if name in (*_LATEST, *_SUMS) else by
            past.append(Version(value, now, *source))
        record.history[name] = past
    return record


def united_links(primary: Record, other: Record) -> dict[str, dict[str, Labels]]:
    """kind → id → labels of the associations of both; one side's own id is left out."""
    links = {kind: dict(ids) for kind, ids in primary.links.items()}
    for kind, ids in other.links.items():
        mine = links.setdefault(kind, {})
        has_primary = any("primary" in labels for labels in mine.values())
        for far_id, labels in ids.items():
            kept = tuple(label for label in labels if not (label == "primary" and has_primary))
            mine[far_id] = tuple(dict.fromkeys((*mine.get(far_id, ()), *kept)))
    return links


def moved(primary: Record, other: Record) -> int:
    """How many properties the primary record has only from the other one."""
    return sum(1 for name in _filled(other) if not primary.fields.get(name))


def _filled(record: Record) -> dict[str, str]:
    return {name: value for name, value in record.fields.items() if value}


def _former(record: Record) -> list[str]:
    return [one for one in record.get("hs_merged_object_ids").split(";") if one]


def _reckoned(primary: Record, other: Record) -> dict[str, str]:
    """Values that are neither record's but reckoned from both."""
    values: dict[str, str] = {}
    for name in _LATEST:
        known = [int(one.fields[name]) for one in (primary, other) if one.fields.get(name)]
        if known:
            values[name] = str(max(known))
    for name in _SUMS:
        known = [int(one.fields[name]) for one in (primary, other) if one.fields.get(name)]
        if known:
            values[name] = str(sum(known))
    dates = [int(one.fields["createdate"]) for one in (primary, other) if one.get("createdate")]
    if dates:
        values["createdate"] = str(min(dates))
    addresses = [*_addresses(primary), *_addresses(other)][1:]
    if primary.kind == "contacts" and addresses and primary.get("email"):
        values["hs_additional_emails"] = ";".join(dict.fromkeys(addresses))
    return values


def _addresses(record: Record) -> list[str]:
    both = (record.get("email"), *record.get("hs_additional_emails").split(";"))
    return [one for one in both if one]


def _past(mine: Iterable[Version], theirs: Iterable[Version]) -> list[Version]:
    """Both histories, oldest first; of two values of one instant only the primary's stays."""
    mine = list(mine)
    instants = {version.at for version in mine}
    both = [*mine, *(version for version in theirs if version.at not in instants)]
    return sorted(both, key=lambda version: version.at)
