"""What keeps a task from being written, or moves it: caps, calendars, zones, stops, lateness."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, KINDS, MIA, PEOPLE, Person, Story, playbook

RING = """
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: %s, task: call, template: t, subject: Ring}]}]
"""


def ring(at: str = "1h") -> str:
    return playbook(RING % at)


def dues(story: Story) -> list[str]:
    return [task.due for task in story.open()]


# --- how much ------------------------------------------------------------------------------------


@pytest.mark.feature("G01")
@pytest.mark.feature("P10")
def test_one_person_is_not_touched_more_often_than_the_cap_over_all_deals(begin: Begin) -> None:
    story = begin(settings={"cap_7_days": 2})
    story.live(ring())
    person = story.contact("Nora")
    deals = [story.deal("qualified", contact=person) for _ in range(3)]
    story.until("+1h")
    assert len(story.tasks()) == 2
    (waiting,) = [deal for deal in deals if not story.tasks(deal)]
    assert "cap_7_days" in story.codes(waiting, "touch:")
    assert "The contact was touched 2 times in 7 days; the cap is 2." in story.whys(
        waiting, "test/go"
    )
    story.to("2026-09-13 12:00")
    assert story.tasks(waiting) == []
    story.to("2026-09-14 12:00")
    assert len(story.tasks(waiting)) == 1, "the window has rolled on"


@pytest.mark.feature("P08")
def test_a_reps_day_is_not_filled_beyond_the_budget(begin: Begin) -> None:
    story = begin(settings={"rep_daily_tasks": 2})
    story.live(ring())
    for _ in range(5):
        story.deal("qualified")
    other = story.deal("qualified", owner=BEN)
    story.until("+1h")
    days = sorted(task.due[:14] for task in story.open() if task.owner == "Ada")
    assert days == ["Mon 2026-09-07"] * 2 + ["Tue 2026-09-08"] * 2 + ["Wed 2026-09-09"]
    assert story.open(other)[0].due[:14] == "Mon 2026-09-07"


@pytest.mark.feature("P08")
def test_a_rule_above_its_limit_waits_for_an_admin(story: Story) -> None:
    story.live(ring().replace("then:", "limit: 2\n    then:"))
    deals = [story.deal("qualified") for _ in range(4)]
    story.until("+10min")
    assert len(story.tasks()) == 2
    waiting = [deal for deal in deals if not story.tasks(deal)]
    assert "an admin must approve more" in story.why(waiting[0], "test/go")
    (rule,) = story.admin.get("/api/playbooks")["saved"][0]["rules"]
    assert rule["waits_for_approval"]
    assert story.change("POST", "/api/approvals", {"rule": "test/go"})["started"] == 2
    story.until("+10min")
    assert len(story.tasks()) == 4


@pytest.mark.feature("K02")
def test_a_later_step_waits_while_a_task_for_the_deal_is_open(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+9d")
    assert len(story.open(deal)) == 1
    assert "merge" in story.codes(deal, "touch:")
    story.act("complete_task", task=story.open(deal)[0].id)
    story.until("+1h")
    assert story.lines(deal) == [
        ("Wed 2026-09-16 10:00", "Ask which date the decision has to be made by")
    ], "late by two days: moved to now, never left in the past"


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.feature("P04")
def test_nothing_falls_due_on_a_public_holiday(begin: Begin) -> None:
    story = begin(begins="2026-12-21 10:00", settings={"holidays": "NL"})
    story.live(ring("4d"))
    story.deal("qualified")
    story.until("+10min")
    assert dues(story) == ["Mon 2026-12-28 09:00"], "Christmas is on Friday and Saturday"


@pytest.mark.feature("P04")
def test_a_rep_has_the_holidays_of_their_own_country(begin: Begin) -> None:
    story = begin(begins="2026-11-23 10:00", settings={"holidays": "NL"})
    story.change("PUT", f"/api/people/{BEN.owner_id}", {"country": "US"})
    story.live(ring("3d"))
    for owner in (ADA, BEN):
        story.deal("qualified", owner=owner)
    story.until("+10min")
    assert {t.owner: t.due for t in story.open()} == {
        "Ada": "Thu 2026-11-26 10:00",
        "Ben": "Fri 2026-11-27 09:00",
    }, "Thanksgiving"


@pytest.mark.feature("W02")
@pytest.mark.feature("W03")
def test_an_e_mail_step_waits_for_its_window_in_the_persons_own_day(story: Story) -> None:
    story.live(
        playbook("""
          - id: write
            when: {stage_entered: qualified}
            then:
              - create_tasks:
                  - {id: w, at: 1h, task: email, template: t, subject: Write, window: email}
        """)
    )
    deals: dict[str, str] = {}
    zones = {"Nora": "", "Wendy": "america_slash_new_york", "Yuki": "asia_slash_tokyo"}
    for name, zone in zones.items():
        person = story.contact(name)
        if zone:
            story.act(
                "set_property", kind="contacts", record=person, property="hs_timezone", value=zone
            )
        deals[name] = story.deal("qualified", contact=person)
    story.until("+10min")
    assert story.lines(deals["Nora"]) == [("Tue 2026-09-08 10:00", "Write")], "11:00 is too late"
    assert story.lines(deals["Wendy"]) == [("Mon 2026-09-07 16:00", "Write")], "10:00 there"
    assert story.lines(deals["Yuki"]) == [("Mon 2026-09-07 11:00", "Write")], "it never opens"


@pytest.mark.feature("W02")
def test_a_window_in_which_nobody_works_is_refused(story: Story) -> None:
    def refused(method: str, path: str, body: Any) -> Any:
        headers = {"X-CSRF-Token": story.admin.get("/api/session")["csrf"]}
        answer = story.admin.session.request(
            method, f"{story.url}{path}", json=body, headers=headers, timeout=10
        )
        assert answer.status_code == 422, answer.text
        return answer.json()["problems"][0]

    told = refused("PUT", "/api/settings", {"email_hours": [1200, 1260]})
    assert told["field"] == "email_hours"
    assert "nobody works between 20:00 and 21:00" in told["message"]
    story.change("PUT", "/api/settings", {"working_hours": False, "email_hours": [1200, 1260]})
    story.change("PUT", "/api/settings", {"working_hours": True})
    text = playbook("""
      - id: write
        when: {stage_entered: qualified}
        then: [{create_tasks: [{id: w, task: email, template: t, window: email}]}]
    """)
    told = refused("POST", "/api/playbooks", {"text": text})
    assert told["field"] == "rules[0].then[0].create_tasks[0].window"
    assert "can never be met: nobody works between 20:00 and 21:00" in told["message"]


@pytest.mark.feature("W03")
def test_nobody_is_called_outside_decent_hours_of_their_own_day(story: Story) -> None:
    story.live(ring())
    far = story.contact("Yuki")
    story.act(
        "set_property", kind="contacts", record=far, property="hs_timezone",
        value="asia_slash_tokyo",
    )  # fmt: skip
    west = story.contact("Wendy")
    story.act(
        "set_property", kind="contacts", record=west, property="hs_timezone",
        value="america_slash_new_york",
    )  # fmt: skip
    tokyo = story.deal("qualified", contact=far)
    new_york = story.deal("qualified", contact=west)
    story.until("+1h")
    assert story.lines(new_york) == [("Mon 2026-09-07 15:00", "Ring")], "9:00 there"
    (task,) = story.open(tokyo)
    assert (task.due, story.local(task.due_at, "Asia/Tokyo")[-5:]) == (
        "Tue 2026-09-08 09:00", "16:00",
    ), "the hour in which both days overlap"  # fmt: skip


@pytest.mark.feature("P30")
@pytest.mark.parametrize(
    ("begins", "due"),
    [
        ("2026-10-23 09:30", "Mon 2026-10-26 09:30"),  # the clocks go back on the 25th
        ("2026-03-27 09:30", "Mon 2026-03-30 09:30"),  # and forward on the 29th
    ],
)
def test_days_keep_the_local_hour_over_a_change_of_the_clocks(
    begin: Begin, begins: str, due: str
) -> None:
    story = begin(begins=begins)
    story.live(ring("3d"))
    story.deal("qualified")
    story.until("+10min")
    assert dues(story) == [due]


def test_due_times_are_the_reps_own(begin: Begin) -> None:
    carol = Person("504", "Carol", zone="America/New_York")
    story = begin(people=(*PEOPLE, carol))
    story.live(ring("1d"))
    story.deal("qualified", owner=carol)
    story.until("+1h")
    (task,) = story.open()
    assert story.local(task.due_at, carol.zone) == "Tue 2026-09-08 09:00", "4:00 is too early"


@pytest.mark.feature("M04")
def test_an_absent_reps_urgent_work_goes_to_cover_and_the_rest_waits(story: Story) -> None:
    absences = [[story.at("2026-09-07 12:00"), story.at("2026-09-14 09:00")]]
    story.change(
        "PUT", f"/api/people/{ADA.owner_id}", {"absences": absences, "cover_id": BEN.owner_id}
    )
    story.live(
        playbook("""
          - id: go
            when: {stage_entered: qualified}
            then:
              - create_tasks:
                  - {id: now, at: 1d, task: call, template: t, subject: Now, priority: high}
                  - {id: later, at: 2d, task: call, template: t, subject: Later}
        """)
    )
    story.deal("qualified")
    story.until("+10min")
    assert [(t.owner, t.due, t.subject[:3]) for t in story.open()] == [
        ("Ben", "Tue 2026-09-08 10:00", "Now"),
        ("Ada", "Mon 2026-09-14 09:00", "Lat"),
    ]


@pytest.mark.feature("M04")
def test_who_stands_in_is_told_so_and_where_nobody_is_there_that_is_flagged(story: Story) -> None:
    def away(person: Person, start: str, end: str, **more: Any) -> None:
        spans = [[story.at(start), story.at(end)]]
        story.change("PUT", f"/api/people/{person.owner_id}", {"absences": spans, **more})

    managed = {"cover_id": BEN.owner_id, "manager_id": MIA.owner_id}
    away(ADA, "2026-09-07 12:00", "2026-09-21 00:00", **managed)
    away(BEN, "2026-09-08 00:00", "2026-09-10 00:00")
    away(MIA, "2026-09-09 00:00", "2026-09-11 00:00")
    story.live(
        playbook(
            "- {id: go, when: {stage_entered: qualified}, then: [{enrol: s}]}",
            """
            - id: s
              steps:
                - {id: a, at: 1d, task: call, template: t, subject: Now, priority: high}
            """,
        )
    )
    first = story.deal("qualified")
    story.until("+1d")
    (task,) = story.open(first)
    assert (task.owner, task.due) == ("Mia", "Tue 2026-09-08 10:00"), "the cover is away too"
    assert task.body.startswith(
        "<p><strong>You stand in for Ada Firm</strong>, who is back on 21 September 2026."
    )
    second = story.deal("qualified")
    story.until("+1d")
    assert story.tasks(second) == []
    assert "nobody_covers" in story.subject(second)["flags"]
    assert story.whys(second, "test/go")[0].startswith(
        "Urgent, but the rep is away until Mon 21 Sep 2026, 09:00 and nobody stands in"
    )
    story.to("2026-09-10 10:00")
    (task,) = story.open(second)
    assert (task.owner, task.due) == ("Ben", "Thu 2026-09-10 09:00"), "the first who is back"


# --- still true ----------------------------------------------------------------------------------


@pytest.mark.feature("P20")
def test_conditions_are_read_again_when_the_task_would_be_written(story: Story) -> None:
    story.live(
        playbook(
            """
            - id: big
              when: {stage_entered: qualified}
              if: {field: deal.amount, op: ">=", value: 1000}
              then: [{enrol: big}]
            """,
            "- {id: big, steps: [{id: ring, at: 2d, task: call, template: t, subject: Ring}]}",
        )
    )
    shrunk, still = story.deal("qualified", amount=5000), story.deal("qualified", amount=5000)
    small, unknown = story.deal("qualified", amount=50), story.deal("qualified", amount=None)
    story.until("+1d")
    story.act("set_property", kind="deals", record=shrunk, property="amount", value="10")
    story.until("+2d")
    assert len(story.tasks(still)) == 1
    assert story.tasks(shrunk) == []
    assert any("read deal.amount 10" in line for line in story.whys(shrunk, "test/big"))
    assert "it read deal.amount 50" in story.why(small, "test/big")
    assert "it read deal.amount unknown" in story.why(unknown, "test/big"), "unknown is never zero"


@pytest.mark.feature("P20")
def test_a_deal_that_came_back_before_working_hours_owes_nothing_from_before(
    story: Story,
) -> None:
    story.live(
        playbook(
            "- {id: go, when: {stage_entered: proposal}, then: [{enrol: s}]}",
            """
            - id: s
              exits: {stage_left: off}
              steps: [{id: ring, at: 1d, task: call, template: t, subject: Ring}]
            """,
        )
    )
    deal = story.deal("proposal")
    story.until("+1h")
    story.move(deal, "negotiation")
    story.until("+2d")
    assert [s for _, s in story.lines(deal)] == ["Ring"], "the exit is off, so it is owed"


@pytest.mark.feature("P21")
def test_a_step_that_expires_is_skipped_when_it_comes_too_late(story: Story) -> None:
    story.live(
        playbook(
            "- {id: go, when: {stage_entered: qualified}, then: [{enrol: s}]}",
            """
            - id: s
              steps:
                - {id: a, at: 1d, task: call, template: t, subject: A, late: {skip_after: 2d}}
                - {id: b, at: 2d, task: call, template: t, subject: B}
            """,
        )
    )
    deal = story.deal("qualified")
    story.settle()
    story.control(deal, "pause")
    story.until("+7d")
    story.control(deal, "run")
    story.until("+1d")
    assert [s for _, s in story.lines(deal)] == ["B"]
    assert "too_late" in story.codes(deal, "touch:")


@pytest.mark.feature("P30")
def test_late_steps_come_one_after_the_other_and_never_in_a_burst(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.settle()
    story.change("POST", "/api/stop")
    story.until("+30d")
    assert story.tasks() == []
    story.change("POST", "/api/resume")
    subjects = []
    for day in ("2026-10-07 18:00", "2026-10-08 18:00", "2026-10-09 12:00", "2026-10-12 18:00"):
        story.to(day)
        (task,) = story.open(deal)
        assert task.due_at >= story.at("2026-10-07 10:00"), "never due in the past"
        subjects.append(task.subject.split(" — ")[0])
        story.act("complete_task", task=task.id)
    assert subjects == [
        "Call about open questions on the proposal",
        "Ask which date the decision has to be made by",
        "Call for the decision on the proposal",
        "Offer to close the file on the proposal",
    ], "in the order in which they were owed"
    waits = "Waits until the open task for this subject is done (“Call for the decision on the"
    assert any(line["text"].startswith(waits) for line in story.subject(deal)["ledger"])


# --- stop everything -----------------------------------------------------------------------------


@pytest.mark.feature("X08")
def test_stop_everything_holds_before_the_next_call_and_loses_nothing(story: Story) -> None:
    story.live(ring())
    deal = story.deal("qualified")
    story.settle()
    story.change("POST", "/api/stop")
    story.until("+3d")
    assert story.tasks() == []
    story.change("POST", "/api/resume")
    story.until("+10min")
    assert story.lines(deal) == [("Thu 2026-09-10 10:00", "Ring")]


def test_stop_everything_writes_nothing_to_the_crm_at_all(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+3d")
    story.change("POST", "/api/stop")
    before = story.properties("deals", deal), story.tasks()
    story.move(deal, "lost")
    story.until("+2d")
    after = story.properties("deals", deal), story.tasks()
    ours = [{k: v for k, v in p.items() if k.startswith("followthrough")}
            for p in (before[0], after[0])]  # fmt: skip
    assert ours[0] == ours[1]
    assert [t.open for t in after[1]] == [True]
    assert before[0]["dealstage"] == KINDS["proposal"]
    story.change("POST", "/api/resume")
    story.until("+1h")
    assert story.open() == [], "and then does what was owed meanwhile"


@pytest.mark.feature("P29")
@pytest.mark.feature("L05")
def test_a_control_group_is_decided_on_but_left_alone(begin: Begin) -> None:
    story = begin(settings={"holdout_percent": 50})
    story.live(ring())
    deals = [story.deal("qualified") for _ in range(12)]
    story.until("+10min")
    left_alone = [deal for deal in deals if not story.tasks(deal)]
    assert 0 < len(left_alone) < 12
    assert "In the control group of 50 %: decided, not done, measured." in story.whys(
        left_alone[0], "test/go"
    )
