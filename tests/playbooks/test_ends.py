"""What comes after a sequence, as a file says it, and what is refused."""

from __future__ import annotations

import pytest

from app.model.ending import Assign, End, Return
from app.model.time import parse_delay
from app.model.vocabulary import StopReason
from app.playbooks.codec import from_json, to_json
from app.playbooks.loader import load_text
from app.playbooks.problems import PlaybookError, Problem

TEXT = """playbook: x
rules:
  - {id: go, when: {stage_entered: new}, then: [{enrol: a}]}
sequences:
  - id: a
    end: END
    steps: [{id: one, at: 1d, task: call, template: t}]
  - id: b
    steps: [{id: two, at: 1d, task: call, template: t, subject: Two}]
templates:
  t: {decides: Is it so?, body: Ask.}
"""


def text(end: str, **more: str) -> str:
    found = TEXT.replace("END", end)
    for old, new in more.items():
        found = found.replace(f"id: {old}\n", f"id: {old}\n    {new}\n")
    return found


def problems(source: str) -> list[Problem]:
    with pytest.raises(PlaybookError) as caught:
        load_text(source, "x.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("archive", ((StopReason.FINISHED, End("archive")),)),
        ("{next: b}", ((StopReason.FINISHED, End("next", "b")),)),
        ("{next: b, after: 9d}", ((StopReason.FINISHED, End("next", "b", parse_delay("9d"))),)),
        ("{recycle: 90d}", ((StopReason.FINISHED, End("recycle", after=parse_delay("90d"))),)),
        (
            "{goal_reached: archive, replied: {next: b}}",
            ((StopReason.GOAL, End("archive")), (StopReason.REPLIED, End("next", "b"))),
        ),
    ],
)
def test_what_comes_after_an_end(end: str, expected: object) -> None:
    playbook = load_text(text(end), "x.yaml")
    assert playbook.sequences["a"].ends == expected
    assert from_json(to_json(playbook)) == playbook


def test_a_review_is_a_sequence_of_one_task() -> None:
    source = text(
        "{bounced: {review: {template: t, at: 1d, task: call, priority: high, subject: Look,"
        " assign: {team: Desk}}}}"
    )
    playbook = load_text(source, "x.yaml")
    (end,) = dict(playbook.sequences["a"].ends).values()
    (step,) = playbook.sequences[end.sequence].steps
    assert (step.subject, step.task.value, step.assign) == ("Look", "call", Assign("team", "Desk"))
    assert from_json(to_json(playbook)) == playbook
    assert [item["id"] for item in to_json(playbook)["sequences"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        ("again: once", Return(once=True)),
        ("again: one_at_a_time", Return()),
        ("again: {after: 30d}", Return(after=parse_delay("30d"))),
        ("if_running: restart", Return(restart=True)),
    ],
)
def test_when_it_may_begin_again(again: str, expected: Return) -> None:
    playbook = load_text(text("archive", a=again), "x.yaml")
    assert playbook.sequences["a"].again == expected
    assert from_json(to_json(playbook)) == playbook


def test_priority_and_what_it_does_to_lower_ones_are_kept() -> None:
    playbook = load_text(text("archive", a="priority: 5\n    lower: end\n    max_active: 3"), "x")
    found = playbook.sequences["a"]
    assert (found.priority, found.lower, found.max_active) == (5, "end", 3)
    assert from_json(to_json(playbook)) == playbook


@pytest.mark.parametrize(
    ("end", "field", "message", "suggestion"),
    [
        ("{next: bb}", ".next", "no sequence `bb`", "`b`"),
        ("{next: b, recycle: 9d}", "", "comes one thing", "archive"),
        ("{recycle: 9d, after: 2d}", "", "waits so long `after`", "its own delay"),
        ("{review: {template: q}}", ".review.template", "no template `q`", "use one of: t"),
        ("{review: {templat: t}}", ".review.templat", "unknown key", "`template`"),
        ("{opted_out: {next: b}}", ".opted_out", "unknown key", ""),
        ("nothing", "", "not possible here", "archive"),
        ("{next: a}", ".next", "in a circle without an end: a → a", "recycle"),
    ],
)
def test_mistakes(end: str, field: str, message: str, suggestion: str) -> None:
    found = {one.field.removeprefix("sequences[0].end"): one for one in problems(text(end))}
    assert message in found[field].message
    assert suggestion in found[field].suggestion
    assert found[field].line == 6


def test_a_circle_over_several_sequences_is_said_once_with_its_way() -> None:
    (problem,) = problems(text("{next: b, after: 30d}", b="end: {replied: {next: a}}"))
    assert "a → b → a" in problem.message
    assert problem.field == "sequences[0].end.next"


def test_two_endings_of_the_last_step_contradict_each_other() -> None:
    source = text("archive").replace("template: t}]\n  - id: b", (
        "template: t, then: {recycle: 9d}}]\n  - id: b"
    ))  # fmt: skip
    (problem,) = problems(source)
    assert (problem.field, problem.suggestion) == ("sequences[0].steps[0].then", "keep `end`")


def test_lower_needs_a_priority() -> None:
    (problem,) = problems(text("archive", a="lower: end"))
    assert "this one has none" in problem.message
