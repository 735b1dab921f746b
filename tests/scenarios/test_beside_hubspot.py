"""Stories that are the same on Salesforce and on Pipedrive, whatever their HTTP is like: one asks
us to ask, the other tells of all but mail. What is one's own stands in a file of its own."""

from __future__ import annotations

from importlib import import_module

import pytest

from app.lanes import dispatch
from tests.scenarios.beside import THREE, each_once, fault, in_sequence, proposed
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, OTTO, Story, playbook

CRMS = ("salesforce", "pipedrive")
CREATE = {
    "salesforce": "POST /salesforce/services/data/[^/]+/composite/sobjects$",
    "pipedrive": "POST /pipedrive/api/v2/activities$",
}
READ = {
    "salesforce": "(GET|POST) /salesforce/services/data/[^/]+/(query|queryAll|composite)$",
    "pipedrive": "GET /pipedrive/api/v2/deals/\\d+",
}

ONE_SOON = pytest.mark.parametrize(
    "crm", ["salesforce", pytest.param("pipedrive", marks=pytest.mark.long)]
)
"""Stories that say little more on the second CRM than on the first."""

pytestmark = pytest.mark.feature("K05")


@pytest.fixture(params=CRMS)
def story(request: pytest.FixtureRequest, begin: Begin) -> Story:
    return begin(crm=request.param)


# --- tasks ---------------------------------------------------------------------------------------


@pytest.mark.feature("X01")
def test_a_reply_ends_the_sequence_and_its_untouched_task_goes(story: Story) -> None:
    """No webhook tells of it: it is looked for in time, and before anything is done."""
    deal = in_sequence(story)
    told = story.properties("deals", deal)
    story.act("reply", deal=deal)
    story.until("+31min")
    assert story.ended(deal) == {"test/s": "replied"}
    assert story.open(deal) == []
    (task,) = story.tasks(deal)
    assert task.archived
    assert task.status == "NOT_STARTED", "never completed for anybody"
    after = story.properties("deals", deal)
    running = {name for name, value in told.items() if value == "test/s"}
    assert len(running) == 1, "the deal says which sequence runs"
    assert not any(after.get(name) for name in running), "and that none does any more"
    story.until("+8d")
    assert len(story.tasks(deal)) == 1


def test_a_rep_completes_one_moves_one_and_deletes_another(story: Story) -> None:
    deal = proposed(story)
    first, second, third = story.open(deal)
    story.act("complete_task", task=first.id)
    story.act("move_task", task=second.id, due=story.at("2026-09-16 11:30"))
    story.act("delete_task", task=third.id)
    story.until("+10min")
    touches = {t["task_id"]: t for t in story.touches()}
    assert touches[first.id]["outcome"] == "completed"
    assert story.local(touches[second.id]["due_at"]) == "Wed 2026-09-16 11:30"
    assert touches[third.id]["outcome"] == "deleted"
    story.move(deal, "lost")
    story.until("+10min")
    assert [t.id for t in story.open(deal)] == [second.id], "what a rep moved is theirs"
    story.until("+5d")
    assert len(story.tasks(deal)) == 3, "what a rep deleted is not made again"


@ONE_SOON
def test_a_new_owner_in_another_zone_has_the_tasks_at_the_same_instant(
    begin: Begin, crm: str
) -> None:
    far = BEN.__class__("502", "Ben", zone="America/Los_Angeles")
    story = begin(crm=crm, people=(OTTO, MIA, ADA, far))
    deal = proposed(story)
    before = [task.due_at for task in story.open(deal)]
    story.act("change_owner", deal=deal, owner=far.owner_id)
    story.until("+15min")
    tasks = story.open(deal)
    assert {t.owner for t in tasks} == {"Ben"}
    assert [t.due_at for t in tasks] == before
    assert [t["due_at"] for t in sorted(story.touches(), key=lambda t: t["due_at"])] == before


@ONE_SOON
def test_our_own_tasks_and_fields_are_no_activity_and_a_call_is(begin: Begin, crm: str) -> None:
    story = begin(crm=crm)
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


