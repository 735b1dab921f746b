"""What a write is checked for before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.call import Call
from sandbox.hubspot.kinds import Kind, association_pair, kind_of
from sandbox.hubspot.required import REQUIRED_SINCE, missing
from sandbox.hubspot.values import clean
from sandbox.world.effects import unique_key
from sandbox.world.records import Link, Record


def read_links(call: Call, kind: Kind, given: Any) -> list[Link]:
    """The ``associations`` of a creation; refuses types that don't fit and missing far ends."""
    if given in (None, []):
        return []
    if not isinstance(given, list):
        raise errors.shape('"associations" must be a list')
    links: list[Link] = []
    for entry in given:
        try:
            to_id = str(entry["to"]["id"])
            types = entry["types"]
        except (TypeError, KeyError):
            raise errors.shape(
                "an association needs to.id and types of associationCategory, associationTypeId"
            ) from None
        to_kind, labels = read_types(call, kind.kind, types)
        links.append(Link(to_kind, to_id, labels))
    for link in links:
        if call.account.find(link.kind, link.id) is None:
            raise errors.invalid_associations(kind_of(link.kind).singular.upper(), [link.id])
    return links


def read_types(
    call: Call, from_kind: str, types: Any, to_kind: str = ""
) -> tuple[str, tuple[str, ...]]:
    """(to kind, labels) of a list of association types."""
    if not isinstance(types, list) or not types:
        raise errors.shape('"types" must be a list with at least one association type')
    labels: list[str] = []
    for spec in types:
        try:
            category, number = str(spec["associationCategory"]), int(spec["associationTypeId"])
        except (TypeError, KeyError, ValueError):
            raise errors.shape(
                "an association type needs associationCategory and associationTypeId"
            ) from None
        pair = association_pair(call.account.extra, category, number)
        if pair is None or pair[0] != from_kind or (to_kind and pair[1] != to_kind):
            raise errors.refuse(
                "association_type",
                "One or more associations are invalid",
                context={"INVALID_ASSOCIATION_TYPE": [f"{category} {number} from {from_kind}"]},
            )
        to_kind = pair[1]
        labels.append(pair[2])
    return to_kind, tuple(labels)


def read_properties(call: Call, kind: Kind, given: Any, record: Record | None) -> dict[str, str]:
    """The ``properties`` of a write in the world's form; refuses what doesn't fit."""
    if not isinstance(given, dict):
        raise errors.shape('"properties" must be an object')
    values, problems = clean(call.account, kind.kind, given, record, call.hub.settings)
    if call.version >= REQUIRED_SINCE:
        problems += missing(call.account, kind.kind, values, record, call.hub.settings)
    if problems:
        raise errors.property_errors(problems, call.account.portal_id)
    return values


def check_unique(
    call: Call,
    kind: Kind,
    values: Mapping[str, str],
    record: Record | None,
    taken: set[tuple[str, str]] | None = None,
) -> None:
    """Refuses values of unique properties that another record has.

    ``taken`` gathers the values of one batch: its inputs conflict with one another too.
    """
    account = call.account
    for name in account.unique[kind.kind]:
        value = values.get(name)
        if not value:
            continue
        other = account.find_unique(kind.kind, name, value)
        if other is None and call.hub.settings.archived_hold_unique:
            other = account.find_unique(kind.kind, name, value, archived=True)
        if other is not None and other is not record:
            raise conflict(call, kind, name, value, other.id)
        if taken is not None:
            key = (name, unique_key(kind.kind, name, value))
            if key in taken:
                raise conflict(call, kind, name, value, "another input of this batch")
            taken.add(key)


def conflict(call: Call, kind: Kind, name: str, value: str, other: str) -> errors.ApiError:
    """The refusal of a taken unique value."""
    if kind.kind == "contacts" and name == "email":
        return errors.contact_exists(other)
    return errors.unique_conflict(
        call.hub.settings.unique_conflict_status,
        call.account.portal_id,
        kind.singular.upper(),
        name,
        value,
        other,
    )


def create_one(
    call: Call,
    kind: Kind,
    given: Mapping[str, Any],
    taken: set[tuple[str, str]] | None = None,
) -> tuple[dict[str, str], list[Link]]:
    """Checks one creation whole; what it returns can be created without failing."""
    values = read_properties(call, kind, given.get("properties"), None)
    links = read_links(call, kind, given.get("associations"))
    if kind.kind == "leads" and not any(link.kind == "contacts" for link in links):
        message = "A lead must be associated with a contact when it is created"
        raise errors.refuse("lead_contact_missing", message)
    check_unique(call, kind, values, None, taken)
    return values, links
