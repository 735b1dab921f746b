"""Dates of the account's own: mapped, waited for, and followed wherever they move."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Property
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

OWN = {"contract_end_date": "date", "go_live": "datetime", "fit": "number"}
DAYS = [
    ("Tue 2026-09-15 09:00", "Collect what the contract has brought the customer"),
    ("Thu 2026-10-15 09:00", "Write to the customer about the terms of the renewal"),
    ("Mon 2026-11-16 09:00", "Call the customer for the decision on the renewal"),
    ("Mon 2026-12-07 09:00", "Call before the contract ends this week"),
]
"""Of a contract that ends on 14 December 2026, a Monday."""


def with_dates(story: Story) -> None:
    """Properties that the customer made, before anybody connects the app."""
    for name, type in OWN.items():
        field_type = "number" if type == "number" else "date"
        known = Property(name, name, type, field_type, "dealinformation")
        story.account.properties["deals"][name] = known


@pytest.fixture
def dated(begin: Begin) -> Story:
    story = begin(before=with_dates)
    fields = {"contract_end": "contract_end_date", "go_live": "go_live", "fit": "fit"}
    story.change("PUT", "/api/mapping", {"mapping": {"deal": fields}})
    return story


def write(story: Story, deal: str, value: str, name: str = "contract_end_date") -> None:
    story.act("set_property", kind="deals", record=deal, property=name, value=value)


def planned(story: Story, deal: str) -> list[tuple[str, str]]:
    """(due, step) of what is ahead, by due time."""
    rows = [t for t in story.touches() if t["subject_id"] == deal and t["state"] == "planned"]
    return [(story.local(t["due_at"]), t["step"]) for t in sorted(rows, key=lambda t: t["due_at"])]


@pytest.mark.feature("T18")
def test_ninety_days_before_its_contract_ends_a_deal_is_followed_up(dated: Story) -> None:
    deal, later, open_deal = dated.deal("won"), dated.deal("won"), dated.deal("proposal")
    for one, end in ((deal, "2026-12-14"), (later, "2027-03-01"), (open_deal, "2026-12-14")):
        write(dated, one, end)
    dated.live("renewal")
    dated.until("+1d")  # the account's own properties have no webhook: the reconcile finds them
    assert dated.tasks() == []
    dated.to("2026-09-15 12:00")
    assert dated.lines(deal) == DAYS[:1]
    assert dated.open(deal)[0].made == "Tue 2026-09-15 09:00"
    assert planned(dated, deal) == [
        ("Thu 2026-10-15 09:00", "terms"),
        ("Mon 2026-11-16 09:00", "ask"),
        ("Mon 2026-12-07 09:00", "last-week"),
    ]
    assert dated.tasks(later) == dated.tasks(open_deal) == []
    assert "condition is not met" in dated.why(open_deal, "renewal/contract-ends")
    dated.act("complete_task", task=dated.open(deal)[0].id)
    dated.to("2026-10-15 12:00")
    (draft,) = dated.open(deal)
    assert "until 14 December 2026" in draft.body

    # The customer renews for a year: what is left is not owed any more, and next year it is.
    write(dated, deal, "2027-12-14")
    dated.until("+1d")
    assert dated.lines(deal) == []
    assert dated.ended(deal) == {"renewal/before-the-end": "date_moved"}
    assert "90d before contract_end (2027-12-14)" in dated.why(deal, "renewal/contract-ends")


@pytest.mark.feature("T18")
def test_steps_move_with_the_date_and_go_when_it_is_emptied(dated: Story) -> None:
    deal = dated.deal("won")
    dated.live("renewal")
    write(dated, deal, "2026-10-20")
    dated.until("+1d")
    # Only 43 days are left: what is more than a fortnight late is left out.
    assert planned(dated, deal) == [
        ("Mon 2026-09-21 09:00", "ask"),
        ("Tue 2026-10-13 09:00", "last-week"),
    ]
    write(dated, deal, "2026-10-27")
    dated.until("+1d")
    assert [due for due, _ in planned(dated, deal)] == [
        "Mon 2026-09-28 09:00", "Tue 2026-10-20 09:00",
    ]  # fmt: skip
    dated.to("2026-09-28 08:00")
    # Nobody tells of the change; the step itself reads the record before it acts.
    write(dated, deal, "2026-10-29")
    dated.to("2026-09-28 12:00")
    assert dated.tasks(deal) == []
    dated.to("2026-09-29 12:00")
    assert dated.lines(deal) == [("Tue 2026-09-29 09:00", DAYS[2][1])]
    write(dated, deal, "")
    dated.until("+1d")
    assert dated.open(deal) == []
    assert dated.ended(deal) == {"renewal/before-the-end": "date_emptied"}


GO_LIVE = """
- id: signed
  when: {stage_entered: won}
  if: {field: deal.fit, op: ">=", value: 3}
  then:
    - create_tasks:
        - {id: kit, at: 2d, before: {field: deal.go_live}, task: todo, template: t, subject: Send}
        - {id: ask, at: 1wd, after: {field: deal.go_live}, task: call, template: t, subject: Ask}
