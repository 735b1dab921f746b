"""Our footprint in a Pipedrive account: few custom fields, found again by their names, and the
subscriptions by which it tells us of changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import CrmError, Forbidden, InstallReport, Misfit, ObjectType, RateLimited
from connectors.pipedrive.api import Api, v2
from connectors.pipedrive.fields import LISTS, FieldInfo, Fields, find_ours
from connectors.pipedrive.tables import PATHS


@dataclass(frozen=True, slots=True)
class Own:
    """A custom field of ours. property: its name in `mappings/pipedrive.yaml`."""

    property: str
    name: str
    type: str
    options: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"field_name": self.name, "field_type": self.type}
        if self.options:
            body["options"] = [{"label": label} for label in self.options]
        return body


_CONTROL = Own("followthrough_control", "Follow-up control", "enum", ("Run", "Pause", "Stop"))

FOOTPRINT: Mapping[ObjectType, tuple[Own, ...]] = {
    "deal": (
        _CONTROL,
        Own("followthrough_pause_until", "Follow-up paused until", "date"),
        Own("followthrough_momentum", "Follow-up momentum", "enum", ("Hot", "Warm", "Recycle")),
        Own("followthrough_next_touch_at", "Follow-up: next touch", "date"),
        Own("followthrough_last_touch_at", "Follow-up: last touch", "date"),
        Own("followthrough_sequence", "Follow-up sequence", "varchar"),
    ),
    "contact": (
        _CONTROL,
        Own("followthrough_opted_out", "Follow-up: opted out", "enum", ("Yes", "No")),
    ),
}

NAMES: Mapping[ObjectType, Mapping[str, str]] = {
    type: {own.property: own.name for own in owns} for type, owns in FOOTPRINT.items()
}


def install(api: Api, fields: Fields) -> InstallReport:
    """Create the fields that are missing; safe to repeat.

    A refusal of one is reported, not raised: the rest of the product works without it.
    """
    created: list[str] = []
    existing: list[str] = []
    refused: list[tuple[str, str]] = []
    for type, owns in FOOTPRINT.items():
        there = find_ours(fields.of(type, fresh=True).values(), NAMES[type])
        for own in owns:
            name = f"{PATHS[type]}.{own.property}"
            if own.property in there:
                existing.append(name)
                continue
            try:
                api.call("POST", v2(LISTS[type]), body=own.body(), priority="admin")
            except RateLimited:
                raise
            except CrmError as error:
                refused.append((name, error.message))
            else:
                created.append(name)
        if len(there) < len(owns):
            fields.of(type, fresh=True)
    for type in FOOTPRINT:
        refused += [
            (found.name, f"the field {found.problem}")
            for found in misfits(type, fields.of(type)) if found.name not in dict(refused)
        ]  # fmt: skip
    return InstallReport(False, tuple(created), tuple(existing), tuple(refused))


def misfits(type: ObjectType, there: Mapping[str, FieldInfo]) -> Iterator[Misfit]:
    """What of our footprint one type's fields lack or have otherwise."""
    found = find_ours(there.values(), NAMES.get(type, {}))
    for own in FOOTPRINT.get(type, ()):
        info = found.get(own.property)
        if info is None:
            said = f"{own.name!r} is missing"
        elif info.type != own.type:
            said = f"{own.name!r} is of the type {info.type} instead of {own.type}"
        else:
            words = {label.casefold() for label in info.options.values()}
            missing = [label for label in own.options if label.casefold() not in words]
            if not missing:
                continue
            said = f"{own.name!r} lacks the options {', '.join(missing)}; add them in Pipedrive"
        yield Misfit(f"{PATHS[type]}.{own.property}", said, ours=True)


def check(type: ObjectType, fields: Fields) -> list[Misfit]:
    """As `misfits`, the fields just read; what the grant hides is a misfit of its own."""
    try:
        there = fields.of(type, fresh=True)
    except Forbidden as error:
        return [Misfit(PATHS[type], f"cannot be checked: {error.message}", ours=False)]
    return list(misfits(type, there))
