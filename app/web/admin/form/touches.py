"""The fields of one touch in the editor's form, and what each writes into the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.model.vocabulary import Priority, TaskType
from app.playbooks import phrases
from app.playbooks.editing import put
from app.playbooks.raw import Path, Raw, mapping, plain
from app.playbooks.values import WINDOWS
from app.web.admin.fields import Field, Options
from app.web.admin.form.persons import assign_fields, assign_of, assigned
from app.web.admin.form.shape import Box, Item, Known, dotted, named

ORDER = (
    "id", "at", "after", "before", "task", "email", "note", "hand_over", "sequence", "priority",
    "template", "subject", "lead", "window", "late", "assign", "pace", "thread", "then",
)  # fmt: skip
"""Where a key stands that a step did not have before."""

_LATE = ("1d", "2d", "3d", "5d", "7d", "14d")
_MAILS = ("email",)
_OTHERS = ("note", "hand_over", "sequence")
_OF_HAND_OVER = ("id", "at", "after", "before", "hand_over")
_OF_NOTE = ("id", "note")
_NATIVE = "Name of the sequence in the CRM"
"""Stands until somebody names it."""


def text_field(path: Path, key: str, label: str, value: str, hint: str = "") -> Field:
    """A line of text, for one key of what stands at the path."""
    return Field(named(path, key), label, "text", value, hint=hint)


def anchor_fields(step: Raw, path: Path, known: Known) -> list[Field]:
    """When a step comes."""
    return [
        text_field(path, "at", "When", plain(step.get("at")), "30min, 4h, 3d or 2wd"),
        Field(named(path, "~anchor"), "counted from", "choice", _anchor(step), _anchors(known),
              places=[named(path, "after"), named(path, "before")]),
    ]  # fmt: skip


def items_of(step: Raw, path: Path, known: Known) -> list[Item]:
    """The fields of a touch."""
    channel = phrases.channel_of(step)
    what = Field(named(path, "~channel"), "What", "choice", channel, _channels(channel),
                 redraw=True, places=[named(path, key) for key in ("task", *_OTHERS[2:])]
                 + [dotted(path)])  # fmt: skip
    if channel == "note":
        return [what, _template(step, path, known)]
    if channel == "hand_over":
        to = mapping(step.get("hand_over")).get("to")
        return [
            *anchor_fields(step, path, known), what,
            *assign_fields(path, "~to", "To whom", assigned({"assign": to}), known,
                           (*path, "hand_over", "to"), ()),
            _template(step, path, known),
        ]  # fmt: skip
    return [
        *anchor_fields(step, path, known), what,
        text_field(path, "subject", "Task's subject", plain(step.get("subject")),
                   "what the rep reads first, such as: Call about open questions"),
        _template(step, path, known),
        Field(named(path, "priority"), "Priority", "choice", plain(step.get("priority")),
              [("", "as the kind of task says"), *((p.value, p.value) for p in Priority)]),
        *assign_fields(path, "~assign", "Whose task", assigned(step), known, (*path, "assign")),
        *(_native(step, path) if channel == "sequence" else []),
        _more(step, path, channel),
    ]  # fmt: skip


def _more(step: Raw, path: Path, channel: str) -> Box:
    found = [
        Field(named(path, "~late"), "If it is late", "choice", _late(step), _lates(),
              places=[named(path, "late")]),
        Field(named(path, "window"), "Hours", "choice", plain(step.get("window")),
              [("", "the rep's working hours"),
               *((w, f"the window for {w}s") for w in WINDOWS)]),
        text_field(path, "lead", "Written before it is due", plain(step.get("lead")),
              "such as 2h; empty: at the start of the day"),
        Field(named(path, "pace"), "Its pace", "choice", plain(step.get("pace")),
              [("", "as the sequence's pace says"), ("steady", "always as written")]),
        Field(named(path, "~recycle"), "When it is done, lay the record aside for", "text",
              plain(mapping(step.get("then")).get("recycle")),
              hint="such as 90d; for the last step, empty: nothing follows",
              places=[named(path, "then"), named(path, "then", "recycle")]),
    ]  # fmt: skip
    if channel in _MAILS:
        thread = "on" if step.get("thread") is True else ""
        found.append(Field(named(path, "thread"), "As an answer in the thread of the mail before",
                           "bool", thread))  # fmt: skip
    keys = ("late", "window", "lead", "pace", "then", "thread")
    return Box("Late, hours and what comes after", found, style="more",
               set=any(key in step for key in keys))  # fmt: skip


def _native(step: Raw, path: Path) -> list[Field]:
    given = mapping(step.get("sequence"))
    crm = "salesforce" if "salesforce" in given else "hubspot"
    return [
        Field(named(path, "~crm"), "Of which CRM", "choice", crm,
              [("hubspot", "HubSpot: a sequence"), ("salesforce", "Salesforce: a cadence")],
              places=[named(path, "sequence")]),
        Field(named(path, "~native"), "Its name there", "text", plain(given.get(crm)),
              hint="as the CRM shows it", places=[named(path, "sequence", crm)]),
        Field(named(path, "~sender"), "Sent by", "choice",
              "team" if given.get("sender") == "team" else "",
              [("", "the record's owner"), ("team", "somebody of the owner's team")],
              places=[named(path, "sequence", "sender")]),
    ]  # fmt: skip


def write(text: str, path: Path, key: str, step: Raw, value: str) -> str:
    """The text with one field of a step changed. key: the last part of the field's name."""
    writer = _WRITERS.get(key)
    if writer is not None:
        return writer(text, path, step, value)
    if key == "thread":
        return put(text, (*path, key), True if value else None, ORDER)
    return put(text, (*path, key), value or None, ORDER)


