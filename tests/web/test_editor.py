"""The editor: form and YAML of one text; what the form does not show is kept to the letter."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.playbooks.presets import preset_text
from app.playbooks.values import EXIT_NAMES
from tests.support.stores import new_store
from tests.web.support import URL, Browser, Served

TEXT = """\
# ours since spring; ask Ada before you change it
playbook: ours
title: 'Ours'

rules:
  - id: sent
    when: {stage_entered: proposal}   # not qualified
    if: {field: deal.amount, op: ">=", value: 1000}
    then: [{enrol: chase}]
    limit: 50
    scope: {teams: [north]}

sequences:
  - id: chase
    exits: {replied: off}
    end: {recycle: 90d}
    steps:
      - {id: one, at: 1d, task: call, template: t, subject: Call them}
      - id: hold
        wait: {until: {replied: any}, timeout: 5d}
        then:
          - {id: thanks, task: todo, template: t, subject: Say thanks}
      - id: two
        at: 9d
        email: t   # short
        subject: Write to them
templates:
  t:
    decides: Is it decided?
    choices: {a: call}
    body: |
      Ask.

      Then wait.
"""


class Fields(HTMLParser):
    """What a browser would send of the page's editor when a button is pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self._area = self._select = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("action") == "/playbooks/draft"
        if not self._inside:
            return
        ticked = given.get("type") != "checkbox" or "checked" in given
        if tag == "input" and ticked:
            self.sent.append((given["name"], given.get("value", "on")))
        elif tag == "textarea":
            self._area = given["name"]
            self.sent.append((self._area, ""))
        elif tag == "select":
            self._select = given["name"]
            self.sent.append((self._select, ""))
        elif tag == "option" and self._select and "selected" in given:
            self.sent[-1] = (self._select, given["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            # A browser leaves out the line break right after the tag.
            text = self.sent[-1][1] + data
            self.sent[-1] = (self._area, text.removeprefix("\n"))


def press(browser: Browser, page: TestResponse, do: str, **typed: str) -> TestResponse:
    """Press a button of the editor on this page, with some fields filled in otherwise."""
    sent = MultiDict(Fields(page.text).sent)
    for name, value in typed.items():
        name = name.replace("__", ".").replace(".~", "~").replace("~", ".~")
        assert name in sent or do in ("save", "form"), (name, sorted(sent))
        sent.setlist(name, [value.replace("\n", "\r\n")])
    sent["do"] = do
    return browser.client.post("/playbooks/draft", data=sent, base_url=URL)


def text_of(page: TestResponse) -> str:
    return dict(Fields(page.text).sent)["text"]


def changed(before: str, after: str) -> list[str]:
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in list(told)[2:] if not line.startswith("@@")]


@pytest.fixture
def admin(served: Served) -> Browser:
    return served.connected()


@pytest.fixture
def page(admin: Browser) -> TestResponse:
    """The editor on version 1 of the playbook above."""
    answer = admin.send("POST", "/api/playbooks", {"text": TEXT})
    assert answer.status_code == 201, answer.text
    return admin.get("/playbooks/ours/edit")


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, TestResponse]]:
    """One account and its editor's page, for tests that save nothing."""
    store = new_store("sqlite", tmp_path_factory.mktemp("editor"))
    browser = Served(store).connected()
    browser.send("POST", "/api/playbooks", {"text": TEXT})
    yield browser, browser.get("/playbooks/ours/edit")
    store.close()


def test_pressing_without_a_change_changes_nothing(admin: Browser, page: TestResponse) -> None:
    assert text_of(page) == TEXT
    assert text_of(press(admin, page, "check")) == TEXT
    for name in ("proposal", "renewal", "momentum"):
        there = admin.get(f"/playbooks/{name}/edit")
        assert text_of(press(admin, there, "redraw")) == preset_text(name), name


