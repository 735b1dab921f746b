"""What is waited for, in the editor's form: of a rule, a goal, a wait, a way into a momentum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.model.vocabulary import ReplyClass, StageKind
from app.playbooks import phrases
from app.playbooks.event_values import Absent
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.playbooks.values import Closed, Created
from app.web.admin.fields import Field, Options
from app.web.admin.form.event_signals import EVENT_KINDS, events_field, own_field, split_events
from app.web.admin.form.shape import (
    MOMENTA,
    Box,
    Known,
    Piece,
    Typed,
    choices,
    dotted,
    filled,
    listed,
    named,
    number,
)

LISTED: Mapping[str, Sequence[str]] = {
    "stage_entered": [kind.value for kind in StageKind if kind is not StageKind.IGNORED],
    "closed": [kind.value for kind in Closed],
    "subject_created": [kind.value for kind in Created],
    "replied": [kind.value for kind in ReplyClass],
}
"""Signals that may name some of a few words; none of them named means any."""
LASTING = ("no_activity_for", "no_next_step", "unowned")
_ALONE = (*LASTING, "stalled", "date")
"""Signals beside which no absence can be waited for."""
_ABSENT: Mapping[str, str] = {
    "replied": "they reply",
    "meeting_booked": "they book a meeting",
    "meeting_held": "a meeting is held",
    "task_completed": "the rep completes a task",
    "rep_activity": "the rep does anything",
    "stage_entered": "the deal enters another stage",
}
_BY: Options = (("", "anybody does something"), ("prospect", "the prospect does something"))
_SIDES: Options = (("before", "before it"), ("after", "after it"), ("", "on the day itself"))
_AGO = "30min, 4h, 3d or 2wd (working days)"

_FIRST: Mapping[str, Any] = {
    **dict.fromkeys(LASTING, "7d"),
    "stage_entered": StageKind.PROPOSAL.value,
    "stalled": {"momentum": "hot", "for": "2d"},
    "field_changed": "deal.amount",
    "date": {"field": "deal.close_date", "before": "30d"},
    "event": "proposal_viewed",
    "surge": {"of": "any", "persons": 2, "within": "1d"},
}
"""Signal → the value to begin with; `any` for all others."""


def signal_box(
    when: Any, path: Path, known: Known, order: Sequence[str], *, label: str = "When",
    may_be_empty: bool = False, hint: str = "", plain_only: bool = False,
) -> Box:  # fmt: skip
    """The signal with its details. plain_only: absences and momentum cannot stand beside it."""
    kind = phrases.signal_of(when)
    options: Options = list(phrases.SIGNALS.items())
    if may_be_empty or not kind:
        options = [("", "nothing"), *options]
    found: list[Any] = [
        Field(named(path, "~signal"), label, "choice", kind, options, hint=hint, redraw=True,
              places=[dotted(path)])
    ]  # fmt: skip
    value = mapping(when).get(kind)
    if kind in _DETAILS:
        found += _DETAILS[kind](kind, value, path, known)
    if kind and kind not in _ALONE and not (plain_only and not _beside(when)):
        found.append(_absence(mapping(when), path))
    piece = Piece(path, lambda typed: _read(mapping(when), path, typed), order)
    return Box("", found, style="plain", piece=piece)


def _beside(when: Any) -> bool:
    return any(key in mapping(when) for key in ("unless", "within", "enters"))


def _absence(when: Raw, path: Path) -> Box:
    unless = when.get("unless")
    words = items(unless) or ([unless] if unless else [])
    plainly, events = split_events(words, [one.value for one in Absent])
    listed_too = [events_field(path, "~unless_events", "nor one of these events", events, "unless")]
    by_name = phrases.signal_of(when) not in EVENT_KINDS and not events
    given = [
        Field(named(path, "~unless"), "None of these came", "many", plainly,
              [(one.value, _ABSENT.get(one.value, one.value)) for one in Absent],
              places=[named(path, "unless")]),
        *([] if by_name else listed_too),
        own_field(path, "~unless_own", events, "unless"),
        Field(named(path, "within"), "within", "text", plain(when.get("within")),
              hint="such as 3d; counted from the signal"),
        Field(named(path, "enters"), "and the record becomes by it", "choice",
              plain(when.get("enters")), [("", "never mind what"), *MOMENTA]),
    ]  # fmt: skip
    return Box("Wait whether something does not come", given, style="more", set=_beside(when),
               hint="Such as: a meeting was held, and within 1d no reply came. Nothing ticked: "
               "the signal alone is enough.")  # fmt: skip


# --- details by signal ---------------------------------------------------------------------------


def _words(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given = [] if value == "any" else items(value) or [value]
    chosen = "\n".join(plain(one) for one in given)
    return [Field(named(path, "~words"), "Which; none ticked means any", "many", chosen,
                  choices(LISTED[kind]), places=[named(path, kind)])]  # fmt: skip


def _lasting(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    return [Field(named(path, kind), "For how long", "text", plain(value), hint="such as 7d")]


def _mail(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given = mapping(value)
    return [
        Field(named(path, kind, "count"), "How often", "number", plain(given.get("count")),
              placeholder="once"),
        Field(named(path, kind, "within"), "within what time", "text", plain(given.get("within")),
              hint="such as 7d; empty for once"),
    ]  # fmt: skip


def _stalled(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given = mapping(value)
    by = "" if given.get("by") == "anyone" else plain(given.get("by"))
    return [
        Field(named(path, kind, "momentum"), "A record that is", "choice",
              plain(given.get("momentum")), MOMENTA),
        Field(named(path, kind, "for"), "has stood still for", "text", plain(given.get("for")),
              hint="such as 2d"),
        Field(named(path, kind, "by"), "until", "choice", by, _BY),
    ]  # fmt: skip


def _recycled(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given = [] if value == "any" else items(value) or [value]
    return [Field(named(path, "~words"), "From the rest after which sequence; none ticked: any",
                  "many", "\n".join(map(plain, given)), known.sequences,
                  places=[named(path, kind)])]  # fmt: skip


def _changed(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    return [Field(named(path, kind), "Which field", "text", plain(value),
                  hint="such as deal.amount", listed="condition-fields")]  # fmt: skip


def _date(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given = mapping(value)
    side = next((side for side in ("before", "after") if given.get(side)), "")
    return [
        Field(named(path, kind, "field"), "Which date", "choice", plain(given.get("field")),
              [(one, one) for one in known.dates]),
        Field(named(path, "~distance"), "How long", "text", plain(given.get(side)), hint=_AGO,
              places=[named(path, kind, "before"), named(path, kind, "after")]),
        Field(named(path, "~side"), "and that", "choice", side, _SIDES,
              places=[named(path, kind)]),
    ]  # fmt: skip


_Details = Callable[[str, Any, Path, Known], list[Field]]
_DETAILS: Mapping[str, _Details] = {
    **dict.fromkeys(LISTED, _words), **dict.fromkeys(LASTING, _lasting),
    "opened": _mail, "clicked": _mail, "stalled": _stalled, "recycled": _recycled,
    "field_changed": _changed, "date": _date,
    **{kind: one.fields for kind, one in EVENT_KINDS.items()},
}  # fmt: skip


# --- what is typed -------------------------------------------------------------------------------


def _read(when: Raw, path: Path, typed: Typed) -> Any:
    stood, kind = phrases.signal_of(when), typed[named(path, "~signal")]
    if not kind:
        return None
    beside = _beside_read(path, typed) if kind not in _ALONE else {}
    if kind != stood:
        return {kind: _FIRST.get(kind, "any"), **beside}
    return {kind: _value_read(kind, when.get(kind), path, typed), **beside}


def _beside_read(path: Path, typed: Typed) -> dict[str, Any]:
    def said(key: str) -> str:
        return typed.get(named(path, key), "")

    words = [word for key in ("~unless", "~unless_events", "~unless_own")
             for word in listed(said(key))]  # fmt: skip
    within = said("within")
    found: dict[str, Any] = {}
    if words or within:
        found = {"unless": words, "within": within}
    return found | filled({"enters": said("enters")})


def _value_read(kind: str, stands: Any, path: Path, typed: Typed) -> Any:
    def said(*key: str) -> str:
        return typed.get(named(path, *key), "")

    if kind in LISTED or kind == "recycled":
        words = listed(said("~words"))
        return words[0] if len(words) == 1 else words or "any"
    if kind in (*LASTING, "field_changed"):
        return said(kind)
    if kind in ("opened", "clicked"):
        given = filled({"count": number(said(kind, "count")), "within": said(kind, "within")})
        return given or "any"
    if kind == "stalled":
        return {"momentum": said(kind, "momentum"), "for": said(kind, "for"),
                **filled({"by": said(kind, "by")})}  # fmt: skip
    if kind == "date":
        side = said("~side")
        return {"field": said(kind, "field"), **({side: said("~distance")} if side else {})}
    if kind in EVENT_KINDS:
        return EVENT_KINDS[kind].read(path, typed)
    return stands
