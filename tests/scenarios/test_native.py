"""The CRM's own sequences are started: once, at a decent hour, for whom nothing stands against."""

from __future__ import annotations

import pytest

from demo.processes import DemoError
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook
from tests.scenarios.native import (
    NAME,
    RULES,
    STEP,
    able,
    calls,
    chase,
    enrolments,
    in_sequence,
    mails,
    person,
    said,
    touch,
)

BY_HAND = f"Follow up by hand instead of the sequence {NAME}"
DRAFTED = f"{STEP}, template: t, subject: Write in your own words"


@pytest.mark.feature("C01")
def test_a_step_enrols_and_the_next_one_waits_for_the_end_of_the_sequence(begin: Begin) -> None:
    story = able(begin)
    story.live(chase("{id: call, at: 1d, task: call, template: t, subject: Call}"))
    deal = story.deal("proposal")
    story.until("+30min")
    assert enrolments(story) == 0
    story.until("+1h")
    assert enrolments(story) == 1
    assert mails(story) == ["Shall we talk?"]
    (made,) = story.account.sequences.enrolments[person(story, deal)]
    mine = touch(story, deal)
    assert (mine["state"], mine["outcome"]) == ("performed", "running")
    line = f"Enrolled in the CRM's sequence {NAME} from ada@firm.example (enrolment {made.id})."
    assert line in said(story, deal)
    story.until("+2d")
    assert not [t for t in story.open(deal) if t.touch_id], "the call waits"
    assert "sequence_running" in story.codes(deal)
    story.until("+7d")
    assert (touch(story, deal)["outcome"], touch(story, deal)["outcome_why"]) == (
        "finished", "native_finished",
    )  # fmt: skip
    assert [s for _, s in story.lines(deal) if s == "Call"] == ["Call"], "and follows"
    assert mails(story) == ["Shall we talk?", "Second thoughts?"]
    assert enrolments(story) == 1


def test_the_preset_uses_the_sequence_where_it_is_and_a_draft_where_it_is_not(begin: Begin) -> None:
    story = able(begin)
    presets = {row["playbook"]: row for row in story.admin.get("/api/playbooks")["presets"]}
    assert presets["proposal-sequence"]["sequences"] == ["Proposal follow-up"]
    story.live("proposal-sequence")
    without = story.deal("proposal")
    story.until("+3d")
    (task,) = story.open(without)
    assert task.subject == "Write the first mail after the proposal yourself — Big sale"
    assert "which part would have to be different" in task.body
    story.sequence("Proposal follow-up")
    deal = story.deal("proposal", contact=story.contact("Olaf"))
    story.to("2026-09-14 09:05")
    assert in_sequence(story, deal), "three days later is a Sunday"


@pytest.mark.feature("W03")
def test_the_enrolment_is_held_to_a_decent_hour_because_the_first_mail_leaves_at_once(
    begin: Begin,
) -> None:
    story = able(begin)
    story.live(chase())
    far = story.contact("Nora")
    zone = {"property": "hs_timezone", "value": "america_slash_new_york"}
    story.act("set_property", kind="contacts", record=far, **zone)
    story.deal("proposal", contact=far)
    story.to("2026-09-07 13:59")
    assert enrolments(story) == 0, "due at 11:00, when it is 5:00 there"
    story.to("2026-09-07 14:01")
    assert enrolments(story) == 1
    story.to("2026-09-11 16:30")
    story.deal("proposal", owner=BEN)
    story.to("2026-09-14 08:59")
    assert enrolments(story) == 1, "due on a Friday at 17:30, after the rep's day"
    story.change_account(inboxes={"9003": [BEN.email]})
    story.to("2026-09-14 09:01")
    assert enrolments(story) == 2


def test_off_by_default_a_task_stands_in_and_the_ledger_says_why(story: Story) -> None:
    story.sequence(NAME)
    story.live(chase(step=DRAFTED))
    deal = story.deal("proposal")
    story.until("+2h")
    assert enrolments(story) == 0
    (task,) = story.open(deal)
    assert (task.type, task.subject) == ("EMAIL", "Write in your own words — Big sale")
    assert f"A task instead of the sequence {NAME}: an admin has not switched" in said(story, deal)
    assert touch(story, deal)["outcome"] == "open"


