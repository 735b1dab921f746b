"""One playbook as a page shows it: its rules and sequences along their time, its versions, what
differs between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from app.decisions.passing import words
from app.decisions.standing import condition_words
from app.model.flow import Branch, Control, OutcomeOf, Seen, SetMomentum, Split, Wait
from app.model.playbook import (
    CreateTasks,
    Enrol,
    Hold,
    Notify,
    Playbook,
    Reassign,
    Rule,
    RuleAction,
    SetField,
    Step,
    Stop,
    Template,
)
from app.model.time import Delay
from app.playbooks.codec import from_json
from app.playbooks.presets import preset, preset_ids, preset_text
from app.store import playbooks
from app.store.sets import loads
from app.web import access
from app.web.api.playbooks import overview, unknown

_TASKS = {"email": "e-mail", "call": "call", "linkedin": "LinkedIn", "todo": "to do"}
_UNITS = {"min": ("minute", "minutes"), "h": ("hour", "hours"), "d": ("day", "days"),
          "wd": ("working day", "working days")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One step on the time line. depth: how many ways on it lies under; way: the last of them."""

    when: str
    kind: str
    what: str
    decides: str = ""
    text: str = ""
    depth: int = 0
    way: str = ""
    urgent: bool = False


def timeline(playbook: Playbook) -> list[dict[str, Any]]:
    """Each rule with what starts it, what it does, and the steps that follow, in their order."""
    return [_rule(playbook, rule) for rule in playbook.rules]


def _rule(playbook: Playbook, rule: Rule) -> dict[str, Any]:
    lines: list[Line] = []
    does: list[str] = []
    for action in rule.then:
        if isinstance(action, CreateTasks):
            lines.extend(_step(step, playbook.templates) for step in action.steps)
        elif isinstance(action, Enrol):
            sequence = playbook.sequences.get(action.sequence)
            if sequence is not None:
                lines.extend(_node(node, playbook.templates) for node in sequence.nodes)
        else:
            does.append(_does(action))
    return {
        "key": rule.key,
        "title": rule.title or rule.id,
        "when": _starts(rule),
        "if": condition_words(rule.condition) if rule.condition is not None else "",
        "does": does,
        "lines": lines,
    }


def _starts(rule: Rule) -> str:
    when = rule.when
    text = words(when)
    if when.events:
        text = f"{text}: {', '.join(sorted(when.events))}"
    if when.count > 1:
        text = f"{text}, {when.count} times within {lasts(when.span)}"
    absent = sorted([one.value.replace("_", " ") for one in when.unless] + list(when.unless_events))
    if absent and when.within is not None:
        text = f"{text}, and no {' or '.join(absent)} within {lasts(when.within)}"
    elif absent:
        text = f"{text}, and no {' or '.join(absent)}"
    return text


def _does(action: RuleAction) -> str:
    match action:
        case Stop(sequences):
            return f"ends {', '.join(sorted(sequences)) or 'all that runs'}"
        case Notify(who):
            return f"tells the {who}"
        case SetField(field, value):
            return f"sets {field.removeprefix('followthrough_')} to {value}"
        case Hold(reason, duration):
            return f"holds follow-up for {lasts(duration)}: {reason}"
        case Reassign():
            return "gives open tasks to somebody else"
        case _:
            return ""


def _node(node: Step | Control, templates: Mapping[str, Template]) -> Line:
    if isinstance(node, Step):
        return _step(node, templates)
    depth, way = len(node.under), node.under[-1][1] if node.under else ""
    at = _at(node.at, node.anchor)
    match node:
        case Wait():
            what = f"until {words(node.until)}, at most {lasts(node.timeout)}"
            return Line(at, "wait", what, depth=depth, way=way)
        case Branch():
            return Line(at, "branch", _test(node), depth=depth, way=way)
        case Split():
            shares = ", ".join(f"{name} {share} %" for name, share in node.shares)
            return Line(at, "split", shares, depth=depth, way=way)
        case SetMomentum():
            what = f"momentum becomes {node.value.value}"
            return Line(at, "set", what, depth=depth, way=way)


def _test(node: Branch) -> str:
    test = node.test
    if isinstance(test, Seen):
        return f"has come: {words(test.when)}?"
    if isinstance(test, OutcomeOf):
        return f"step {test.step} is {' or '.join(sorted(test.results))}?"
    return f"{condition_words(test)}?"


def _step(step: Step, templates: Mapping[str, Template]) -> Line:
    template = templates.get(step.template)
    kind = "note" if step.note else _TASKS.get(step.task.value, step.task.value)
    if step.native is not None:
        kind = "CRM sequence"
    return Line(
        _at(step.at, step.anchor), kind, step.subject,
        decides=template.decides if template else "",
        text=template.body.strip() if template else "",
        depth=len(step.under), way=step.under[-1][1] if step.under else "",
        urgent=step.priority.value == "high",
    )  # fmt: skip


def _at(at: Delay | None, anchor: str) -> str:
    after = {"entry": "", "previous_done": " after the step before"}.get(anchor)
    if after is None:
        field = anchor.removeprefix("field:").replace("_", " ")
        if at is None or at.amount == 0:
            return f"on {field}"
        return f"{lasts(at)} {'before' if at.amount < 0 else 'after'} {field}"
    if at is None or at.amount == 0:
        return f"at once{after}" if after else "at once"
    return f"{lasts(at)}{after}" if after else f"after {lasts(at)}"


def lasts(delay: Delay | None) -> str:
    """A delay in words: `3 days`, `1 working day`."""
    if delay is None:
        return "any time"
    amount = abs(delay.amount)
    one, many = _UNITS[delay.unit.value]
    return f"{amount} {one if amount == 1 else many}"


def differences(older: str, newer: str) -> list[tuple[str, str]]:
    """(`+`, `-`, ` ` or `@`, line) of what changed between two texts, three lines around it."""
    return list(_lines(older.splitlines(), newer.splitlines()))


def _lines(older: Sequence[str], newer: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in unified_diff(older, newer, lineterm=""):
        if line.startswith(("---", "+++")):
            continue
        yield ("@", "…") if line.startswith("@@") else (line[:1], line[1:])


# --- saved ones ---------------------------------------------------------------------------------


def described(conn: Connection, playbook: str) -> dict[str, Any]:
    """One playbook, as saved or as the preset that it is: text, versions, how its rules stand."""
    rows = playbooks.versions(conn, access.viewer().installation_id, playbook)
    if rows:
        found, text = from_json(loads(rows[0]["data"])), rows[0]["source"]
    elif playbook in preset_ids():
        found, text = preset(playbook), preset_text(playbook)
    else:
        raise unknown(playbook)
    saved = next((one for one in overview(conn)["saved"] if one["playbook"] == playbook), None)
    return {
        "id": playbook,
        "title": found.title or playbook,
        "description": found.description,
        "playbook": found,
        "text": text,
        "version": rows[0]["version"] if rows else 0,
        "saved_by": rows[0]["saved_by"] if rows else "",
        "rules": saved["rules"] if saved else [],
        "versions": [dict(row) for row in rows],
    }


def changes(versions: Sequence[Mapping[str, Any]], asked: str) -> dict[str, Any] | None:
    """What the version `asked` changed against the one before it; None where there is none."""
    for newer, older in pairwise(versions):
        if str(newer["version"]) == asked:
            lines = differences(older["source"], newer["source"])
            return {"version": newer["version"], "lines": lines}
    return None
