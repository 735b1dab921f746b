"""Choosing a person in the editor's form: of few from a list, of many by looking for them.

A firm of a thousand people would otherwise stand a thousand times in every step. The field for one
of many takes an address; what is typed brings up to `FOUND` of those whose name, address or team
has it, which are asked for then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.web.admin.fields import Field, Options
from app.web.admin.form.shape import Box, Item, Known, Piece, Typed, dotted, named

MANY = 30
"""People above which they are looked for."""

FOUND = 20
LIST = "people-found"
"""Id of the list on the page that takes what is found."""

_SOUGHT = "write part of a name and choose, or the whole address"
ONE: Options = (("rep", "one person …"),)


def found(staff: Iterable[Mapping[Any, Any]], words: str) -> list[dict[str, str]]:
    """The active people with an address who are meant by words, by their names; those in whom a
    word begins with each of them come first."""
    asked = words.casefold().split()
    ranked: list[tuple[bool, str, dict[str, str]]] = []
    for row in staff:
        name, team = row["name"] or row["email"], row["team"] or ""
        told = f"{name} {row['email']} {team}".casefold()
        if row["active"] and row["email"] and all(word in told for word in asked):
            begun = all(any(part.startswith(word) for part in told.split()) for word in asked)
            one = {"value": row["email"], "label": name, "team": team}
            ranked.append((not begun, f"{name.casefold()} {row['email']}", one))
    ranked.sort(key=lambda one: one[:2])
    return [one for _, _, one in ranked[:FOUND]]


# --- whose a task is -----------------------------------------------------------------------------


def assigned(step: Raw) -> str:
    """Whose the task is, as its field holds it."""
    assign = step.get("assign")
    if isinstance(assign, Mapping):
        given = mapping(assign)
        return f"team {given['team']}" if "team" in given else f"rep {given.get('rep', '')}"
    return "manager" if assign == "manager" else ""


def assign_of(value: str) -> Any:
    """`team north` as the file says it; None for the owner."""
    kind, _, name = value.partition(" ")
    return {kind: name} if kind in ("team", "rep") else value or None


def assign_fields(
    owner: Path, key: str, label: str, standing: str, known: Known, place: Path,
    options: Options = (("", "the owner"),),
) -> list[Field]:  # fmt: skip
    """Whose a task is. owner, key: of the field's name; its person's is the key with `-person`.
    standing: as `assigned` says it. place: where it stands in the file."""
    options = [
        *options, ("manager", "the owner's manager"),
        *((f"team {name}", f"the team {name}, in turn") for name in known.teams),
    ]  # fmt: skip
    name = named(owner, key)
    if len(known.people) <= MANY:
        options += [(f"rep {address}", who) for address, who in known.people]
        return [Field(name, label, "choice", standing, options, places=[dotted(place)])]
    kind, _, address = standing.partition(" ")
    one = kind == "rep"
    choice = Field(name, label, "choice", "rep" if one else standing, [*options, *ONE],
                   redraw=True, places=[dotted(place)])  # fmt: skip
    if not one:
        return [choice]
    return [choice, _person(f"{name}-person", address, known, named(place, "rep"))]


def chosen(whom: str, person: str) -> str:
    """What the two fields of `assign_fields` say, as `assigned` says it."""
    return f"rep {person}" if whom == "rep" else whom


def _person(name: str, address: str, known: Known, place: str) -> Field:
    who = dict(known.people).get(address) or _SOUGHT
    return Field(name, "Who", "text", address, hint=who, listed=LIST, places=[place])


# --- to whom a record goes -----------------------------------------------------------------------


def reassign_items(value: Any, path: Path, words: Options, known: Known) -> list[Item]:
    """To whom a record is given: one of the words, or a person."""
    standing = plain(value)
    if len(known.people) <= MANY:
        return [Field(dotted(path), "To whom", "choice", standing, [*words, *known.people])]
    word = any(standing == one for one, _ in words)
    whom = Field(named(path, "~whom"), "To whom", "choice", standing if word else "rep",
                 [*words, *ONE], redraw=True, places=[dotted(path)])  # fmt: skip
    person = None if word else _person(named(path, "~person"), standing, known, dotted(path))

    def read(typed: Typed) -> object:
        if typed[whom.name] != "rep":
            return typed[whom.name]
        return "" if person is None else typed[person.name]

    fields = [whom] if person is None else [whom, person]
    return [Box("", fields, style="plain", piece=Piece(path, read))]


# --- whose records a rule is for -----------------------------------------------------------------


def owner_fields(scope: Raw, path: Path, label: str, known: Known) -> list[Field]:
    """Owners to tick; of many those alone that are ticked, and a field for one more."""
    standing = [plain(one) for one in items(scope.get("reps"))]
    names = dict(known.owners)
    gone = [one for one in standing if one not in names]
    problem = f"nobody active: {', '.join(gone)}" if gone and names else ""
    many = len(names) > MANY
    options = [(one, names[one]) for one in standing if one in names] if many else known.owners
    ticked = Field(named(path, "reps"), label, "many", "\n".join(standing), options,
                   problem=problem)  # fmt: skip
    if not many:
        return [ticked] if options or standing else []
    more = Field(named(path, "~owner"), "One more owner" if standing else label, "text",
                 hint=_SOUGHT, listed=LIST)  # fmt: skip
    return [ticked, more] if standing else [more]


def owners_typed(path: Path, typed: Typed, known: Known) -> list[str]:
    """The owners that the fields say: those ticked, and the one that was typed."""
    ticked = typed.get(named(path, "reps"), "").split("\n")
    more = typed.get(named(path, "~owner"), "").strip()
    one = known.by_address.get(more.casefold(), more)
    return [*dict.fromkeys(who for who in (*ticked, one) if who)]