EDITS: list[tuple[dict[str, str], list[str]]] = [
    ({"sequences.0.steps.2.at": "12d"}, ["-        at: 9d", "+        at: 12d"]),
    ({"sequences.0.steps.1.then.0.subject": "Say: thanks"}, [
        "-          - {id: thanks, task: todo, template: t, subject: Say thanks}",
        '+          - {id: thanks, task: todo, template: t, subject: "Say: thanks"}']),
    ({"sequences.0.steps.2.~channel": "call"}, [
        "-        email: t   # short", "+        task: call", "+        template: t"]),
    ({"sequences.0.steps.2.~channel": "call", "sequences.0.steps.2.~template": "t",
      "sequences.0.steps.2.priority": "high"}, [
        "-        email: t   # short", "+        task: call", "+        priority: high",
        "+        template: t"]),
    ({"sequences.0.goal.~signal": "stage_entered"}, ["+    goal: {stage_entered: proposal}"]),
    ({"sequences.0.steps.0.~assign": "team north"}, [
        "-      - {id: one, at: 1d, task: call, template: t, subject: Call them}",
        "+      - {id: one, at: 1d, task: call, template: t, subject: Call them, "
        "assign: {team: north}}"]),
    ({"sequences.0.steps.2.~late": "skip 5d"}, ["+        late: {skip_after: 5d}"]),
    ({"sequences.0.steps.2.~anchor": "previous_done"}, ["+        after: previous_done"]),
    ({"sequences.0.steps.2.~anchor": "before deal.close_date"},
     ["+        before: {field: deal.close_date}"]),
    ({"rules.0.limit": ""}, ["-    limit: 50"]),
    ({"rules.0.title": "Sent"}, ["+    title: Sent"]),
    ({"rules.0.if.~0.value": "2500"}, [
        '-    if: {field: deal.amount, op: ">=", value: 1000}',
        '+    if: {field: deal.amount, op: ">=", value: 2500}']),
    ({"rules.0.if.~0.field": "deal.stage_kind", "rules.0.if.~0.op": "in",
      "rules.0.if.~0.value": "proposal, negotiation"}, [
        '-    if: {field: deal.amount, op: ">=", value: 1000}',
        "+    if: {field: deal.stage_kind, op: in, value: [proposal, negotiation]}"]),
    ({"rules.0.if.~0.field": ""}, ['-    if: {field: deal.amount, op: ">=", value: 1000}']),
    ({"templates.t.body": "Ask.\n\nThen call."}, ["-      Then wait.", "+      Then call."]),
    ({"templates.t.email_subject": "A question"}, ["+    email_subject: A question"]),
    ({"title": "Our own"}, ["-title: 'Ours'", "+title: Our own"]),
    ({"rules.0.when.~signal": "no_activity_for"}, [
        "-    when: {stage_entered: proposal}   # not qualified",
        "+    when: {no_activity_for: 7d}   # not qualified"]),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "lines"), EDITS)
def test_an_edit_changes_its_own_lines_and_no_others(
    read_only: tuple[Browser, TestResponse], typed: dict[str, str], lines: list[str]
) -> None:
    admin, page = read_only
    sent = MultiDict(Fields(page.text).sent)
    for name, value in typed.items():
        assert name in sent, sorted(sent)
        sent.setlist(name, [value.replace("\n", "\r\n")])
    sent["do"] = "check"
    after = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert changed(TEXT, text_of(after)) == lines
    assert "not saved yet" in after.text
    rows = admin.get("/api/playbooks/ours/versions").get_json()["versions"]
    assert len(rows) == 1, "a check saves nothing"


