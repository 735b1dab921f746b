"""What is odd about a playbook is said when it is saved, and it is saved all the same."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import Story

CHECKING_IN = """\
playbook: test
rules:
  - {id: go, when: {stage_entered: qualified}, settle: 0min, then: [{enrol: s}]}
sequences:
  - id: s
    goal: {stage_entered: new}
    steps:
      - {id: a, at: 1h, email: t, subject: Write}
      - {id: b, at: 1d, email: t, subject: Write again}
templates:
  t:
    decides: Is it decided?
    email_subject: "Re: our offer"
    body: Hello, I am just checking in.
"""


@pytest.mark.feature("G06")
def test_a_message_that_decides_nothing_is_named_with_its_line(story: Story) -> None:
    story.admin.settings({"cap_7_days": 1})
    said = story.change("POST", "/api/playbooks", {"text": CHECKING_IN})
    found = {(odd["field"], odd["line"]): odd for odd in said["warnings"]}
    assert set(found) == {
        ("sequences[0].goal", 6), ("sequences[0].steps", 7),
        ("templates.t.email_subject", 13), ("templates.t.body", 14),
    }  # fmt: skip
    checking = found["templates.t.body", 14]
    assert checking["message"].startswith("`just checking in` tells the reader")
    assert checking["suggestion"] == "begin with what the answer decides: Is it decided?"
    page = story.admin.session.get(f"{story.url}/rules").text
    assert "4 things to look at" in page
    assert "just checking in" in page
    story.activate("test", "live")
    deal = story.deal("qualified")
    story.until("+2h")
    assert len(story.tasks(deal)) == 1, "an oddity is no refusal"


@pytest.mark.feature("G06")
def test_a_template_has_to_name_its_decision(story: Story) -> None:
    text = CHECKING_IN.replace("    decides: Is it decided?\n", "")
    answer = story.admin.session.post(
        f"{story.url}/api/playbooks", json={"text": text},
        headers={"X-CSRF-Token": story.admin.get("/api/session")["csrf"]},
    )  # fmt: skip
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["field"] == "templates.t.decides"
