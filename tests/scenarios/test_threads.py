"""A mail that answers the one before it, in that one's thread."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import Story, playbook

MAILS = playbook(
    "- {id: go, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: mails}]}",
    """
    - id: mails
      steps:
        - {id: first, at: 1h, email: one, subject: First mail}
        - {id: ring, at: 1d, task: call, template: t, subject: Ring}
        - {id: second, at: 2d, email: two, thread: true, subject: Second mail}
        - {id: third, at: 3d, email: two, subject: Third mail}
    """,
).replace(
    "templates:\n",
    """templates:
  one:
    decides: Is it read?
    email_subject: "Offer <A> for {{ deal.name }}"
    body: "Hello {{ contact.first_name | default: 'there' }}, is it read?"
  two:
    decides: Is it clear?
    email_subject: One more question
    body: "Hello {{ contact.first_name | default: 'there' }}, is it clear?"
""",
)


def mails(story: Story, deal: str) -> dict[str, str]:
    return {task.subject.split(" — ")[0]: task.body for task in story.tasks(deal)}


@pytest.mark.feature("P05")
def test_the_task_names_the_thread_and_the_draft_answers_it(story: Story) -> None:
    story.live(MAILS)
    sent, unsent = story.deal("proposal", name="Mill"), story.deal("proposal", name="Barn")
    story.until("+2h")
    for task in story.open(sent):
        story.act("complete_task", task=task.id)
    for task in story.open(unsent):
        story.act("delete_task", task=task.id)
    for _ in range(4):
        story.until("+1d")
        for task in story.open():
            story.act("complete_task", task=task.id)
    body = mails(story, sent)["Second mail"]
    assert "In the thread “Offer &lt;A&gt; for Mill”:" in body
    assert "<em>Subject: Re: Offer &lt;A&gt; for Mill</em>" in body
    assert "One more question" not in body
    third = mails(story, sent)["Third mail"]
    assert "<em>Subject: One more question</em>" in third
    assert "In the thread" not in third
    alone = mails(story, unsent)["Second mail"]
    assert "<em>Subject: One more question</em>" in alone
    assert "In the thread" not in alone, "a rep who deleted the first mail has not sent it"


@pytest.mark.feature("P05")
@pytest.mark.parametrize("old", ["task: call, template: t, subject: Ring", "THEN"])
def test_what_is_no_mail_and_what_has_none_before_it_has_no_thread(story: Story, old: str) -> None:
    text = MAILS.replace(old, f"{old}, thread: true")
    if old == "THEN":
        text = MAILS.replace(
            "[{enrol: mails}]",
            "[{create_tasks: [{id: a, email: one, thread: true, subject: A}]}]",
        )
    assert any("thread" in problem["message"] or "before them" in problem["message"]
               for problem in story.mistakes(text))
