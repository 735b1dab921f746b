"""The steps of a sequence on an axis of days, for people who look before they read.

Works on the file's own form, as `app.playbooks.phrases` does. A step that counts from something
that nobody can date beforehand (the step before being done, a wait) is placed where it can stand at
the earliest, and says so in its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.model.time import DAY, Delay, Unit, parse_delay
from app.playbooks import phrases
from app.playbooks.raw import Path, Raw, items, mapping

WAYS = ("then", "else")


_WORDS: Mapping[str, str] = {"sequence": "sequence", "note": "note"}
_LETTER = 7
"""Room for a letter of a mark's words, whatever the system's typeface."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One step. path: where it stands, from the list of steps. lane: how many ways deep. way: by
    which it is come to, empty on the main one. day: from the beginning, or from the date that it
    counts from (below 0: before it). when: the same in words."""

    id: str
    path: Path
    lane: int
    way: str
    channel: str
    day: float
    when: str
    text: str
    template: str
    who: str
    control: bool

    @property
    def short(self) -> str:
        """When, in a word that has room under a mark."""
        if self.day < 0:
            return f"−{-self.day:g} d"
        if self.when.startswith(("day", "after", "at once")):
            return self.when.partition(" (")[0]
        if 0 < self.day < 1:
            hours = self.day * 24
            return f"≥ {hours:.3g} h" if hours >= 1 else f"≥ {hours * 60:.0f} min"
        return f"≥ day {self.day:.3g}"

    @property
    def word(self) -> str:
        """What it is, in a word that has room under a mark."""
        return _WORDS.get(self.channel) or phrases.CHANNELS.get(self.channel, self.channel)

    @property
    def wide(self) -> int:
        """How much room its words take on a drawing."""
        return _LETTER * max(len(self.short), len(self.word))


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark with its place on a drawing of `WIDTH` by the lanes' heights."""

    mark: Mark
    x: int
    y: int


WIDTH = 960
_EDGE = 40
_GAP = 10
"""Least distance of the words of two marks of one lane."""
LANE = 64


def marks(steps: Any) -> list[Mark]:
    """The steps in the order of the file, those of ways after the step that leads to them."""
    return list(_marks(steps, (), 0, "", 0.0)[0])


def _marks(
    steps: Any, base: Path, lane: int, way: str, day: float
) -> tuple[list[Mark], float]:
    found: list[Mark] = []
    for index, step in enumerate(items(steps)):
        given = mapping(step)
        path = (*base, index)
        day, when = _placed(given, day)
        found.append(_mark(given, path, lane, way, day, when))
        if not found[-1].control:
            continue
        ends = [day]
        for name, key, inner, delay in _ways(given):
            more, end = _marks(inner, (*path, *key), lane + 1, name, day + delay)
            found += more
            ends.append(end)
        day = max(ends)
    return found, day


def _mark(given: Raw, path: Path, lane: int, way: str, day: float, when: str) -> Mark:
    channel = phrases.channel_of(given)
    control = channel in phrases.STEERING
    text = phrases.question(given) if control else str(given.get("subject") or given.get("id", ""))
    return Mark(
        str(given.get("id", "")), path, lane, way, channel, day, when, text,
        phrases.template_of(given), "" if control else phrases.assigned(given.get("assign")),
        control,
    )  # fmt: skip


def _ways(step: Raw) -> Iterator[tuple[str, Path, Any, float]]:
    """Each way on from a control step: its name, where it stands, its steps, and how many days
    later than the step itself it begins at the earliest."""
    kind = phrases.channel_of(step)
    if kind == "split":
        for index, row in enumerate(items(step.get("split"))):
            share = mapping(row)
            name = f"cohort {share.get('cohort', '')}"
            yield name, ("split", index, "steps"), share.get("steps"), 0.0
        return
    names = {"then": "if it came", "else": "if not"} if kind == "wait" else {
        "then": "if so", "else": "if not"
    }
    for key in WAYS if kind in ("wait", "branch") else ():
        late = _days(mapping(step.get("wait")).get("timeout")) if key == "else" else 0.0
        yield names[key], (key,), step.get(key), late


def _placed(step: Raw, before: float) -> tuple[float, str]:
    at = step.get("at")
    days = _days(at)
    for side, sign in (("before", -1), ("after", 1)):
        anchor = step.get(side)
        if isinstance(anchor, Mapping):
            field = str(mapping(anchor).get("field", "a date"))
            return sign * days, f"{at} {side} {field}" if days else f"on {field}"
    if step.get("after") == "previous_done":
        return before + days, f"{_long(at)} after the step before is done"
    if at is None:
        return before, "right after what stands before" if before else "at once"
    return days, _short(days, at) if days else "at once"


def _short(days: float, at: Any) -> str:
    if days < 1:
        return f"after {at}"
    suffix = " (working days)" if str(at).endswith("wd") else ""
    return f"day {days:g}{suffix}"


def _long(at: Any) -> str:
    return str(at) if at is not None else "right"


def _days(at: Any) -> float:
    try:
        delay = parse_delay(str(at))
    except ValueError:
        return 0.0
    return _length(delay)


def _length(delay: Delay) -> float:
    """A working day counts as a day of five in seven, for the drawing alone."""
    if delay.unit is Unit.WD:
        return round(delay.amount * 7 / 5, 1)
    return delay.approximate_ms() / DAY


def drawing(found: Sequence[Mark]) -> dict[str, Any]:
    """The marks with their places, the lines between them and the size of it all."""
    if not found:
        return {"placed": [], "lines": [], "width": WIDTH, "height": LANE}
    first, last = min(m.day for m in found), max(m.day for m in found)
    scale = (WIDTH - 2 * _EDGE) / max(last - first, 1.0)
    before: dict[int, Placed] = {}
    placed: list[Placed] = []
    for mark in sorted(found, key=lambda m: (m.day, found.index(m))):
        x = _EDGE + round((mark.day - first) * scale)
        if mark.lane in before:
            left = before[mark.lane]
            x = max(x, left.x + (left.mark.wide + mark.wide) // 2 + _GAP)
        before[mark.lane] = Placed(mark, max(x, mark.wide // 2), LANE // 2 + mark.lane * LANE)
        placed.append(before[mark.lane])
    width = max(WIDTH, max(one.x + max(one.mark.wide // 2, _EDGE) for one in placed))
    lanes = sorted({(one.mark.lane, one.y) for one in placed})
    lines = [
        {
            "x1": min(one.x for one in placed if one.mark.lane == lane),
            "x2": max(one.x for one in placed if one.mark.lane == lane),
            "y": y,
        }
        for lane, y in lanes
    ]
    height = LANE * (1 + max(lane for lane, _ in lanes))
    return {"placed": placed, "lines": lines, "width": width, "height": height}
