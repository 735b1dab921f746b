"""The CRM's own sequences are ended for certain, and never started twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.lanes import enrolling
from sandbox.hubspot.grants import Grants
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, PORTAL
from tests.scenarios.native import (
    BRIDGE,
    ENROL,
    NAME,
    able,
    chase,
    enrolled,
    enrolments,
    fault,
    in_sequence,
    mails,
    person,
    said,
    stamped,
    touch,
)

# --- ends ----------------------------------------------------------------------------------------


@pytest.mark.feature("X01")
def test_a_reply_ends_it_in_the_crm_and_here_and_asks_for_nothing(begin: Begin) -> None:
    story, deal = enrolled(begin)
    story.act("reply", deal=deal)
    story.until("+10min")
    assert story.ended(deal) == {"test/s": "replied"}
    assert touch(story, deal)["outcome"] == "unenrolled"
    assert stamped(story, deal) == [], "the CRM had ended it by itself"
    assert "The contact is out of the CRM's sequence Warm outreach (replied)." in said(story, deal)
    assert story.tasks(deal) == []


@pytest.mark.feature("X07")
def test_a_closed_deal_asks_the_workflow_and_clears_the_property(begin: Begin) -> None:
    story, deal = enrolled(begin)
    story.move(deal, "lost")
    story.until("+1min")
    assert story.ended(deal) == {"test/s": "closed_lost"}
    assert in_sequence(story, deal), "the workflow takes its time"
    (asked,) = stamped(story, deal)
    assert asked
    story.until("+10min")
    assert not in_sequence(story, deal)
    assert stamped(story, deal) == [asked, ""], "so that it can be asked again"
    assert touch(story, deal)["outcome_why"] == "native_stopped"
    story.until("+7d")
    assert mails(story) == ["Shall we talk?"]
    assert [t for t in story.tasks(deal) if t.touch_id] == []


@pytest.mark.feature("X07")
def test_without_a_workflow_the_owner_gets_one_urgent_task_which_goes_by_itself(
    begin: Begin,
) -> None:
    story, deal = enrolled(begin, workflow=False)
    story.move(deal, "lost")
    story.until("+4min")
    assert [t for t in story.tasks(deal) if t.touch_id] == []
    story.until("+2min")
    (task,) = [t for t in story.open(deal) if t.touch_id]
    assert task.subject == f"Unenrol Nora Vos from {NAME} now — Big sale"
    assert (task.priority, task.owner, task.contacts) == ("HIGH", "Ada", (person(story, deal),))
    assert "still in Warm outreach after five minutes" in said(story, deal)
    story.until("+2d")
    assert len([t for t in story.tasks(deal) if t.touch_id]) == 1, "once"
    story.act("unenrol", contact=person(story, deal))
    story.until("+2h")
    (task,) = [t for t in story.tasks(deal) if t.touch_id]
    assert (task.archived, task.status, task.state) == (True, "NOT_STARTED", "resolved")
    assert stamped(story, deal)[-1] == ""


@pytest.mark.feature("X08")
def test_a_rep_stops_or_pauses(begin: Begin) -> None:
    story, deal = enrolled(begin, "{id: call, at: 1d, task: call, template: t, subject: Call}")
    other = story.deal("proposal", contact=story.contact("Olaf"))
    story.until("+2h")
    assert enrolments(story) == 2
    story.control(deal, "stop")
    story.control(other, "pause", until=story.now + 3 * 86_400_000)
    story.until("+10min")
    assert not in_sequence(story, deal)
    assert not in_sequence(story, other), "the CRM's sequence cannot be paused: it ends"
    assert story.ended(deal) == {"test/s": "stopped_by_rep"}
    assert story.ended(other) == {"test/s": None}
    story.until("+5d")
    assert [s for _, s in story.lines(other) if s == "Call"] == ["Call"], "ours goes on"


@pytest.mark.feature("X08")
@pytest.mark.parametrize("workflow", [True, False])
def test_stopping_everything_takes_contacts_out_of_the_crms_sequences(
    begin: Begin, workflow: bool
) -> None:
    story, deal = enrolled(begin, workflow=workflow)
    story.change("POST", "/api/stop")
    story.until("+10min")
    assert in_sequence(story, deal) is not workflow
    tasks = [t.subject for t in story.open(deal) if t.touch_id]
    assert tasks == ([] if workflow else [f"Unenrol Nora Vos from {NAME} now — Big sale"])
    story.live(chase(), "live")
    late = story.deal("proposal", contact=story.contact("Olaf"))
    story.until("+3h")
    assert enrolments(story) == 1, "and nobody is put in"
    story.change("POST", "/api/resume")
    story.until("+2h")
    assert in_sequence(story, late)


@pytest.mark.parametrize("workflow", [True, False])
def test_leaving_ends_them_first(begin: Begin, workflow: bool) -> None:
    story, deal = enrolled(begin, workflow=workflow)
    story.change("POST", "/api/leave", {"account": str(PORTAL)})
    story.until("+1h")
    assert Grants.of(story.simulation.world).installed(PORTAL) == {}, "the app has left"
    assert in_sequence(story, deal) is not workflow
    assert stamped(story, deal)[-1] == ""
    left = [
        row["properties"]["hs_task_subject"]
        for row in story.export("tasks")["tasks"]
        if row["properties"].get("followthrough_touch_id") and not row["archived"]
    ]
    assert left == ([] if workflow else [f"Unenrol Nora Vos from {NAME} now — Big sale"])


def test_where_an_admin_deleted_the_property_a_person_is_asked(begin: Begin) -> None:
    story, deal = enrolled(begin)
    story.act("delete_property", kind="contacts", property=BRIDGE)
    story.move(deal, "lost")
    story.until("+6min")
    (task,) = [t for t in story.open(deal) if t.touch_id]
    assert task.subject == f"Unenrol Nora Vos from {NAME} now — Big sale"
    story.act("unenrol", contact=person(story, deal))
    story.act("complete_task", task=task.id)
    story.until("+10min")
    assert touch(story, deal)["outcome_why"] == "native_stopped"


def test_somebody_whom_a_rep_enrolled_again_is_left_there(begin: Begin) -> None:
    story, deal = enrolled(begin)
    story.sequence("Another", user=ADA)
    story.act("unenrol", contact=person(story, deal))
    story.act("enrol", contact=person(story, deal), sequence="Another")
    story.move(deal, "lost")
    story.until("+1h")
    assert in_sequence(story, deal)
    assert stamped(story, deal) == []
    assert touch(story, deal)["outcome"] == "unenrolled"


def test_a_rep_who_unenrols_lets_the_next_step_follow(begin: Begin) -> None:
    story, deal = enrolled(begin, "{id: call, at: 1d, task: call, template: t, subject: Call}")
    story.act("unenrol", contact=person(story, deal))
    story.until("+2d")
    assert touch(story, deal)["outcome_why"] == "native_left"
    assert [s for _, s in story.lines(deal) if s == "Call"] == ["Call"]
    assert enrolments(story) == 1


# --- at most once --------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost call is asked about at once and not after half a minute."""
    monkeypatch.setattr(enrolling, "SETTLE_MS", 0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["500_after", "reset_after"])