def test_several_words_of_one_step_at_once(admin: Browser) -> None:
    more = "  u:\n    decides: Is it?\n    body: Ask.\n"
    admin.send("POST", "/api/playbooks", {"text": TEXT + more})
    sent = MultiDict(Fields(admin.get("/playbooks/ours/edit").text).sent)
    sent["sequences.0.steps.2.~channel"] = "call"
    sent["sequences.0.steps.2.~template"] = "u"
    sent["do"] = "check"
    after = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert "No mistakes" in after.text
    assert changed(TEXT + more, text_of(after)) == [
        "-        email: t   # short", "+        task: call", "+        template: u",
    ]  # fmt: skip
    # A signal in place of another takes its delay along, however that was changed.
    silent = (TEXT + more).replace("{stage_entered: proposal}   #", "{no_activity_for: 7d}   #")
    admin.send("POST", "/api/playbooks", {"text": silent})
    sent = MultiDict(Fields(admin.get("/playbooks/ours/edit").text).sent)
    sent["rules.0.when.no_activity_for"] = "9d"
    sent["rules.0.when.~signal"] = "replied"
    sent["do"] = "check"
    after = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert "when: {replied: any}   # not qualified" in text_of(after)


def test_a_word_that_the_page_does_not_know_stays(admin: Browser) -> None:
    odd = TEXT.replace(
        "subject: Call them}", "subject: Call them, priority: urgent, late: {skip_after: 6d}}"
    ).replace("{stage_entered: proposal}", "{stage_entered: [proposal, sent]}")  # fmt: skip
    start = admin.get("/playbooks/new")
    sent = MultiDict(Fields(start.text).sent)
    sent["text"], sent["do"] = odd, "redraw"
    sent["view"] = "yaml"
    shown = admin.client.post("/playbooks/draft", data={**sent, "do": "form"}, base_url=URL)
    assert "'urgent' is not a priority" in html.unescape(shown.text)
    assert text_of(press(admin, shown, "check")) == odd


def test_ticked_words_and_exits(admin: Browser, page: TestResponse) -> None:
    sent = MultiDict(Fields(page.text).sent)
    assert sent.getlist("rules.0.when.~words") == ["proposal"]
    assert "replied" not in sent.getlist("sequences.0.~exits")
    sent.setlist("rules.0.when.~words", ["proposal", "negotiation"])
    sent.setlist("sequences.0.~exits", [name for name in EXIT_NAMES if name != "meeting_booked"])
    sent["do"] = "check"
    after = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert changed(TEXT, text_of(after)) == [
        "-    when: {stage_entered: proposal}   # not qualified",
        "+    when: {stage_entered: [proposal, negotiation]}   # not qualified",
        "-    exits: {replied: off}",
        "+    exits: {meeting_booked: off}",
    ]


def test_steps_are_added_moved_and_taken_out(admin: Browser, page: TestResponse) -> None:
    more = press(admin, page, "add-step:sequences.0.steps")
    assert "      - id: step-1\n        at: 12d\n        task: call\n" in text_of(more)
    assert "No mistakes" in more.text
    up = press(admin, more, "up:sequences.0.steps.3")
    assert text_of(up).index("id: step-1") < text_of(up).index("id: two")
    gone = press(admin, up, "remove:sequences.0.steps.2")
    assert changed(TEXT, text_of(gone)) == [
        "+  step-1: {decides: Which one decision does this touch bring?, body: "
        '"Write here what to say, and what to ask for at the end."}'
    ]
    assert "step-1" in gone.text
    assert changed(TEXT, text_of(press(admin, gone, "remove:templates.step-1"))) == []
    rule = press(admin, page, "add-rule")
    assert "id: rule-1" in text_of(rule)
    assert "No mistakes" in rule.text
    assert "No mistakes" in press(admin, page, "add-sequence").text


def test_mistakes_stand_beside_their_field_and_with_their_line(
    admin: Browser, page: TestResponse
) -> None:
    sent = MultiDict(Fields(page.text).sent)
    sent["sequences.0.steps.2.at"] = "3 dayz"
    sent["do"] = "save"
    answer = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert answer.status_code == 200
    said = html.unescape(answer.text)
    assert "'3 dayz' is not a delay" in said
    field = re.search(r'<input name="sequences\.0\.steps\.2\.at"[^>]*>', answer.text)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert 'value="3 dayz"' in field[0]
    yaml = html.unescape(press(admin, answer, "yaml").text)
    (told,) = admin.send(
        "POST", "/api/playbooks/check", {"text": text_of(answer)}
    ).get_json()["problems"]
    assert f"line {told['line']}, column {told['column']}" in yaml
    assert told["field"] == "sequences[0].steps[2].at"
    rows = admin.get("/api/playbooks/ours/versions").get_json()["versions"]
    assert len(rows) == 1


