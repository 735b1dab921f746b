"""`momentum` in the editor's form: what makes records hot, warm or laid aside, and what follows."""

from __future__ import annotations

from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.web.admin.fields import Field
from app.web.admin.form.actions import actions_box
from app.web.admin.form.conditions import condition_box
from app.web.admin.form.shape import Box, Button, Item, Known, Part, dotted, named
from app.web.admin.form.signals import signal_box

ORDER = ("limit", "hot", "warm", "recycle")
_STATE = ("when", "for", "then", "stalls", "silent", "decays")
_ENTRY = ("id", "title", "when", "if")
_DECAYS = "such as 10d; empty: it stays so"


def momentum_part(given: Raw, known: Known, *, removable: bool) -> Part:
    """All three states."""
    path: Path = ("momentum",)
    hot, warm = mapping(given.get("hot")), mapping(given.get("warm"))
    recycle = mapping(given.get("recycle"))
    return Part(
        "momentum", "momentum", "Momentum: hot, warm, laid aside",
        [
            Field("momentum.limit", "Beginnings in an hour before it asks an admin", "number",
                  plain(given.get("limit")), placeholder="no limit"),
            Box("Hot", [
                _entries(hot, (*path, "hot"), "Hot is who", known),
                actions_box(hot.get("then"), (*path, "hot", "then"), known, "What is done then"),
                _still(hot, (*path, "hot"), "stalls", "Where a hot one stands still", known),
                _decays(hot, (*path, "hot"), "Warm again after nothing happened for"),
            ]),
            Box("Warm", [
                _entries(warm, (*path, "warm"), "Warm is every open record, and again who", known),
                actions_box(warm.get("then"), (*path, "warm", "then"), known, "What is done then"),
                _still(warm, (*path, "warm"), "silent", "Where a warm one falls silent", known),
                _decays(warm, (*path, "warm"), "Laid aside after nothing happened for"),
            ]),
            _recycle(recycle, (*path, "recycle"), known),
        ],
        "Rules for every open record, in short", removable=removable,
    )  # fmt: skip


def _recycle(given: Raw, path: Path, known: Known) -> Box:
    back = Field(named(path, "for"), "It comes back after", "text", plain(given.get("for")),
                 hint="such as 90d; empty: nothing is laid aside")  # fmt: skip
    if not given:
        return Box("Laid aside", [back])
    gone = Button("remove:momentum.recycle", "Lay nothing aside any more", danger=True)
    return Box("Laid aside", [
        _entries(given, path, "Laid aside is who", known),
        back,
        actions_box(given.get("then"), (*path, "then"), known, "What is done when it is back"),
    ], buttons=[gone])  # fmt: skip


def _decays(given: Raw, path: Path, label: str) -> Field:
    return Field(named(path, "decays"), label, "text", plain(given.get("decays")), hint=_DECAYS)


def _entries(given: Raw, path: Path, label: str, known: Known) -> Box:
    rows = items(given.get("when"))
    found: list[Item] = []
    for number, row in enumerate(rows):
        entry, place = mapping(row), (*path, "when", number)
        gone = Button(f"remove:{dotted(place)}", "Remove this way", danger=True)
        fixed = len(rows) == 1 and path[-1] == "hot"
        found.append(Box(plain(entry.get("title")) or plain(entry.get("id")), [
            Field(named(place, "title"), "Title", "text", plain(entry.get("title"))),
            signal_box(entry.get("when"), (*place, "when"), known, _ENTRY),
            condition_box(entry.get("if"), (*place, "if"), _ENTRY),
        ], buttons=[] if fixed else [gone]))  # fmt: skip
    add = Button(f"add-entry:{named(path, 'when')}", "Add a way into it")
    return Box(label, found, style="list", buttons=[add])


def _still(given: Raw, path: Path, key: str, label: str, known: Known) -> Box:
    place, stands = (*path, key), mapping(given.get(key))
    if not stands:
        return Box(label, [], hint="nothing is done",
                   buttons=[Button(f"add-still:{dotted(place)}", "Do something then")])  # fmt: skip
    gone = Button(f"remove:{dotted(place)}", "Do nothing then", danger=True)
    return Box(label, [
        Field(named(place, "after"), "After nothing happened for", "text",
              plain(stands.get("after")), hint="such as 2d"),
        actions_box(stands.get("then"), (*place, "then"), known, "What is done then"),
    ], buttons=[gone])  # fmt: skip


def order_of(path: Path) -> tuple[str, ...]:
    """The order of the keys beside the last one of the path."""
    return ORDER if len(path) == 2 else _STATE
