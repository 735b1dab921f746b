"""What records of the CRM say by themselves: letters, properties, opened mail, calls unanswered."""

from __future__ import annotations

import pytest

from sandbox.world.records import Property
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story, playbook
from tests.scenarios.test_replies import running, said

QUOTE = "\n\nOn Mon, 28 Sep 2026 at 10:02, Ada Firm <ada@firm.example> wrote:\n> a) Keep it open\n"


def closing(story: Story) -> str:
    """A deal whose closing mail was just written, the last step of the preset."""
    story.live("proposal")
    deal = story.deal("proposal")
    for _ in range(4):
        story.until("+7d")
        for task in story.open(deal):
            story.act("complete_task", task=task.id)
    assert any("close" in task.body.lower() for task in story.tasks(deal))
    return deal


@pytest.mark.feature("B05")
@pytest.mark.parametrize("letter", ["a", "B)", "c."])
def test_one_letter_answers_the_closing_mail_as_that_mail_says(story: Story, letter: str) -> None:
    deal = closing(story)
    story.act("reply", deal=deal, text=letter + QUOTE)
    story.until("+10min")
    if letter == "a":
        assert story.titles(deal) == ["Call now: the prospect asked for it"]
    elif letter == "c.":
        assert story.titles(deal) == ["Review: the prospect asked to close the file"]
        story.until("+200d")
        assert "recycled" not in [one["kind"] for one in story.subject(deal)["outcomes"]]
    else:
        assert story.titles(deal) == []
        assert story.properties("deals", deal)["followthrough_momentum"] == "recycle"
        assert "comes_back" in story.codes(deal)


@pytest.mark.feature("B05")
def test_a_letter_that_nobody_asked_for_and_a_letter_with_words_are_read_by_a_person(
    story: Story,
) -> None:
    unasked = running(story)
    story.act("reply", deal=unasked, text="a")
    story.until("+10min")
    assert story.ended(unasked)["test/ask"] == "replied"
    assert story.open(unasked) == []
    assert "reply_read" not in story.codes(unasked)


@pytest.mark.feature("B03")
def test_a_property_that_a_workflow_sets_is_the_same_word(story: Story) -> None:
    _own(story, "reply_kind", "reply_day")
    mapping = {"contact": {"reply_class": "reply_kind", "reply_date": "reply_day"}}
    deal = running(story)
    story.change("PUT", "/api/mapping", {"mapping": mapping})
    story.until("+1d")
    contact = story.export("deals")["deals"][0]["associations"]["contacts"][0]["id"]
    story.act("reply", deal=deal)
    story.settle()
    for name, value in (("reply_kind", "Not now"), ("reply_day", "2026-09-21")):
        story.act("set_property", kind="contacts", record=contact, property=name, value=value)
    story.until("+1d")
    assert story.lines(deal) == [("Mon 2026-09-21 09:00", "Call as agreed")]
    story.act("set_property", kind="contacts", record=contact, property="reply_kind", value="meh")
    story.until("+1d")
    assert any("“meh”" in line["text"] for line in story.subject(deal)["ledger"])


def _own(story: Story, *names: str) -> None:
    with story.simulation.world.lock:
        for name in names:
            story.account.properties["contacts"][name] = Property(
                name, name, "string", "text", "contactinformation"
            )


OPENED = playbook("""
  - id: twice
    when: {opened: {count: 2, within: 7d}}
    then: [{create_tasks: [{id: o, task: call, template: t, subject: Ring the reader}]}]
  - id: click
    when: {clicked: any}
    then: [{create_tasks: [{id: c, task: todo, template: t, subject: See what they clicked}]}]
  - id: quiet
    when: {no_activity_for: 5d}
    then: [{notify: {who: owner, template: t}}]
""", name="mail")


@pytest.mark.feature("T10")
@pytest.mark.feature("B01")
def test_mail_opened_twice_is_a_signal_and_neither_stops_nor_counts_as_activity(
    begin: Begin,
) -> None:
    story = begin(sandbox_settings={"calculated_events": True})
    story.live(OPENED)
    deal = running(story)
    story.act("open_mail", deal=deal)
    story.until("+1h")
    assert story.titles(deal) == ["First call"]
    assert "Seen 1 of 2 times within 7d" in story.why(deal, "mail/twice")
    (call,) = story.open(deal)
    story.act("complete_task", task=call.id)
    story.act("open_mail", deal=deal)
    story.until("+1h")
    assert story.titles(deal) == ["Ring the reader"]
    assert story.ended(deal)["test/ask"] is None, "an open ends nothing"
    (ring,) = story.open(deal)
    story.act("complete_task", task=ring.id)
    story.act("open_mail", deal=deal)
    story.act("click_link", deal=deal)
    story.until("+1h")
    assert story.titles(deal) == ["See what they clicked"], "the count begins anew"


@pytest.mark.feature("T10")
def test_where_the_crm_tells_of_no_open_the_day_finds_it(story: Story) -> None:
    story.live(OPENED)
    deal = story.deal("qualified")
    story.until("+1h")
    story.act("click_link", deal=deal)
    story.until("+1h")
    assert story.titles(deal) == []
    story.until("+1d")
    assert story.titles(deal) == ["See what they clicked"]
    story.to("2026-09-12 11:00")
    assert "notified" in story.codes(deal), "nobody did anything: silent since Monday"


@pytest.mark.feature("T14")
@pytest.mark.parametrize(
    ("outcome", "missed"),
    [("no_answer", True), ("busy", True), ("voicemail", True), ("connected", False),
     ("live_message", False), ("wrong_number", False)],
)  # fmt: skip
def test_a_call_that_nobody_answered_is_a_signal_of_its_own(
    story: Story, outcome: str, missed: bool
) -> None:
    story.live(
        playbook("""
          - id: again
            when: {call_missed: any}
            then: [{create_tasks: [{id: c, at: 1d, task: call, template: t, subject: Try again}]}]
        """)
    )
    deal = story.deal("qualified")
    story.until("+1h")
    story.act("log_call", deal=deal, outcome=outcome)
    story.until("+1h")
    assert story.titles(deal) == (["Try again"] if missed else [])


@pytest.mark.feature("B03")
def test_the_page_shows_what_was_said_and_takes_it_with_a_click(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "not_now", date="03/10")
    page = story.admin.session.get(f"{story.url}/subjects/deal/{deal}", timeout=10).text
    assert "Which day is “03/10”" in page
    assert f"POST /api/subjects/deal/{deal}/reply" in page
    assert "Let automatic follow-up go on" in page
