"""Reads a playbook file: all of its mistakes with file, line and column, or a playbook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from app.model.playbook import Playbook
from app.model.records import PersonView
from app.playbooks import checks, declared
from app.playbooks.advice import Limits, advise
from app.playbooks.build import build
from app.playbooks.finding import Finding
from app.playbooks.flow_checks import flow_findings
from app.playbooks.form import FORM
from app.playbooks.hints import key_hint
from app.playbooks.needs import needs
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.problems import PlaybookError, Problem, field_path
from app.playbooks.staff import staff_findings
from app.wording.language import suggest

MAX_BYTES = 512 * 1024

NO_FIELDS: Mapping[str, str] = {}

Location = tuple[int | str, ...]


def load_file(
    path: Path, fields: Mapping[str, str] = NO_FIELDS, *, trusting: bool = False
) -> Playbook:
    """Like `load_text`, from a UTF-8 file. Raises OSError where there is no such file."""
    data = path.read_bytes()
    try:
        return load_text(data.decode(), str(path), fields, trusting=trusting)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = Problem(str(path), line, 1, "", "not UTF-8 text", "save the file as UTF-8")
        raise PlaybookError([problem]) from error


def load_text(
    text: str,
    name: str,
    fields: Mapping[str, str] = NO_FIELDS,
    closed: Mapping[str, str] = NO_FIELDS,
    people: Sequence[PersonView] | None = None,
    *,
    trusting: bool = False,
) -> Playbook:
    """The playbook in `text`. Raises PlaybookError with every mistake; then nothing is returned.

    name: what errors call the file. fields: an installation's own mapped fields by name
    (`deal.contract_end`), each with its type, which conditions, templates, dates and steps may use
    beside the built-in ones. closed: windows that no task could ever be due in, with the reason.
    people: everybody of the account, whom steps may name; None: nobody knows.
    trusting: no installation is at hand, so what the file says it needs is taken for mapped.
    """
    document = parsed(text, name)
    try:
        source = PlaybookYaml.model_validate(document)
    except ValidationError as error:
        raise PlaybookError(problems_of(error, name, document)) from error
    # A need that is not met is said once, and not again wherever the field is used.
    mapped = {**declared.declared(source), **fields}
    findings = checks.check(source, mapped, closed)
    findings.extend(flow_findings(source, *checks.usable(mapped)))
    findings.extend(declared.form_findings(source))
    if people is not None:
        findings.extend(staff_findings(source, people))
    if not trusting:
        findings.extend(declared.mapping_findings(source, fields))
    playbook = None if findings else build(source)
    if playbook is not None:
        findings.extend(declared.unused_findings(source, needs(playbook)))
    if playbook is None or findings:
        raise PlaybookError(_sorted([_problem_of(found, name, document) for found in findings]))
    return playbook


def advice_on(playbook: Playbook, text: str, name: str, limits: Limits) -> list[Problem]:
    """What is odd about a playbook that `load_text` has read from this text, with lines."""
    document = parsed(text, name)
    return _sorted([_problem_of(found, name, document) for found in advise(playbook, limits)])


def parsed(text: str, name: str) -> CommentedMap:
    """The text's document, whatever it says. Raises PlaybookError for what is no YAML or too much.
    """
    if len(text.encode()) > MAX_BYTES:
        limit = f"a playbook has at most {MAX_BYTES // 1024} KiB"
        raise PlaybookError([Problem(name, 1, 1, "", "the file is too large", limit)])
    try:
        _refuse_aliases(text, name)
        document: object = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        key = str(error.problem).partition('"')[2].partition('"')[0]
        message = f"key `{key}` stands twice" if key else "a key stands twice"
        raise PlaybookError([_marked(error, name, message, "keep one of the two")]) from error
    except MarkedYAMLError as error:
        reason = str(error.problem or error.context or "not YAML")
        raise PlaybookError([_marked(error, name, f"not YAML: {reason}", _yaml_hint())]) from error
    except (YAMLError, ValueError) as error:
        raise PlaybookError([Problem(name, 1, 1, "", f"not YAML: {error}")]) from error
    if not isinstance(document, CommentedMap):
        hint = "a playbook starts with `playbook: <id>`"
        raise PlaybookError([Problem(name, 1, 1, "", "not a playbook", hint)])
    return document


def _refuse_aliases(text: str, name: str) -> None:
    """Ten lines of nested aliases stand for billions of values; no playbook needs them."""
    if "*" not in text:  # no alias goes without, and looking for one takes as long as reading all
        return
    for event in YAML().parse(text):
        if isinstance(event, AliasEvent):
            mark = event.start_mark
            problem = Problem(
                name, mark.line + 1, mark.column + 1, "", "aliases are not read", "write it out"
            )
            raise PlaybookError([problem])


def _yaml_hint() -> str:
    return "check the indentation and quotes of this line and the one above"


def _marked(error: MarkedYAMLError, name: str, message: str, hint: str) -> Problem:
    mark: Any = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Problem(name, line, column, "", message, hint)


_PLAIN = {
    "list_type": ("a list must stand here", "write [a, b] or one `- …` a line"),
    "model_type": ("keys with values must stand here", "write `key: value`"),
    "dict_type": ("names with values must stand here", "write `name: …`"),
    "too_short": ("at least one must stand here", "add one, or leave the key out"),
    "string_type": ("text must stand here", "put it in quotes"),
    "string_too_short": ("it is empty", "write a text, or leave the key out"),
    "string_pattern_mismatch": ("it must be one line", "take the line breaks out"),
    "int_type": ("a whole number must stand here", "write it without quotes"),
    "bool_type": ("true or false must stand here", ""),
}
"""Pydantic's kinds of error that files run into → our words."""


