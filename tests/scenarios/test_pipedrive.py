"""Stories on Pipedrive: every task is an activity with a mark in its text, won and lost are no
stages, nothing tells of mail, and a day has a budget."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from app.model.time import SECOND, Wall
from connectors import daily
from connectors.budget import Limit
from tests.scenarios.beside import THREE, each_once, in_sequence, proposed
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

FAST = {"default": Limit(10_000, 2 * SECOND), "search": Limit(100, 2 * SECOND)}
"""Of the burst limit stories know nothing: they have their own tests."""


@pytest.fixture
def story(begin: Begin) -> Story:
    return begin(crm="pipedrive")


# --- tasks ---------------------------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_a_proposal_owes_three_timed_activities(story: Story) -> None:
    deal = proposed(story)
    first, second, third = story.open(deal)
    assert [t.due for t in (first, second, third)] == [
        "Thu 2026-09-10 10:00", "Mon 2026-09-14 10:00", "Mon 2026-09-21 10:00",
    ]  # fmt: skip
    assert [t.type for t in (first, second, third)] == ["CALL", "EMAIL", "TODO"]
    assert [t.priority for t in (first, second, third)] == ["HIGH", "MEDIUM", "LOW"]
    assert third.subject.startswith("LinkedIn: ")
    assert [t.owner for t in (first, second, third)] == ["Ada"] * 3
    assert all(t.deals == (deal,) and len(t.contacts) == 1 for t in (first, second, third))
    marks = {f"followthrough:{t['id']}" for t in story.touches()}
    assert all(any(mark in t.body for mark in marks) for t in (first, second, third))
    story.until("+10min")
    assert [t["edited"] for t in story.touches()] == [False] * 3, "our own echo is no edit"


@pytest.mark.feature("T07")
def test_a_digest_that_its_reader_wrote_over_is_still_no_activity(story: Story) -> None:
    story.live("idle-deal")
    deal = story.deal("qualified")
    story.to("2026-09-16 12:00")
    (check_in,) = story.tasks(deal)
    story.act("delete_task", task=check_in.id)
    story.to("2026-09-23 12:00")
    (digest,) = [task for task in story.tasks() if task.owner == "Mia"]
    assert digest.deals == (), "it would be the deal's next activity, and once done its last"
    story.act("edit_task", task=digest.id, body="Ask for the head of purchasing first.")
    story.act("complete_task", task=digest.id)
    story.to("2026-10-06 12:00")
    told = [task.owner for task in story.tasks()]
    assert told == ["Ada", "Mia"], "nothing happened to the deal, so no new silence began"


def shown(story: Story, deal: str) -> dict[str, str]:
    """What our fields of a deal say, by their names in Pipedrive."""
    known = story.account.properties["deals"]
    values = story.properties("deals", deal)
    return {known[name].label: value for name, value in values.items()
            if name in known and known[name].label.startswith("Follow-up")}  # fmt: skip


def set_field(story: Story, kind: str, record: str, name: str, word: str) -> None:
    """A rep chooses a word of a field of ours, or a day."""
    field = next(p for p in story.account.properties[kind].values() if p.label == name)
    value = next((one.value for one in field.options if one.label == word), word)
    with story.simulation.world.lock:
        story.account.update(kind, story.inner(record), {field.name: value}, story.by(ADA))
    story.simulation.barrier.poke()


@pytest.mark.feature("K05")
def test_a_reply_is_asked_for_every_half_hour_of_inquirers_too(story: Story) -> None:
    story.live(playbook(
        "- {id: asked, when: {subject_created: contact}, settle: 0min, then: [{enrol: s}]}",
        """
        - id: s
          steps:
            - {id: a, at: 1h, lead: 0h, task: call, template: t, subject: Answer them}
            - {id: b, at: 5d, lead: 0h, task: call, template: t, subject: Once more}
        """,
    ))  # fmt: skip
    person, deal = story.contact(owner=ADA.owner_id), story.deal("new")
    story.until("+2h")
    assert story.titles(person) == ["Answer them"]
    story.act("reply", contact=person)
    story.until("+31min")
    assert story.ended(person, "contact") == {"test/s": "replied"}
    assert story.open(person) == []
    story.act("reply", deal=deal)
    story.until("+31min")
    assert story.subject(deal)["last_reply_at"]


@pytest.mark.feature("K05")
@pytest.mark.feature("X01")
def test_a_reply_is_seen_before_the_next_step_is_done(story: Story) -> None:
    deal = in_sequence(story)
    first = story.open(deal)[0]
    story.act("complete_task", task=first.id)
    story.to("2026-09-14 09:50")  # the next step is due at ten; the day has been looked through
    story.act("reply", deal=deal)
    story.until("+2h")
    assert story.ended(deal) == {"test/s": "replied"}
    assert len(story.tasks(deal)) == 1


@pytest.mark.feature("K05")
def test_a_call_whose_text_a_rep_replaced_is_still_ours_when_it_is_done(story: Story) -> None:
    """Our mark went with the text, and a call that is done looks like one that the rep made."""
    deal = in_sequence(story)
    (call,) = story.open(deal)
    story.act("edit_task", task=call.id, body="Ring the switchboard")
    story.until("+10min")
    story.act("complete_task", task=call.id)
    story.until("+10min")
    (touch,) = (t for t in story.touches() if t["task_id"] == call.id)
    assert (touch["outcome"], touch["edited"]) == ("completed", True)


@pytest.mark.feature("K05")
def test_a_deal_that_is_lost_and_opened_again(story: Story) -> None:
    """Won and lost are no stages in Pipedrive: opened again, it is where it was before."""
    deal = proposed(story)
    story.move(deal, "lost")
    story.until("+10min")
    assert story.subject(deal)["where"]["kind"] == "lost"
    assert story.open(deal) == []
    story.move(deal, "proposal")
    story.until("+10min")
    assert story.subject(deal)["where"]["kind"] == "proposal"


@pytest.mark.feature("K05")
@pytest.mark.feature("X08")
def test_a_rep_stops_and_pauses_by_a_field_of_the_deal(story: Story) -> None:
    paused = in_sequence(story)
    story.act("complete_task", task=story.open(paused)[0].id)
    set_field(story, "deals", paused, "Follow-up paused until", "2026-09-17")
    set_field(story, "deals", paused, "Follow-up control", "Pause")
    stopped = story.deal("proposal")
    story.settle()
    set_field(story, "deals", stopped, "Follow-up control", "Stop")
    story.to("2026-09-16 12:00")
    assert story.ended(stopped) == {"test/s": "stopped_by_rep"}
    assert "Seventh day" not in story.titles(paused)
    story.to("2026-09-18 12:00")
    assert "Seventh day" in story.titles(paused)


# --- people --------------------------------------------------------------------------------------


@pytest.mark.feature("X04")
def test_a_no_in_our_own_field_is_one(story: Story) -> None:
    deal = proposed(story)
    (person,) = story.open(deal)[0].contacts
    set_field(story, "contacts", person, "Follow-up: opted out", "Yes")
    story.until("+10min")
    assert story.open(deal) == []
    assert story.ended(deal) == {"test/sent": "opted_out"}


@pytest.mark.feature("K05")
def test_where_no_consent_can_be_read_nobody_is_addressed(begin: Begin) -> None:
    """Without Campaigns and without our field, which an admin deleted."""

    def without(story: Story) -> None:
        story.account.extra["pipedrive"] = {"campaigns": False}

    story = begin(crm="pipedrive", before=without)
    field = next(
        one for one in story.account.properties["contacts"].values()
        if one.label == "Follow-up: opted out"
    )
    with story.simulation.world.lock:
        del story.account.properties["contacts"][field.name]
    story.restart()
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+8d")
    assert story.tasks(deal) == []
    assert "consent_unknown" in " ".join(story.codes(deal))


# --- records that go and come --------------------------------------------------------------------


@pytest.mark.feature("K05")
def test_merged_deals_go_on_as_one(story: Story) -> None:
    story.live(THREE)
    person = story.contact("Nora")
    kept, gone = (story.deal("proposal", contact=person) for _ in range(2))
    story.settle()
    story.merge("deals", kept, gone)
    story.until("+1h")
    assert story.titles(kept) == each_once(story)


# --- webhooks, uninstalling, the budget ----------------------------------------------------------


def hooks(story: Story) -> list[Any]:
    return list(story.vendor.hooks.of(story.account.portal_id))


@pytest.mark.feature("K05")
def test_what_a_ban_of_webhooks_swallowed_is_found_by_asking(story: Story) -> None:
    """Ten deliveries that nobody took: then Pipedrive is silent for half an hour, and tells nobody.
    """
    story.live(THREE)

    def meanwhile() -> None:
        for _ in range(12):
            story.deal("new")
        story.vendor.deliveries.flush()

    story.restart(meanwhile)
    banned = [hook for hook in hooks(story) if story.vendor.hooks.banned(hook)]
    assert banned, "this is what the story is about"
    deal = story.deal("proposal")
    story.until("+10min")
    assert story.open(deal) == [], "nobody told of it"
    story.until("+1d")
    assert story.titles(deal) == each_once(story)


@pytest.mark.feature("K05")
def test_a_subscription_that_was_dropped_is_made_again(story: Story) -> None:
    story.live(THREE)
    with story.simulation.world.lock:
        for hook in hooks(story):
            story.vendor.hooks.remove(hook, "no successful delivery on 3 consecutive days")
    assert hooks(story) == []
    unheard = story.deal("proposal")
    story.until("+1d")
    assert story.titles(unheard) == each_once(story), "found by asking"
    assert {hook.object for hook in hooks(story)} == {"deal", "person", "activity", "lead"}
    heard = story.deal("proposal")
    story.settle()
    assert story.titles(heard) == each_once(story), "told at once"


@pytest.mark.feature("K05")
def test_who_uninstalls_in_pipedrive_is_taken_at_their_word(story: Story) -> None:
    deal = proposed(story)
    story.change_account(uninstall=True)
    story.until("+10min")
    answer = story.admin.session.get(f"{story.url}/api/status", timeout=10).json()
    assert answer["status"] == "revoked"
    assert len(story.open(deal)) == 3, "nothing is undone"


@pytest.mark.feature("K05")
def test_the_days_budget_is_never_overrun_and_work_goes_on_at_its_reset(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days of two seconds on the wall, of a thousand tokens each; what is owed costs more."""
    day = 2 * SECOND
    monkeypatch.setattr(daily, "next_reset", lambda now, zone="": Wall(now // day * day + day))
    monkeypatch.setattr("connectors.pipedrive.vendor.LIMITS", FAST)
    story = begin(
        crm="pipedrive", settings={"tokens_per_day": 1000, "rep_daily_tasks": None},
        environment={"RATE_MULTIPLIER": "1"}, sandbox_settings={"rate_limit_multiplier": 1000},
    )  # fmt: skip
    spent: Counter[int] = Counter()
    limits, admit = story.vendor.limits, story.vendor.limits.admit

    def counting(account: Any, token: str, family: str, cost: int) -> Any:
        spent[time.time_ns() // 1_000_000 // day] += cost
        return admit(account, token, family, cost)

    monkeypatch.setattr(limits, "admit", counting)
    story.live(THREE)
    deals = [story.deal("proposal") for _ in range(40)]
    story.until("+1h")
    for deal in deals:
        assert story.titles(deal) == each_once(story)
    assert len(story.tasks()) == 120
    assert len(spent) > 1, "it took more than one day"
    assert max(spent.values()) <= 1000
    assert not any(call["status"] == 429 for call in story.admin.get("/api/health")["calls"])
