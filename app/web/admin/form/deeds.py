"""What the buttons of the editor's form do to a playbook's text: add, take out, move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.model.time import DAY, parse_delay
from app.playbooks.editing import EditError, append, drop, move, put
from app.playbooks.raw import Path, Raw, items, mapping
from app.web.admin.form import conditions, rules
from app.web.admin.form.actions import TITLES, added
from app.web.admin.form.controls import ADDED
from app.web.admin.form.document import HEAD, known_of
from app.web.admin.form.momentum import order_of
from app.web.admin.form.places import at
from app.web.admin.form.shape import Known, path_of
from app.web.admin.form.texts import ORDER as TEXT_ORDER

_AFTER_D = 3
"""Days after the last step on which a new one is due, until somebody says otherwise."""
_BEGIN = "proposal"
_NEEDED = ("steps", "create_tasks", "split")
"""Lists that may not go with their last item, unless they are those of a cohort."""

_DECIDES = "Which one decision does this touch bring?"
_BODY = "Write here what to say, and what to ask for at the end."


def done(text: str, document: Raw, deed: str) -> str:
    """The text after one button: `up:sequences.0.steps.1`, `add-step:sequences.0.steps`. Raises
    EditError."""
    what, _, where = deed.partition(":")
    path = path_of(where)
    if what == "remove":
        return _removed(text, document, path)
    if what in ("up", "down"):
        return move(text, path, -1 if what == "up" else 1)
    if what in ("add-condition", "add-group", "remove-condition"):
        return _condition(text, document, what, path)
    kind = what.removeprefix("add-")
    if kind in TITLES and path and path[-1] == "then":
        return _action_added(text, document, path, kind)
    if kind in ADDED:
        return _control_added(text, document, path, kind)
    maker = _MAKERS.get(what)
    if maker is None:
        raise EditError(f"there is no button {what!r}")
    return maker(text, document, path)


def _removed(text: str, document: Raw, path: Path) -> str:
    """Without an item or a key; a list that may be missing goes with its last item."""
    whole = path[:-1]
    alone = len(items(at(document, whole))) == 1 or len(mapping(at(document, whole))) == 1
    of_cohort = len(whole) > 2 and whole[-3] == "split"
    if alone and len(whole) > 0 and (whole[-1] not in _NEEDED or of_cohort):
        return drop(text, whole)
    return drop(text, path)


def _condition(text: str, document: Raw, what: str, path: Path) -> str:
    start = next((i for i, part in enumerate(path) if str(part).startswith("~")), len(path))
    base, way = path[:start], [int(str(part)[1:]) for part in path[start:]]
    asked = at(document, base)
    if what == "remove-condition":
        return put(text, base, conditions.cut(asked, way))
    wanted = conditions.grown(asked, way, group=what == "add-group")
    return put(text, base, wanted, rules.ORDER)


def _action_added(text: str, document: Raw, path: Path, kind: str) -> str:
    if kind == "create_tasks":
        name = _free("step", _ids(document))
        text = _template_added(text, document, name)
        action: Raw = {kind: [_task(name, "1d")]}
    else:
        action = {kind: added(kind, known_of(document, Known()))}
    if path[0] == "momentum" and at(document, path[:-1]) is None:
        return put(text, path[:-1], {"then": [action]}, order_of(path[:-1]))
    return append(text, path, action)


def _step_added(text: str, document: Raw, path: Path) -> str:
    rows = [mapping(row) for row in items(at(document, path))]
    name = _free("step", _ids(document))
    text = _template_added(text, document, name)
    on_a_way = path[-1] in ("then", "else") or "split" in path
    task = _task(name, "1h" if on_a_way and not rows else _later(rows))
    if on_a_way:
        task = {**task, "after": "previous_done"}
    return append(text, path, task)


def _control_added(text: str, document: Raw, path: Path, kind: str) -> str:
    """A control step, with a touch on its first way where it would else decide nothing."""
    begins = ADDED[kind][2]
    name = _free("step", _ids(document))
    touch = {**_task(name, "1h"), "after": "previous_done"}
    if kind == "branch":
        text, begins = _template_added(text, document, name), {**begins, "then": [touch]}
    elif kind == "split":
        first, *rest = items(begins[kind])
        text = _template_added(text, document, name)
        begins = {kind: [{**first, "steps": [touch]}, *rest]}
    return append(text, path, {"id": _free(kind, _ids(document)), **begins})


def _task(name: str, at: str) -> Raw:
    """A step to begin with. name: of the step and of its text."""
    return {
        "id": name, "at": at, "task": "call", "template": name,
        "subject": "Name what is to be done",
    }  # fmt: skip


def _later(rows: list[Raw]) -> str:
    """Some days after the latest step that counts from the beginning."""
    days = [0.0]
    for row in rows:
        try:
            days.append(parse_delay(str(row.get("at"))).approximate_ms() / DAY)
        except ValueError:
            continue
    return f"{int(max(days)) + _AFTER_D}d"


def _rule_added(text: str, document: Raw, path: Path) -> str:
    listed = [mapping(row) for row in items(document.get("rules"))]
    name = _free("rule", {str(rule.get("id", "")) for rule in listed})
    rule: dict[str, Any] = {"id": name, "title": "A new rule", "when": {"stage_entered": _BEGIN}}
    sequences = items(document.get("sequences"))
    if sequences:
        rule["then"] = [{"enrol": str(mapping(sequences[0]).get("id", ""))}]
    else:
        step = _free("step", _ids(document))
        text = _template_added(text, document, step)
        rule["then"] = [{"create_tasks": [_task(step, "1d")]}]
    return _listed(text, document, "rules", rule)


def _sequence_added(text: str, document: Raw, path: Path) -> str:
    sequences = [mapping(one) for one in items(document.get("sequences"))]
    name = _free("sequence", {str(one.get("id", "")) for one in sequences})
    step = _free("step", _ids(document))
    text = _template_added(text, document, step)
    sequence = {"id": name, "title": "A new sequence", "steps": [_task(step, "1d")]}
    return _listed(text, document, "sequences", sequence)


def _listed(text: str, document: Raw, key: str, item: Raw) -> str:
    """One more in a list of the playbook, which is begun where there is none."""
    if items(document.get(key)):
        return append(text, (key,), item)
    return put(text, (key,), [item], HEAD)


def _text_added(text: str, document: Raw, path: Path) -> str:
    return _template_added(text, document, _free("text", mapping(document.get("templates"))))


def _template_added(text: str, document: Raw, name: str) -> str:
    said = {"decides": _DECIDES, "body": _BODY}
    if not mapping(document.get("templates")):
        return put(text, ("templates",), {name: said})
    return put(text, ("templates", name), said, TEXT_ORDER)


def _momentum_added(text: str, document: Raw, path: Path) -> str:
    ways = [{"id": "replied", "title": "They wrote back", "when": {"replied": "any"}}]
    return put(text, ("momentum",), {"hot": {"when": ways, "decays": "10d"}}, HEAD)


def _entry_added(text: str, document: Raw, path: Path) -> str:
    rows = [mapping(row) for row in items(at(document, path))]
    name = _free("way", {str(row.get("id", "")) for row in rows})
    entry = {"id": name, "title": "A new way", "when": {"meeting_booked": "any"}}
    if path[1] == "warm" and not mapping(at(document, ("momentum", "warm"))):
        return put(text, ("momentum", "warm"), {"when": [entry]}, order_of(path[:2]))
    return append(text, path, entry)


def _still_added(text: str, document: Raw, path: Path) -> str:
    first = next(iter(mapping(document.get("templates"))), "")
    said = {"after": "7d", "then": [{"notify": {"who": "manager", "template": first}}]}
    if not mapping(at(document, path[:-1])):
        return put(text, path[:-1], {path[-1]: said}, order_of(path[:-1]))
    return put(text, path, said, order_of(path))


def _pace_added(text: str, document: Raw, path: Path) -> str:
    return append(text, path, {"if": dict(conditions.NEW), "times": 0.5})


def _need_added(text: str, document: Raw, path: Path) -> str:
    need = {"field": "deal.of_your_own", "type": "text", "what": "What it is, in a sentence"}
    return _listed(text, document, "needs", need)


def _cohort_added(text: str, document: Raw, path: Path) -> str:
    taken = {str(mapping(row).get("cohort", "")) for row in items(at(document, path))}
    return append(text, path, {"cohort": _free("cohort", taken), "percent": 10})


_MAKERS = {
    "add-step": _step_added, "add-rule": _rule_added, "add-sequence": _sequence_added,
    "add-text": _text_added, "add-momentum": _momentum_added, "add-entry": _entry_added,
    "add-still": _still_added, "add-pace": _pace_added, "add-need": _need_added,
    "add-cohort": _cohort_added,
}  # fmt: skip
"""Button → what it adds."""


def _ids(document: Raw) -> set[str]:
    """Every id in the playbook, and every text's name: a new step shares one with its text."""
    found = set(map(str, mapping(document.get("templates"))))

    def look(node: Any) -> None:
        if isinstance(node, Mapping):
            item = cast(Raw, node)
            found.add(str(item.get("id", "")))
            for value in item.values():
                look(value)
        for one in items(node):
            look(one)

    for key in ("momentum", "rules", "sequences"):
        look(document.get(key))
    return found


def _free(stem: str, taken: Any) -> str:
    return next(f"{stem}-{n}" for n in range(1, 10_000) if f"{stem}-{n}" not in taken)
