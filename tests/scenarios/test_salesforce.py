"""Stories on Salesforce: it sends no webhooks, its due dates have no time of day, its people are
joined to deals beside both. What a rep sees in the CRM is the same as anywhere."""

from __future__ import annotations

import pytest
import requests

from app.lanes import enrolling
from sandbox.salesforce.days import DAY_FIELD, MOMENT_FIELD, REMINDER_FIELD
from sandbox.salesforce.state import OrgState
from sandbox.world.traces import LEAD_STATUS, NEW_LEAD
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, Story, Task, playbook

THREE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then:
      - create_tasks:
          - {id: d3, at: 3d, task: call, template: t, subject: Third day, priority: high}
          - {id: d7, at: 7d, task: email, template: t, subject: Seventh day}
          - {id: d14, at: 14d, task: linkedin, template: t, subject: Fourteenth day, priority: low}
""")

SEQUENCE = playbook(
    "- {id: sent, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: s}]}",
    """
    - id: s
      steps:
        - {id: d3, at: 3d, lead: 0h, task: call, template: t, subject: Third day}
        - {id: d7, at: 7d, lead: 0h, task: email, template: t, subject: Seventh day}
    """,
)

CREATE = "POST /salesforce/services/data/[^/]+/composite/sobjects$"
QUERY = "(GET|POST) /salesforce/services/data/[^/]+/(query|queryAll|composite)$"


@pytest.fixture
def story(begin: Begin) -> Story:
    return begin(crm="salesforce")


def proposed(story: Story) -> str:
    """A deal in proposal with its three tasks."""
    story.live(THREE)
    deal = story.deal("proposal")
    story.settle()
    assert days(story, deal) == ["Thu 2026-09-10", "Mon 2026-09-14", "Mon 2026-09-21"]
    return deal


def days(story: Story, deal: str) -> list[str]:
    return [task.due[:14] for task in story.open(deal)]


def raw(story: Story, task: Task) -> dict[str, str]:
    """The task's own columns in the CRM."""
    return story.properties("tasks", task.id)


def edit(story: Story, task: Task, **columns: str) -> None:
    """A rep changes columns of a task, whatever the page calls them."""
    with story.simulation.world.lock:
        story.account.update("tasks", story.inner(task.id), columns, story.by(ADA))
    story.simulation.barrier.poke()


def fault(story: Story, match: str, kind: str, **more: object) -> None:
    story.crm.call("POST", "/sandbox/faults", {"match": match, "kind": kind, **more})


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


def in_sequence(story: Story) -> str:
    """A deal three days into a sequence, its first task open."""
    story.live(SEQUENCE)
    deal = story.deal("proposal")
    story.until("+3d")
    story.until("+2min")
    assert story.titles(deal) == ["Third day"]
    return deal


@pytest.mark.feature("K05")
@pytest.mark.feature("X01")
def test_a_reply_ends_the_sequence_and_its_untouched_task_goes(story: Story) -> None:
    deal = in_sequence(story)
    on_the_deal = story.properties("deals", deal)
    story.act("reply", deal=deal)
    story.until("+10min")
    assert story.ended(deal) == {"test/s": "replied"}
    assert story.open(deal) == []
    (task,) = story.tasks(deal)
    assert (task.archived, task.state, task.reason) == (True, "resolved", "replied")
    assert task.status == "NOT_STARTED", "never completed for anybody"
    assert on_the_deal["followthrough_sequence"] == "test/s"
    assert on_the_deal["followthrough_next_touch_at"]
    assert not story.properties("deals", deal).get("followthrough_next_touch_at")
    story.until("+30d")
    assert len(story.tasks(deal)) == 1


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


@pytest.mark.feature("K05")
def test_a_rep_completes_one_and_deletes_another(story: Story) -> None:
    deal = proposed(story)
    first, second, _ = story.open(deal)
    story.act("complete_task", task=first.id)
    story.act("delete_task", task=second.id)
    story.until("+10min")
    outcomes = {t["task_id"]: t["outcome"] for t in story.touches()}
    assert (outcomes[first.id], outcomes[second.id]) == ("completed", "deleted")
    story.until("+20d")
    assert len(story.tasks(deal)) == 3, "what a rep deleted is not made again"


@pytest.mark.feature("K05")
def test_a_new_owner_in_another_zone_has_the_tasks_at_the_same_instant(begin: Begin) -> None:
    far = BEN.__class__("502", "Ben", zone="America/Los_Angeles")
    story = begin(crm="salesforce", people=(ADA.__class__("500", "Otto"), MIA, ADA, far))
    deal = proposed(story)
    before = [task.due_at for task in story.open(deal)]
    story.act("change_owner", deal=deal, owner=far.owner_id)
    story.until("+15min")
    tasks = story.open(deal)
    assert {t.owner for t in tasks} == {"Ben"}
    assert [t.due_at for t in tasks] == before
    assert [t["due_at"] for t in sorted(story.touches(), key=lambda t: t["due_at"])] == before


@pytest.mark.feature("K05")
def test_our_own_tasks_and_fields_are_no_activity_and_a_call_is(story: Story) -> None:
    story.live(playbook("""
    - id: sent
      when: {stage_entered: proposal}
      then: [{create_tasks: [{id: a, at: 30d, task: call, template: t, subject: Much later}]}]
    - id: quiet
      when: {no_activity_for: 10d}
      if: {field: deal.stage_kind, op: "==", value: proposal}
      then: [{create_tasks: [{id: a, at: 0h, task: todo, template: t, subject: Gone quiet}]}]
    """))
    called, quiet = story.deal("proposal"), story.deal("proposal")
    story.until("+6d")
    story.act("log_call", deal=called)
    story.until("+5d")
    assert "Gone quiet" in story.titles(quiet)
    assert "Gone quiet" not in story.titles(called)


