"""What comes after a sequence, by why it ended, in the editor's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.model.vocabulary import Priority, TaskType
from app.playbooks import phrases
from app.playbooks.end_schema import REASONS, EndYaml
from app.playbooks.raw import Path, Raw, mapping, plain
from app.web.admin.fields import Field, Options
from app.web.admin.form.persons import assign_fields, assign_of, assigned, chosen
from app.web.admin.form.shape import Box, Known, Piece, Typed, choices, dotted, filled, named

_WHY: Mapping[str, str] = {
    **phrases.EXITS,
    "finished": "its last step is done",
    "goal_reached": "its goal is reached",
}
_NEXT: Options = (
    ("", "nothing more"),
    ("next", "another sequence begins"),
    ("recycle", "the record is laid aside, and comes back"),
    ("review", "somebody is asked what is to become of it"),
    ("archive", "it is closed for good"),
)
_REVIEW = ("template", "at", "task", "subject", "priority")


def ends_box(end: Any, path: Path, known: Known, own: str, order: Sequence[str]) -> Box:
    """What follows each end. own: id of the sequence itself, which is no choice by itself."""
    short = not mapping(end) or bool(EndYaml.model_fields.keys() & mapping(end).keys())
    ends: Mapping[str, Any] = {"finished": end} if short and end is not None else mapping(end)
    others: list[Field] = []
    for reason in REASONS[1:]:
        others += _fields(reason, ends.get(reason), (*path, reason), (*path, reason), known)
    place = path if short else (*path, "finished")
    first = _fields("finished", ends.get("finished"), (*path, "finished"), place, known)

    def read(typed: Typed) -> Any:
        found = {reason: said for reason in REASONS
                 if (said := _read(reason, ends.get(reason), path, typed, known, own)) is not None}
        if short and end is not None and set(found) == {"finished"}:
            return found["finished"]
        return found or None

    more = Box("After another end", others, style="more", hint="What comes when it ends before its "
               "last step.", set=bool(set(ends) - {"finished"}))  # fmt: skip
    return Box("What comes after it", [*first, more], style="plain",
               piece=Piece(path, read, order))  # fmt: skip


def _kind(end: Any) -> str:
    if isinstance(end, str):
        return end
    return next((key for key in ("next", "recycle", "review") if key in mapping(end)), "")


def _fields(reason: str, end: Any, name: Path, place: Path, known: Known) -> list[Field]:
    kind, given = _kind(end), mapping(end)
    label = f"When {_WHY[reason]}"
    found = [Field(named(name, "~what"), label, "choice", kind, _NEXT, redraw=True,
                   places=[dotted(place)], starts=True)]  # fmt: skip
    if kind == "next":
        found += [
            Field(named(name, "~next"), "Which sequence", "choice", plain(given.get("next")),
                  known.sequences, places=[named(place, "next")]),
            Field(named(name, "~after"), "how long after", "text", plain(given.get("after")),
                  hint="such as 7d; empty: at once", places=[named(place, "after")]),
        ]  # fmt: skip
    elif kind == "recycle":
        found.append(Field(named(name, "~recycle"), "It comes back after", "text",
                           plain(given.get("recycle")), hint="such as 90d",
                           places=[named(place, "recycle")]))  # fmt: skip
    elif kind == "review":
        found += _review(mapping(given.get("review")), name, (*place, "review"), known)
    return found


def _review(given: Raw, name: Path, place: Path, known: Known) -> list[Field]:
    def field(key: str, label: str, kind: Any, options: Options = (), hint: str = "") -> Field:
        return Field(named(name, f"~{key}"), label, kind, plain(given.get(key)), options, hint,
                     places=[named(place, key)])  # fmt: skip

    return [
        field("template", "With the text", "choice", [(one, one) for one in known.templates]),
        field("subject", "Task's subject", "text", hint="empty: as the text's decision says"),
        field("at", "When", "text", hint="such as 1d after the end; empty: at once"),
        field("task", "What", "choice", [("", "to-do"), *choices(one.value for one in TaskType)]),
        field("priority", "Priority", "choice",
              [("", "as the kind of task says"), *choices(one.value for one in Priority)]),
        *assign_fields(name, "~assign", "Whose task", assigned(given), known, (*place, "assign")),
    ]  # fmt: skip


def _read(reason: str, end: Any, path: Path, typed: Typed, known: Known, own: str) -> Any:
    name = (*path, reason)
    kind = typed[named(name, "~what")]
    if kind in ("", "archive"):
        return kind or None

    def said(key: str) -> str:
        return typed.get(named(name, f"~{key}"), "")

    if kind != _kind(end):
        others = [id for id, _ in known.sequences if id != own]
        first = known.templates[0] if known.templates else ""
        fresh: Mapping[str, Any] = {
            "next": {"next": others[0] if others else own},
            "recycle": {"recycle": "90d"},
            "review": {"review": {"template": first}},
        }
        return fresh[kind]
    if kind == "next":
        return {"next": said("next"), **filled({"after": said("after")})}
    if kind == "recycle":
        return {"recycle": said("recycle")}
    given = {key: said(key) for key in _REVIEW}
    whose = chosen(said("assign"), said("assign-person"))
    return {"review": {"template": given.pop("template"), **filled(given),
                       **filled({"assign": assign_of(whose)})}}  # fmt: skip
