"""The editor's form covers the whole language: nothing has to be written as YAML."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.playbooks.codec import from_json, to_json
from app.playbooks.loader import load_text
from app.playbooks.presets import preset, preset_ids, preset_text
from app.playbooks.values import EXIT_NAMES
from app.web.admin.form.deeds import done
from app.web.admin.form.document import applied, document_of, form_of
from app.web.admin.form.places import at
from app.web.admin.form.shape import Form, Known, path_of, pieces_in
from tests.support.stores import new_store
from tests.web.support import URL, Browser, Served
from tests.web.test_editor import Fields, changed, press, text_of

SCHEMA = Path(__file__).parents[2] / "sequence_defs" / "schema.json"
WHOLE = (Path(__file__).parents[1] / "support" / "whole.yaml").read_text()
KNOWN = Known(dates=("deal.close_date", "deal.contract_end"), teams=("north",))
MAPPED = {"deal.contract_end": "date"}
DOCUMENT = document_of(WHOLE)
IDS = ("id", "playbook")
"""What is remembered by what has run, and so is no field."""


def values_of(form: Form) -> dict[str, str]:
    return {field.name: field.value for field in form.fields()}


def anew(document: Any, known: Known = KNOWN) -> dict[str, Any]:
    """The playbook with every value that several fields stand for read out of those fields."""
    form = form_of(document, known)
    values, written = values_of(form), json.loads(json.dumps(document))
    for piece, _ in pieces_in(form.items()):
        if piece.whole:
            continue
        owner, said = at(written, piece.path[:-1]), piece.read(values)
        if said is None:
            owner.pop(piece.path[-1], None)
        else:
            owner[piece.path[-1]] = said
    return written


def test_every_preset_is_the_same_after_it_went_through_the_form() -> None:
    """Unchanged to the letter where nobody changed anything, and of the same meaning where all of
    it is written anew."""
    for name in preset_ids():
        text = preset_text(name)
        document = document_of(text)
        form = form_of(document, KNOWN)
        sent: MultiDict[str, str] = MultiDict()
        for field in form.fields():
            sent[f"{field.name}.there"] = "1"
            sent.setlist(field.name, field.chosen if field.kind == "many" else [field.value])
            if field.kind == "bool" and not field.value:
                del sent[field.name]
        assert applied(text, document, form, sent) == text, name
        assert to_json(from_json(anew(document))) == to_json(preset(name)), name


def test_the_whole_language_is_the_same_when_it_is_written_anew() -> None:
    written = from_json(anew(DOCUMENT))
    assert to_json(written) == to_json(load_text(WHOLE, "whole.yaml", MAPPED))


def leaves(node: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path


def test_every_word_of_a_playbook_has_a_field() -> None:
    form = form_of(DOCUMENT, KNOWN)
    wholes = [piece.path for piece, _ in pieces_in(form.items()) if not piece.whole]
    named = [path_of(place) for field in form.fields() for place in (field.name, *field.places)]
    # Of a step as a whole its kind alone is a field, and a list is more than its first item.
    single = [place for place in named if not isinstance(at(DOCUMENT, place), Mapping | list)]
    joined = ("after", "before", "late", "assign", "then", "sequence", "to", "exits", "for")
    inner = [place for place in named if place[-1] in joined]
    assert [
        path for path in leaves(DOCUMENT)
        if path[-1] not in IDS and path[-2:] != ("set", "field") and path not in single
        and not any(path[: len(one)] == one for one in [*wholes, *inner])
    ] == []  # fmt: skip


def test_that_playbook_uses_every_word_that_the_schema_knows() -> None:
    """So a word that the language gains fails the tests above until the form has it."""
    named: set[str] = set()

    def look(node: Any) -> None:
        if isinstance(node, dict):
            named.update(node.get("properties", {}))
        rows = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        for value in rows:
            look(value)

    look(json.loads(SCHEMA.read_text()))
    used = {str(part) for path in leaves(DOCUMENT) for part in path}
    assert named - used - set(EXIT_NAMES) == set()


# --- through the pages ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, TestResponse]]:
    """The editor's form of that playbook, unsaved."""
    store = new_store("sqlite", tmp_path_factory.mktemp("form"))
    browser = Served(store).connected()
    start = browser.get("/playbooks/new")
    yield browser, press(browser, start, "form", text=WHOLE, view="yaml")
    store.close()


def typed(at: tuple[Browser, TestResponse], do: str = "check", **values: str) -> TestResponse:
    browser, page = at
    sent = MultiDict(Fields(page.text).sent)
    for name, value in values.items():
        assert name in sent, (name, sorted(sent))
        sent.setlist(name, value.split("|"))
    sent["do"] = do
    return browser.client.post("/playbooks/draft", data=sent, base_url=URL)


def test_nothing_pressed_nothing_changed(whole: tuple[Browser, TestResponse]) -> None:
    assert text_of(typed(whole)) == WHOLE


