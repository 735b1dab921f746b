"""What a condition demands outright, so that not every row has to be looked at."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.salesforce import ids
from sandbox.salesforce.soql.conditions import instant_of
from sandbox.salesforce.soql.tree import Compare, Condition, Logic, Path, Query
from sandbox.world.traces import Role


def demanded(condition: Condition | None, name: str) -> list[str] | None:
    """The ids of which a field must have one, where the condition says so outright."""
    if isinstance(condition, Logic) and condition.operator == "AND":
        for part in condition.parts:
            found = demanded(part, name)
            if found is not None:
                return found
        return None
    if (
        isinstance(condition, Compare)
        and isinstance(condition.left, Path)
        and [part.lower() for part in condition.left.parts] == [name]
        and condition.operator in ("=", "IN")
        and isinstance(condition.values, tuple)
    ):
        return [str(one.value) for one in condition.values if one.kind == "string"]
    return None


def joined(condition: Condition | None) -> Compare | None:
    """The join that the ids of all rows have to pass, where the condition says so outright."""
    if isinstance(condition, Logic) and condition.operator == "AND":
        return next((one for part in condition.parts if (one := joined(part)) is not None), None)
    if (
        isinstance(condition, Compare)
        and isinstance(condition.left, Path)
        and [part.lower() for part in condition.left.parts] == ["id"]
        and condition.operator == "IN"
        and isinstance(condition.values, Query)
    ):
        return condition
    return None


def ends_demanded(condition: Condition | None) -> Callable[[Role], bool] | None:
    """Whether a role may be among those whose opportunity or contact a condition demands; None
    where it demands neither."""
    deals = demanded(condition, "opportunityid")
    if deals is not None:
        of_deals = set(map(_number, deals))
        return lambda role: role.deal in of_deals
    people = demanded(condition, "contactid")
    if people is not None:
        of_people = set(map(_number, people))
        return lambda role: role.contact in of_people
    return None


def _number(text: str) -> str:
    """The number in an id, as records have it; empty for what is no id."""
    try:
        return str(ids.read(text)[1])
    except ids.NoId:
        return ""


def changed_since(condition: Condition | None) -> int:
    """The instant before which no row was last changed, where the condition says so outright."""
    if isinstance(condition, Logic) and condition.operator == "AND":
        return max(changed_since(part) for part in condition.parts)
    if (
        isinstance(condition, Compare)
        and isinstance(condition.left, Path)
        and [part.lower() for part in condition.left.parts] == ["systemmodstamp"]
        and condition.operator in (">", ">=", "=")
        and isinstance(condition.values, tuple)
        and condition.values[0].kind == "datetime"
    ):
        return instant_of(condition.values[0].value)
    return 0