"""


@pytest.mark.feature("T19")
def test_written_tasks_move_too_but_not_those_that_a_rep_took_in_hand(dated: Story) -> None:
    dated.live(playbook(GO_LIVE))
    deal, unfit = dated.deal("proposal", owner=ADA), dated.deal("proposal")
    write(dated, deal, "4", "fit")
    write(dated, unfit, "2", "fit")
    for one in (deal, unfit):
        write(dated, one, str(dated.at("2026-09-17 14:00")), "go_live")
        dated.move(one, "won")
    dated.until("+10min")
    assert dated.lines(unfit) == []
    assert dated.lines(deal) == [("Tue 2026-09-15 14:00", "Send"), ("Fri 2026-09-18 14:00", "Ask")]
    kit, ask = dated.open(deal)
    dated.act("move_task", task=ask.id, due=dated.at("2026-09-21 11:00"))
    write(dated, deal, str(dated.at("2026-09-24 14:00")), "go_live")
    dated.until("+1d")
    assert [(task.id, task.due) for task in dated.open(deal)] == [
        (ask.id, "Mon 2026-09-21 11:00"),
        (kit.id, "Tue 2026-09-22 14:00"),
    ]


@pytest.mark.feature("T18")
def test_a_playbook_on_a_date_that_nobody_mapped_is_refused(story: Story) -> None:
    def refused(method: str, path: str, body: Any) -> dict[str, Any]:
        headers = {"X-CSRF-Token": story.admin.get("/api/session")["csrf"]}
        answer = story.admin.session.request(
            method, f"{story.url}{path}", json=body, headers=headers, timeout=10
        )
        assert answer.status_code == 422, answer.text
        return answer.json()

    told = refused("POST", "/api/playbooks", {"preset": "renewal"})
    assert "map a property of the deal to it first" in told["problems"][0]["suggestion"]
    wrong = {"mapping": {"deal": {"contract_end": "contract_ends"}}}
    told = refused("PUT", "/api/mapping", wrong)
    assert "'contract_ends', which this account does not have" in told["problems"][0]["message"]
    story.change("PUT", "/api/mapping", {"mapping": {"deal": {"contract_end": "closedate"}}})
    story.live("renewal", "off")
    story.change("PUT", "/api/mapping", {"mapping": {}})
    told = refused("POST", "/api/playbooks/renewal/activate", {"mode": "live"})
    assert "needs your data: deal.contract_end (The day on which" in told["message"]
    (saved,) = story.admin.get("/api/playbooks")["saved"]
    assert [need["field"] for need in saved["needs"]] == ["deal.contract_end"]
    assert {rule["mode"] for rule in saved["rules"]} == {"off"}
    page = story.admin.session.get(f"{story.url}/rules", timeout=10).text
    assert page.count("Needs your data.") >= 2
    presets = {p["playbook"]: p["needs"] for p in story.admin.get("/api/playbooks")["presets"]}
    (need,) = presets["renewal"]
    assert (need["field"], need["type"], presets["proposal"]) == ("deal.contract_end", "date", [])


@pytest.mark.feature("T20")
def test_deals_lost_in_the_prior_twelve_months_get_five_touches_and_older_ones_none(
    begin: Begin,
) -> None:
    story = begin(settings={"merge": False, "rep_daily_tasks": None})
    lost = {day: story.deal("lost") for day in ("2025-09-10 12:00", "2026-05-04 12:00")}
    for day, deal in lost.items():
        write(story, deal, str(story.at(day)), "closedate")
    old, late = lost.values()
    story.settle()
    story.live("closed-lost")
    (waiting,) = story.admin.get("/api/playbooks")["saved"][0]["rules"]
    assert waiting["backlog"] == 2, "10 September 2025 is within the year, just"
    story.to("2026-09-11 10:00")
    assert story.change("POST", "/api/backlog/release", {"rule": "closed-lost/lost-ninety-days"})
    story.until("+22d")
    assert len(story.tasks(late)) == 5
    assert story.tasks(old) == [], "by the release the year was over"
    told = "The rule's condition is not met; it read deal.close_date 2025-09-10, deal.stage_kind"
    assert any(line.startswith(told) for line in story.whys(old, "closed-lost/lost-ninety-days"))


@pytest.mark.feature("T20")
@pytest.mark.feature("P20")
def test_a_date_compared_with_the_present_is_asked_again_before_each_touch(dated: Story) -> None:
    dated.live(
        playbook(
            """
            - id: soon
              when: {field_changed: deal.contract_end}
              if: {field: deal.contract_end, op: within, value: 30d}
              then: [{enrol: soon}]
            """,
            """
            - id: soon
              steps:
                - {id: one, at: 1d, task: call, template: t, subject: One}
                - {id: two, at: 10d, task: call, template: t, subject: Two}
            """,
        )
    )
    passes, moved, far = (dated.deal("proposal") for _ in range(3))
    dated.settle()
    ends = {passes: "2026-09-15", moved: "2026-10-01", far: "2026-10-12"}
    for deal, end in ends.items():
        write(dated, deal, end)
    dated.until("+3d")  # found by the reconcile
    assert [len(dated.tasks(deal)) for deal in ends] == [1, 1, 0]
    why = dated.command("why", far, "--rule", "test/soon").output
    assert "deal.contract_end is 2026-10-12" in why
    assert "deal.contract_end lies within the next 30d" in why
    for task in dated.open():
        dated.act("complete_task", task=task.id)
    write(dated, moved, "2027-10-01")
    dated.until("+12d")
    assert len(dated.tasks(passes)) == 1, "the date has passed"
    assert len(dated.tasks(moved)) == 1, "the date has moved away"
    assert dated.codes(moved, "touch:")[-1] == "condition_false"
