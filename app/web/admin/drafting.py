"""A playbook's text as a form: what stands in it, and what somebody changed written back.

Only fields whose value changed are written, each as a cut in the text (`app.playbooks.editing`), so
nothing that the form does not show is lost or written anew; `kept` lists it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from app.playbooks import phrases
from app.playbooks.editing import put
from app.playbooks.loader import parsed
from app.playbooks.problems import PlaybookError
from app.playbooks.raw import Path, Raw, items, mapping, plain
from app.playbooks.timeline import Mark, drawing, marks
from app.playbooks.values import EXIT_NAMES
from app.web.admin import rule_fields, step_fields
from app.web.admin.fields import Field, given
from app.web.admin.kept import kept
from app.web.admin.step_fields import Known, dotted

SEQUENCE_ORDER = ("id", "title", "goal", "exits", "on_deal", "exclusive", "end", "again",
                  "if_running", "priority", "lower", "max_active", "steps")  # fmt: skip
TEMPLATE_ORDER = ("decides", "email_subject", "choices", "body")
_HEAD = ("playbook", "title", "description", "needs")


@dataclass(frozen=True, slots=True)
class StepForm:
    """One step: where it stands, its mark on the axis, its fields."""

    path: str
    mark: Mark
    fields: list[Field]
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A rule, a sequence or a text. path: of it; id: its name; fields: its own; done: what a rule
    does, in words, beside its tasks; row: path of its list of steps, empty where it has none."""

    path: str
    id: str
    title: str
    fields: list[Field]
    said: str = ""
    done: list[str] = field(default_factory=list[str])
    row: str = ""
    steps: list[StepForm] = field(default_factory=list[StepForm])
    drawing: Mapping[str, Any] | None = None
    used_by: list[str] = field(default_factory=list[str])
    removable: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """The whole playbook as a form."""

    head: list[Field]
    rules: list[Part]
    sequences: list[Part]
    templates: list[Part]
    kept: list[tuple[int, str]]

    def fields(self) -> Iterator[Field]:
        yield from self.head
        for part in (*self.rules, *self.sequences, *self.templates):
            yield from part.fields
            for step in part.steps:
                yield from step.fields


def document_of(text: str) -> Any:
    """The text's document, with the lines of its keys; None where it cannot be read as one."""
    try:
        return parsed(text, "")
    except PlaybookError:
        return None


def form_of(document: Raw, known: Known) -> Form:
    """The form of what stands in a document, mistakes and all."""
    texts = mapping(document.get("templates"))
    known = Known(list(texts), known.dates, known.teams, known.people)
    sequences = [mapping(one) for one in items(document.get("sequences"))]
    ids = [str(one.get("id", "")) for one in sequences]
    rules = [mapping(one) for one in items(document.get("rules"))]
    used = _used(document)
    return Form(
        head=[
            Field("title", "Title", "text", plain(document.get("title"))),
            Field("description", "What it is for, in a sentence or two", "area",
                  plain(document.get("description")).strip(), rows=3),
        ],
        rules=[_rule(one, ("rules", i), known, ids, len(rules)) for i, one in enumerate(rules)],
        sequences=[_sequence(one, ("sequences", i), known) for i, one in enumerate(sequences)],
        templates=[
            _template(str(name), mapping(one), used.get(str(name), []), len(texts))
            for name, one in texts.items()
        ],
        kept=kept(document),
    )  # fmt: skip


