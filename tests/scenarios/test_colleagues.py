"""One company, several records: what an answer on one of them means for the others."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sandbox.world.records import Link
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

CADENCE = playbook(
    """
    - {id: go, when: {stage_entered: [qualified]}, settle: 0min, then: [{enrol: way}]}
    - {id: deaf, when: {stage_entered: [proposal]}, settle: 0min, then: [{enrol: own}]}
    - {id: owes, when: {stage_entered: [negotiation]}, settle: 0min, then: [{enrol: paid}]}
    - {id: lead, when: {subject_created: contact}, settle: 0min, then: [{enrol: way}]}
    """,
    """
    - id: way
      exits: {stage_left: off}
      steps:
        - {id: first, at: 1h, task: call, template: t, subject: First call}
        - {id: second, at: 3d, task: email, template: t, subject: Second mail}
    - id: own
      exits: {colleague_answered: off}
      steps: [{id: own, at: 1h, task: call, template: t, subject: Own call}]
    - id: paid
      exits: {replied: off}
      steps: [{id: paid, at: 1h, task: call, template: t, subject: Ask for payment}]
    """,
)


def company(story: Story, deals: Iterable[str] = (), contacts: Iterable[str] = ()) -> None:
    with story.simulation.world.lock:
        id = story.account.create("companies", {"name": "Acme"}, story.by(ADA)).id
        for kind, records in (("deals", deals), ("contacts", contacts)):
            for record in records:
                story.account.associate((kind, record), Link("companies", id), story.by(ADA))


def acme(begin: Begin, **settings: object) -> tuple[Story, list[str], str, str]:
    """Two deals and an inquiry of one company, and a deal of another; all are followed up."""
    story = begin(settings=settings)
    story.live(CADENCE)
    deals = [story.deal("qualified", name=name) for name in ("North", "South")]
    lead = story.contact("Lea", owner=ADA.owner_id)
    other = story.deal("qualified", name="Elsewhere")
    company(story, deals, [lead])
    company(story, [other])
    story.until("+2h")
    assert all(story.titles(one) == ["First call"] for one in (*deals, lead, other))
    return story, deals, lead, other


@pytest.mark.feature("P11")
def test_an_answer_ends_what_runs_on_the_companys_other_records(begin: Begin) -> None:
    story, (north, south), lead, other = acme(begin, company_stop="stop")
    deaf, owing = story.deal("proposal", name="Deaf"), story.deal("negotiation", name="Owing")
    company(story, [deaf, owing, north])
    story.until("+2h")
    story.act("reply", deal=north)
    story.until("+10min")
    assert story.ended(north) == {"test/way": "replied"}
    assert story.ended(south) == {"test/way": "colleague_answered"}
    assert story.ended(lead, "contact") == {"test/way": "colleague_answered"}
    assert [t.archived for t in story.tasks(south)] == [True], "its untouched task is gone too"
    assert story.titles(other) == ["First call"]
    assert story.titles(deaf) == ["Own call"], "its sequence heeds no colleagues"
    assert story.titles(owing) == ["Ask for payment"], "not even its own reply would end it"
    said = f"On deal {north} of the same company somebody replied."
    assert said in story.whys(south, "test/go")
    story.until("+4d")
    assert story.titles(south) == story.titles(lead) == []
    # What begins there later is another matter.
    story.move(south, "new")
    story.until("+10min")
    story.move(south, "qualified")
    story.until("+2h")
    assert story.ended(south) == {"test/way": "colleague_answered"}


@pytest.mark.feature("P11")
def test_the_others_may_wait_instead_until_a_rep_lets_them_go_on(begin: Begin) -> None:
    story, (north, south), lead, _ = acme(
        begin, company_stop="hold", company_stop_on=["opted_out", "won"], company_hold_days=10
    )
    story.act("reply", deal=north)
    for task in story.open(south):
        story.act("complete_task", task=task.id)
    story.until("+10min")
    assert story.codes(south, "company") == [], "replies were not to count"
    story.move(north, "won")
    story.until("+10min")
    for about, type in ((south, "deal"), (lead, "contact")):
        (line,) = [
            one["text"] for one in story.subject(about, type)["ledger"]
            if one["code"] == "held_for_colleague"
        ]  # fmt: skip
        assert line.startswith(f"On deal {north} of the same company the deal was won;")
        assert line.endswith("waits until Thu 17 Sep 2026, 12:10.")
    story.to("2026-09-15 12:00")
    assert story.titles(south) == []
    assert "On hold: colleague_answered." in story.whys(south, "test/go")
    lifted = story.change("POST", f"/api/subjects/deal/{south}/go-on")
    assert lifted == {"went_on": ["colleague_answered"]}
    story.until("+1h")
    assert story.titles(south) == ["Second mail"]
    story.to("2026-09-16 12:00")
    assert story.titles(lead) == ["First call"], "what stands in the CRM stays"
    for task in story.open(lead):
        story.act("complete_task", task=task.id)
    story.until("+1h")
    assert story.titles(lead) == []
    story.to("2026-09-18 12:00")
    assert story.titles(lead) == ["Second mail"]


@pytest.mark.feature("P11")
def test_without_the_setting_each_record_is_its_own(story: Story) -> None:
    story.live(CADENCE)
    north, south = (story.deal("qualified", name=name) for name in ("North", "South"))
    company(story, [north, south])
    story.until("+2h")
    story.act("reply", deal=north)
    story.until("+10min")
    assert story.titles(south) == ["First call"]


@pytest.mark.feature("P11")
def test_a_grant_without_companies_is_said_where_it_would_have_mattered(begin: Begin) -> None:
    story, (north, south), _, _ = acme(begin, company_stop="stop")
    story.change_account(withdraw_scopes=["crm.objects.companies.read"])
    story.act("reply", deal=north)
    story.until("+10min")
    assert story.ended(north) == {"test/way": "replied"}
    assert story.titles(south) == ["First call"]
    assert "company_unreadable" in story.codes(north, "company")
