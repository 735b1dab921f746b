"""Stories on Salesforce: it sends no webhooks, its due dates have no time of day, its people are
joined to deals beside both. What a rep sees in the CRM is the same as anywhere."""

from __future__ import annotations

import pytest
import requests

from app.lanes import enrolling
from sandbox.salesforce.days import DAY_FIELD, MOMENT_FIELD, REMINDER_FIELD
from sandbox.salesforce.state import OrgState
from sandbox.world.traces import LEAD_STATUS, NEW_LEAD
from tests.scenarios.beside import fault, proposed
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, Task, playbook


@pytest.fixture
def story(begin: Begin) -> Story:
    return begin(crm="salesforce")


def raw(story: Story, task: Task) -> dict[str, str]:
    """The task's own columns in the CRM."""
    return story.properties("tasks", task.id)


def edit(story: Story, task: Task, **columns: str) -> None:
    """A rep changes columns of a task, whatever the page calls them."""
    with story.simulation.world.lock:
        story.account.update("tasks", story.inner(task.id), columns, story.by(ADA))
    story.simulation.barrier.poke()


# --- tasks ---------------------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_a_proposal_owes_three_timed_tasks(story: Story) -> None:
    deal = proposed(story)
    first, second, third = story.open(deal)
    assert [t.type for t in (first, second, third)] == ["CALL", "EMAIL", "LINKED_IN_MESSAGE"]
    assert [t.priority for t in (first, second, third)] == ["HIGH", "MEDIUM", "LOW"]
    assert [t.owner for t in (first, second, third)] == ["Ada"] * 3
    assert all(t.deals == (deal,) and len(t.contacts) == 1 for t in (first, second, third))
    columns = raw(story, first)
    assert columns[DAY_FIELD] == "2026-09-10"
    assert columns[REMINDER_FIELD] == "true"
    assert int(columns[MOMENT_FIELD]) == first.due_at, "the time of day is the reminder's"
    assert "<p>" not in first.body
    assert "Is this decided?" in first.body


@pytest.mark.feature("K05")
def test_a_dismissed_reminder_is_no_edit_and_a_moved_day_is(story: Story) -> None:
    """The task that a rep moved is theirs: it stays when the reason of the others is gone."""
    deal = proposed(story)
    dismissed, moved, _ = story.open(deal)
    edit(story, dismissed, **{REMINDER_FIELD: "false"})
    edit(story, moved, **{DAY_FIELD: "2026-09-16"})
    story.until("+10min")
    touches = {t["task_id"]: t for t in story.touches()}
    assert touches[dismissed.id]["due_at"] == dismissed.due_at
    assert story.local(touches[moved.id]["due_at"])[:14] == "Wed 2026-09-16"
    story.move(deal, "lost")
    story.until("+10min")
    left = {t.id for t in story.open(deal)}
    assert left == {moved.id}


# --- people --------------------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_consent_that_is_hidden_from_us_counts_as_none(begin: Begin) -> None:
    def hide(story: Story) -> None:
        state = OrgState.of(story.account)
        state.hidden.add("Contact.HasOptedOutOfEmail")
        state.fields_version += 1

    story = begin(crm="salesforce", before=hide)
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+8d")
    assert [t.type for t in story.tasks(deal)] == []
    assert "consent_unknown" in " ".join(story.codes(deal))


@pytest.mark.feature("K05")
def test_a_lead_is_an_inquiry_until_it_is_converted(story: Story) -> None:
    story.live(playbook(
        """
        - id: answer
          when: {subject_created: contact}
          settle: 0min
          then: [{enrol: inquiry}]
        """,
        """
        - id: inquiry
          steps:
            - {id: a, at: 1h, task: call, template: t, subject: Answer them}
            - {id: b, at: 3d, task: call, template: t, subject: Once more}
        """,
    ))  # fmt: skip
    fields = {
        "email": "lena@acme.example", "firstname": "Lena", "lastname": "Lang",
        "hubspot_owner_id": ADA.owner_id, LEAD_STATUS: NEW_LEAD,
    }  # fmt: skip
    with story.simulation.world.lock:
        made = story.account.create("contacts", fields, story.by(ADA))
    lead = story.outer("contacts", made.id)
    assert lead.startswith("00Q")
    story.until("+2h")
    (task,) = story.open(lead)
    assert (task.contacts, task.deals) == ((lead,), ())
    story.act("complete_task", task=task.id)
    deal = story.deal("new", contact=lead)
    story.until("+10min")
    person = story.outer("contacts", story.inner(lead))
    assert person.startswith("003"), "the lead was converted"
    assert story.subject(deal)["contacts"][0]["id"] == person
    assert story.subject(lead, "contact")["id"] == person
    assert story.ended(person, "contact") == {"test/inquiry": "became_deal"}
    story.until("+7d")
    assert len(story.tasks()) == 1, "the inquiry's second call is owed to nobody"


