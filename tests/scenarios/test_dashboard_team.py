"""What a manager reads of sequences, of their team and of the week; and what is refused."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from typing import Any

import pytest
import requests

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, OTTO, Person, Story, playbook
from tests.scenarios.recount import DAY

CLEO = Person("504", "Cleo", team="APAC")
PLAIN = {
    "settle_ms": 0, "working_hours": False, "merge": False, "cap_7_days": None,
    "cap_30_days": None, "rep_daily_tasks": None,
}  # fmt: skip
CADENCE = playbook(
    "- {id: go, when: {stage_entered: proposal}, then: [{enrol: cadence}]}",
    """
    - id: cadence
      title: Three touches
      exits: {stage_left: off}
      steps:
        - {id: one, at: 1d, lead: 0h, task: call, template: t, subject: First}
        - {id: two, at: 3d, lead: 0h, task: email, template: t, subject: Second}
        - {id: three, at: 5d, lead: 0h, task: call, template: t, subject: Third}
    """,
)


def page(story: Story, name: str, who: requests.Session | None = None) -> dict[str, Any]:
    session = who or story.admin.session
    answer = session.get(f"{story.url}/api/dashboard/{name}", timeout=10)
    assert answer.status_code == 200, answer.text
    return {one["figure"]: one for one in answer.json()["figures"]}


def complete(story: Story, title: str, *deals: str) -> None:
    for task in story.open():
        if task.subject.startswith(title) and set(task.deals) & set(deals):
            story.act("complete_task", task=task.id)
    story.settle()


def counted(rows: list[dict[str, Any]], key: str) -> dict[Any, tuple[int, int]]:
    return {row[key]: (row["replied"]["n"], row["replied"]["hits"]) for row in rows}


def replies_by_number(story: Story) -> dict[int, tuple[int, int]]:
    """Counted in the CRM: which completed task of a deal was answered before the next, or within
    two weeks; those whose time is over."""
    done: dict[str, list[int]] = defaultdict(list)
    for row in story.export("tasks")["tasks"]:
        if row["properties"]["hs_task_status"] == "COMPLETED":
            (deal,) = (one["id"] for one in row["associations"]["deals"])
            done[deal].append(int(row["properties"]["hs_task_completion_date"]))
    heard: dict[str, list[int]] = defaultdict(list)
    for row in story.export("emails")["emails"]:
        for one in row["associations"].get("deals", ()):
            heard[one["id"]].append(int(row["properties"]["hs_timestamp"]))
    found: dict[int, tuple[int, int]] = {}
    for deal, times in done.items():
        for number, at in enumerate(sorted(times), 1):
            following = [other for other in times if other > at]
            until = min([*following, at + 14 * DAY])
            if until <= story.now:
                n, hits = found.get(number, (0, 0))
                answered = any(at < one <= until for one in heard[deal])
                found[number] = (n + 1, hits + answered)
    return found


@pytest.fixture
def played(begin: Begin) -> tuple[Story, dict[str, str]]:
    """Five proposals followed up: answered after the first touch, after the second, never; one
    whose first task the rep deletes; one of another team."""
    story = begin(people=(OTTO, MIA, ADA, BEN, CLEO), settings=PLAIN)
    story.live(CADENCE)
    deals = {
        name: story.deal("proposal", name=name, owner=owner)
        for name, owner in (
            ("answers first", ADA), ("answers second", ADA), ("never", BEN), ("deleted", BEN),
            ("=elsewhere", CLEO),
        )
    }  # fmt: skip
    story.until("+25h")
    complete(story, "First", *(deals[one] for one in deals if one != "deleted"))
    (gone,) = (t for t in story.open(deals["deleted"]) if t.subject.startswith("First"))
    story.act("delete_task", task=gone.id)
    story.until("+6h")
    story.act("reply", deal=deals["answers first"])
    story.until("+42h")
    complete(story, "Second", deals["answers second"], deals["never"], deals["deleted"])
    story.until("+1h")
    story.act("reply", deal=deals["answers second"])
    story.until("+2d")
    complete(story, "Third", deals["never"])
    return story, deals


@pytest.mark.feature("L07")
@pytest.mark.feature("L08")
@pytest.mark.feature("L12")
def test_what_comes_of_a_sequence_step_by_step(played: tuple[Story, dict[str, str]]) -> None:
    story, deals = played
    early = page(story, "sequences")["reply_by_number"]
    assert counted(early["rows"], "number") == replies_by_number(story) == {
        1: (2, 0), 2: (1, 0),
    }, "the others may still be answered"  # fmt: skip
    heard = f"/api/subjects/deal/{deals['answers first']}/reply"
    story.change("POST", heard, {"class": "positive"})
    story.until("+15d")
    told = page(story, "sequences")
    assert counted(told["reply_by_number"]["rows"], "number") == replies_by_number(story) == {
        1: (5, 1), 2: (2, 1), 3: (1, 0),
    }  # fmt: skip
    assert told["reply_by_number"]["note"] == "not enough data yet"
    assert all(row["replied"]["rate"] is None for row in told["reply_by_number"]["rows"])

    (overview,) = told["overview"]["rows"]
    assert (overview["sequence"], overview["n"], overview["replied"]["hits"]) == (
        "Three touches", 5, 2,
    )  # fmt: skip
    assert overview["open"] == 5 * 5000
    assert (overview["positive"]["hits"], overview["booked"]["hits"]) == (1, 0)
    assert overview["finished"]["hits"] + overview["running"] + overview["replied"]["hits"] == 5
    steps = {row["step"].split(" — ")[0]: row for row in told["funnel"]["rows"]}
    assert {
        name: (row["reached"]["hits"], row["reached"]["n"], row["done"], row["deleted"])
        for name, row in steps.items()
    } == {"First": (5, 5, 4, 1), "Second": (4, 5, 3, 0), "Third": (3, 5, 1, 0)}
    assert counted(told["channels"]["rows"], "channel") == {"call": (5, 1), "email": (3, 1)}
    assert counted(told["templates"]["rows"], "template")["t"] in {(5, 1), (3, 1)}
    days = [row for row in told["hours"]["rows"] if row["when"].endswith("day")]
    assert sum(row["n"] for row in days) == told["hours"]["sample"] == 8


@pytest.mark.feature("M03")
def test_each_number_leads_to_its_records(played: tuple[Story, dict[str, str]]) -> None:
    story, deals = played
    story.until("+15d")

    def behind(address: str) -> set[str]:
        found = story.admin.get(address.replace("/dashboard/records", "/api/dashboard-records"))
        shown = story.admin.session.get(f"{story.url}{address}", timeout=10)
        assert shown.status_code == 200
        names = {row["name"] for row in found["records"]}
        assert all(name in shown.text for name in names if name != "=elsewhere")
        return names

    rows = page(story, "sequences")["reply_by_number"]["rows"]
    assert behind(rows[0]["records"]) == {"answers first"}, "those that answered"
    assert behind(rows[1]["records"]) == {"answers second"}
    standing = {row["what"]: row for row in page(story, "today")["standing"]["rows"]}
    silent = standing["Deals silent for 14 days"]
    assert behind(silent["records"]) == set(deals)
    assert silent["part"] == {"hits": 5, "n": 5, "rate": 1.0}
    reps = {row["rep"]: row for row in page(story, "today")["reps"]["rows"]}
    assert behind(reps["Ben Firm"]["records_of"]["silent"]) == {"never", "deleted"}

    answer = story.admin.session.get(
        f"{story.url}/api/dashboard/today/reps.csv", timeout=10
    )
    assert answer.headers["Content-Type"].startswith("text/csv")
    table = {row["Rep"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert table["Ben Firm"]["Silent 14 days: hits"] == "2"
    assert table["Ben Firm"]["Completed of due: n"] == str(reps["Ben Firm"]["completion"]["n"])


@pytest.mark.feature("M03")
def test_managers_see_their_team_and_reps_nothing(played: tuple[Story, dict[str, str]]) -> None:
    story, _ = played
    story.change("PUT", f"/api/people/{CLEO.owner_id}", {"manager_id": None})
    mia, ada = story.signed_in(MIA), story.signed_in(ADA)
    (overview,) = page(story, "sequences", mia)["overview"]["rows"]
    assert overview["n"] == 4
    team = page(story, "today", mia)
    assert {row["team"] for row in team["teams"]["rows"]} == {"EMEA"}
    assert "Deals that nobody owns" not in {row["what"] for row in team["standing"]["rows"]}
    found = mia.get(
        f"{story.url}/api/dashboard-records?source=silent_14&owner_id={CLEO.owner_id}", timeout=10
    )
    assert found.json()["records"] == []
    for path in ("/dashboard/today", "/dashboard/records?source=overdue", "/api/dashboard/week",
                 "/api/dashboard/today/reps.csv"):
        assert ada.get(f"{story.url}{path}", timeout=10).status_code == 403, path
    assert "Dashboard" not in ada.get(f"{story.url}/mine", timeout=10).text


REFUSED = (
    ("/api/dashboard/today?days=7", 422, "30, 60, 90"),
    ("/api/dashboard/tomorrow", 404, "today, speed"),
    ("/api/dashboard/today/nothing.csv", 404, "standing"),
    ("/api/dashboard-records?source=nothing", 422, "silent_14"),
    ("/api/dashboard-records?source=overdue&week=1", 422, "counted by due"),
    ("/api/dashboard-records?source=overdue&hit=yes", 422, "whole number"),
)
"""What is asked for, and what the refusal says would be right."""


def test_what_is_not_reckoned_is_refused_with_what_is(story: Story) -> None:
    for path, status, says in REFUSED:
        answer = story.admin.session.get(f"{story.url}{path}", timeout=10)
        assert (answer.status_code, says in answer.text) == (status, True), (path, answer.text)


@pytest.mark.feature("M05")
def test_whether_a_new_owner_takes_over(story: Story) -> None:
    taken, left, young, won = (
        story.deal("qualified", name=name) for name in ("taken", "left", "young", "won")
    )
    story.until("+1d")
    story.act("change_owner", deal=taken, owner=BEN.owner_id)
    story.act("change_owner", deal=left, owner=BEN.owner_id)
    story.act("change_owner", deal=won, owner=BEN.owner_id)
    story.until("+1d")
    story.move(won, "won")
    story.act("log_call", deal=taken)
    story.until("+1d")
    story.act("change_owner", deal=young, owner=BEN.owner_id)
    story.until("+30h")
    (row,) = page(story, "today")["handovers"]["rows"]
    assert (row["share"]["hits"], row["share"]["n"]) == (1, 2), (
        "the third has days left, the fourth is closed"
    )


@pytest.mark.feature("M06")
@pytest.mark.feature("L10")
@pytest.mark.feature("L11")
def test_the_weekly_review_says_what_to_change(begin: Begin) -> None:
    story = begin(settings=PLAIN)
    story.live(CADENCE)
    first = story.deal("proposal", name="won")
    quiet = [story.deal("meeting_done", name=f"quiet {number}") for number in range(31)]
    story.until("+25h")
    complete(story, "First", first)
    story.until("+12d")
    story.move(first, "won")
    story.act("reply", deal=quiet[0])
    story.until("+3d")
    told = page(story, "week")
    weeks = {row["what"]: (row["this"], row["last"]) for row in told["weeks"]["rows"]}
    done = [
        int(row["properties"]["hs_task_completion_date"])
        for row in story.export("tasks")["tasks"]
        if row["properties"]["hs_task_status"] == "COMPLETED"
    ]
    ages = [(story.now - at) // (7 * DAY) for at in done]
    assert weeks["Tasks completed"] == (ages.count(0), ages.count(1))
    assert weeks["Deals won"] == (1, 0)
    assert weeks["Answers"] == (1, 0)
    assert weeks["Follow-ups begun"] == (0, 0), "they began more than two weeks ago"

    (advice,) = told["advice"]["rows"]
    assert advice["found"].startswith("Meeting done: 30 of 31 stays went silent")
    assert "No rule acts on silence there" in advice["change"]
    behind = story.admin.get(
        advice["records"].replace("/dashboard/records", "/api/dashboard-records")
    )
    assert {row["crm_id"] for row in behind["records"]} == set(quiet[1:])

    assert "Cost" not in page(story, "pipeline")["velocity"]["note"]
    story.change("PUT", "/api/settings", {"acquisition_cost": 300})
    assert "Cost of acquisition: 600 EUR" in page(story, "pipeline")["velocity"]["note"]

    story.live("idle-deal")
    (advice,) = page(story, "week")["advice"]["rows"]
    assert "A rule acts on silence there already" in advice["change"]
