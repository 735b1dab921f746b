"""Edits that figures ask for: each changes what it names, and says so where it has no place."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from app.playbooks.editing import EditError
from app.playbooks.loader import load_text
from app.playbooks.prepared import prepared
from app.playbooks.presets import preset_text

TEXT = """\
playbook: ours
rules:
  - id: sent   # from the start
    when: {stage_entered: proposal}
    then:
      - create_tasks:
          - {id: now, task: call, template: a, subject: Now}
          - {id: soon, at: 1d, task: call, template: shared, subject: Soon}
      - enrol: chase
      - notify: {who: manager, template: shared}
  - id: quiet
    when: {no_activity_for: 7d}
    if: {field: deal.stage_kind, op: in, value: [proposal]}
    then: [{notify: {who: manager, template: shared}}]
sequences:
  - id: chase
    steps:
      - {id: one, at: 1d, task: call, template: a, subject: One}
      - id: asks
        at: 2d
        branch: {if: {field: deal.amount, op: known}}
        then:
          - {id: big, at: 1h, after: previous_done, task: call, template: b, subject: Big}
          - {id: bigger, at: 2h, after: previous_done, task: call, template: c, subject: More}
      - {id: two, at: 4d, task: call, template: b, subject: Two}
      - {id: three, at: 8d, task: call, template: d, subject: Three}
templates:
  a: {decides: A?, body: A}
  b: {decides: B?, body: B}
  c: {decides: C?, body: C}
  d: {decides: D?, body: D}
  shared: {decides: S?, body: S}
"""


def steps_and_texts(text: str) -> tuple[list[str], list[str]]:
    load_text(text, "ours.yaml")
    document = YAML(typ="safe").load(text)
    (sequence,) = document["sequences"]
    return [step["id"] for step in sequence["steps"]], list(document["templates"])


def test_a_step_goes_with_the_text_that_it_alone_named() -> None:
    assert steps_and_texts(prepared(TEXT, "drop:chase:three")) == (
        ["one", "asks", "two"], ["a", "b", "c", "shared"]
    )
    assert steps_and_texts(prepared(TEXT, "drop:chase:two"))[1] == ["a", "b", "c", "d", "shared"]
    deep = prepared(TEXT, "drop:chase:bigger")
    assert "bigger" not in deep
    assert steps_and_texts(deep)[1] == ["a", "b", "d", "shared"]
    of_rule = prepared(TEXT, "drop:sent:soon")
    assert "soon" not in of_rule
    assert "shared: {" in of_rule, "two notices name it, too"
    assert "# from the start" in of_rule


def test_a_sequence_stops_before_its_last_steps() -> None:
    assert steps_and_texts(prepared(TEXT, "stop:chase:two")) == (
        ["one", "asks"], ["a", "b", "c", "shared"]
    )


def test_silence_is_acted_on_sooner_or_in_one_stage_more() -> None:
    assert "when: {no_activity_for: 3d}" in prepared(TEXT, "sooner:quiet")
    more = prepared(TEXT, "silence:negotiation")
    assert "value: [proposal, negotiation]" in more
    idle = preset_text("idle-deal")
    assert prepared(idle, "silence:proposal") == idle, "it is asked for already"


@pytest.mark.parametrize(("key", "says"), [
    ("drop:chase:four", "no step four in chase any more"),
    ("drop:gone:one", "no step one in gone any more"),
    ("drop:chase", "names no step"),
    ("stop:chase:one", "is the only one in its place"),
    ("sooner:sent", "no rule sent on silence"),
    ("raze:chase:one", "no edit called 'raze'"),
])  # fmt: skip
def test_what_has_no_place_is_refused_in_words(key: str, says: str) -> None:
    with pytest.raises(EditError, match=says):
        prepared(TEXT, key)
