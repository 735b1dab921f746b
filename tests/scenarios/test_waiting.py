"""What waits for a person's word: proposals, released backlogs, rules above their limit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook

RING = """
  - id: go
    when: {stage_entered: qualified}
    if: {field: deal.amount, op: ">=", value: 1000}
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
"""
GO = playbook(RING)
IDLE = playbook("""
  - id: idle
    when: {no_activity_for: 7d}
    then: [{create_tasks: [{id: check, task: call, template: t, subject: Check in}]}]
""")


class Person:
    """Somebody's browser on the app."""

    def __init__(self, story: Story, who: Any) -> None:
        self._story = story
        self._browser = story.signed_in(who)
        self._csrf = self.get("/api/session").json()["csrf"]

    def get(self, path: str) -> Any:
        return self._browser.get(f"{self._story.url}{path}", timeout=10)

    def post(self, path: str) -> Any:
        answer = self._browser.post(
            f"{self._story.url}{path}", json={}, headers={"X-CSRF-Token": self._csrf}, timeout=10
        )
        self._story.settle()
        return answer

    def proposed(self) -> dict[str, str]:
        """deal → id of what is proposed for it."""
        rows = self.get("/api/proposals").json()["proposals"]
        return {row["subject_id"]: row["id"] for row in rows}


def ended(story: Story, deal: str) -> list[str | None]:
    return [row["end_reason"] for row in story.subject(deal)["enrolments"]]


# --- proposals -----------------------------------------------------------------------------------


@pytest.mark.feature("T25")
def test_a_rep_accepts_or_declines_what_a_rule_proposes_for_their_own_deals(story: Story) -> None:
    story.live(GO, "manual")
    wanted, unwanted = story.deal("qualified"), story.deal("qualified")
    bens = story.deal("qualified", owner=BEN)
    story.until("+10min")
    ada = Person(story, ADA)
    offered = ada.proposed()
    assert set(offered) == {wanted, unwanted}
    (row,) = [r for r in ada.get("/api/proposals").json()["proposals"] if r["subject_id"] == wanted]
    assert (row["rule"], row["steps"]) == ("test/go", ["Ring"])
    page = ada.get("/mine").text
    assert page.count("/accept") == 2
    assert "Big sale" in page
    assert f"/api/proposals/{offered[wanted]}/accept" in ada.get(f"/subjects/deal/{wanted}").text

    foreign = Person(story, BEN).proposed()[bens]
    assert ada.post(f"/api/proposals/{foreign}/accept").status_code == 404
    assert ada.post(f"/api/proposals/{offered[wanted]}/accept").status_code == 200
    assert ada.post(f"/api/proposals/{offered[unwanted]}/decline").status_code == 200
    assert ada.proposed() == {}
    again = ada.post(f"/api/proposals/{offered[unwanted]}/accept")
    assert (again.status_code, "decided on already" in again.text) == (422, True)
    story.until("+1d")
    assert story.lines(wanted) == [("Mon 2026-09-07 11:00", "Ring")]
    assert story.tasks(unwanted) == story.tasks(bens) == []
    assert ended(story, unwanted) == ["declined"]
    assert story.why(unwanted, "test/go") == "ada@firm.example declined it."
    assert "ada@firm.example accepted the proposal." in story.whys(wanted, "test/go")
    assert story.admin.get("/api/proposals")["proposals"] != [], "an admin sees everybody's"

    story.move(unwanted, "new")
    story.until("+1h")
    story.move(unwanted, "qualified")
    story.until("+1h")
    assert ada.proposed() == {}, "moving back into the stage proposes nothing, as in live mode"


@pytest.mark.feature("T25")
def test_a_proposal_ages_out_when_it_is_not_owed_any_more(story: Story) -> None:
    story.live(GO, "manual")
    moved, shrunk, stopped, kept = (story.deal("qualified") for _ in range(4))
    story.until("+10min")
    ada = Person(story, ADA)
    offered = ada.proposed()
    story.move(moved, "negotiation")
    story.control(stopped, "stop")
    story.until("+1h")
    assert set(ada.proposed()) == {shrunk, kept}
    story.act("set_property", kind="deals", record=shrunk, property="amount", value="5")
    story.act(
        "set_property", kind="deals", record=shrunk, property="amount_in_home_currency", value="5"
    )
    story.settle()
    late = ada.post(f"/api/proposals/{offered[shrunk]}/accept")
    assert (late.status_code, "not owed any more" in late.text) == (422, True)
    story.until("+2d")
    assert set(ada.proposed()) == {kept}
    assert "condition is not met; it read deal.amount 5" in story.why(shrunk, "test/go")
    assert ended(story, shrunk) == ["no_longer_owed"]