def refused(begin: Begin, **account: object) -> tuple[Story, str]:
    """A story in which the CRM's sequence cannot be started; two hours after the proposal."""
    story = able(begin)
    if account:
        story.change_account(**account)
    story.live(chase())
    deal = story.deal("proposal")
    story.until("+2h")
    assert enrolments(story) == 0
    (task,) = story.open(deal)
    assert task.type == "TODO"
    assert task.subject == f"{BY_HAND} — Big sale"
    assert "Nothing has been sent to anybody." in task.body
    return story, deal


def test_without_a_seat_there_is_one_failed_call_and_a_task_for_each(begin: Begin) -> None:
    story = able(begin)
    story.change_account(seats=[])
    story.live(chase())
    deal = story.deal("proposal")
    story.until("+30min")
    story.deal("proposal", contact=story.contact("Olaf"))
    story.until("+1h")
    assert [s for _, s in story.lines()] == [BY_HAND] * 2
    assert "ada@firm.example has no seat for it. A CRM admin can assign one." in said(story, deal)
    assert calls(story)["POST /automation/sequences/enrollments"] == 1, "remembered for an hour"
    (problem,) = story.admin.get("/api/sequences")["problems"]
    assert (problem["name"], "has no seat" in problem["said"]) == ("Ada Firm", True)
    story.change_account(seats=None)
    story.deal("proposal", contact=story.contact("Pia"))
    story.until("+2h")
    assert enrolments(story) == 1, "and asked again after that"


def test_an_inbox_that_is_not_connected(begin: Begin) -> None:
    story, deal = refused(begin, inboxes={"9002": ["other@firm.example"]})
    assert "ada@firm.example is not a connected inbox of its user." in said(story, deal)
    boxes = {"inboxes": {ADA.owner_id: "other@firm.example"}}
    story.change("PUT", "/api/sequences", boxes)
    story.deal("proposal")
    story.until("+2h")
    assert enrolments(story) == 1, "another inbox of theirs is tried at once"


def test_a_sequence_that_the_sender_does_not_see(begin: Begin) -> None:
    story = able(begin)
    story.sequence(NAME, shared=False)
    story.live(chase())
    deal = story.deal("proposal", owner=BEN)
    story.until("+2h")
    assert enrolments(story) == 0
    assert "ben@firm.example sees none of that name. Share it with them" in said(story, deal)


@pytest.mark.parametrize("tier", ["starter", "professional_no_seat"])
def test_an_account_without_sequences_gets_tasks_and_is_told(begin: Begin, tier: str) -> None:
    story = begin(tier=tier)
    story.sequence(NAME)
    told = story.admin.get("/api/sequences")
    if tier == "starter":
        assert (told["available"], told["on"]) == (False, False)
        assert "Sales or Service Hub Professional" in told["why"]
        with pytest.raises(DemoError, match="This account has no sequences for us"):
            story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    else:
        story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    story.live(chase())
    deal = story.deal("proposal")
    story.until("+2h")
    assert enrolments(story) == 0
    assert [s for _, s in story.lines(deal)] == [BY_HAND]
    assert "A task instead of the sequence" in said(story, deal)
    if tier == "starter":
        assert "did not grant it" in said(story, deal)


def test_a_contact_in_another_sequence_is_left_there(begin: Begin) -> None:
    story = able(begin)
    story.sequence("Ben's own", user=BEN)
    story.live(chase())
    deal = story.deal("proposal")
    story.act("enrol", contact=person(story, deal), sequence="Ben's own")
    story.until("+2h")
    assert enrolments(story) == 1
    assert "the contact is in another sequence, and the CRM allows one at a time" in said(
        story, deal
    )
    assert "POST /automation/sequences/enrollments" not in calls(story), "known without asking"
    story.move(deal, "lost")
    story.until("+1h")
    assert in_sequence(story, deal), "what a rep began is not ours to end"


