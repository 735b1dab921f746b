"""Single values of a playbook file: delays, words of closed sets, names; with errors that help."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.model.time import Delay, parse_delay
from app.model.vocabulary import EXITS, Again, Priority, StageKind, TaskType
from app.wording.language import suggest

DELAY_HELP = "write a whole number and a unit: 30min, 4h, 3d (calendar days) or 2wd (working days)"
WINDOWS = ("call", "email", "sms")

_WORDS_OF_UNITS = {
    "m": ("min", 1),
    "mins": ("min", 1),
    "minute": ("min", 1),
    "minutes": ("min", 1),
    "hr": ("h", 1),
    "hrs": ("h", 1),
    "hour": ("h", 1),
    "hours": ("h", 1),
    "day": ("d", 1),
    "days": ("d", 1),
    "w": ("d", 7),
    "week": ("d", 7),
    "weeks": ("d", 7),
    "workday": ("wd", 1),
    "workdays": ("wd", 1),
}
_LOOSE_DELAY = re.compile(r"^\s*\+?(\d+)\s*([a-z]*)\s*$", re.IGNORECASE)

_E = TypeVar("_E", bound=StrEnum)


def refusal(
    message: str,
    suggestion: str = "",
    item: int | str | None = None,
    at_key: bool = False,
) -> PydanticCustomError:
    """An error whose text and suggestion reach the author unchanged.

    item: the index or key within the value that is to blame, for its place in the file; at_key:
    that key itself is wrong.
    """
    context: dict[str, Any] = {"message": message, "suggestion": suggestion, "at_key": at_key}
    if item is not None:
        context["item"] = item
    return PydanticCustomError("playbook", "{message}", context)


def _read_delay(value: Any) -> Delay:
    if isinstance(value, Delay):
        return value
    try:
        return parse_delay(value if isinstance(value, str) else f"{value}")
    except ValueError:
        raise refusal(f"{value!r} is not a delay", _delay_hint(value)) from None


def _delay_hint(value: Any) -> str:
    match = _LOOSE_DELAY.match(str(value))
    if match is None:
        return DELAY_HELP
    amount, word = int(match.group(1)), match.group(2).lower()
    if not word:
        return f"did you mean `{amount}d`? {DELAY_HELP}"
    if word in ("min", "h", "d", "wd"):
        return f"did you mean `{amount}{word}`?"
    if word in _WORDS_OF_UNITS:
        unit, times = _WORDS_OF_UNITS[word]
        return f"did you mean `{amount * times}{unit}`?"
    return DELAY_HELP


DelayText = Annotated[
    Delay,
    PlainValidator(_read_delay),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s*(min|h|d|wd)$", "examples": ["3d"]}),
]


def _word_reader(what: str, words: type[_E]) -> Callable[..., _E]:
    def read(value: Any, item: int | None = None) -> _E:
        try:
            return words(value)
        except ValueError:
            hint = suggest(str(value), [word.value for word in words])
            raise refusal(f"{value!r} is not {what}", hint, item) from None

    return read


def list_reader(what: str, words: type[_E]) -> Callable[[Any], list[_E]]:
    read = _word_reader(what, words)

    def read_list(value: Any) -> list[_E]:
        if value == "any":
            return []
        if isinstance(value, str):
            return [read(value)]
        if isinstance(value, list) and value:
            return [read(word, index) for index, word in enumerate(value)]
        known = [word.value for word in words]
        raise refusal(f"{value!r} is not {what}", "write one of, a list of, or any: " + str(known))

    return read_list


def list_schema(words: list[str]) -> dict[str, Any]:
    return {
        "anyOf": [
            {"enum": ["any", *words]},
            {"type": "array", "items": {"enum": words}, "minItems": 1},
        ]
    }


def values_of(words: type[StrEnum]) -> list[str]:
    return [word.value for word in words]


class Created(StrEnum):
    """What `subject_created` may name."""

    CONTACT = "contact"
    DEAL = "deal"
    LEAD = "lead"


class Closed(StrEnum):
    """What `closed` may name."""

    WON = "won"
    LOST = "lost"


StageList = Annotated[
    list[StageKind],
    PlainValidator(list_reader("a stage kind", StageKind)),
    WithJsonSchema(list_schema(values_of(StageKind))),
]
CreatedList = Annotated[
    list[Created],
    PlainValidator(list_reader("a kind of record", Created)),
    WithJsonSchema(list_schema(values_of(Created))),
]
ClosedList = Annotated[
    list[Closed],
    PlainValidator(list_reader("a way to close", Closed)),
    WithJsonSchema(list_schema(values_of(Closed))),
]

def _word(what: str, words: type[StrEnum]) -> BeforeValidator:
    read = _word_reader(what, words)
    return BeforeValidator(lambda value: read(value))


TaskWord = Annotated[TaskType, _word("a kind of task", TaskType)]
PriorityWord = Annotated[Priority, _word("a priority", Priority)]
AgainWord = Annotated[Again, _word("a value of `again`", Again)]


def _read_window(value: Any) -> str:
    if value not in WINDOWS:
        raise refusal(f"{value!r} is not a window", suggest(str(value), WINDOWS))
    return str(value)


Window = Annotated[str, PlainValidator(_read_window), WithJsonSchema({"enum": list(WINDOWS)})]


def _read_any(value: Any) -> str:
    if value != "any":
        raise refusal(f"{value!r} is not possible here", "this signal takes only `any`")
    return "any"


AnyWord = Annotated[str, PlainValidator(_read_any), WithJsonSchema({"const": "any"})]

_ID = re.compile(r"^[a-z][a-z0-9-]{0,63}$")


def _read_id(value: Any) -> str:
    if isinstance(value, str) and _ID.match(value):
        return value
    slug = re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-")
    hint = f"did you mean `{slug}`? " if _ID.match(slug) else ""
    raise refusal(
        f"{value!r} is not an id",
        hint + "an id starts with a small letter and has small letters, digits and hyphens",
    )


Id = Annotated[
    str, PlainValidator(_read_id), WithJsonSchema({"type": "string", "pattern": _ID.pattern})
]



def _read_sequences(value: Any) -> list[str]:
    if value == "any":
        return []
    if isinstance(value, list) and value:
        return [_read_id(item) for item in value]
    return [_read_id(value)]


SequenceList = Annotated[
    list[str],
    PlainValidator(_read_sequences),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    ),
]

EXIT_NAMES = tuple(reason.value for reason in EXITS)


def _read_exits(value: Any) -> dict[str, bool]:
    """`{replied: off}`. YAML 1.2 reads `off` as text, JSON has only true and false: both go."""
    if not isinstance(value, dict):
        raise refusal(f"{value!r} is not a set of exits", "write it as {replied: off}")
    switches: dict[str, bool] = {}
    for name, switch in value.items():  # pyright: ignore[reportUnknownVariableType]
        if name not in EXIT_NAMES:
            hint = suggest(str(name), EXIT_NAMES)
            raise refusal(f"{name!r} is not an exit", hint, name, at_key=True)
        if switch not in (True, False, "on", "off"):
            message = f"{switch!r} is not possible for exit `{name}`"
            raise refusal(message, "write on or off", name)
        switches[str(name)] = switch in (True, "on")
    return switches


Exits = Annotated[
    dict[str, bool],
    PlainValidator(_read_exits),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {"enum": ["on", "off", True, False]} for name in EXIT_NAMES},
            "additionalProperties": False,
        }
    ),
]

Text = Annotated[str, Field(max_length=20_000)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