@pytest.mark.feature("T25")
@pytest.mark.feature("P08")
def test_a_manual_rule_keeps_to_its_limit_and_what_pends_becomes_backlog_when_it_goes_live(
    story: Story,
) -> None:
    story.live(GO.replace("then:", "limit: 2\n    then:"), "manual")
    for _ in range(4):
        story.deal("qualified")
    story.until("+10min")
    ada = Person(story, ADA)
    assert len(ada.proposed()) == 2
    story.change("POST", "/api/approvals", {"rule": "test/go"})
    assert len(ada.proposed()) == 4
    assert story.activate("test", "live") == [{"rule": "test/go", "mode": "live", "backlog": 4}]
    assert ada.proposed() == {}
    story.until("+1d")
    assert story.tasks() == []


# --- backlog -------------------------------------------------------------------------------------


def old_deals(story: Story) -> None:
    for day in range(5):
        story.deal("qualified", name=f"Deal {day}")
        story.until("+1d")
    story.to("2026-09-21 10:00")


@pytest.mark.feature("P25")
def test_a_backlog_is_released_oldest_first_paused_and_discarded(begin: Begin) -> None:
    story = begin(before=old_deals)
    story.live(GO)
    release = {"rule": "test/go", "per_day": 1}
    story.change("POST", "/api/backlog/release", release)
    story.to("2026-09-22 18:00")
    assert [t.subject for t in story.open()] == ["Ring — Deal 0", "Ring — Deal 1"]
    story.change("POST", "/api/backlog/release", {**release, "per_day": 0})
    story.to("2026-09-24 18:00")
    assert len(story.open()) == 2, "paused"
    story.change("POST", "/api/stop")
    story.change("POST", "/api/backlog/release", release)
    story.to("2026-09-28 18:00")
    story.change("POST", "/api/resume")
    assert len(story.open()) == 2, "the shares of the days that were stopped do not come at once"
    story.to("2026-09-29 18:00")
    assert len(story.open()) == 3
    said = story.change("POST", "/api/backlog/discard", {"rule": "test/go"})
    assert said == {"rule": "test/go", "discarded": 2}
    story.activate("test", "shadow")
    assert story.activate("test", "live")[0]["backlog"] == 0, "what was discarded is not owed again"
    story.until("+5d")
    assert len(story.tasks()) == 3


@pytest.mark.feature("P25")
def test_a_released_item_whose_reason_is_gone_is_dropped_and_takes_nobodys_place(
    begin: Begin,
) -> None:
    story = begin(before=old_deals)
    story.live(IDLE)
    story.live(GO.replace("playbook: test", "playbook: other"), "shadow")
    deals = [row["id"] for row in story.export("deals")["deals"]]
    assert story.admin.get("/api/backlog")["rules"][0]["count"] == 5
    story.act("log_call", deal=deals[0])
    story.until("+1h")
    assert "There was activity at" in story.why(deals[0], "test/idle")
    story.hubspot.faults.add({"match": r"EVENT .*", "kind": "drop", "times": 0})
    story.act("log_call", deal=deals[1])  # nobody tells us of this one
    story.until("+1h")
    story.change("POST", "/api/backlog/release", {"rule": "test/idle", "per_day": 2})
    story.until("+2h")
    assert {t.subject for t in story.open()} == {"Check in — Deal 2", "Check in — Deal 3"}
    assert "There was activity at" in story.why(deals[1], "test/idle")
    assert ended(story, deals[1]) == ["no_longer_owed"]


@pytest.mark.feature("P25")
def test_looking_at_shadow_once_more_loses_no_backlog(begin: Begin) -> None:
    story = begin(before=old_deals)
    assert story.live(GO)[0]["backlog"] == 5
    story.change("POST", "/api/backlog/release", {"rule": "test/go", "per_day": 1})
    story.until("+2h")
    story.activate("test", "shadow")
    assert story.activate("test", "live")[0]["backlog"] == 4
    story.until("+2d")
    assert len(story.tasks()) == 1, "a new backlog waits for a release of its own"


# --- limit ---------------------------------------------------------------------------------------


@pytest.mark.feature("P08")
@pytest.mark.parametrize(("word", "said"), [("decline", "declined"), ("spread", "spread")])
def test_what_is_above_the_limit_is_declined_or_spread_over_days(
    story: Story, word: str, said: str
) -> None:
    story.live(GO.replace("then:", "limit: 1\n    then:"))
    deals = [story.deal("qualified") for _ in range(4)]
    story.until("+10min")
    assert len(story.tasks()) == 1
    words = {"rule": "test/go", "word": word, "per_day": 1}
    assert story.change("POST", "/api/approvals", words) == {"rule": "test/go", said: 3}
    story.to("2026-09-08 18:00")
    assert len(story.tasks()) == (1 if word == "decline" else 3)
    if word == "decline":
        assert sorted(filter(None, (r for d in deals for r in ended(story, d)))) == ["declined"] * 3
    (rule,) = story.admin.get("/api/playbooks")["saved"][0]["rules"]
    assert not rule["waits_for_approval"]
