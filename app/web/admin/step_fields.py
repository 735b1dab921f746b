"""The fields of one step in the editor's form, and what each writes into the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.model.vocabulary import Priority, TaskType
from app.playbooks import phrases
from app.playbooks.editing import put
from app.playbooks.raw import Path, Raw, plain
from app.playbooks.values import WINDOWS
from app.web.admin.fields import Field, Options

ORDER = (
    "id", "at", "after", "before", "task", "email", "note", "sequence", "priority", "template",
    "subject", "lead", "window", "late", "assign", "then",
)  # fmt: skip
"""Where a key stands that a step did not have before."""

_LATE = ("1d", "2d", "3d", "5d", "7d", "14d")


@dataclass(frozen=True, slots=True)
class Known:
    """What fields may name: texts of the playbook, dates, teams, people as (address, name)."""

    templates: Sequence[str] = ()
    dates: Sequence[str] = ()
    teams: Sequence[str] = ()
    people: Options = ()


def dotted(path: Path) -> str:
    """The path as the name of a field: `sequences.0.steps.1.at`."""
    return ".".join(map(str, path))


def text_field(path: Path, key: str, label: str, value: str, hint: str = "") -> Field:
    """A line of text, for one key of what stands at the path."""
    return Field(dotted((*path, key)), label, "text", value, hint=hint)


def fields_of(step: Raw, path: Path, known: Known) -> list[Field]:
    """The fields of a touch; of a control step when it is reached."""
    channel = phrases.channel_of(step)
    anchored = [
        text_field(path, "at", "When", plain(step.get("at")), "30min, 4h, 3d or 2wd"),
        Field(
            _name(path, "~anchor"), "counted from", "choice", _anchor(step), _anchors(known)
        ),
    ]
    if channel in phrases.STEERING:
        return anchored
    if channel == "note":
        return [_template(step, path, known)]
    return [
        *anchored,
        Field(_name(path, "~channel"), "What", "choice", channel, _channels(channel)),
        text_field(path, "subject", "Task's subject", plain(step.get("subject"))),
        _template(step, path, known),
        Field(_name(path, "priority"), "Priority", "choice", plain(step.get("priority")),
              [("", "as the kind of task says"), *((p.value, p.value) for p in Priority)]),
        Field(_name(path, "~assign"), "Whose task", "choice", _assign(step), _assigns(known)),
        Field(_name(path, "~late"), "If it is late", "choice", _late(step), _lates()),
        Field(_name(path, "window"), "Hours", "choice", plain(step.get("window")),
              [("", "the rep's working hours"),
               *((w, f"the window for {w}s") for w in WINDOWS)]),
        text_field(path, "lead", "Written before it is due", plain(step.get("lead")),
              "empty: at the start of the day"),
    ]  # fmt: skip


def write(text: str, path: Path, key: str, step: Raw, value: str) -> str:
    """The text with one field of a step changed. key: the last part of the field's name."""
    writer = _WRITERS.get(key)
    if writer is not None:
        return writer(text, path, step, value)
    return put(text, (*path, key), value or None, ORDER)


# --- what stands there ---------------------------------------------------------------------------


def _name(path: Path, key: str) -> str:
    return dotted((*path, key))


def _template(step: Raw, path: Path, known: Known) -> Field:
    names = [(name, name) for name in known.templates]
    return Field(_name(path, "~template"), "Text", "choice", phrases.template_of(step), names)


def _channels(channel: str) -> Options:
    words = [kind.value for kind in TaskType]
    given = words if channel in words else [*words, channel]  # told by its own name
    return [(word, phrases.CHANNELS.get(word, word)) for word in given]


def _anchor(step: Raw) -> str:
    for side in ("before", "after"):
        anchor = step.get(side)
        if isinstance(anchor, Mapping):
            return f"{side} {cast(Raw, anchor).get('field', '')}"
    return "previous_done" if step.get("after") == "previous_done" else ""


def _anchors(known: Known) -> Options:
    options = [("", "the beginning"), ("previous_done", "the step before being done")]
    for field in known.dates:
        options += [(f"{side} {field}", f"{side} {field}") for side in ("before", "after")]
    return options


def _assign(step: Raw) -> str:
    assign = step.get("assign")
    if isinstance(assign, Mapping):
        given = cast(Raw, assign)
        return f"team {given['team']}" if "team" in given else f"rep {given.get('rep', '')}"
    return "manager" if assign == "manager" else ""


def _assigns(known: Known) -> Options:
    options = [("", "the owner"), ("manager", "the owner's manager")]
    options += [(f"team {name}", f"the team {name}, in turn") for name in known.teams]
    options += [(f"rep {address}", name) for address, name in known.people]
    return options


def _late(step: Raw) -> str:
    late = step.get("late")
    if isinstance(late, Mapping):
        return f"skip {cast(Raw, late).get('skip_after', '')}"
    return "" if late in (None, "shift") else str(late)


def _lates() -> Options:
    options = [("", "move it on"), ("now", "do it at once")]
    options += [(f"skip {age}", f"leave it out after {age}") for age in _LATE]
    return options


# --- what is written -----------------------------------------------------------------------------


def _write_channel(text: str, path: Path, step: Raw, value: str) -> str:
    """A kind of task. `email: <text>` and `task: email` with a text mean the same; what was written
    in the short way and stays a mail stays so."""
    template = phrases.template_of(step)
    for key in ("email", "note", "sequence"):
        if key in step:
            text = put(text, (*path, "task"), value, ORDER)
            text = put(text, (*path, "template"), template or None, ORDER)
            return put(text, (*path, key), None)
    return put(text, (*path, "task"), value, ORDER)


def _write_template(text: str, path: Path, step: Raw, value: str) -> str:
    key = next((key for key in ("email", "note") if key in step), "template")
    return put(text, (*path, key), value or None, ORDER)


def _write_anchor(text: str, path: Path, step: Raw, value: str) -> str:
    side, _, field = value.partition(" ")
    for key in ("before", "after"):
        if key in step and key != side:
            text = put(text, (*path, key), None)
    if value == "previous_done":
        return put(text, (*path, "after"), value, ORDER)
    return put(text, (*path, side), {"field": field}, ORDER) if field else put(
        text, (*path, "after"), None
    )


def _write_assign(text: str, path: Path, step: Raw, value: str) -> str:
    kind, _, name = value.partition(" ")
    said: Any = {kind: name} if name else value or None
    return put(text, (*path, "assign"), said, ORDER)


def _write_late(text: str, path: Path, step: Raw, value: str) -> str:
    kind, _, age = value.partition(" ")
    said: Any = {"skip_after": age} if kind == "skip" else value or None
    return put(text, (*path, "late"), said, ORDER)


_WRITERS = {
    "~channel": _write_channel,
    "~template": _write_template,
    "~anchor": _write_anchor,
    "~assign": _write_assign,
    "~late": _write_late,
}
"""Fields that stand for more than one word of the file."""