# --- what stands there ---------------------------------------------------------------------------


def _template(step: Raw, path: Path, known: Known) -> Field:
    names = [(name, name) for name in known.templates]
    over = mapping(step.get("hand_over")).get("template")
    places = [named(path, *key) for key in
              (("template",), ("email",), ("note",), ("hand_over", "template"))]  # fmt: skip
    return Field(named(path, "~template"), "Text", "choice", phrases.template_of(step) or
                 plain(over), names, places=places)  # fmt: skip


def _channels(channel: str) -> Options:
    words = [*(kind.value for kind in TaskType), *_OTHERS]
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
    """A kind of task, or what is none. `email: <text>` and `task: email` with a text mean the same;
    what was written in the short way and stays a mail stays so."""
    over = mapping(step.get("hand_over")).get("template")
    template = phrases.template_of(step) or plain(over)
    said: dict[str, Any] = {"task": value, "template": template or None}
    if value == "note":
        said = {"note": template}
    elif value == "hand_over":
        said = {"hand_over": {"to": "manager", "template": template}}
    elif value == "sequence":
        said = {"sequence": {"hubspot": _NATIVE}, "template": template or None}
    for key, one in said.items():
        text = put(text, (*path, key), one, ORDER)
    for key in step:
        if key not in said and not _stays(key, value):
            text = put(text, (*path, key), None)
    return text


def _stays(key: str, channel: str) -> bool:
    """Whether a step of this kind may have the key."""
    if channel == "note":
        return key in _OF_NOTE
    if channel == "hand_over":
        return key in _OF_HAND_OVER
    return key not in ("task", "email", *_OTHERS) and (key != "thread" or channel in _MAILS)


def _write_template(text: str, path: Path, step: Raw, value: str) -> str:
    if "hand_over" in step:
        return put(text, (*path, "hand_over", "template"), value, ORDER)
    key = next((key for key in ("email", "note") if key in step), "template")
    return put(text, (*path, key), value or None, ORDER)


def _write_to(text: str, path: Path, step: Raw, value: str) -> str:
    return put(text, (*path, "hand_over", "to"), assign_of(value) or "manager")


def _write_to_person(text: str, path: Path, step: Raw, value: str) -> str:
    return put(text, (*path, "hand_over", "to"), {"rep": value})


def _write_crm(text: str, path: Path, step: Raw, value: str) -> str:
    given = mapping(step.get("sequence"))
    name = given.get("hubspot", given.get("salesforce", _NATIVE))
    more = {"sender": given["sender"]} if "sender" in given else {}
    return put(text, (*path, "sequence"), {value: name, **more}, ORDER)


def _write_native(text: str, path: Path, step: Raw, value: str) -> str:
    crm = "salesforce" if "salesforce" in mapping(step.get("sequence")) else "hubspot"
    return put(text, (*path, "sequence", crm), value)


def _write_sender(text: str, path: Path, step: Raw, value: str) -> str:
    return put(text, (*path, "sequence", "sender"), value or None)


def _write_recycle(text: str, path: Path, step: Raw, value: str) -> str:
    return put(text, (*path, "then"), {"recycle": value} if value else None, ORDER)


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
    return put(text, (*path, "assign"), assign_of(value), ORDER)


def _write_person(text: str, path: Path, step: Raw, value: str) -> str:
    return put(text, (*path, "assign"), {"rep": value}, ORDER)


def _write_late(text: str, path: Path, step: Raw, value: str) -> str:
    kind, _, age = value.partition(" ")
    said: Any = {"skip_after": age} if kind == "skip" else value or None
    return put(text, (*path, "late"), said, ORDER)


_WRITERS = {
    "~channel": _write_channel,
    "~template": _write_template,
    "~anchor": _write_anchor,
    "~assign": _write_assign,
    "~assign-person": _write_person,
    "~late": _write_late,
    "~to": _write_to,
    "~to-person": _write_to_person,
    "~crm": _write_crm,
    "~native": _write_native,
    "~sender": _write_sender,
    "~recycle": _write_recycle,
}
"""Fields that stand for more than one word of the file."""
