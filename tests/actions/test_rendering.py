"""Task texts: what stands in them, and what never reaches a prospect."""

from __future__ import annotations

import pytest

from app.actions.rendering import (
    BUILT_IN,
    MAX_SUBJECT_CHARS,
    TaskContext,
    TaskTexts,
    render_notice,
    render_task,
    template_of,
)
from app.model.playbook import Step, Template
from app.model.vocabulary import TaskType
from app.playbooks.presets import preset

VALUES = {
    "contact": {"first_name": "Ada", "company": ""},
    "deal": {"name": "Engines & co", "close_date": None},
    "owner": {"first_name": "Sam"},
}


def step(task: TaskType = TaskType.EMAIL, subject: str = "Send it") -> Step:
    return Step("one", None, task, subject, "t")


def template(body: str, email_subject: str = "") -> Template:
    return Template("t", "Yes or no?", body, email_subject)


def context(**changes: object) -> TaskContext:
    base = TaskContext("Engines & co", "In Proposal since 3 March.", values=VALUES)
    return base._replace(**changes)


def test_the_body_has_all_its_parts_in_order() -> None:
    made = render_task(
        step(),
        template("Hello {{ contact.first_name }}", "About {{ deal.name }}"),
        context(activities=("3 March: call", "1 March: <mail>")),
    )
    parts = [
        "<strong>Why now:</strong> In Proposal since 3 March.",
        "<li>3 March: call</li><li>1 March: &lt;mail&gt;</li>",
        "<strong>Draft:</strong>",
        "<em>Subject: About Engines &amp; co</em>",
        "Hello Ada",
        "<strong>To decide:</strong> Yes or no?",
    ]
    places = [made.body.index(part) for part in parts]
    assert places == sorted(places)
    assert made.problem == ""


@pytest.mark.parametrize(
    ("task", "heading"),
    [
        (TaskType.CALL, "Talking points"),
        (TaskType.EMAIL, "Draft"),
        (TaskType.LINKEDIN, "Draft"),
        (TaskType.TODO, "What to do"),
        (TaskType.MEETING, "What to do"),
    ],
)
def test_each_kind_of_task_names_its_text(task: TaskType, heading: str) -> None:
    assert f"<strong>{heading}:</strong>" in render_task(step(task), template("x"), context()).body


@pytest.mark.parametrize(
    ("body", "token"),
    [
        ("Hello {{ contact.last_name }}", "contact.last_name"),
        ("Your close date {{ deal.close_date }}", "deal.close_date"),
        ("At {{ contact.company }}", "contact.company"),
        ("Hello {{ meeting.title | upcase }}", "meeting"),
    ],
)
def test_a_missing_value_leaves_no_draft_and_says_so(body: str, token: str) -> None:
    made = render_task(step(), template(body), context())
    assert made.problem.startswith(token)
    assert made.problem.endswith("has no value in the CRM")
    assert f"there is no draft here, because {token}" in made.body
    assert "Hello" not in made.body
    assert "Your close date" not in made.body
    assert "To decide" in made.body


def test_a_blank_value_counts_as_missing() -> None:
    made = render_task(
        step(),
        template("Hello {{ contact.first_name }}"),
        context(values={"contact": {"first_name": "  "}}),
    )
    assert "contact.first_name" in made.problem


def test_a_default_stands_in_for_a_missing_value() -> None:
    made = render_task(
        step(), template("Hello {{ contact.last_name | default: 'there' }},"), context()
    )
    assert "Hello there," in made.body
    assert made.problem == ""


def test_a_stored_template_that_is_not_valid_any_more_does_not_stop_the_task() -> None:
    made = render_task(step(), template("{{ deal.name | gone }} {% nope %}"), context())
    assert made.problem.startswith("the template is not valid")
    assert "Why now" in made.body


def test_a_template_that_grows_without_end_does_not_stop_the_task() -> None:
    made = render_task(step(), template("{% for a in (1..9999) %}x{% endfor %}"), context())
    assert made.problem.startswith("the template failed")


def test_values_are_escaped_and_never_read_as_liquid() -> None:
    values = {"contact": {"first_name": "<b>{{ deal.name }}</b>"}}
    made = render_task(step(), template("{{ contact.first_name }}"), context(values=values))
    assert "&lt;b&gt;{{ deal.name }}&lt;/b&gt;" in made.body


def test_markup_in_a_template_is_text() -> None:
    made = render_task(step(), template("if a < b & c"), context())
    assert "if a &lt; b &amp; c" in made.body


def test_wrapped_lines_are_joined_and_meant_breaks_are_kept() -> None:
    long = "This line was wrapped by an editor because it had become too long to"
    body = f"Hello,\n\n{long}\nread at once.\n- one\n- two\n\nKind regards\nSam"
    made = render_task(step(), template(body), context())
    assert (
        f"Hello,<br><br>{long} read at once.<br>- one<br>- two<br><br>Kind regards<br>Sam"
        in made.body
    )


def test_the_subject_starts_with_the_step_and_ends_with_the_name() -> None:
    assert render_task(step(), None, context()).subject == "Send it — Engines & co"
    assert render_task(step(), None, context(subject_name="")).subject == "Send it"
    long = render_task(step(), None, context(subject_name="x" * 400)).subject
    assert len(long) == MAX_SUBJECT_CHARS
    assert long.startswith("Send it — xxx")


def test_choosing_a_contact_lists_the_candidates() -> None:
    made = render_task(
        Step("choose-contact", None, TaskType.TODO, "Choose", "choose-contact"),
        BUILT_IN["choose-contact"],
        context(candidates=("Ada <ada@example.com>", "Bob")),
    )
    assert "<li>Ada &lt;ada@example.com&gt;</li><li>Bob</li>" in made.body
    assert "Whom is this follow-up for?" in made.body


def test_a_step_finds_its_template_in_the_playbook_or_built_in() -> None:
    playbook = preset("proposal")
    first = playbook.sequences["proposal-cadence"].steps[0]
    found = template_of(playbook, first)
    assert found is not None
    assert found.id == "proposal-questions"
    assert template_of(playbook, step()) is None
    choose = Step("choose-contact", None, TaskType.TODO, "Choose", "choose-contact")
    assert template_of(playbook, choose) is BUILT_IN["choose-contact"]


def test_a_notice_says_its_decision_and_its_text() -> None:
    notice = render_notice(template("{{ deal.name }} is quiet"), VALUES)
    assert notice.subject == "Yes or no?"
    assert notice.body == "<p>Engines &amp; co is quiet</p>"


def test_tasks_of_one_follow_up_share_what_they_have_in_common_and_nothing_else() -> None:
    texts = TaskTexts(context())
    call, email = step(TaskType.CALL, "Call"), step(TaskType.EMAIL, "Write")
    one, other = template("About {{ deal.name }}."), Template("u", "When?", "To {{ owner.name }}")
    made = [texts.of(call, one), texts.of(email, one), texts.of(call, other), texts.of(call, None)]
    alone = [
        render_task(call, one, context()), render_task(email, one, context()),
        render_task(call, other, context()), render_task(call, None, context()),
    ]  # fmt: skip
    assert made == alone
    assert len({text.body for text in made}) == 4
    assert texts.of(email, one) == made[1]
    assert [bool(text.problem) for text in made] == [False, False, True, False]
