"""Segments of the caps, whose conditions are written as in a playbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from app.model.guard import Cap, CapSegment
from app.model.vocabulary import TaskType
from app.playbooks.build import condition_of
from app.playbooks.fields import condition_findings, dates_of
from app.playbooks.loader import problems_of
from app.playbooks.schema import ConditionYaml

_FORM: TypeAdapter[Any] = TypeAdapter(ConditionYaml)


class _Limits(Protocol):
    def cap(self) -> Cap: ...


class Segment(_Limits, Protocol):
    """What the settings say of one segment."""

    @property
    def name(self) -> str: ...
    @property
    def segment(self) -> dict[str, Any] | None: ...
    @property
    def channels(self) -> Mapping[Any, _Limits]: ...


def segments_of(settings: Iterable[Segment]) -> tuple[CapSegment, ...]:
    """The segments as the guard reads them. The settings must have passed `wrong_segments`."""
    return tuple(
        CapSegment(
            one.name,
            None if one.segment is None else condition_of(_FORM.validate_python(one.segment)),
            one.cap(),
            {TaskType(kind): limits.cap() for kind, limits in one.channels.items()},
        )
        for one in settings
    )


def wrong_segments(
    settings: Iterable[Segment], fields: Mapping[str, str]
) -> list[dict[str, str]]:
    """What is wrong with the segments' conditions, each with its field and what would be right.

    fields: names that the installation has mapped, each with its type.
    """
    found: list[dict[str, str]] = []
    dates = dates_of(fields)
    for number, one in enumerate(settings):
        if one.segment is None:
            continue
        base = f"caps.{number}.segment"
        try:
            condition = _FORM.validate_python(one.segment)
        except ValidationError as error:
            for problem in problems_of(error, "", None):
                found.append(_said(f"{base}.{problem.field}", problem.message, problem.suggestion))
            continue
        for finding in condition_findings((), condition, frozenset(fields), dates):
            place = ".".join(map(str, finding.location))
            found.append(_said(f"{base}.{place}", finding.message, finding.suggestion))
    return found


def _said(field: str, message: str, suggestion: str) -> dict[str, str]:
    return {"field": field.rstrip("."), "message": f"{message}; {suggestion}".removesuffix("; ")}
