"""What is said of texts: phrases that say nothing, several questions, pretence, gaps."""

from __future__ import annotations

import pytest

from app.model.playbook import Playbook, Template
from app.playbooks.lint import text_findings
from app.playbooks.presets import preset, preset_ids


def said(**fields: str) -> list[tuple[str, str]]:
    """(field, message) of each finding on a template with these fields."""
    given = {"decides": "Is it decided?", "body": "The offer ends on Friday.", **fields}
    template = Template(id="t", **given)
    playbook = Playbook(id="p", title="", rules=(), sequences={}, templates={"t": template})
    found = list(text_findings(playbook))
    assert all(one.location[:2] == ("templates", "t") for one in found)
    assert all(one.suggestion for one in found)
    return [(str(one.location[2]), one.message) for one in found]


def test_a_text_that_decides_one_thing_passes() -> None:
    assert said(email_subject="Friday", body="The offer ends on Friday. Shall I keep it?") == []


@pytest.mark.parametrize(
    "body",
    [
        "Hi, just checking in!",
        "I wanted to TOUCH BASE with you.",
        "Hope you’re well. The offer ends on Friday.",
        "Circling\nback to this.",
        "Ich wollte nur kurz nachfragen.",
    ],
)
def test_a_phrase_that_says_nothing_is_named(body: str) -> None:
    ((field, message),) = said(body=body)
    assert field == "body"
    assert "nothing to say" in message


def test_a_phrase_in_the_subject_counts_too() -> None:
    assert len(said(email_subject="Any update?")) == 1


@pytest.mark.parametrize("left", ["TODO", "<name>", "lorem ipsum"])
def test_what_was_left_open_is_named(left: str) -> None:
    ((_, message),) = said(body=f"Dear reader, {left} is here.")
    assert left in message


def test_a_token_is_no_gap_and_a_question_mark_in_it_no_question() -> None:
    body = "{{ contact.first_name | default: 'who? what? why?' }}, the offer ends on Friday."
    assert said(email_subject="Friday", body=body) == []


def test_three_questions_in_a_mail_are_too_many_and_talking_points_are_not() -> None:
    asks = "Is it the price? Is it the date? Is it us?"
    ((field, message),) = said(email_subject="Friday", body=asks)
    assert (field, message[:1]) == ("body", "3")
    assert said(body=asks) == [], "no mail: a rep's own notes"
    points = "- Is it the price?\n- Is it the date?\n- Is it us?"
    assert said(email_subject="Friday", body=points) == []


def test_two_decisions_are_too_many() -> None:
    ((field, _),) = said(decides="Is the price right? Who signs?")
    assert field == "decides"


@pytest.mark.parametrize("subject", ["Re: our talk", "FWD: offer", " AW: Angebot"])
def test_a_first_mail_does_not_pretend_to_be_an_answer(subject: str) -> None:
    ((field, _),) = said(email_subject=subject)
    assert field == "email_subject"


@pytest.mark.parametrize("name", preset_ids())
def test_the_presets_pass(name: str) -> None:
    assert list(text_findings(preset(name))) == []