EDITS: list[tuple[dict[str, str], str]] = [
    ({"rules.0.if.~1.~0.value": "proposal|won", "rules.0.if.~2.~all": "not_all"},
     'if: {all: [{field: deal.amount, op: ">=", value: 1000}, {any: [{field: deal.stage_kind, op: '
     'in, value: [proposal, won]}, {not: {field: engagement.14d, op: "==", of: Champion, value: '
     '0}}]}, {not: {all: [{field: deal.close_date, op: within, value: "-30d"}, {field: deal.owner, '
     "op: unknown}]}}]}"),
    ({"rules.0.when.within": "4d", "rules.0.when.~unless_own": "custom.seen, custom.read"},
     "when: {stage_entered: [proposal, negotiation], unless: [replied, proposal_viewed, "
     "custom.seen, custom.read], within: 4d, enters: hot}"),
    ({"rules.0.then.2.stop.~stopped": "main|second"}, "- stop: [main, second]"),
    ({"rules.0.then.3.notify.who": "admin"}, "- notify: {who: admin, template: t}"),
    ({"rules.0.then.5.hold.for": "3d"}, "- hold: {reason: Somebody looks, for: 3d}"),
    ({"rules.0.then.6.reassign": "ada@example.com"}, "- reassign: ada@example.com"),
    ({"rules.0.scope.teams": "north|south"},
     'scope: {pipelines: [default], teams: [north, south], reps: ["11"]}'),
    ({"rules.0.urgent.hold": ""}, "urgent: true"),
    ({"rules.20.when.~side": "after", "rules.20.when.~distance": "2wd"},
     "when: {date: {field: deal.contract_end, after: 2wd}}"),
    ({"rules.22.when.event.count": "1", "rules.22.when.event.within": "",
      "rules.22.when.~own": ""}, "when: {event: page_viewed}"),
    ({"rules.23.when.surge.near.field": "", "rules.23.when.surge.count": ""},
     "when: {surge: {of: [replied, page_viewed], persons: 2, within: 1d}}"),
    ({"sequences.0.end.replied.~what": "next"}, "replied: {next: second}"),
    ({"sequences.0.end.finished.~after": ""}, "finished: {next: second}"),
    ({"sequences.0.again.~when": "once"}, "again: once"),
    ({"sequences.0.for.role": ""}, "- id: main\n    title: The main one\n    goal:"),
    ({"sequences.0.pace.0.times": "2"}, "op: \">\", value: 5000}, times: 2}"),
    ({"sequences.0.steps.0.~channel": "note"}, "- {id: mail, note: t}"),
    ({"sequences.0.steps.1.~channel": "hand_over"},
     "- {id: ring, at: 2d, after: previous_done, hand_over: {to: manager, template: t}}"),
    ({"sequences.0.steps.3.~crm": "salesforce", "sequences.0.steps.3.~native": "Ours"},
     "sequence: {salesforce: Ours, sender: team}"),
    ({"sequences.0.steps.5.wait.timeout": "6d",
      "sequences.0.steps.5.wait.until.~signal": "clicked"},
     "wait: {until: {clicked: any}, timeout: 6d, since: previous_done}"),
    ({"sequences.0.steps.6.branch.~asks": "step"}, "branch: {step: mail, is: [completed]}"),
    ({"sequences.0.steps.7.branch.~is": "open"}, "branch: {step: ring, is: [open]}"),
    ({"sequences.0.steps.8.split.1.percent": "30"}, "- {cohort: control, percent: 30}"),
    ({"sequences.0.steps.9.set.value": "recycle", "sequences.0.steps.9.set.for": "9d"},
     "set: {field: momentum, value: recycle, for: 9d}"),
    ({"sequences.1.steps.0.~recycle": ""},
     "- {id: last, at: 1d, task: call, template: t, subject: Call}"),
    ({"templates.t.choices.~a": "", "templates.t.choices.~b-after": "60d"},
     "choices: {b: 60d, c: close}"),
    ({"momentum.hot.when.1.when.~signal": "event"}, "when: {event: proposal_viewed}"),
    ({"momentum.warm.silent.after": "15d"}, "silent: {after: 15d, then:"),
    ({"needs.0.type": "instant"}, "- {field: deal.contract_end, type: instant,"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "said"), EDITS)
def test_every_part_is_changed_by_its_fields(
    whole: tuple[Browser, TestResponse], values: dict[str, str], said: str
) -> None:
    document = DOCUMENT
    sent: MultiDict[str, str] = MultiDict(Fields(whole[1].text).sent)
    for name, value in values.items():
        assert name in sent, (name, sorted(sent))
        sent.setlist(name, value.split("|"))
    after = applied(WHOLE, document, form_of(document, KNOWN), sent)
    assert said in after, "\n".join(changed(WHOLE, after))


