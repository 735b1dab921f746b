"""A sequence in the editor's form: its steps, when it ends, what follows, whom it is for."""

from __future__ import annotations

from app.model.pace import LEAST, MOST
from app.playbooks import phrases
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.playbooks.values import EXIT_NAMES
from app.web.admin.fields import Field
from app.web.admin.form.conditions import condition_box
from app.web.admin.form.ends import ends_box
from app.web.admin.form.rows import steps_box
from app.web.admin.form.shape import Box, Button, Item, Known, Part, Piece, Typed, dotted, named
from app.web.admin.form.signals import signal_box

ORDER = ("id", "title", "for", "goal", "exits", "on_deal", "exclusive", "end", "again",
         "if_running", "priority", "lower", "max_active", "pace", "steps")  # fmt: skip


def sequence_part(sequence: Raw, path: Path, known: Known) -> Part:
    """One sequence."""
    return Part(
        dotted(path), str(sequence.get("id", "")), plain(sequence.get("title")),
        [
            Field(named(path, "title"), "Title", "text", plain(sequence.get("title"))),
            steps_box(sequence.get("steps"), (*path, "steps"), known, ways=True),
            Box("When it ends", _ends(sequence, path, known), style="fold"),
            Box("When it begins, and beside what", _limits(sequence, path), style="fold"),
            Box("Its pace", _pace(sequence, path), style="fold"),
        ],
    )  # fmt: skip


def _ends(sequence: Raw, path: Path, known: Known) -> list[Item]:
    exits = mapping(sequence.get("exits"))
    on = [name for name in EXIT_NAMES if exits.get(name) not in (False, "off")]
    return [
        Field(named(path, "~exits"), "It ends when", "many", "\n".join(on),
              [(name, phrases.EXITS.get(name, name.replace("_", " "))) for name in EXIT_NAMES],
              places=[named(path, "exits")]),
        signal_box(sequence.get("goal"), (*path, "goal"), known, ORDER, may_be_empty=True,
                   label="Goal: ends with success when", plain_only=True),
        ends_box(sequence.get("end"), (*path, "end"), known, str(sequence.get("id", "")), ORDER),
    ]  # fmt: skip


def _limits(sequence: Raw, path: Path) -> list[Item]:
    return [
        Field(named(path, "for", "role"), "For whom of the people on the record", "text",
              plain(mapping(sequence.get("for")).get("role")),
              hint="a role, such as Budget holder; empty: the person found as everywhere",
              places=[named(path, "for")]),
        _again(sequence, path),
        Field(named(path, "if_running"), "If what begins it comes while it runs", "choice",
              _unless("ignore", sequence.get("if_running")),
              [("", "it goes on"), ("restart", "it begins anew")]),
        Field(named(path, "on_deal"), "When a lead becomes a deal", "choice",
              _unless("end", sequence.get("on_deal")),
              [("", "it ends"), ("move", "it goes on about the deal")]),
        Field(named(path, "max_active"), "Most that run at a time", "number",
              plain(sequence.get("max_active")), placeholder="no limit"),
        Field(named(path, "exclusive"), "No other beside it for the same record", "bool",
              "on" if sequence.get("exclusive") is True else ""),
        Field(named(path, "priority"), "Priority among sequences", "number",
              plain(sequence.get("priority")), placeholder="none",
              hint="0 to 1000; the higher goes first"),
        Field(named(path, "lower"), "Those of a lower priority", "choice",
              plain(sequence.get("lower")),
              [("", "run on beside it"), ("pause", "wait until it is over"), ("end", "end")]),
    ]  # fmt: skip


def _unless(usual: str, value: object) -> str:
    """A word as its field holds it; the usual one is as good as none."""
    return "" if value == usual else plain(value)


def _again(sequence: Raw, path: Path) -> Box:
    value, place = sequence.get("again"), (*path, "again")
    after = mapping(value).get("after")
    kind = "after" if "after" in mapping(value) else _unless("one_at_a_time", value)
    found = [Field(named(place, "~when"), "It may begin again", "choice", kind,
                   [("", "whenever it does not run"), ("once", "never: once for each record"),
                    ("after", "some time after its end")],
                   redraw=True, places=[dotted(place)])]  # fmt: skip
    if kind == "after":
        found.append(Field(named(place, "after"), "How long after", "text", plain(after),
                           hint="such as 45d"))  # fmt: skip

    def read(typed: Typed) -> object:
        wanted = typed[named(place, "~when")]
        if wanted == "after":
            return {"after": typed.get(named(place, "after"), "30d")}
        return wanted or (value if kind == "" else None)

    return Box("", found, style="plain", piece=Piece(place, read, ORDER))


def _pace(sequence: Raw, path: Path) -> list[Item]:
    found: list[Item] = []
    for number, row in enumerate(items(sequence.get("pace"))):
        given, place = mapping(row), (*path, "pace", number)
        gone = Button(f"remove:{dotted(place)}", "Remove this pace", danger=True)
        found.append(Box(f"Pace {number + 1}", [
            condition_box(given.get("if"), (*place, "if"), (), "While", required=True),
            Field(named(place, "times"), "the time between two steps is so many times as long",
                  "number", plain(given.get("times")),
                  hint=f"0.5 is twice as fast, 2 half as fast; {LEAST:g} to {MOST:g}"),
        ], buttons=[gone]))  # fmt: skip
    add = Button(f"add-pace:{named(path, 'pace')}", "Add a pace")
    hint = "Steps come faster or slower while a condition is met; the first that is met counts."
    return [Box("", found, style="plain", hint=hint, buttons=[add])]