def test_an_enrolment_whose_answer_was_lost_is_found_and_never_made_again(
    begin: Begin, kind: str
) -> None:
    story = able(begin)
    story.live(chase())
    fault(story, ENROL, kind)
    deal = story.deal("proposal")
    story.until("+2h")
    assert enrolments(story) == 1
    assert mails(story) == ["Shall we talk?"]
    assert touch(story, deal)["outcome"] == "running"
    assert "the call had worked, only its answer was lost" in said(story, deal)
    story.move(deal, "lost")
    story.until("+10min")
    assert not in_sequence(story, deal)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("status", [404, 200])
def test_one_that_cannot_be_told_is_given_to_a_person_and_never_sent_again(
    begin: Begin, status: int
) -> None:
    story = able(begin, sandbox_settings={"never_enrolled_status": status})
    story.live(chase("{id: call, at: 1d, task: call, template: t, subject: Call}"))
    fault(story, ENROL, "500_before")
    deal = story.deal("proposal")
    story.until("+2h")
    assert touch(story, deal)["state"] == "unknown"
    (task,) = story.open(deal)
    assert task.subject == f"Check whether Nora Vos is in {NAME}, and enrol them if not — Big sale"
    assert (task.priority, task.owner) == ("HIGH", "Ada")
    assert "It is not sent again; a person is asked to look." in said(story, deal)
    story.until("+10min")
    assert story.ended(deal) == {"test/s": None}
    story.act("complete_task", task=task.id)
    story.until("+5d")
    assert enrolments(story) == 0
    assert touch(story, deal)["outcome_why"] == "native_never"
    assert [s for _, s in story.lines(deal)] == ["Call"], "the next step came"
    assert "The CRM never showed the enrolment in Warm outreach." in said(story, deal)


@pytest.mark.usefixtures("impatient")
def test_what_a_person_enrols_in_its_place_is_ours_to_stop(begin: Begin) -> None:
    story = able(begin)
    story.live(chase())
    fault(story, ENROL, "500_before")
    deal = story.deal("proposal")
    story.until("+2h")
    story.act("enrol", contact=person(story, deal), sequence=NAME)
    story.until("+1d")
    assert touch(story, deal)["outcome"] == "running"
    assert [t for t in story.open(deal) if t.touch_id] == [], "the question is answered"
    story.move(deal, "lost")
    story.until("+10min")
    assert not in_sequence(story, deal)


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more, not even what handles errors."""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("reaches", [True, False])
def test_a_process_that_dies_between_the_mark_and_the_answer(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, reaches: bool
) -> None:
    story = able(begin)
    story.live(chase())
    assert story.parts is not None
    connector = story.parts.connectors.of(1)
    enrol: Callable[..., object] = connector.enrol
    died = threading.Event()

    def dies(*args: str, **named: str) -> object:
        if reaches:
            enrol(*args, **named)
        died.set()
        raise Killed

    monkeypatch.setattr(connector, "enrol", dies)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    deal = story.deal("proposal")
    story.crm.grant(story.now + 2 * 3_600_000)
    assert died.wait(30)
    story.restart()
    story.until("+2h")
    assert enrolments(story) == reaches, "never twice"
    assert touch(story, deal)["state"] == ("performed" if reaches else "unknown")
    assert len(mails(story)) == reaches