def problems_of(error: ValidationError, name: str, document: CommentedMap | None) -> list[Problem]:
    """Pydantic's errors in our words, at their places in `document` (None: no text at hand)."""
    details = error.errors(include_url=False)
    return _sorted([_problem_of(_finding(detail), name, document) for detail in details])


def _finding(detail: ErrorDetails) -> Finding:
    location = tuple(part for part in detail["loc"] if not str(part).startswith(FORM))
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx") or {}
    if kind == "extra_forbidden":
        return Finding(location, f"unknown key `{location[-1]}`", key_hint(location), True)
    if kind == "missing":
        return Finding(location, f"`{location[-1]}` is missing", "add it")
    if kind == "playbook":
        if "item" in context:
            location = (*location, context["item"])
        return Finding(
            location, context["message"], context["suggestion"], context["at_key"]
        )
    if kind == "literal_error":
        words = re.findall(r"'([^']+)'", str(context["expected"]))
        given = str(detail["input"])
        # Among operators the nearest spelling is rarely the one that was meant.
        near = given.replace("_", "").isalpha()
        hint = suggest(given, words) if near else "use one of: " + ", ".join(words)
        return Finding(location, f"{detail['input']!r} is not possible here", hint)
    if kind in _PLAIN:
        return Finding(location, *_PLAIN[kind])
    return Finding(location, detail["msg"][:1].lower() + detail["msg"][1:])


def _problem_of(finding: Finding, name: str, document: CommentedMap | None) -> Problem:
    path, line, column = _locate(finding.location, document, finding.at_key)
    return Problem(name, line, column, field_path(path), finding.message, finding.suggestion)


def _locate(
    location: Location, document: CommentedMap | None, at_key: bool
) -> tuple[Location, int, int]:
    """Path in the file, line and column.

    What the document does not contain is skipped on the way (pydantic names the parts of a dict's
    entry too) and kept at the end only, where it names a missing key.
    """
    if document is None:
        return location, 0, 0
    node: object = document
    path: list[int | str] = []
    line, column = 1, 1
    for index, part in enumerate(location):
        last = index == len(location) - 1
        place = _place(node, part, at_key and last)
        if place is not None:
            line, column = place[0] + 1, place[1] + 1
            node = node[part]  # type: ignore[index]
            path.append(part)
        elif last and isinstance(node, CommentedMap):
            path.append(part)
    return tuple(path), line, column


def _place(node: object, part: int | str, at_key: bool) -> tuple[int, int] | None:
    """Line and column, from 0, of an item or of a key's value; of the key where that says more."""
    if isinstance(node, CommentedMap) and part in node:
        value: object = node[part]
        at_key = at_key or isinstance(value, CommentedMap | CommentedSeq) or "\n" in str(value)
        return node.lc.key(part) if at_key else node.lc.value(part)
    if isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
        return node.lc.item(part)
    return None


def _sorted(problems: list[Problem]) -> list[Problem]:
    distinct = dict.fromkeys(problems)
    return sorted(distinct, key=lambda problem: (problem.line, problem.column, problem.field))