def applied(text: str, document: Raw, form: Form, typed: Any) -> str:
    """The text with every field that somebody changed. Raises EditError."""
    values = {one.name: brought for one in form.fields()
              if (brought := given(typed, one)) is not None}  # fmt: skip
    changed = [one for one in form.fields() if values.get(one.name, one.value) != one.value]
    conditions: dict[str, None] = {}
    touched: set[Path] = set()
    replaced: set[Path] = set()
    for one in changed:
        path = path_of(one.name)
        owner = path[:-1]
        asked = next((i for i, part in enumerate(path) if part == "if"), None)
        if asked is not None and path[0] == "rules":
            conditions[dotted(path[: asked + 1])] = None
        elif owner not in replaced:
            # A second word of one thing is written by what the first has made of it.
            stands = at(document_of(text) if owner in touched else document, owner)
            text = _written(text, path, stands, values[one.name])
            touched.add(owner)
            if path[-1] == "~signal":
                replaced.add(owner)
    for name in conditions:
        path = path_of(name)
        text = rule_fields.write_condition(text, path, at(document, path), values)
    return text


def _written(text: str, path: Path, stands: Any, value: str) -> str:
    """One field's value at its place; several words of the file may stand behind a field. stands:
    what the field belongs to, as it is now."""
    owner, key = path[:-1], str(path[-1])
    if key == "~signal":
        order = rule_fields.ORDER if path[0] == "rules" else SEQUENCE_ORDER
        return rule_fields.write_signal(text, owner, stands, value, order)
    if key == "~words":
        return rule_fields.write_words(text, owner, stands, value)
    if key == "~exits":
        off = {name: "off" for name in EXIT_NAMES if name not in value.split("\n")}
        return put(text, (*owner, "exits"), off or None, SEQUENCE_ORDER)
    if len(path) == 3 and key in ("limit", "priority", "max_active"):
        order = rule_fields.ORDER if key == "limit" else SEQUENCE_ORDER
        return put(text, path, int(value) if value.isdecimal() else value or None, order)
    if key == "exclusive":
        return put(text, path, True if value else None, SEQUENCE_ORDER)
    if path[0] == "templates":
        # A text that ends its last line keeps doing so; fields lose what surrounds them.
        body = value + "\n" if key == "body" and "\n" in value else value
        return put(text, path, body or None, TEMPLATE_ORDER)
    if len(path) == 1:
        return put(text, path, value or None, _HEAD)
    if "steps" in path or "create_tasks" in path:
        return step_fields.write(text, owner, key, mapping(stands), value)
    order = rule_fields.ORDER if path[0] == "rules" else SEQUENCE_ORDER
    return put(text, path, value or None, order)


# --- parts ---------------------------------------------------------------------------------------


def _rule(rule: Raw, path: Path, known: Known, sequences: list[str], count: int) -> Part:
    fields = rule_fields.fields_of(rule, path)
    done: list[str] = []
    steps: list[StepForm] = []
    listed = ""
    for number, one in enumerate(items(rule.get("then"))):
        place, action = (*path, "then", number), mapping(one)
        if "create_tasks" in action:
            listed = dotted((*place, "create_tasks"))
            steps += _steps(action["create_tasks"], (*place, "create_tasks"), known)
        elif "enrol" in action:
            fields.append(
                Field(dotted((*place, "enrol")), "Begin the sequence", "choice",
                      plain(action["enrol"]), [(id, id) for id in sequences])
            )  # fmt: skip
        elif "notify" in action:
            told = mapping(action["notify"])
            fields += [
                Field(dotted((*place, "notify", "who")), "Tell", "choice", plain(told.get("who")),
                      [(who, f"the {who}") for who in ("owner", "manager", "admin")]),
                Field(dotted((*place, "notify", "template")), "with the text", "choice",
                      plain(told.get("template")), [(name, name) for name in known.templates]),
            ]  # fmt: skip
        else:
            done.append(phrases.action(action))
    asked = phrases.condition(rule.get("if")) if rule.get("if") else ""
    said = f"When {phrases.signal(rule.get('when'))}{', if ' + asked if asked else ''}"
    return Part(
        dotted(path), str(rule.get("id", "")), plain(rule.get("title")), fields, said, done,
        listed, steps, drawing([s.mark for s in steps]) if steps else None, removable=count > 1,
    )  # fmt: skip