# --- people and meetings -------------------------------------------------------------------------


@pytest.mark.feature("X04")
def test_who_opts_out_is_left_alone(story: Story) -> None:
    deal = proposed(story)
    (person,) = story.open(deal)[0].contacts
    story.act("opt_out", contact=person)
    story.until("+10min")
    assert story.open(deal) == []
    assert story.ended(deal) == {"test/sent": "opted_out"}
    another = story.deal("proposal", contact=person)
    story.until("+4d")
    assert [t for t in story.tasks(another) if t.type == "CALL"] == []


def test_a_meeting_ends_the_sequence_and_one_without_outcome_is_asked_about(story: Story) -> None:
    deal = in_sequence(story)
    story.live("post-meeting")
    story.act("book_meeting", deal=deal, start=story.at("2026-09-11 11:00"))
    story.until("+10min")
    assert story.ended(deal)["test/s"] == "meeting_booked"
    story.to("2026-09-11 15:00")
    assert story.titles(deal) == ["Say how the meeting went: held, no-show or moved?"]


def test_a_meeting_that_was_held_is_one(story: Story) -> None:
    """By the package's own field, or because its activity is done."""
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


def test_a_deal_is_deleted_and_restored(story: Story) -> None:
    deal = proposed(story)
    story.delete("deals", deal)
    story.until("+10min")
    assert story.subject(deal)["deleted"]
    assert story.ended(deal) == {"test/sent": "record_deleted"}
    assert story.open(deal) == []
    story.restore("deals", deal)
    story.until("+10min")
    assert not story.subject(deal)["deleted"]
    story.until("+4d")
    assert story.open(deal) == []


# --- failures ------------------------------------------------------------------------------------

_LONG = {("pipedrive", "read"), ("pipedrive", "503_before"), ("salesforce", "503_before")}


def _failures() -> list[object]:
    """(CRM, which call, what befalls it); those that say least stand among the long ones."""
    kinds = {
        "create": ("500_after", "503_before", "reset_after"),
        "read": ("503_before", "reset_before"),
    }
    found: list[object] = []
    for crm in CRMS:
        for call, those in kinds.items():
            for kind in those:
                marks = [pytest.mark.long] if _LONG & {(crm, call), (crm, kind)} else []
                found.append(pytest.param(crm, call, kind, marks=marks))
    return [*found, ("salesforce", "ROW Task", "lock"), ("pipedrive", "create", "429")]


@pytest.mark.parametrize(("crm", "call", "kind"), _failures())
def test_one_kind_of_failure_makes_no_task_twice_and_loses_none(
    begin: Begin, crm: str, call: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer is waited out before its task is looked for; stories have no time for that."""
    monkeypatch.setattr(dispatch, "ANSWER_MS", 100)
    story = begin(crm=crm)
    story.live(THREE)
    deal = story.deal("proposal")
    match = {"create": CREATE[crm], "read": READ[crm]}.get(call, call)
    fault(story, match, kind, times=2)
    story.until("+1h")
    assert story.titles(deal) == each_once(story)
    assert len(story.tasks(deal)) == 3


@ONE_SOON
def test_access_that_ran_out_is_renewed_without_a_word(begin: Begin, crm: str) -> None:
    story = begin(crm=crm)
    story.live(THREE)
    grants = import_module(f"sandbox.{story.kind.name}.grants").Grants
    for grant in grants.of(story.simulation.world).access.values():
        grant.expires = 0
    deal = story.deal("proposal")
    story.settle()
    assert story.titles(deal) == each_once(story)


def test_an_app_that_was_away_catches_up(story: Story) -> None:
    deal = in_sequence(story)

    def meanwhile() -> None:
        story.move(deal, "negotiation")
        story.to(story.now + 600_000)

    story.restart(meanwhile)
    story.until("+1d")
    assert story.ended(deal) == {"test/s": "stage_left"}
    assert story.open(deal) == []
