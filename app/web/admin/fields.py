"""Fields of a plain HTML form: what stands in them, and what was wrong with what somebody typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

Kind = Literal["text", "area", "number", "bool", "choice", "many", "window"]

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """name: of the HTML field. value: text as it stands in it (`many`: each chosen one in a line of
    its own; `bool`: "on" or empty; `window`: "09:00 17:00"). options: (value, label) of a choice.
    hint: what it means, or what may stand there. problem: why what stands there is refused. rows:
    of an area. listed: id of the list that completes it. starts: it begins a line. redraw: another
    choice brings other fields with it. places: where the value stands in a file, if the field is
    not named after that."""

    name: str
    label: str
    kind: Kind
    value: str = ""
    options: Options = ()
    hint: str = ""
    problem: str = ""
    placeholder: str = ""
    rows: int = 4
    listed: str = ""
    starts: bool = False
    redraw: bool = False
    places: Sequence[str] = ()

    @property
    def offered(self) -> Options:
        """The options, and what stands in the field beside them: a page that did not know a word
        would otherwise put another in its place."""
        known = {value for value, _ in self.options}
        standing = self.chosen if self.kind == "many" else [self.value]
        return [*self.options, *((one, one or "none") for one in standing if one not in known)]

    @property
    def chosen(self) -> list[str]:
        """The values of a field of kind `many`."""
        return [line for line in self.value.split("\n") if line]


def given(form: Any, field: Field) -> str | None:
    """What the form brought for a field, in the form of its value; None: it was not on the page."""
    if field.kind == "window":
        start, end = form.get(f"{field.name}.start"), form.get(f"{field.name}.end")
        return None if start is None or end is None else f"{start} {end}".strip()
    if field.kind in ("bool", "many"):
        # A box that is not ticked sends nothing, so a hidden field says that it was there.
        if form.get(f"{field.name}.there") is None:
            return None
        if field.kind == "bool":
            return "on" if form.get(field.name) else ""
        return "\n".join(form.getlist(field.name))
    text = form.get(field.name)
    return None if text is None else str(text).replace("\r\n", "\n").strip()


def refilled(field: Field, form: Any) -> Field:
    """The field with what somebody typed, so that a refusal loses nothing of it."""
    text = given(form, field)
    return field if text is None else replace(field, value=text)


def marked(
    fields: Sequence[Field], problems: Sequence[Mapping[str, Any]]
) -> tuple[list[Field], list[Mapping[str, Any]]]:
    """The fields with the problems that name them, and the problems that name none of them."""
    by_name: dict[str, list[str]] = {}
    left: list[Mapping[str, Any]] = []
    names = {field.name for field in fields}
    for problem in problems:
        place = str(problem.get("field", ""))
        name = next((n for n in names if place == n or place.startswith((f"{n}.", f"{n}["))), None)
        if name is None:
            left.append(problem)
        else:
            by_name.setdefault(name, []).append(str(problem.get("message", "")))
    return [replace(f, problem="; ".join(by_name.get(f.name, ()))) for f in fields], left


def clock(minutes: Any) -> str:
    """540 as "09:00"; 1440, the end of the day, as "24:00"."""
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}"


def minutes(text: str) -> int:
    """ "09:00" as 540. Raises ValueError that says what would be right."""
    hours, colon, rest = text.strip().partition(":")
    if not colon or not hours.isdecimal() or not rest[:2].isdecimal() or int(rest[:2]) > 59:
        raise ValueError(f"{text!r} is no time of day; write it like 09:00")
    return int(hours) * 60 + int(rest[:2])


def window(value: Any) -> str:
    """[540, 1020] as a field of kind `window` holds it."""
    start, end = cast(Sequence[int], value)
    return f"{clock(start)} {clock(end)}"
