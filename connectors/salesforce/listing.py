"""Queries that list records page by page, and the cursors between pages.

A page begins behind the last record of the one before, by id or by (modified, id): what changes
while we page moves to its end and is seen again, and nothing is passed over, as by an offset.
"""

from __future__ import annotations

from connectors.contract import ObjectType
from connectors.salesforce.api import quoted
from connectors.salesforce.due import literal, told
from connectors.salesforce.rows import Row
from connectors.salesforce.schema import Shape
from connectors.salesforce.tables import CALLS_ONLY, PAGE

LEADS_FROM = "lead:"
"""Begins the cursor of a listing of people once contacts are through and leads follow."""

ROLES_FROM = "role:"
"""Begins that of a listing of opportunities once they are through and their people follow."""


def place_of(type: ObjectType, after: str | None) -> tuple[ObjectType, str]:
    """(what is listed, where it goes on) of a cursor of ours."""
    if after and after.startswith(LEADS_FROM):
        return "lead", after.removeprefix(LEADS_FROM)
    return type, after or ""


def _select(shape: Shape) -> str:
    return f"SELECT {', '.join(shape.columns)} FROM {shape.sobject}"


def listing(shape: Shape, last: str) -> str:
    conditions = [f"Id > {quoted(last)}"] if last else []
    if shape.type == "lead" and shape.has("IsConverted"):
        conditions.append("IsConverted = false")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{_select(shape)}{where} ORDER BY Id LIMIT {PAGE}"


def changes(shape: Shape, begin: int, cursor: str) -> str:
    only = f" AND {CALLS_ONLY}" if shape.type == "call" else ""
    after = modified(begin, cursor)
    return f"{_select(shape)} WHERE {after}{only} ORDER BY SystemModstamp, Id LIMIT {PAGE}"


def modified(begin: int, cursor: str) -> str:
    """The condition of a page of what changed: from an instant on, or behind the page before."""
    if not cursor:
        return f"SystemModstamp >= {literal(begin)}"
    instant, _, last = cursor.partition("/")
    at = literal(int(instant))
    return f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {quoted(last)}))"


def behind(row: Row) -> str:
    """The cursor behind a row of what changed."""
    return f"{told(row['SystemModstamp']) or 0}/{row['Id']}"