WRONG: list[dict[str, str]] = [
    {
        "rules.0.when.within": "3 dayz",
        "rules.0.then.5.hold.for": "long",
        "rules.0.limit": "many",
        "rules.20.when.~distance": "x",
        "rules.22.when.event.count": "0",
        "rules.23.when.surge.within": "",
        "sequences.0.end.finished.~after": "later",
        "sequences.0.end.meeting_booked.~recycle": "later",
        "sequences.0.pace.0.times": "99",
        "sequences.0.steps.1.at": "3 dayz",
        "sequences.0.steps.5.wait.timeout": "",
        "sequences.0.steps.8.split.0.percent": "200",
        "sequences.0.steps.8.split.0.cohort": "Not an id",
        "templates.t.choices.~b-after": "x",
        "momentum.hot.decays": "1d",
        "needs.0.field": "nonsense",
        "rules.0.if.~2.~0.value": "soon",
    },
    {
        "rules.0.if.~0.field": "deal.amuont",
        "rules.0.settle": "2wd",
        "rules.0.then.6.reassign": "nobody@example.com",
        "rules.0.if.~1.~0.value": "proposal|sold",
        "rules.21.when.date.field": "deal.birthday",
        "sequences.0.steps.2.~anchor": "before deal.birthday",
        "sequences.0.steps.1.~assign": "team west",
        "sequences.0.steps.10.~to": "team west",
        "sequences.0.end.bounced.~assign": "team west",
        "sequences.0.end.finished.~next": "third",
        "templates.t.body": "Hello {{ contact.frist_name }}",
    },
]
"""What the form of the file refuses, and what its parts must agree on."""


@pytest.mark.parametrize("group", WRONG)
def test_mistakes_stand_at_the_field_concerned_as_the_command_line_says_them(
    whole: tuple[Browser, TestResponse], group: dict[str, str]
) -> None:
    """Many at a time, each at its own place."""
    page = typed(whole, **group)
    told = whole[0].send("POST", "/api/playbooks/check", {"text": text_of(page)}).get_json()
    messages = {one["message"] for one in told["problems"]}
    said = html.unescape(page.text)
    for name in group:
        words = re.search(rf'<small id="{re.escape(name)}-said" class="bad">([^<]*)<', said)
        assert words is not None, (name, told["problems"])
        assert any(message in words[1] for message in messages), (name, words[1])
        marked = rf'aria-describedby="{re.escape(name)}-said" aria-invalid="true"'
        assert re.search(marked, page.text), name
    assert f"{len(told['problems'])} mistakes" in said


def test_conditions_grow_and_shrink_by_buttons() -> None:
    def pressed(text: str, deed: str) -> str:
        return done(text, document_of(text), deed)

    text = preset_text("proposal")
    one = pressed(text, "add-condition:rules.0.if")
    assert "if: {field: deal.amount, op: known}" in one
    more = pressed(one, "add-group:rules.0.if")
    assert ("if: {all: [{field: deal.amount, op: known}, {any: [{field: deal.amount, op: known}, "
            "{field: deal.close_date, op: known}]}]}") in more  # fmt: skip
    third = pressed(more, "add-condition:rules.0.if.~1")
    assert third.count("{field: deal.amount, op: known}") == 3
    assert pressed(third, "remove-condition:rules.0.if.~1") == one
    assert pressed(one, "remove-condition:rules.0.if.~0") == text


SMALL = [
    *(f"add-{kind}:rules.0.then" for kind in
      ("create_tasks", "enrol", "stop", "notify", "set", "hold", "reassign")),
    *(f"add-{kind}:sequences.0.steps" for kind in ("step", "wait", "branch", "split", "set")),
    "add-step:sequences.0.steps.3.else", "add-step:sequences.0.steps.4.split.1.steps",
    "add-cohort:sequences.0.steps.4.split", "remove:sequences.0.steps.4.split.2",
    "add-pace:sequences.0.pace", "add-text", "add-rule", "add-sequence", "add-momentum",
    "add-entry:momentum.warm.when", "add-still:momentum.warm.silent", "add-set:momentum.hot.then",
    "up:rules.0.then.1", "down:sequences.0.steps.1",
]  # fmt: skip
WHOLES = [
    "remove:momentum.warm.when.0", "remove:momentum.hot.stalls", "remove:rules.0.then.4",
    "remove:sequences.0.pace.0", "remove:needs.0", "remove:sequences.0.steps.5.else.0",
]  # fmt: skip


@pytest.mark.parametrize(("start", "deeds"), [(preset_text("negotiation"), SMALL), (WHOLE, WHOLES)])
def test_buttons_leave_no_mistake_behind(start: str, deeds: list[str]) -> None:
    """One after another, as somebody presses them."""
    text = start
    for deed in deeds:
        before, text = text, done(text, document_of(text), deed)
        assert text != before, deed
    load_text(text, "pressed.yaml", MAPPED)
