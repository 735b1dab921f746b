"""Events of the customer's own tools, and signs of urgency that come together, in the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.model.events import EVENTS, SURGING
from app.playbooks.event_values import COUNTED_SIGNALS
from app.playbooks.raw import Path, items, mapping, plain
from app.web.admin.fields import Field, Options
from app.web.admin.form.shape import Known, Typed, filled, listed, named, number

_NAMES: Options = [(name, one.what.rstrip(".")) for name, one in EVENTS.items()]
_SIGNS: Mapping[str, str] = {
    "replied": "They replied",
    "meeting_booked": "They booked a meeting",
    "form_submitted": "They sent a form",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a signal asks, and how it is read."""

    fields: Callable[[str, Any, Path, Known], list[Field]]
    read: Callable[[Path, Typed], Any]


def split_events(words: Sequence[Any], first: Sequence[str]) -> tuple[str, list[str]]:
    """Those of `first` as a field of several holds them; and all others."""
    given = [plain(word) for word in words if word]
    return ("\n".join(word for word in given if word in first),
            [word for word in given if word not in first])  # fmt: skip


def events_field(path: Path, key: str, label: str, given: Sequence[str], *place: str) -> Field:
    """The standard events."""
    chosen = "\n".join(name for name in given if name in EVENTS)
    return Field(named(path, key), label, "many", chosen, _NAMES, places=[named(path, *place)])


def own_field(path: Path, key: str, given: Sequence[str], *place: str) -> Field:
    """Events of the customer's own making, and whatever else is typed as a name."""
    own = ", ".join(name for name in given if name not in EVENTS)
    return Field(named(path, key), "Events by their name", "text", own,
                 hint="such as proposal_viewed; those of your own making begin with custom.",
                 places=[named(path, *place)])  # fmt: skip


def _event(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given = mapping(value)
    names = given.get("name", value)
    words = [plain(one) for one in items(names) or [names] if not isinstance(one, Mapping)]
    place = ("event", "name") if given else ("event",)
    return [
        events_field(path, "~events", "Which event; any of the ticked ones", words, *place),
        own_field(path, "~own", words, *place),
        Field(named(path, "event", "count"), "How often", "number", plain(given.get("count")),
              placeholder="once"),
        Field(named(path, "event", "within"), "within what time", "text",
              plain(given.get("within")), hint="such as 1d; empty for once"),
    ]  # fmt: skip


def _event_read(path: Path, typed: Typed) -> Any:
    def said(*key: str) -> str:
        return typed.get(named(path, *key), "")

    names = [*listed(said("~events")), *listed(said("~own"))]
    named_ = names[0] if len(names) == 1 else names
    more = filled({"count": number(said("event", "count")), "within": said("event", "within")})
    if more in ({}, {"count": 1}):
        return named_
    return {"name": named_, **more}


def _surge(kind: str, value: Any, path: Path, known: Known) -> list[Field]:
    given, near = mapping(value), mapping(mapping(value).get("near"))
    words = [] if given.get("of") == "any" else items(given.get("of"))
    signs, events = split_events(words, COUNTED_SIGNALS)
    chosen = "\n".join(filter(None, [signs, *(name for name in events if name in EVENTS)]))
    options = [*_SIGNS.items(), *((n, w) for n, w in _NAMES if n in SURGING or n in events)]
    return [
        Field(named(path, "~signs"), "Which signs count; none ticked means any", "many", chosen,
              options, places=[named(path, "surge", "of")]),
        own_field(path, "~own", events, "surge", "of"),
        Field(named(path, "surge", "count"), "How many signs", "number",
              plain(given.get("count")), placeholder="any number"),
        Field(named(path, "surge", "persons"), "of how many people", "number",
              plain(given.get("persons")), placeholder="one or more"),
        Field(named(path, "surge", "within"), "within what time", "text",
              plain(given.get("within")), hint="such as 1d"),
        Field(named(path, "surge", "near", "field"), "and a date lies ahead", "choice",
              plain(near.get("field")), [("", "no date is asked"), *((d, d) for d in known.dates)]),
        Field(named(path, "surge", "near", "within"), "within", "text", plain(near.get("within")),
              hint="such as 30d; with a date only"),
    ]  # fmt: skip


def _surge_read(path: Path, typed: Typed) -> Any:
    def said(*key: str) -> str:
        return typed.get(named(path, *key), "")

    words = [*listed(said("~signs")), *listed(said("~own"))]
    near: dict[str, str] | None = None
    if said("surge", "near", "field"):
        near = {key: said("surge", "near", key) for key in ("field", "within")}
    counted = {key: number(said("surge", key)) for key in ("count", "persons")}
    return {"of": words or "any", **filled(counted), "within": said("surge", "within"),
            **filled({"near": near})}  # fmt: skip


EVENT_KINDS: Mapping[str, Kind] = {
    "event": Kind(_event, _event_read),
    "surge": Kind(_surge, _surge_read),
}