@pytest.mark.parametrize("answer", ["refused", "existing"])
def test_a_contact_who_is_enrolled_by_somebody_at_the_same_time(begin: Begin, answer: str) -> None:
    """Between our reading and our call: HubSpot's answer to that is not documented."""
    story = able(begin, sandbox_settings={"duplicate_enrolment": answer})
    story.sequence("Ben's own", user=BEN)
    story.live(chase())
    deal = story.deal("proposal")
    contact = person(story, deal)
    story.act("enrol", contact=contact, sequence="Ben's own")
    with story.simulation.world.lock:
        story.account.compute(
            story.account.objects["contacts"][contact],
            {"hs_sequences_is_enrolled": "false"},
            story.now,
        )
    story.until("+2h")
    assert enrolments(story) == 1
    assert touch(story, deal)["outcome"] == "open", "a task"


@pytest.mark.feature("X04")
def test_who_has_unsubscribed_is_not_enrolled_and_their_follow_up_ends(begin: Begin) -> None:
    story = able(begin)
    story.live(chase("{id: mail, at: 3d, email: t}"))
    deal = story.deal("proposal")
    other = story.deal("proposal", contact=story.contact("Olaf"))
    story.act("unsubscribe", contact=person(story, deal))
    story.act("opt_out", deal=other)
    story.until("+2h")
    assert enrolments(story) == 0
    assert story.tasks(deal) == []
    assert story.ended(deal) == {"test/s": "opted_out"}
    assert "who has unsubscribed or gave no legal basis" in said(story, deal)
    assert touch(story, other)["reason"] == "opted_out"
    assert calls(story)["POST /automation/sequences/enrollments"] == 1, "the opt-out was known"
    story.until("+7d")
    assert story.tasks(deal) == []


@pytest.mark.feature("P07")
@pytest.mark.parametrize("status", [400, 429])
def test_an_inbox_at_its_daily_limit_waits_for_the_next_day(begin: Begin, status: int) -> None:
    limits = {"sequence_daily_limit": 1, "sequence_limit_status": status}
    story = able(begin, sandbox_settings=limits)
    story.live(chase())
    story.deal("proposal")
    second = story.deal("proposal", contact=story.contact("Olaf"))
    story.until("+2h")
    assert enrolments(story) == 1
    waiting = [d for d in (second,) if "native_daily_limit" in story.codes(d)]
    assert waiting or "native_started" in story.codes(second)
    story.to("2026-09-08 09:01")
    assert enrolments(story) == 2
    assert story.tasks() == []


def about_records(story: Story) -> dict[str, int]:
    daily = ("GET /crm/owners", "GET /crm/objects/users", "GET /crm/pipelines/deals")
    return {name: count for name, count in calls(story).items() if name not in daily}


def test_thirty_enrolments_cost_the_crm_at_most_three_calls_each(begin: Begin) -> None:
    """From the webhook to the end of the sequences, a third of them stopped by us. What an account
    costs each day whatever runs in it, its people and pipelines, is left out."""
    story = able(begin)
    story.live(playbook(RULES, f"- id: s\n  steps:\n    - {{id: mails, {STEP}}}"))
    before = sum(about_records(story).values())
    deals = [story.deal("proposal", contact=story.contact(f"P{n}")) for n in range(30)]
    story.until("+1h")
    assert enrolments(story) == 30
    for deal in deals[:10]:
        story.move(deal, "lost")
    story.until("+10d")
    assert not any(in_sequence(story, deal) for deal in deals)
    assert {touch(story, deal)["outcome"] for deal in deals[:10]} == {"unenrolled"}
    assert {touch(story, deal)["outcome"] for deal in deals[10:]} == {"finished"}
    assert (sum(about_records(story).values()) - before) / 30 <= 3


@pytest.mark.feature("G04")
def test_no_mail_leaves_by_itself_before_an_admin_has_seen_its_way_out(begin: Begin) -> None:
    story = begin()
    story.sequence(NAME)
    story.live(chase())
    with pytest.raises(DemoError, match="way_out: nobody has confirmed that each mail offers"):
        story.change("PUT", "/api/sequences", {"on": True})
    early = story.deal("proposal", name="Early")
    story.until("+2h")
    assert (enrolments(story), [s for _, s in story.lines(early)]) == (0, [BY_HAND])

    story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    late = story.deal("proposal", name="Late")
    story.until("+2h")
    assert in_sequence(story, late)
    told = [row for row in story.admin.get("/api/audit")["changes"] if row["what"] == "sequences"]
    assert told[0]["data"] == {"on": True, "way_out": True}
    assert len(told) == 1, "what was refused changed nothing"
