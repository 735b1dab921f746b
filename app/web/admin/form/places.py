"""Where things stand: values at paths of a document, and mistakes at the fields of the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from app.playbooks.raw import Path
from app.web.admin.fields import Field


def at(document: Any, path: Path) -> Any:
    """What stands at a path; None where there is nothing."""
    node: Any = document
    for part in path:
        if isinstance(node, Mapping):
            node = cast(Mapping[Any, Any], node).get(part)
        elif isinstance(node, list) and isinstance(part, int):
            rows = cast(list[Any], node)
            node = rows[part] if part < len(rows) else None
        else:
            return None
    return node


def placed(
    fields: Iterable[Field], problems: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, str], list[Mapping[str, Any]]]:
    """Field's name → what is wrong with it, as the command line says it; and the mistakes that have
    no field. A mistake belongs to the field of the narrowest place around it; one of a whole that
    has no field of its own, to the first field in it."""
    by_place: dict[str, str] = {}
    for field in fields:
        for place in (field.name, *field.places):
            by_place.setdefault(place, field.name)
    wrong: dict[str, list[str]] = {}
    left: list[Mapping[str, Any]] = []
    for problem in problems:
        name = _nearest(dots(str(problem.get("field", ""))), by_place)
        if name is None:
            left.append(problem)
            continue
        said = str(problem.get("message", ""))
        hint = str(problem.get("suggestion", "") or "")
        wrong.setdefault(name, []).append(f"{said}; {hint}" if hint else said)
    return {name: " · ".join(said) for name, said in wrong.items()}, left


def _nearest(place: str, by_place: Mapping[str, str]) -> str | None:
    if not place:
        return None
    around = place
    while around:
        if around in by_place:
            return by_place[around]
        around = around.rpartition(".")[0]
    return next((name for one, name in by_place.items() if one.startswith(f"{place}.")), None)


def dots(path: str) -> str:
    """`rules[0].when` as the name of a field: `rules.0.when`."""
    return path.replace("[", ".").replace("]", "")