# --- failures ------------------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_access_that_was_withdrawn_stops_everything_and_says_so(story: Story) -> None:
    from sandbox.salesforce.grants import Grants

    deal = proposed(story)
    grants = Grants.of(story.simulation.world)
    with story.simulation.world.lock:
        for grant in list(grants.grants.values()):
            grants.close(grant)
    story.until("+10min")
    answer = story.admin.session.get(f"{story.url}/api/status", timeout=10).json()
    assert answer["status"] == "revoked"
    assert len(story.open(deal)) == 3, "nothing is undone"


# --- cadences ------------------------------------------------------------------------------------

CADENCE = playbook(
    "- {id: sent, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: s}]}",
    """
    - id: s
      steps: [{id: mails, at: 1h, sequence: {salesforce: Warm outreach}}]
    """,
)


def enrolled(story: Story) -> tuple[str, str]:
    """(deal, person): in a cadence since an hour."""
    story.sequence()
    story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.until("+2h")
    (person,) = [one["id"] for one in story.subject(deal)["contacts"]]
    assert running(story, person)
    return deal, person


def running(story: Story, person: str) -> bool:
    return story.account.sequences.active(story.inner(person)) is not None


@pytest.mark.feature("C01")
def test_a_step_adds_the_person_to_a_cadence_once(story: Story) -> None:
    deal, person = enrolled(story)
    (touch,) = story.subject(deal)["touches"]
    assert (touch["state"], touch["outcome"]) == ("performed", "running")
    said = " ".join(story.whys(deal, "test/sent"))
    assert "Enrolled in the CRM's sequence Warm outreach from ada@firm.example" in said
    story.until("+10d")
    assert not running(story, person)
    (touch,) = story.subject(deal)["touches"]
    assert (touch["outcome"], touch["outcome_why"]) == ("finished", "native_finished")
    assert sum(map(len, story.account.sequences.enrolments.values())) == 1


@pytest.mark.feature("C01")
def test_a_closed_deal_takes_the_person_out_of_the_cadence(story: Story) -> None:
    """By a call, where other CRMs need a workflow."""
    deal, person = enrolled(story)
    story.move(deal, "lost")
    story.until("+15min")
    assert not running(story, person)
    assert story.ended(deal) == {"test/s": "closed_lost"}
    (touch,) = story.subject(deal)["touches"]
    assert touch["outcome_why"] == "native_stopped"


@pytest.mark.feature("C01")
def test_a_lost_answer_of_a_cadence_is_looked_up_and_not_repeated(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolling, "SETTLE_MS", 0)
    story.sequence()
    story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.settle()
    fault(story, "POST /salesforce/.*/assignTargetToSalesCadence$", "reset_after", times=1)
    story.until("+2h")
    story.until("+10min")
    assert sum(map(len, story.account.sequences.enrolments.values())) == 1
    (touch,) = story.subject(deal)["touches"]
    assert (touch["state"], touch["outcome"]) == ("performed", "running")


def without_sales_engagement(story: Story) -> None:
    story.change_account(salesforce={"sales_engagement": False})


@pytest.mark.feature("C01")
def test_without_sales_engagement_a_task_stands_in_and_the_ledger_says_why(begin: Begin) -> None:
    story = begin(crm="salesforce", before=without_sales_engagement)
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.until("+2h")
    (task,) = story.open(deal)
    assert task.subject.startswith("Follow up by hand instead of the sequence Warm outreach")
    said = " ".join(story.whys(deal, "test/sent"))
    assert "Sales Engagement" in said


@pytest.mark.feature("C01")
def test_sales_engagement_that_is_given_up_holds_up_nobody(story: Story) -> None:
    without_sales_engagement(story)
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.until("+2h")
    (task,) = story.open(deal)
    assert task.subject.startswith("Follow up by hand instead of the sequence Warm outreach")


@pytest.mark.feature("C01")
def test_a_sequence_of_another_crm_is_a_task_here(story: Story) -> None:
    story.live(CADENCE.replace("salesforce:", "hubspot:"))
    deal = story.deal("proposal")
    story.until("+2h")
    (task,) = story.open(deal)
    assert task.subject.startswith("Follow up by hand instead of the sequence Warm outreach")
    assert "it names one of HubSpot" in " ".join(story.whys(deal, "test/sent"))


# --- connecting ----------------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_without_the_package_the_page_says_what_is_missing(begin: Begin) -> None:
    story = begin(crm="salesforce")
    app = story.simulation.world.apps[story.kind.app_id]
    OrgState.of(story.account).packages.discard(app.app_id)
    browser = story.browser()
    page = browser.get(f"{story.url}/connect/salesforce", timeout=10)
    answer = decide(browser, page)
    assert answer.status_code == 400
    assert "package is not installed" in answer.text


def decide(browser: requests.Session, page: requests.Response) -> requests.Response:
    """Press Allow on the consent page."""
    from urllib.parse import urljoin

    from demo.admin import Form

    form = Form()
    form.feed(page.text)
    sent = {**form.fields, "decision": "approve"}
    return browser.post(urljoin(page.url, form.action), data=sent, timeout=10)
