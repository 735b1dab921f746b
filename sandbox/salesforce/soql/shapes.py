"""How selected values stand in an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.model import Row, SObject, instant
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.fields import Found, follow, relation_of
from sandbox.salesforce.soql.tree import Path

Step = tuple[str, Callable[[Row], Row | None], bool]
"""A relationship on the way: its name, what it leads to, whether that may be of several kinds."""


def attributes(org: Org, row: Row, version: str) -> dict[str, Any]:
    """Type and address of a row."""
    record_id = org.objects[row.sobject].fields["Id"].read(org, row)
    url = f"/services/data/{version}/sobjects/{row.sobject}/{record_id}"
    return {"type": row.sobject, "url": url}


@dataclass
class Shape:
    """One selected value: where it stands in the record, and how it is read."""

    names: tuple[str, ...]
    get: Callable[[Row], Any]
    type: str
    steps: tuple[Step, ...]
    org: Org | None = None
    version: str = ""

    def put(self, told: dict[str, Any], row: Row) -> None:
        """Puts the value into a record; what a relationship leads to stands as an object, or as
        null where it leads nowhere."""
        place, here = told, row
        for name, follow_step, several in self.steps:
            there = follow_step(here)
            if there is None:
                place[name] = None
                return
            if not place.get(name):
                assert self.org is not None
                told_of = attributes(self.org, there, self.version)
                place[name] = {"attributes": told_of | {"type": "Name"} if several else told_of}
            place, here = place[name], there
        value = self.get(row)
        if value is not None and self.type == "datetime":
            value = instant(value)
        place[self.names[-1]] = value


def plain_shape(org: Org, sobject: SObject, path: Path, found: Found, version: str) -> Shape:
    """The shape of a path that was resolved."""
    steps: list[Step] = []
    here = sobject
    for part in path.parts[:-1]:
        reference = relation_of(here, part)
        assert reference is not None
        several = len(reference.refers) > 1
        steps.append((reference.relation, follow(org, reference), several))
        if not several:
            here = org.objects[reference.refers[0]]
    kind = found.field.type if found.field else "string"
    return Shape(found.names, found.get, kind, tuple(steps), org, version)
