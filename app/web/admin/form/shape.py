"""What the editor's form is made of: fields, boxes of fields, rows of steps.

A box may stand for one value of the file (a condition, a signal, what comes after an end): it says
where that value stands and reads it from its fields. Every other field stands for the key that it
is named after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.playbooks.raw import Path
from app.playbooks.timeline import Mark
from app.web.admin.fields import Field, Options

Typed = Mapping[str, str]
"""Field's name → its text: as somebody typed it, else as it stands."""

MOMENTA: Options = (("hot", "hot"), ("warm", "warm"), ("recycle", "laid aside"))


@dataclass(frozen=True, slots=True)
class Button:
    """A press that changes the text; `do` names deed and place. says: for whoever does not see
    beside what it stands."""

    do: str
    label: str
    says: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A value that several fields stand for. read: what the file would say, None where the key is
    to go. whole: what stands under it in other fields is replaced with it."""

    path: Path
    read: Callable[[Typed], Any]
    order: Sequence[str] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """Fields that belong together. style: `group` has a frame, `row` is one line of a list, `more`
    is folded, open from the start where it is `set`."""

    label: str
    items: Sequence[Item]
    hint: str = ""
    style: str = "group"
    buttons: Sequence[Button] = ()
    piece: Piece | None = None
    set: bool = False


@dataclass(frozen=True, slots=True)
class StepForm:
    """One step: where it stands, its mark on the axis, its fields, what can be done with it."""

    path: str
    mark: Mark
    items: Sequence[Item]
    buttons: Sequence[Button] = ()
    removable: bool = True


@dataclass(frozen=True, slots=True)
class Steps:
    """A list of steps, drawn on an axis. row: where the list stands."""

    row: str
    steps: Sequence[StepForm]
    drawing: Mapping[str, Any] | None
    label: str = ""
    buttons: Sequence[Button] = ()


Item = Field | Box | Steps


@dataclass(frozen=True, slots=True)
class Part:
    """A rule, a sequence, a text, the momentum. path: of it; id: its name; said: what it is, in
    words; used_by: what names it."""

    path: str
    id: str
    title: str
    items: Sequence[Item]
    said: str = ""
    used_by: Sequence[str] = ()
    removable: bool = True


@dataclass(frozen=True)
class Known:
    """What fields may name: texts of the playbook, its sequences as (id, title), fields that hold
    dates, teams, people as (owner id, address, name), pipelines as (id, name)."""

    templates: Sequence[str] = ()
    dates: Sequence[str] = ()
    teams: Sequence[str] = ()
    staff: Sequence[tuple[str, str, str]] = ()
    pipelines: Options = ()
    sequences: Options = ()

    @cached_property
    def people(self) -> Options:
        """Those with an address, as (address, name)."""
        return [(address, name or address) for _, address, name in self.staff if address]

    @cached_property
    def owners(self) -> Options:
        """Those who can own a record, as (owner id, name)."""
        return [(id, name or address or id) for id, address, name in self.staff if id]

    @cached_property
    def by_address(self) -> Mapping[str, str]:
        """Owner ids by addresses in small letters."""
        return {address.casefold(): id for id, address, _ in self.staff if address}


@dataclass(frozen=True, slots=True)
class Form:
    """The whole playbook as a form."""

    head: Sequence[Item]
    momentum: Part | None
    rules: Sequence[Part]
    sequences: Sequence[Part]
    templates: Sequence[Part]

    def items(self) -> Iterator[Item]:
        yield from self.head
        momentum = [self.momentum] if self.momentum is not None else []
        for part in (*momentum, *self.rules, *self.sequences, *self.templates):
            yield from part.items

    def fields(self) -> Iterator[Field]:
        yield from fields_in(self.items())


def fields_in(items: Iterable[Item]) -> Iterator[Field]:
    """Every field, in the order of the page."""
    for one in items:
        if isinstance(one, Field):
            yield one
        elif isinstance(one, Box):
            yield from fields_in(one.items)
        else:
            for step in one.steps:
                yield from fields_in(step.items)


def pieces_in(items: Iterable[Item]) -> Iterator[tuple[Piece, list[Field]]]:
    """Every value that several fields stand for, with its fields."""
    for one in items:
        if isinstance(one, Steps):
            for step in one.steps:
                yield from pieces_in(step.items)
        elif isinstance(one, Box) and one.piece is not None:
            yield one.piece, list(fields_in(one.items))
        elif isinstance(one, Box):
            yield from pieces_in(one.items)


def dotted(path: Path) -> str:
    """The path as the name of a field: `sequences.0.steps.1.at`."""
    return ".".join(map(str, path))


def path_of(name: str) -> Path:
    """A field's name as a path: numbers are places in lists, but for the names of texts."""
    parts = name.split(".")
    text = parts[0] == "templates"
    return tuple(int(p) if p.isdecimal() and not text else p for p in parts)


def named(path: Path, *more: int | str) -> str:
    return dotted((*path, *more))


def choices(words: Iterable[str]) -> list[tuple[str, str]]:
    """Words of the file as they are offered: told by themselves."""
    return [(word, word.replace("_", " ")) for word in words]


def number(text: str) -> Any:
    """What somebody typed as the file would have it; what is no number is left for the checks to
    refuse, nothing at all takes the key out."""
    if text.isdecimal():
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text or None


def listed(text: str) -> list[str]:
    """ "a, b" or a line each."""
    return [one for part in text.split("\n") for word in part.split(",") if (one := word.strip())]


def filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not said."""
    return {key: value for key, value in given.items() if value not in (None, "", [])}
