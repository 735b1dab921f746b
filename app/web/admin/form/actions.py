"""What a rule does, as fields: every item of its `then`, and what can be added to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.playbooks.raw import Path, items, mapping, plain
from app.playbooks.schema import ACTION_KEYS
from app.playbooks.staff import REASSIGN_WORDS
from app.web.admin.fields import Field, Options
from app.web.admin.form.controls import momentum_fields
from app.web.admin.form.persons import reassign_items
from app.web.admin.form.rows import steps_box
from app.web.admin.form.shape import Box, Button, Item, Known, Piece, dotted, listed, named

TITLES: Mapping[str, str] = {
    "create_tasks": "Create tasks at once",
    "enrol": "Begin a sequence",
    "stop": "Stop sequences",
    "notify": "Tell somebody",
    "set": "Set the momentum",
    "hold": "Hold what is planned",
    "reassign": "Give the record to somebody else",
}
WHO: Options = tuple((who, f"the {who}") for who in ("owner", "manager", "admin"))
_TO = dict(zip(REASSIGN_WORDS, ("the owner's manager", "the default owner"), strict=True))


def actions_box(done: Any, path: Path, known: Known, label: str = "What it does") -> Box:
    """Every action of a list, in its order. path: of the list."""
    rows = items(done)
    found: list[Item] = []
    for number, row in enumerate(rows):
        action, place = mapping(row), (*path, number)
        key = next((key for key in ACTION_KEYS if key in action), "")
        if not key:
            continue
        here, title = dotted(place), TITLES[key]
        buttons = [
            Button(f"up:{here}", "Up", f"{title}, earlier"),
            Button(f"down:{here}", "Down", f"{title}, later"),
        ] if len(rows) > 1 else []  # fmt: skip
        if len(rows) > 1 or path[0] == "momentum":
            buttons.append(Button(f"remove:{here}", "Remove", title, danger=True))
        box = _fields(key, action[key], (*place, key), known)
        found.append(replace(box, label=title, buttons=[*box.buttons, *buttons]))
    adds = [Button(f"add-{key}:{dotted(path)}", title) for key, title in TITLES.items()]
    more = Box("Do something else as well", [], style="more", buttons=adds)
    return Box(label, [*found, more], style="list")


def _fields(key: str, value: Any, path: Path, known: Known) -> Box:
    if key == "create_tasks":
        return Box("", [steps_box(value, path, known)])
    if key == "stop":
        return _stop(value, path, known)
    return Box("", _PLAIN[key](value, path, known))


def _enrol(value: Any, path: Path, known: Known) -> list[Item]:
    return [Field(dotted(path), "Which sequence", "choice", plain(value), known.sequences)]


def _stop(value: Any, path: Path, known: Known) -> Box:
    name = named(path, "~stopped")
    chosen = "\n".join(map(plain, items(value)))
    field = Field(name, "Which; none ticked means every one", "many", chosen, known.sequences,
                  places=[dotted(path)])  # fmt: skip
    return Box("", [field], piece=Piece(path, lambda typed: listed(typed[name]) or "any"))


def _notify(value: Any, path: Path, known: Known) -> list[Item]:
    told = mapping(value)
    return [
        Field(named(path, "who"), "Tell", "choice", plain(told.get("who")), WHO),
        Field(named(path, "template"), "with the text", "choice", plain(told.get("template")),
              [(name, name) for name in known.templates]),
    ]  # fmt: skip


def _hold(value: Any, path: Path, known: Known) -> list[Item]:
    given = mapping(value)
    return [
        Field(named(path, "for"), "For how long", "text", plain(given.get("for")),
              hint="such as 7d"),
        Field(named(path, "reason"), "Why", "text", plain(given.get("reason")),
              hint="stands on the record, such as: a contract is being checked"),
    ]  # fmt: skip


def _reassign(value: Any, path: Path, known: Known) -> list[Item]:
    return reassign_items(value, path, list(_TO.items()), known)


def _set(value: Any, path: Path, known: Known) -> list[Item]:
    return list(momentum_fields(value, path))


_PLAIN = {"enrol": _enrol, "notify": _notify, "hold": _hold, "reassign": _reassign, "set": _set}


def added(key: str, known: Known) -> Any:
    """An action to begin with, but for its tasks and texts."""
    first = known.templates[0] if known.templates else ""
    values: Mapping[str, Any] = {
        "enrol": known.sequences[0][0] if known.sequences else "",
        "stop": "any",
        "notify": {"who": "manager", "template": first},
        "set": {"field": "momentum", "value": "hot"},
        "hold": {"reason": "Somebody looks at it first", "for": "7d"},
        "reassign": REASSIGN_WORDS[0],
    }
    return values[key]