def test_yaml_and_form_are_the_same_text(admin: Browser, page: TestResponse) -> None:
    yaml = press(admin, page, "yaml", title="Changed in the form")
    assert "title: Changed in the form" in text_of(yaml)
    sent = MultiDict(Fields(yaml.text).sent)
    sent["text"] = text_of(yaml).replace("at: 9d", "at: 20d").replace("\n", "\r\n")
    sent["do"] = "form"
    form = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert 'value="20d"' in form.text
    assert "day 20" in form.text
    broken = MultiDict(Fields(yaml.text).sent)
    broken["text"], broken["do"] = "playbook: [", "form"
    answer = admin.client.post("/playbooks/draft", data=broken, base_url=URL)
    assert "not YAML" in answer.text
    assert '<textarea class="yaml"' in answer.text, "what is no YAML has no form"


def test_a_text_that_stands_for_billions_of_values_is_refused_at_once(
    admin: Browser, page: TestResponse
) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{n}: &{n} [{', '.join([f'*{b}'] * 9)}]" for b, n in pairwise("abcdefghijklmnop")]
    sent = MultiDict(Fields(page.text).sent)
    sent["text"], sent["do"] = "playbook: ours\n" + "\n".join(lines), "check"
    answer = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert "aliases are not read" in answer.text


def test_a_save_is_a_version_and_whoever_was_faster_is_not_overwritten(
    admin: Browser, page: TestResponse
) -> None:
    mine = press(admin, page, "check", title="Mine")
    theirs = admin.send("POST", "/api/playbooks", {"text": TEXT.replace("9d", "10d")})
    assert theirs.get_json()["version"] == 2
    late = press(admin, mine, "save")
    assert late.status_code == 200
    assert "Version 2 was saved by ada@example.com while you edited version 1" in late.text
    assert admin.get("/api/playbooks/ours").get_json()["version"] == 2
    done = press(admin, late, "save")
    assert done.status_code == 303
    assert done.location.endswith("/playbooks/ours/edit?view=form&saved=3")
    assert "title: Mine" in admin.get("/api/playbooks/ours").get_json()["text"]
    assert "Version 3 is saved" in admin.get(done.location.removeprefix(URL)).text


def test_what_would_change_is_said_before_it_is_saved(admin: Browser, page: TestResponse) -> None:
    answer = press(admin, page, "compare", **{"title": "Other"})
    assert "<del>Ours</del> to <ins>Other</ins>" in answer.text
    fresh = admin.get("/playbooks/proposal/edit")
    sent = MultiDict(Fields(fresh.text).sent)
    sent["sequences.0.steps.1.at"] = "8d"
    sent["do"] = "compare"
    answer = admin.client.post("/playbooks/draft", data=sent, base_url=URL)
    assert "<del>7d</del> to <ins>8d</ins>" in answer.text


def test_a_new_playbook_begins_without_mistakes(admin: Browser) -> None:
    start = admin.get("/playbooks/new")
    assert "No mistakes" in start.text
    assert press(admin, start, "save").location.endswith("/playbooks/ours/edit?view=form&saved=1")
    assert "playbook: ours-2" in text_of(admin.get("/playbooks/new"))


def test_only_admins_edit(served: Served, admin: Browser, page: TestResponse) -> None:
    stranger: Any = served.browser()
    assert stranger.get("/playbooks/ours/edit").status_code == 401
    other = served.connected("2000")
    assert other.get("/playbooks/ours/edit").status_code == 404
    assert other.get("/playbooks/ours/history").status_code == 404
