"""Values of a playbook file that are about replies: their classes, and what one letter means."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from app.model.time import parse_delay
from app.model.vocabulary import ReplyClass
from app.playbooks.values import list_reader, list_schema, refusal, values_of

ReplyList = Annotated[
    list[ReplyClass],
    PlainValidator(list_reader("a class of replies", ReplyClass)),
    WithJsonSchema(list_schema(values_of(ReplyClass))),
]

LETTERS = ("a", "b", "c")
CHOICES = ("close", "call")


def _read_choices(value: Any) -> dict[str, str]:
    """`{a: call, b: 90d, c: close}`: what one letter as an answer means."""
    if not isinstance(value, dict) or not value:
        raise refusal(f"{value!r} says no letters", "write it as {a: call, b: 90d, c: close}")
    found: dict[str, str] = {}
    for letter, meaning in value.items():  # pyright: ignore[reportUnknownVariableType]
        if letter not in LETTERS:
            message = f"{letter!r} is no letter that is read"
            raise refusal(message, "use a, b and c", letter, at_key=True)
        if meaning in CHOICES:
            found[str(letter)] = str(meaning)
            continue
        try:
            delay = parse_delay(str(meaning))
        except ValueError:
            hint = "write close, call, or after how long to come back, such as 90d"
            raise refusal(f"{meaning!r} is nothing that a letter can mean", hint, letter) from None
        found[str(letter)] = str(delay)
    return found


Choices = Annotated[
    dict[str, str],
    PlainValidator(_read_choices),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                letter: {"anyOf": [{"enum": list(CHOICES)},
                                   {"type": "string", "pattern": r"^\d+\s*(min|h|d|wd)$"}]}
                for letter in LETTERS
            },
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]
