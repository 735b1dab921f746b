"""What a playbook says it needs of the account's own data, held against what is mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.playbooks.fields import CONDITION_FIELDS, DATE_FIELDS, DATE_TYPES, unmapped
from app.playbooks.finding import Finding, Location
from app.playbooks.playbook_schema import PlaybookYaml

_ALIKE: Mapping[str, frozenset[str]] = {
    "date": DATE_TYPES,
    "instant": frozenset({"instant"}),
    "number": frozenset({"number"}),
    "bool": frozenset({"bool", "flag"}),
}
"""Type that is needed → types of a mapped field that will do; for a text all will."""


def declared(playbook: PlaybookYaml) -> dict[str, str]:
    """The fields under `needs`, each with its type."""
    return {need.field: need.type for need in playbook.needs}


def form_findings(playbook: PlaybookYaml) -> Iterator[Finding]:
    """Needs that are none, whatever the installation has."""
    for index, need in enumerate(playbook.needs):
        base: Location = ("needs", index, "field")
        if need.field in (*CONDITION_FIELDS, *DATE_FIELDS):
            yield Finding(base, f"`{need.field}` is read of every record", "leave this need out")
        elif need.field in [other.field for other in playbook.needs[:index]]:
            yield Finding(base, f"`{need.field}` stands twice", "keep one of the two")


def mapping_findings(playbook: PlaybookYaml, fields: Mapping[str, str]) -> Iterator[Finding]:
    """Needs that the installation does not meet. fields: what it has mapped, with types."""
    for index, need in enumerate(playbook.needs):
        base: Location = ("needs", index, "field")
        type = fields.get(need.field)
        if type is None:
            yield unmapped(base, need.field, fields)
        elif type not in _ALIKE.get(need.type, {type}):
            yield Finding(
                base,
                f"`{need.field}` is mapped to a property of type {type}, and {need.type} is needed",
                f"map a property to it that holds a {need.type} (PUT /api/mapping)",
            )


def unused_findings(playbook: PlaybookYaml, used: set[str]) -> Iterator[Finding]:
    """Needs that nothing asks for: an admin would map a property for nothing.

    used: what rules, steps and goals ask, as `app.playbooks.needs.needs` finds it.
    """
    texts = [text for one in playbook.templates.values() for text in (one.body, one.email_subject)]
    for index, need in enumerate(playbook.needs):
        if need.field not in used and not any(need.field in (text or "") for text in texts):
            yield Finding(
                ("needs", index, "field"),
                f"nothing in this playbook uses `{need.field}`",
                "leave this need out, or use the field in a rule, a step or a text",
            )
