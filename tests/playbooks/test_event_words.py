"""What a playbook file may say about events, and what it is told where it may not."""

from __future__ import annotations

import json

import pytest

from app.model.playbook import CreateTasks
from app.model.vocabulary import Priority
from app.playbooks.codec import from_json, to_json
from app.playbooks.loader import load_text
from app.playbooks.needs import lacking
from app.playbooks.problems import PlaybookError
from tests.scenarios.harness import playbook

THEN = "then: [{create_tasks: [{id: a, task: call, template: t}]}]"


def problem(rule: str) -> str:
    with pytest.raises(PlaybookError) as caught:
        load_text(playbook(f"- id: r\n  {THEN}\n  {rule}"), "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("when: {event: page_view}", "did you mean `page_viewed`?"),
        ("when: {event: {name: page_viewed, count: 3}}", "within what time?"),
        ("when: {event: {name: page_viewed, within: 1d}}", "one event needs no time"),
        ("when: {event: {name: page_viewed, coun: 3}}", "did you mean `count`?"),
        ("when: {event: launch, unless: [repli], within: 1d}", "did you mean `replied`?"),
        ("when: {surge: {of: any, within: 1d}}", "one signal is no surge"),
        ("when: {surge: {of: any, persons: 2}}", "`within` is missing"),
        ("when: {surge: {of: [noise], persons: 2, within: 1d}}", "'noise'"),
        (
            "when: {surge: {of: any, within: 1d, near: {field: deal.close, within: 1d}}}",
            "unknown date field `deal.close`",
        ),
        (
            "when: {event: launch}\n  if: {field: event.amount, op: known}",
            "unknown field `event.amount`",
        ),
        (
            "when: {stage_entered: proposal}\n  if: {field: event.url, op: known}",
            "unknown field `event.url`",
        ),
        ("when: {event: launch}\n  urgent: maybe", "urgent"),
    ],
)
def test_mistakes_are_named(rule: str, said: str) -> None:
    assert said in problem(rule)


def test_an_urgent_rule_says_neither_when_nor_how_important() -> None:
    text = """
    - id: r
      when: {event: launch}
      then: [{create_tasks: [{id: a, at: 2d, task: call, template: t, priority: low}]}]
      urgent: true
    - id: s
      when: {event: launch}
      then: [{notify: {who: owner, template: t}}]
      urgent: true
    """
    with pytest.raises(PlaybookError) as caught:
        load_text(playbook(text), "f.yaml")
    assert [one.field for one in caught.value.problems] == [
        "rules[0].then[0].create_tasks[0].at",
        "rules[0].then[0].create_tasks[0].priority",
        "rules[1].urgent",
    ]


def test_words_survive_the_round_trip() -> None:
    rules = """
    - id: one
      when: {event: [launch, custom.own], unless: [replied, page_viewed], within: 2wd}
      if: {field: event.anything, op: ">", value: 3}
      then: [{create_tasks: [{id: a, task: call, template: t}]}]
      urgent: {hold: 3d}
    - id: two
      when: {event: {name: page_viewed, count: 3, within: 4h}}
      then: [{create_tasks: [{id: b, task: call, template: t}]}]
    - id: three
      when: {surge: {of: [replied, link_clicked], count: 4, persons: 2, within: 4h,
                     near: {field: deal.close_date, within: 30d}}}
      then: [{create_tasks: [{id: c, task: call, template: t}]}]
    - id: four
      when: {stage_entered: proposal, unless: [proposal_viewed], within: 2d}
      then: [{create_tasks: [{id: d, task: call, template: t}]}]
    """
    made = load_text(playbook(rules), "f.yaml")
    assert from_json(json.loads(json.dumps(to_json(made)))) == made
    action = made.rules[0].then[0]
    assert isinstance(action, CreateTasks)
    assert action.steps[0].priority is Priority.HIGH
    wanted = [lacking(rule, ()) for rule in made.rules]
    assert wanted == [["custom.own", "launch"], ["page_viewed"], [], []]
    assert lacking(made.rules[0], {"launch"}) == []
