"""A rule in the editor's form: what it waits for, what it asks, what it does, for whom."""

from __future__ import annotations

from typing import Any

from app.playbooks import phrases
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.web.admin.fields import Field
from app.web.admin.form.actions import actions_box
from app.web.admin.form.conditions import condition_box
from app.web.admin.form.persons import owner_fields, owners_typed
from app.web.admin.form.shape import (
    Box,
    Known,
    Part,
    Piece,
    Typed,
    dotted,
    filled,
    named,
)
from app.web.admin.form.signals import signal_box

ORDER = ("id", "title", "when", "if", "then", "again", "settle", "limit", "scope", "urgent")
_OF_ALL = "none ticked: all of them"


def rule_part(rule: Raw, path: Path, known: Known, *, removable: bool) -> Part:
    """One rule."""
    asked = phrases.condition(rule.get("if")) if rule.get("if") else ""
    said = f"When {phrases.signal(rule.get('when'))}{', if ' + asked if asked else ''}"
    return Part(
        dotted(path), str(rule.get("id", "")), plain(rule.get("title")),
        [
            Field(named(path, "title"), "Title", "text", plain(rule.get("title"))),
            signal_box(rule.get("when"), (*path, "when"), known, ORDER),
            condition_box(rule.get("if"), (*path, "if"), ORDER),
            actions_box(rule.get("then"), (*path, "then"), known),
            Box("How often, how urgent", _often(rule, path), style="fold"),
            _scope(mapping(rule.get("scope")), (*path, "scope"), known),
        ],
        said, removable=removable,
    )  # fmt: skip


def _often(rule: Raw, path: Path) -> list[Field | Box]:
    return [
        Field(named(path, "again"), "How often", "choice", plain(rule.get("again")),
              [("", "as the signal says"), *phrases.AGAIN.items()], starts=True),
        Field(named(path, "settle"), "Settle time", "text", plain(rule.get("settle")),
              hint="how long a stage must last to count, such as 5min; empty: as the settings say"),
        Field(named(path, "limit"), "Beginnings in an hour before it asks an admin", "number",
              plain(rule.get("limit")), placeholder="no limit"),
        _urgent(rule, (*path, "urgent")),
    ]  # fmt: skip


def _urgent(rule: Raw, path: Path) -> Box:
    value = rule.get("urgent")
    on = Field(named(path, "~on"), "Urgent: its tasks are due at once, ahead of everything else",
               "bool", "on" if value else "", places=[dotted(path)])  # fmt: skip
    hold = Field(named(path, "hold"), "and the record's other follow-ups wait for", "text",
                 plain(mapping(value).get("hold")), hint="such as 1d; empty: they do not wait")

    def read(typed: Typed) -> object:
        if not typed[on.name]:
            return None
        return filled({"hold": typed[hold.name]}) or True

    return Box("", [on, hold], style="plain", piece=Piece(path, read, ORDER))


def _scope(scope: Raw, path: Path, known: Known) -> Box:
    parts = {
        "pipelines": ("Pipelines", known.pipelines),
        "teams": ("Teams of the owner", [(team, team) for team in known.teams]),
    }
    fields = [
        Field(named(path, key), f"{label}; {_OF_ALL}", "many",
              "\n".join(map(plain, items(scope.get(key)))), options)
        for key, (label, options) in parts.items()
        if options or key in scope
    ]  # fmt: skip

    owners = owner_fields(scope, path, f"Owners; {_OF_ALL}", known)

    def read(typed: Typed) -> object:
        said: dict[str, Any] = {one.name.rpartition(".")[2]: typed[one.name].split("\n")
                                for one in fields if typed[one.name]}  # fmt: skip
        return filled({**said, "reps": owners_typed(path, typed, known)}) or None

    return Box("Whom it is for", [*fields, *owners], style="fold", piece=Piece(path, read, ORDER),
               hint="Only records of these; every one that is ticked counts.",
               set=bool(scope))  # fmt: skip
