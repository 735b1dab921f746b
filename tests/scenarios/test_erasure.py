"""A person who asks to be forgotten is nowhere any more, and does not come back."""

from __future__ import annotations

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.telling import BOTH, Tell

NAME, MAIL = "Xanthippe", "xanthippe.vos@prospect.example"
CADENCE = "proposal/proposal-cadence"
CALLS = playbook(
    """
    - id: by-name
      when: {stage_entered: qualified}
      then: [{create_tasks: [
        {id: a, at: 1d, task: call, template: who, subject: Ring},
        {id: b, at: 2d, task: todo, template: who, subject: Look up}]}]
    - id: somebody-else
      when: {stage_entered: qualified}
      if: {field: contact.email, op: "==", value: nobody@prospect.example}
      then: [{create_tasks: [{id: c, at: 1d, task: call, template: who, subject: Never}]}]
    - id: told
      when: {replied: any}
      then: [{notify: {who: owner, template: t}}]
    """,
    name="calls",
) + "  who: {decides: Is it decided?, body: 'Ask {{ contact.first_name }}: {{ contact.email }}'}\n"


def _found(story: Story) -> list[str]:
    """Files of the app that still name the person."""
    words = [text.encode() for text in (NAME, MAIL, NAME.lower())]
    return [
        path.name
        for path in story.folder.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


@BOTH
def test_a_person_deleted_for_privacy_is_erased_everywhere(story: Story, tell: Tell) -> None:
    story.live("proposal")
    story.live("inbound-lead")
    story.live(CALLS)
    who = story.act(
        "submit_form", email=MAIL, firstname=NAME, lastname="Vos", form="Demo", owner=ADA.owner_id
    )
    story.until("+1h")
    other = story.contact("Bo")
    deal = story.deal("qualified", contact=who)
    shared = story.deal("new", contact=other, name="Shared")
    story.link(shared, who)
    story.until("+1h")
    story.move(shared, "proposal")  # two people and none chosen: a task names both to choose from
    story.until("+3d")
    edited = next(t for t in story.open(deal) if "Ring" in t.subject)
    story.act("edit_task", task=edited.id, priority="LOW")
    story.act("reply", deal=deal)
    story.until("+10min")
    untouched = [t for t in story.open(deal) if t.id != edited.id]
    assert untouched
    assert any(NAME in t.body for t in story.open(deal))
    assert any(NAME in t.subject for t in story.tasks(who)), "an inquiry bears its person's name"
    assert MAIL in str(story.subject(deal)["contacts"])
    assert _found(story)

    tell(story, lambda: story.act("erase", contact=who))

    tasks = {task.id: task for task in story.tasks()}
    assert tasks[edited.id].open, "what a rep made theirs stays in the CRM"
    assert all(tasks[task.id].archived for task in untouched)
    assert story.ended(deal)["calls/by-name"] == "record_deleted"
    assert story.subject(deal)["contacts"] == []
    assert "contact_erased" in story.codes(deal)
    assert [c["id"] for c in story.subject(shared)["contacts"]] == [other], "others are untouched"
    assert story.subject(who, "contact")["name"] == ""
    assert story.subject(deal)["touches"], "that something was done stays"
    assert _found(story) == [], "at once, not only after a restart"
    story.restart(meanwhile=lambda: _nowhere(story))


def _nowhere(story: Story) -> None:
    assert _found(story) == []


def test_an_erased_person_does_not_come_back_by_import(begin: Begin) -> None:
    story = begin()
    story.live("inbound-lead")
    story.live("proposal")
    story.live(CALLS)
    who = story.contact(NAME, email=MAIL)
    deal = story.deal("new", contact=who)
    story.until("+1h")
    story.act("erase", contact=who)
    story.until("+1h")
    back = story.act(
        "submit_form", email=MAIL.upper(), firstname=NAME, lastname="Vos", form="Demo",
        owner=ADA.owner_id,
    )  # fmt: skip
    story.link(deal, back)
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+4d")
    assert story.tasks(back) == [], "no inquiry of theirs is followed up"
    assert story.subject(deal)["contacts"][0]["name"] == ""
    assert [t for t in story.open(deal) if t.contacts] == []
    assert _found(story) == []
