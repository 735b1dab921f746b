"""Liquid with limits, and the check of a template before it is stored.

Liquid was chosen over Jinja2 because tenants write templates: a sandboxed Jinja2 can still be made
to build a string of a gigabyte from one expression, Liquid has no such expression and takes limits.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError

from app.wording.tokens import TOKENS

MAX_TEMPLATE_CHARS = 20_000

# `include` and `render` load files. `increment`, `decrement` and `cycle` keep state between calls.
_REFUSED_TAGS = ("include", "render", "increment", "decrement", "cycle", "tablerow", "ifchanged")
# `date` reads the machine's clock and zone for `'now'`; dates arrive as text in the rep's zone.
# `safe` would let a value out of the CRM put markup into a task.
_REFUSED_FILTERS = ("date", "safe")


class _Fenced(Environment):
    """Limits of one rendering: far above any real message, far below what could hurt."""

    loop_iteration_limit = 1_000
    output_stream_limit = 100_000
    local_namespace_limit = 100_000
    context_depth_limit = 10


class _Missing(StrictDefaultUndefined):
    """A missing value: `default` replaces it, `if` takes it for false, all else fails.

    The stock class fails in `if` too, so that no text could say something only where it knows.
    """

    allowed_properties = StrictDefaultUndefined.allowed_properties | {"__liquid__"}

    def __liquid__(self) -> None:
        return None


def _environment() -> Environment:
    fenced = _Fenced(undefined=_Missing, autoescape=True)
    for tag in _REFUSED_TAGS:
        fenced.tags.pop(tag, None)
    for name in _REFUSED_FILTERS:
        fenced.filters.pop(name, None)
    return fenced


_ENVIRONMENT = _environment()


@dataclass(frozen=True, slots=True)
class TextProblem:
    """What is wrong in a template. line and column count from 1 within its text."""

    message: str
    suggestion: str = ""
    line: int = 1
    column: int = 1


def compile_text(text: str) -> BoundTemplate:
    """Parse Liquid; values are HTML-escaped when filled in. Raises LiquidError on wrong syntax."""
    return _ENVIRONMENT.from_string(text)


def check_tokens(text: str, fields: Iterable[str] = ()) -> list[TextProblem]:
    """Everything that would keep this template from being filled in; an empty list means sound.

    fields: further tokens (`deal.contract_end`) that the installation has mapped.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        return [
            TextProblem(
                f"the text has {len(text):,} characters; at most {MAX_TEMPLATE_CHARS:,} are allowed"
            )
        ]
    try:
        analysis = compile_text(text).analyze()
    except LiquidError as error:
        return [_syntax_problem(text, error)]
    known = {*TOKENS, *fields}
    problems: list[TextProblem] = []
    for uses in analysis.globals.values():
        for use in uses:
            path = ".".join(str(part) for part in use.segments)
            if path not in known:
                line, column = _position(text, use.span.index)
                problems.append(_unknown(f"unknown token `{path}`", path, known, line, column))
    for name, spans in analysis.filters.items():
        if name not in _ENVIRONMENT.filters:
            line, column = _position(text, spans[0].index)
            names = _ENVIRONMENT.filters
            problems.append(_unknown(f"unknown filter `{name}`", name, names, line, column))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or the whole choice where nothing is near and the choice is short."""
    choice = sorted(known)
    near = difflib.get_close_matches(word.lower(), choice, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if 0 < len(choice) <= 24:
        return "use one of: " + ", ".join(choice)
    return ""


def _unknown(message: str, word: str, known: Iterable[str], line: int, column: int) -> TextProblem:
    return TextProblem(message, suggest(word, known), line, column)


def _syntax_problem(text: str, error: LiquidError) -> TextProblem:
    token: Any = getattr(error, "token", None)
    line, column = _position(text, token.start_index) if token is not None else (1, 1)
    reason = str(error.args[0]) if error.args else "not valid Liquid"
    hint = "write a value as `{{ contact.first_name | default: 'there' }}`"
    return TextProblem(f"not valid Liquid: {reason}", hint, line, column)


def _position(text: str, index: int) -> tuple[int, int]:
    before = text[: max(index, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
