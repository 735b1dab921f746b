"""What following up was worth: both arms compared, counted again in the CRM."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from app.model.time import DAY
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, KINDS, MIA, Story, playbook

RING = playbook("""
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: 10min, task: call, template: t, subject: Ring}]}]
""")
MONTH = 30 * DAY


def answered(story: Story, kind: str, deal: str, begun: int) -> bool:
    """Whether a mail or meeting of the deal's was logged in the CRM within the month."""
    return any(
        begun < row["created_at"] <= begun + MONTH
        and any(link["id"] == deal for link in row["associations"].get("deals", ()))
        for row in story.export(kind)[kind]
    )


def days_to(story: Story, deal: str, begun: int, stages: Iterable[str]) -> float | None:
    """Days until the CRM's history of the deal has it in one of the stages; None: not in time."""
    wanted = {KINDS[stage] for stage in stages}
    row = next(row for row in story.export("deals")["deals"] if row["id"] == deal)
    entered = [at for at, stage, *_ in row["history"]["dealstage"] if stage in wanted]
    in_time = [at for at in entered if begun < at <= begun + MONTH]
    return (min(in_time) - begun) / DAY if in_time else None


@pytest.mark.feature("L05")
@pytest.mark.feature("P29")
def test_the_held_out_are_compared_with_those_followed_up(begin: Begin) -> None:
    story = begin()
    story.live(RING)
    earlier = story.deal("qualified")
    story.until("+1h")
    assert len(story.tasks(earlier)) == 1
    assert story.admin.get("/api/holdout")["rules"] == [], "nothing is held out"
    assert "Nothing is compared yet: no record was left alone." in page(story)

    story.change("PUT", "/api/settings", {"holdout_percent": 50})
    begun = story.now
    deals = [story.deal("qualified") for _ in range(14)]
    story.until("+1h")
    held = [deal for deal in deals if not story.tasks(deal)]
    treated = [deal for deal in deals if story.tasks(deal)]
    assert min(len(held), len(treated)) >= 3
    first = story.admin.get("/api/holdout")["rules"][0]
    assert first["running"] == {"treated": len(treated), "held_out": len(held)}
    assert (first["treated"], first["held_out"]) == (0, 0), "a month is not over"

    # What a deal is worth later may be the follow-up's doing: it stays with those it was like.
    story.act("set_property", kind="deals", record=held[0], property="amount", value="900000")
    story.until("+2d")
    for deal in (*treated[:2], held[0]):
        story.act("reply", deal=deal)
    away = treated[2]
    story.act("reply", deal=away)
    story.settle()
    story.change("POST", f"/api/subjects/deal/{away}/reply", {"class": "out_of_office"})
    story.act("book_meeting", deal=treated[0], start=story.at("2026-09-21 11:00"))
    story.move(treated[0], "proposal")
    story.move(held[1], "proposal")
    story.move(held[2], "lost")
    story.until("+4d")
    story.move(treated[0], "won")
    story.move(treated[1], "meeting_done")
    story.until("+26d")
    young = story.deal("qualified")
    story.act("reply", deal=held[1])  # after its month
    story.act("reply", deal=earlier)
    story.until("+1h")
    story.act("reply", deal=young)
    story.until("+1h")

    told = story.admin.get("/api/holdout")
    assert (told["percent"], told["until_at"]) == (50, None)
    (rule,) = told["rules"]
    assert rule["rule"] == "test/go"
    assert (rule["treated"], rule["held_out"]) == (len(treated), len(held))
    assert sum(rule["running"].values()) == 1, "the young one; the earlier one is in no arm"
    assert counted(rule) == {
        arm: {
            "replied": [
                sum(answered(story, "emails", one, begun) for one in those if one != away),
                len(those),
            ],
            "meeting_booked": [
                sum(answered(story, "meetings", one, begun) for one in those), len(those)
            ],
            "stage_advanced": [len(days(story, those, begun, LATER)), len(those)],
            "won": [len(days(story, those, begun, ["won"])), len(those)],
        }
        for arm, those in (("treated", treated), ("held_out", held))
    }  # fmt: skip
    assert answered(story, "emails", away, begun), "by a machine, as somebody said"
    assert counted(rule)["treated"]["replied"][0] == 2
    assert counted(rule)["held_out"]["replied"][0] == 1
    pace = rule["days_to_next_stage"]
    assert pace["treated"]["n"] == 2
    (one, other) = days(story, treated, begun, LATER)
    assert pace["treated"]["median"] == pytest.approx((one + other) / 2, abs=0.01)
    (alone,) = days(story, held, begun, LATER)
    assert pace["held_out"] == {"median": pytest.approx(alone, abs=0.01), "n": 1}

    assert {row["verdict"] for row in rule["measures"]} == {"not enough data yet"}
    replied = rule["measures"][0]
    assert replied["compared"] == {"treated": len(treated), "held_out": len(held)}
    low, high = replied["interval"]
    assert low < replied["difference"] < high
    assert replied["difference"] == pytest.approx(2 / len(treated) - 1 / len(held))
    assert "not enough data yet" in page(story)
    assert f"2 of {len(treated)}" in page(story)
    manager, rep = story.signed_in(MIA), story.signed_in(ADA)
    assert manager.get(f"{story.url}/api/holdout", timeout=10).json() == told
    assert rep.get(f"{story.url}/api/holdout", timeout=10).status_code == 403

    story.change("PUT", "/api/settings", {"holdout_percent": 0})
    story.deal("qualified")
    story.until("+1h")
    after = story.admin.get("/api/holdout")
    assert after["until_at"] is not None
    assert after["rules"] == told["rules"], "what came after the period is in no arm"


LATER = ("meeting_done", "proposal", "negotiation", "won")


def days(story: Story, deals: Iterable[str], begun: int, stages: Iterable[str]) -> list[float]:
    found = [days_to(story, deal, begun, stages) for deal in deals]
    return [one for one in found if one is not None]


def counted(rule: dict[str, Any]) -> dict[str, dict[str, list[int]]]:
    return {
        arm: {row["measure"]: [row[arm]["hits"], row[arm]["n"]] for row in rule["measures"]}
        for arm in ("treated", "held_out")
    }


def page(story: Story) -> str:
    return story.admin.session.get(f"{story.url}/", timeout=10).text


@pytest.mark.feature("L05")
def test_large_deals_are_compared_with_large_ones(begin: Begin) -> None:
    story = begin(settings={"holdout_percent": 50})
    story.live(RING)
    small = [story.deal("qualified", amount=400) for _ in range(9)]
    large = [story.deal("qualified", amount=40_000) for _ in range(14)]
    story.until("+1h")
    arms = {deal: bool(story.tasks(deal)) for deal in (*small, *large)}
    for group in (small, large):
        assert {arms[deal] for deal in group} == {True, False}, "both arms have some of each"
    for deal in small:
        story.act("reply", deal=deal)
    story.until("+31d")
    replied = story.admin.get("/api/holdout")["rules"][0]["measures"][0]
    shares = [replied[arm]["rate"] for arm in ("treated", "held_out")]
    assert replied["difference"] == pytest.approx(0), "small ones answered, followed up or not"
    assert shares[0] != shares[1], "of all together it would look like something"
    assert sum(replied["compared"].values()) == 23