def _sequence(sequence: Raw, path: Path, known: Known) -> Part:
    exits = mapping(sequence.get("exits"))
    on = [name for name in EXIT_NAMES if exits.get(name) not in (False, "off")]
    fields = [
        Field(dotted((*path, "title")), "Title", "text", plain(sequence.get("title"))),
        Field(dotted((*path, "~exits")), "It ends when", "many", "\n".join(on),
              [(name, phrases.EXITS.get(name, name.replace("_", " "))) for name in EXIT_NAMES]),
        *rule_fields.signal_fields(sequence.get("goal"), (*path, "goal"), may_be_empty=True),
        Field(dotted((*path, "priority")), "Priority among sequences", "number",
              plain(sequence.get("priority")), placeholder="none"),
        Field(dotted((*path, "max_active")), "Most that run at a time", "number",
              plain(sequence.get("max_active")), placeholder="no limit"),
        Field(dotted((*path, "exclusive")), "No other beside it for the same record", "bool",
              "on" if sequence.get("exclusive") else ""),
    ]  # fmt: skip
    goal = dotted((*path, "goal", "~signal"))
    fields = [_relabelled(one, "Goal: ends with success when") if one.name == goal else one
              for one in fields]  # fmt: skip
    steps = _steps(sequence.get("steps"), (*path, "steps"), known)
    return Part(
        dotted(path), str(sequence.get("id", "")), plain(sequence.get("title")), fields,
        row=dotted((*path, "steps")), steps=steps, drawing=drawing([s.mark for s in steps]),
    )  # fmt: skip


def _relabelled(one: Field, label: str) -> Field:
    return Field(one.name, label, one.kind, one.value, one.options, one.hint)


def _steps(steps: Any, base: Path, known: Known) -> list[StepForm]:
    found: list[StepForm] = []
    for mark in marks(steps):
        path = (*base, *mark.path)
        step = mapping(at({"": steps}, ("", *mark.path)))
        found.append(StepForm(dotted(path), mark, step_fields.fields_of(step, path, known)))
    return found


def _template(name: str, text: Raw, used: list[str], count: int) -> Part:
    path = ("templates", name)
    fields = [
        Field(dotted((*path, "decides")), "The one decision that it is to bring", "text",
              plain(text.get("decides"))),
        Field(dotted((*path, "email_subject")), "Subject, of a mail", "text",
              plain(text.get("email_subject"))),
        Field(dotted((*path, "body")), "Text", "area", plain(text.get("body")).strip(),
              rows=min(18, 3 + plain(text.get("body")).count("\n"))),
    ]  # fmt: skip
    return Part(dotted(path), name, plain(text.get("decides")), fields, used_by=used,
                removable=not used and count > 1)  # fmt: skip


def _used(document: Raw) -> dict[str, list[str]]:
    """Text → the steps and rules that name it."""
    found: dict[str, list[str]] = {}

    def look(node: Any, owner: str) -> None:
        if isinstance(node, Mapping):
            item = cast(Raw, node)
            owner = str(item.get("id", owner))
            for key, value in item.items():
                if key in ("template", "email", "note") and isinstance(value, str):
                    found.setdefault(value, []).append(owner)
                else:
                    look(value, owner)
        for one in items(node):
            look(one, owner)

    for key in ("momentum", "rules", "sequences"):
        look(document.get(key), key)
    return found


# --- places --------------------------------------------------------------------------------------


def path_of(name: str) -> Path:
    """A field's name as a path: numbers are places in lists, but for the names of texts."""
    parts = name.split(".")
    text = parts[0] == "templates"
    return tuple(int(p) if p.isdecimal() and not text else p for p in parts)


def at(document: Any, path: Path) -> Any:
    """What stands at a path; None where there is nothing."""
    node: Any = document
    for part in path:
        if isinstance(node, Mapping):
            node = cast(Mapping[Any, Any], node).get(part)
        elif isinstance(node, list) and isinstance(part, int):
            rows = cast(list[Any], node)
            node = rows[part] if part < len(rows) else None
        else:
            return None
    return node