# --- people --------------------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_who_opts_out_is_left_alone(story: Story) -> None:
    deal = proposed(story)
    (person,) = story.open(deal)[0].contacts
    story.act("opt_out", contact=person)
    story.until("+10min")
    assert story.open(deal) == []
    assert story.ended(deal) == {"test/sent": "opted_out"}
    another = story.deal("proposal", contact=person)
    story.until("+30d")
    assert [t for t in story.tasks(another) if t.type != "TODO"] == []


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


# --- meetings and replies ------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_a_meeting_ends_the_sequence_and_one_without_outcome_is_asked_about(story: Story) -> None:
    story.live("post-meeting")
    deal = in_sequence(story)
    story.act("book_meeting", deal=deal, start=story.at("2026-09-11 11:00"))
    story.until("+10min")
    assert story.ended(deal) == {"test/s": "meeting_booked"}
    story.to("2026-09-11 15:00")
    assert story.titles(deal) == ["Say how the meeting went: held, no-show or moved?"]


@pytest.mark.feature("K05")
def test_the_package_has_a_field_for_what_came_of_a_meeting(story: Story) -> None:
    story.live(playbook("""
    - id: recap
      when: {meeting_held: any}
      then: [{create_tasks: [{id: recap, at: 4h, task: todo, template: t, subject: Recap}]}]
    """))
    deal = story.deal("qualified")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-07 12:00"))
    story.to("2026-09-07 13:30")
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.until("+15min")
    assert story.titles(deal) == ["Recap"]


# --- records that go and come --------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_a_deleted_deal_is_noticed_by_asking(story: Story) -> None:
    deal = proposed(story)
    story.delete("deals", deal)
    story.until("+2min")
    assert story.subject(deal)["deleted"]
    assert story.ended(deal) == {"test/sent": "record_deleted"}
    assert story.open(deal) == []
    story.restore("deals", deal)
    story.until("+2min")
    assert not story.subject(deal)["deleted"]
    story.until("+20d")
    assert story.open(deal) == []


@pytest.mark.feature("K05")
def test_merged_people_leave_one_follow_up(story: Story) -> None:
    story.live(THREE)
    kept, gone = story.contact("Nora"), story.contact("Nora")
    one, other = story.deal("proposal", contact=kept), story.deal("proposal", contact=gone)
    story.settle()
    assert len(story.open(one)) == len(story.open(other)) == 3
    story.merge("contacts", kept, gone)
    story.until("+2d")
    assert {c["id"] for c in story.subject(other)["contacts"]} == {kept}


# --- failures ------------------------------------------------------------------------------------


EACH_ONCE = ["Third day", "Seventh day", "Fourteenth day"]


@pytest.mark.feature("K05")
@pytest.mark.parametrize(
    ("match", "kind"),
    [
        (CREATE, "500_after"),
        (CREATE, "503_before"),
        (CREATE, "reset_after"),
        (QUERY, "503_before"),
        (QUERY, "reset_before"),
        ("ROW Task", "lock"),
    ],
)
def test_one_kind_of_failure_makes_no_task_twice_and_loses_none(
    story: Story, match: str, kind: str
) -> None:
    story.live(THREE)
    deal = story.deal("proposal")
    fault(story, match, kind, times=2)
    story.until("+1h")
    assert story.titles(deal) == EACH_ONCE
    assert len(story.tasks(deal)) == 3


@pytest.mark.feature("K05")
def test_a_session_that_ends_is_renewed_without_a_word(story: Story) -> None:
    from sandbox.salesforce.grants import Grants

    story.live(THREE)
    for session in Grants.of(story.simulation.world).access.values():
        session.expires = 0
    deal = story.deal("proposal")
    story.settle()
    assert story.titles(deal) == EACH_ONCE


@pytest.mark.feature("K05")
def test_an_app_that_was_away_catches_up(story: Story) -> None:
    deal = in_sequence(story)

    def meanwhile() -> None:
        story.act("reply", deal=deal)
        story.to(story.now + 600_000)

    story.restart(meanwhile)
    story.until("+2min")
    assert story.ended(deal) == {"test/s": "replied"}
    assert story.open(deal) == []


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
    story.change("PUT", "/api/sequences", {"on": True})
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
    story.change("PUT", "/api/sequences", {"on": True})
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.settle()
    fault(story, "POST /salesforce/.*/assignTargetToSalesCadence$", "reset_after", times=1)
    story.until("+2h")
    story.until("+10min")
    assert sum(map(len, story.account.sequences.enrolments.values())) == 1
    (touch,) = story.subject(deal)["touches"]
    assert (touch["state"], touch["outcome"]) == ("performed", "running")


@pytest.mark.feature("C01")
def test_without_sales_engagement_a_task_stands_in_and_the_ledger_says_why(story: Story) -> None:
    story.change_account(salesforce={"sales_engagement": False})
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.until("+2h")
    (task,) = story.open(deal)
    assert task.subject.startswith("Follow up by hand instead of the sequence Warm outreach")
    said = " ".join(story.whys(deal, "test/sent"))
    assert "Sales Engagement" in said


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
