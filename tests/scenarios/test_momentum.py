"""Hot, warm, laid aside; and no record without an owner and a next step. Told by the CRM."""

from __future__ import annotations

import pytest

from app.model.time import DAY
from tests.scenarios.harness import ADA, MIA, Story

HOT = "followthrough_momentum"


def momentum(story: Story, deal: str) -> str:
    """What the CRM shows."""
    story.until("+2min")
    return story.properties("deals", deal).get(HOT, "")


@pytest.mark.feature("S01")
@pytest.mark.feature("S02")
def test_a_hot_lead_is_answered_at_once_and_rescued_when_it_stalls(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    story.settle()
    assert story.subject(deal)["momentum"] == "warm"
    story.act("reply", deal=deal)
    story.settle()
    assert story.lines(deal) == [("Mon 2026-09-07 10:00", "Strike while it is hot")]
    assert momentum(story, deal) == "hot"
    story.act("reply", deal=deal)
    story.until("+1d")
    assert len(story.tasks(deal)) == 1, "what is hot does not become hot again"
    (task,) = story.open(deal)
    story.act("complete_task", task=task.id)
    story.until("+1d")
    assert story.open(deal) == [], "a rep at work does not stall"
    story.until("+25h")
    (task,) = (t for t in story.open(deal) if t.owner == "Ada")
    assert (task.subject.split(" — ")[0], task.priority) == (
        "Rescue a hot lead that has stalled", "HIGH",
    )  # fmt: skip
    told = [n["data"]["rule"] for n in story.notices(MIA)]
    assert told == ["momentum/momentum-hot-stalls"]
    story.until("+8d")
    assert momentum(story, deal) == "warm", "nothing happened for ten days"



@pytest.mark.feature("S02")
def test_a_rescue_that_nobody_took_up_is_not_asked_for_twice(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    story.settle()
    story.act("reply", deal=deal)
    story.until("+2d")
    story.act("complete_task", task=story.open(deal)[0].id)
    story.until("+2d")
    (rescue,) = (task for task in story.open(deal) if task.owner == "Ada")
    assert rescue.subject.startswith("Rescue a hot lead")
    story.act("log_call", deal=deal)
    story.until("+3d")
    assert [task.id for task in story.open(deal) if task.owner == "Ada"] == [rescue.id]
    assert len(story.notices(MIA)) == 2, "it stalled a second time, and the manager hears of it"
    told = story.whys(deal, "momentum/momentum-hot-stalls")
    assert any("The same task still stands open" in line for line in told)


@pytest.mark.feature("S01")
def test_what_makes_a_lead_hot_is_asked_for_once_whatever_it_was(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    story.settle()
    story.act("reply", deal=deal)
    story.until("+13d")
    assert momentum(story, deal) == "warm", "nobody took it up"
    story.act("book_meeting", deal=deal, start=story.now + 3 * DAY)
    story.settle()
    assert momentum(story, deal) == "hot"
    hot = [title for title in story.titles(deal) if title == "Strike while it is hot"]
    assert len(hot) == 1, "by another rule, and in the same words"
    told = story.whys(deal, "momentum/momentum-hot-meeting")
    assert any("The same task still stands open" in line for line in told)


@pytest.mark.feature("S02")
def test_a_rep_at_work_keeps_nobody_hot_who_does_not_answer(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    story.settle()
    story.act("reply", deal=deal)
    for _ in range(5):
        story.until("+2d")
        story.act("log_call", deal=deal)
    story.until("+1d")
    assert momentum(story, deal) == "warm"


@pytest.mark.feature("S02")
def test_who_has_a_meeting_ahead_stays_hot_until_it_is_over(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    story.settle()
    story.act("book_meeting", deal=deal, start=story.now + 15 * DAY)
    story.until("+14d")
    assert momentum(story, deal) == "hot"
    story.until("+20d")
    assert momentum(story, deal) == "warm"


@pytest.mark.feature("S02")
def test_a_silent_warm_lead_is_decided_by_the_system_laid_aside_and_comes_back(
    story: Story,
) -> None:
    story.live("momentum")
    deal, won = story.deal("qualified"), story.deal("qualified")
    story.until("+13d")
    assert story.tasks() == []
    story.move(won, "won")
    story.until("+1d")
    assert [line[1] for line in story.lines(deal)] == ["Offer something new to a silent lead"]
    story.until("+7d")
    story.act("complete_task", task=story.open(deal)[0].id)
    story.until("+1d")
    assert [line[1] for line in story.lines(deal)] == ["Ask a silent lead for a yes or a no"]
    assert momentum(story, deal) == ""
    story.act("complete_task", task=story.open(deal)[0].id)
    story.settle()
    assert momentum(story, deal) == "recycle"
    story.until("+88d")
    assert story.open(deal) == []
    story.until("+3d")
    assert [line[1] for line in story.lines(deal)] == ["Try again after the pause"]
    assert momentum(story, deal) == "warm"
    assert story.tasks(won) == [], "what is closed stands still for ever"


@pytest.mark.feature("S02")
def test_who_wakes_up_while_laid_aside_does_not_come_back_a_second_time(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    story.until("+46d")
    assert momentum(story, deal) == "recycle"
    story.act("reply", deal=deal)
    story.until("+80d")
    assert momentum(story, deal) == "recycle", "hot, then warm, then silent for long again"
    story.until("+20d")
    assert "Try again after the pause" not in {line[1] for line in story.lines(deal)}
    assert "gone_on" in story.codes(deal)


@pytest.mark.feature("S01")
def test_momentum_is_written_only_where_it_changes(story: Story) -> None:
    story.live("momentum")
    deal = story.deal("qualified")
    for _ in range(3):
        story.act("reply", deal=deal)
        story.until("+1h")
    (row,) = (r for r in story.export("deals")["deals"] if r["id"] == deal)
    written = [value for _, value, *_ in row["history"][HOT]]
    assert written == ["hot"]


@pytest.mark.feature("S01")
def test_in_shadow_nothing_is_written_and_an_activation_can_be_undone(story: Story) -> None:
    story.live("momentum", "shadow")
    deal = story.deal("qualified")
    story.act("reply", deal=deal)
    story.until("+5min")
    assert (story.tasks(deal), momentum(story, deal)) == ([], "")
    assert "would_act" in story.codes(deal, "rule:momentum/momentum-hot-replied")
    story.activate("momentum", "live")
    story.act("reply", deal=deal)
    story.until("+5min")
    assert len(story.open(deal)) == 1
    activation = story.admin.get("/api/activations")["activations"][0]["id"]
    story.change("POST", f"/api/activations/{activation}/undo")
    story.until("+5min")
    assert story.open(deal) == []


# --- an owner and a next step ---------------------------------------------------------------------


@pytest.mark.feature("S03")
def test_without_a_next_step_for_days_the_owner_owes_one(story: Story) -> None:
    story.live("next-step")
    idle, busy, met = story.deal("qualified"), story.deal("qualified"), story.deal("qualified")
    story.act("book_meeting", deal=met, start=story.at("2026-09-14 11:00"))
    story.until("+2d")
    story.act("log_call", deal=busy)
    assert "no_next_step" in story.subject(idle)["flags"]
    assert "no_next_step" not in story.subject(met)["flags"]
    story.until("+1d")
    assert story.lines(idle) == [("Thu 2026-09-10 10:00", "Plan the next step")]
    assert "no_next_step" not in story.subject(idle)["flags"]
    assert (story.lines(busy), story.lines(met)) == ([], [])
    story.act("complete_task", task=story.open(idle)[0].id)
    story.until("+2d")
    assert [line[1] for line in story.lines(busy)] == ["Plan the next step"]
    story.until("+1d")
    assert [line[1] for line in story.lines(idle)] == ["Plan the next step"]
    told = story.admin.get("/api/result")["no_next_step"]
    assert {row["crm_id"] for row in told} == set()
    story.to("2026-09-17 12:00")
    assert [line[1] for line in story.lines(met)] == ["Plan the next step"], "three days after it"


@pytest.mark.feature("S06")
@pytest.mark.feature("S03")
def test_whoever_has_no_owner_is_flagged_and_told_after_a_day(story: Story) -> None:
    story.live("next-step")
    deal, lead = story.deal("qualified", owner=None), story.contact("Ines")
    taken = story.deal("qualified")
    story.act("change_owner", deal=taken, owner="none")
    story.until("+23h")
    assert story.subject(deal)["flags"] == ["no_owner", "no_next_step"]
    assert story.subject(lead, "contact")["flags"] == ["no_owner", "no_next_step"]
    unowned = {row["crm_id"] for row in story.admin.get("/api/result")["unowned"]}
    assert unowned == {deal, lead, taken}
    story.act("change_owner", deal=taken, owner=ADA.owner_id)
    story.act("set_property", kind="contacts", record=lead, property="hubspot_owner_id",
              value=ADA.owner_id)  # fmt: skip
    assert story.notices(None) == []
    story.until("+2h")
    told = [(n["data"]["rule"], n["code"]) for n in story.notices(None)]
    assert told == [("next-step/unowned-1", "unowned-told")]
    assert story.subject(lead, "contact")["who"]["owner_id"] == ADA.owner_id
    assert "unowned" not in story.why(lead, "next-step/unowned-1", "contact")
