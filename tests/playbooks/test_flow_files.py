"""Waits, branches and splits in a file: read, stored, and refused where they lead nowhere."""

from __future__ import annotations

import json

import pytest

from app.model.flow import Branch, OutcomeOf, Seen, SetMomentum, Split, Wait
from app.model.playbook import Compare, Step, When
from app.model.time import Delay, Unit
from app.model.vocabulary import Momentum, SignalKind
from app.playbooks.codec import from_json, to_json
from app.playbooks.loader import load_text
from app.playbooks.problems import PlaybookError

FILE = """\
playbook: flow
rules:
  - id: begin
    when: {stage_entered: proposal}
    then: [{enrol: way}]
sequences:
  - id: way
    exits: {replied: off}
    steps:
      - {id: first, task: call, template: t}
      - id: heard
        wait: {until: {replied: any}, timeout: 3d}
        then:
          - {id: warm, task: call, template: t}
          - id: big
            branch: {if: {field: deal.amount, op: ">", value: 5}}
            then: [{id: visit, task: todo, template: t}]
        else: [{id: cold, email: t, after: previous_done, at: 1d}]
      - id: called
        branch: {step: first, is: [completed, deleted]}
        else: [{id: retry, task: call, template: t}]
      - id: met
        at: 9d
        branch: {seen: {meeting_held: any}, since: previous_done}
        then: [{id: cool, set: {field: momentum, value: warm}}]
      - id: draw
        split:
          - {cohort: a, percent: 60, steps: [{id: more, task: todo, template: t}]}
          - {cohort: b, percent: 40}
templates:
  t: {decides: Is it decided?, body: Ask.}
"""


def test_steps_become_a_flat_way_that_says_how_each_is_reached() -> None:
    sequence = load_text(FILE, "f").sequences["way"]
    assert [(node.id, node.under) for node in sequence.nodes] == [
        ("first", ()),
        ("heard", ()),
        ("warm", (("heard", "then"),)),
        ("big", (("heard", "then"),)),
        ("visit", (("heard", "then"), ("big", "then"))),
        ("cold", (("heard", "else"),)),
        ("called", ()),
        ("retry", (("called", "else"),)),
        ("met", ()),
        ("cool", (("met", "then"),)),
        ("draw", ()),
        ("more", (("draw", "a"),)),
    ]
    found = {node.id: node for node in sequence.nodes if not isinstance(node, Step)}
    assert found["heard"] == Wait("heard", When(SignalKind.REPLIED), Delay(3, Unit.D))
    big = Branch("big", Compare("deal.amount", ">", 5), under=(("heard", "then"),))
    assert found["big"] == big
    results = frozenset({"completed", "deleted"})
    assert found["called"] == Branch("called", OutcomeOf("first", results))  # type: ignore[arg-type]
    asks = Seen(When(SignalKind.MEETING_HELD), "previous_done")
    assert found["met"] == Branch("met", asks, Delay(9, Unit.D), "entry")
    assert found["cool"] == SetMomentum("cool", Momentum.WARM, under=(("met", "then"),))
    assert found["draw"] == Split("draw", (("a", 60), ("b", 40)))
    assert [step.id for step in sequence.steps] == [
        "first", "warm", "visit", "cold", "retry", "more",
    ]  # fmt: skip


def test_they_survive_being_stored() -> None:
    playbook = load_text(FILE, "f")
    stored = json.dumps(to_json(playbook))
    assert from_json(json.loads(stored)) == playbook


STEPS = "sequences[0].steps"


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        (", timeout: 3d}", "}", f"{STEPS}[1].wait", "a wait without a time-out"),
        ("exits: {replied: off}", "on_deal: end", f"{STEPS}[1].wait.until.replied",
         "the sequence ends when this comes"),
        ("{meeting_held: any}, since", "{meeting_booked: any}, since",
         f"{STEPS}[3].branch.seen.meeting_booked", "ends when this comes"),
        ("percent: 40", "percent: 30", f"{STEPS}[4].split", "add up to 90 percent"),
        ("cohort: b", "cohort: a", f"{STEPS}[4].split[1].cohort", "stands twice"),
        ("step: first", "step: firts", f"{STEPS}[2].branch.step", "there is no step `firts`"),
        ("step: first", "step: more", f"{STEPS}[2].branch.step", "comes later"),
        ("{if: {field: deal.amount, op: \">\", value: 5}}", "{step: cool, is: [open]}",
         f"{STEPS}[1].then[1].branch.step", "has no outcome"),
        ("op: \">\", value: 5}}\n            then: [{id: visit, task: todo, template: t}]",
         "op: \">\", value: 5}}", f"{STEPS}[1].then[1].branch", "both ways have no steps"),
        ("op: \">\"", "op: \">\", feld: x", f"{STEPS}[1].then[1].branch.if.feld", "unknown key"),
        ("deal.amount", "deal.amont", f"{STEPS}[1].then[1].branch.if.field", "unknown field"),
        ("id: cold", "id: warm", f"{STEPS}[1].else[0].id", "used twice"),
        ("id: cold, email: t", "id: cold, email: u", f"{STEPS}[1].else[0].email",
         "there is no template `u`"),
        (", since: previous_done}", ", if: {field: deal.amount, op: known}}", f"{STEPS}[3].branch",
         "asks exactly one thing"),
        ("{meeting_held: any}", "{no_activity_for: 3d}",
         f"{STEPS}[3].branch.seen.no_activity_for", "no signals that can have come"),
        ("until: {replied: any}", "until: {subject_created: deal}",
         f"{STEPS}[1].wait.until.subject_created", "does not come while"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused_in_words(
    old: str, new: str, field: str, message: str
) -> None:
    assert FILE.count(old) == 1, old
    with pytest.raises(PlaybookError) as caught:
        load_text(FILE.replace(old, new), "f")
    found = {problem.field: problem for problem in caught.value.problems}
    assert field in found, found
    assert message in found[field].message
    assert found[field].line > 1
    assert found[field].suggestion or "used twice" in message


def test_a_step_of_another_way_cannot_be_asked_about() -> None:
    text = FILE.replace(
        "else: [{id: cold, email: t, after: previous_done, at: 1d}]",
        "else: [{id: cold, branch: {step: warm, is: [open]}, then: [{id: z, email: t}]}]",
    )
    with pytest.raises(PlaybookError, match="on another way"):
        load_text(text, "f")
