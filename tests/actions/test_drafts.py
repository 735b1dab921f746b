"""A task's words go out as text and come back into the same place."""

from __future__ import annotations

import pytest

from app.actions import drafts
from app.actions.rendering import TaskContext, render_task
from app.model.playbook import Step, Template
from app.model.vocabulary import TaskType
from connectors.plain import plain as as_lines


def body(text: str = "Hello {{ contact.first_name }},\n\n- one\n- two", task: str = "email") -> str:
    template = Template(id="t", decides="Is it <now>?", body=text)
    values = {"contact": {"first_name": "A&B"}}
    context = TaskContext("Acme", "In Proposal since Monday.", values=values)
    return render_task(Step("one", None, TaskType(task), "Do", "t"), template, context).body


@pytest.mark.parametrize("task", ["email", "call", "todo", "linkedin"])
def test_a_body_is_read_in_its_parts(task: str) -> None:
    words = drafts.read(body(task=task))
    assert words == (
        "In Proposal since Monday.", "Hello A&B,\n\n- one\n- two", "Is it <now>?"
    )


def test_other_words_stand_where_the_draft_stood_and_nothing_else_moves() -> None:
    before = body()
    after = drafts.write(before, "First <line>\r\n\r\nand \\1 & more  \n")
    assert drafts.read(after).draft == "First <line>\n\nand \\1 & more"
    assert "First &lt;line&gt;<br><br>and \\1 &amp; more</p>" in after
    assert drafts.write(after, drafts.read(before).draft) == before


@pytest.mark.parametrize("task", ["email", "call", "todo"])
def test_where_a_crm_has_plain_text_alone_its_lines_are_read_and_written(task: str) -> None:
    before = as_lines(body(task=task))
    assert drafts.read(before) == (
        "In Proposal since Monday.", "Hello A&B,\n\n- one\n- two", "Is it <now>?"
    )
    after = drafts.write(before, "<Mine> & yours\n\nTwo")
    assert "\n\n<Mine> & yours\n\nTwo\n\nTo decide: Is it <now>?" in after
    assert drafts.read(after).draft == "<Mine> & yours\n\nTwo"
    assert drafts.write(after, drafts.read(before).draft) == before
    assert drafts.write("Call her, she said.", "Call him") == "Call him"


def test_a_body_that_somebody_wrote_anew_is_text_as_a_whole() -> None:
    theirs = "<div>Call <b>her</b></div><ul><li>price</li><li>date</li></ul>"
    assert drafts.read(theirs) == ("", "Call her\n\n- price\n- date", "")
    assert drafts.write(theirs, "Short") == "<p>Short</p>"
