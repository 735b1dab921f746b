"""A backtest over CSV files, held against a reading of the same files by hand."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from app.installations.settings import Settings
from app.lanes.backtest.files import backtest_files
from app.playbooks.loader import load_text
from app.playbooks.presets import preset, preset_text
from tests.lanes import by_hand, by_hand_limits
from tests.lanes.small import write_many, write_small

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "bpic2012"
MAPPING = ROOT / "imports" / "bpic2012.yaml"

real = pytest.mark.skipif(
    not (REAL / "events.csv.gz").exists(),
    reason=f"the BPI Challenge 2012 files are not in {REAL}; they are no part of the product",
)


def alike(found: dict[str, Any]) -> dict[str, Any]:
    """The figures as the reading by hand names them."""
    steps = {step["step"]: step["owed"] for step in found["steps"]}
    days = dict(zip(("3", "7", "14", "21"), steps.values(), strict=True))
    return {
        "begun": sum(rule["fired"] for rule in found["rules"]),
        "owed": {day: number for day, number in days.items() if number},
        "stopped": found["stopped"],
        "ahead": found["ahead"],
        "judged": found["missed"]["of_steps"],
        "followed_up": found["followed_up"],
        "most": found["tasks_per_record"]["max"],
        "missed": [found["missed"]["steps"], found["missed"]["records"]],
        "put_off": found["put_off"].get("cap_7_days", 0),  # the rest: `by_hand_limits`
        "reps": {
            str(rep["owner_id"]): [rep["owed"], rep["most_in_a_week"]] for rep in found["reps"]
        },
    }


STAGE_MAP = {"settle": 1, "again": True, "goal": ()}
PROPOSAL = {"settle": 5, "again": False, "goal": ("negotiation", "won")}


@real
@pytest.mark.feature("P16")
@pytest.mark.parametrize("days", [90, pytest.param(400, marks=pytest.mark.long)])
def test_a_real_pipeline_agrees_with_its_reading_by_hand(days: int) -> None:
    found = backtest_files(preset("proposal-stage-map"), REAL, MAPPING, days)
    assert alike(found) == by_hand.backtest(str(REAL), days, **STAGE_MAP)
    assert found["owed"] > 1_000


@real
@pytest.mark.long
def test_a_preset_with_a_goal_agrees_as_well() -> None:
    found = backtest_files(preset("proposal"), REAL, MAPPING, 120)
    assert alike(found) == by_hand.backtest(str(REAL), 120, **PROPOSAL)
    assert found["stopped"]["goal_reached"] > 100


@real
@pytest.mark.long
def test_what_a_cap_puts_off_agrees_as_well() -> None:
    """One touch in seven days for each person: of the four steps nearly all but the first wait."""
    settings = Settings.model_validate({"cap_7_days": 1})
    found = backtest_files(preset("proposal"), REAL, MAPPING, 90, settings)
    assert alike(found) == by_hand.backtest(str(REAL), 90, **PROPOSAL, cap=1)
    assert found["put_off"]["cap_7_days"] > 500


@real
@pytest.mark.long
def test_one_step_on_another_day_is_noticed() -> None:
    text = preset_text("proposal-stage-map")
    changed = load_text(text.replace("at: 7d", "at: 8d"), "changed.yaml", {})
    found = backtest_files(changed, REAL, MAPPING, 90)
    assert alike(found)["owed"] != by_hand.backtest(str(REAL), 90, **STAGE_MAP)["owed"]


# --- what stands in each other's way --------------------------------------------------------------

AT_ONCE = """
playbook: test
rules:
  - id: sent
    when: {stage_entered: proposal}
    then:
      - create_tasks:
          - {id: day-3, at: 3d, task: call, template: t, subject: Three}
          - {id: day-7, at: 7d, task: call, template: t, subject: Seven}
          - {id: day-14, at: 14d, task: call, template: t, subject: Fourteen}
          - {id: day-21, at: 21d, task: call, template: t, subject: Twenty-one}
templates: {t: {decides: Is it decided?, body: Ask.}}
"""
ONCE = {"settle": 5, "again": False, "goal": ()}
LIMITS = {"budget": "rep_daily_tasks", "week": "cap_7_days", "month": "cap_30_days",
          "merge": "merge"}  # fmt: skip
LIMITED: list[tuple[bool, dict[str, int | bool]]] = [
    (False, {"budget": 2, "merge": True}),
    (False, {"month": 2}),
    (False, {"budget": 3, "week": 1, "month": 3}),
    (True, {"budget": 4}),
    (True, {"budget": 2, "merge": True}),
]
"""Tasks all at once, or each on the morning of its day; and what limits them."""

CODES = {"budget": "rep_budget", "merge": "merge", "week": "cap_7_days", "month": "cap_30_days"}


def both(
    folder: Path, days: int, at_once: bool, given: dict[str, int | bool]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures of the product, and by hand, under limits."""
    limits = {"budget": None, "week": None, "month": None, "merge": False, **given}
    settings = Settings.model_validate({LIMITS[name]: limits[name] for name in LIMITS})
    book = load_text(AT_ONCE, "t.yaml", {}) if at_once else preset("proposal")
    found = backtest_files(book, folder, MAPPING, days, settings)
    terms: dict[str, Any] = ONCE if at_once else {**PROPOSAL, "high": (3,)}
    said = by_hand_limits.backtest(str(folder), days, **terms, at_once=at_once, **limits)
    own = {**alike(found), "put_off": found["put_off"]}
    return {name: own[name] for name in said}, said


@pytest.mark.feature("P16")
@pytest.mark.parametrize(("at_once", "given"), LIMITED)
def test_what_limits_put_off_agrees_with_its_reading_by_hand(
    tmp_path: Path, at_once: bool, given: dict[str, int | bool]
) -> None:
    found, said = both(write_many(tmp_path, seed=4), 70, at_once, given)
    assert found == said
    # Tasks that a rule asks for at once wait for no other; all else that limits shows.
    assert set(said["put_off"]) == {CODES[one] for one in given} - ({"merge"} if at_once else set())
    assert min(said["put_off"].values()) >= 3


@real
@pytest.mark.long
@pytest.mark.parametrize(("at_once", "given"), LIMITED)
def test_what_limits_put_off_agrees_on_a_real_pipeline(
    at_once: bool, given: dict[str, int | bool]
) -> None:
    found, said = both(REAL, 90, at_once, given)
    assert found == said
    assert sum(said["put_off"].values()) > 300


@real
@pytest.mark.long
def test_the_limits_that_nobody_changed_agree_on_a_real_pipeline() -> None:
    """So the figures of the command, without an option, are those of the files."""
    limits = {"budget": 40, "merge": True, "week": 7, "month": 20}
    found = backtest_files(preset("proposal"), REAL, MAPPING, 120)
    said = by_hand_limits.backtest(
        str(REAL), 120, **PROPOSAL, high=(3,), at_once=False, **limits
    )
    own = {**alike(found), "put_off": found["put_off"]}
    assert {name: own[name] for name in said} == said
    assert said["put_off"]


def test_the_reading_by_hand_knows_nothing_of_the_product() -> None:
    known = {"csv", "gzip", "json", "collections", "datetime", "zoneinfo"}
    assert imports(by_hand.__file__) == known
    more = {"csv", "heapq", "collections", "datetime", "tests.lanes.by_hand"}
    assert imports(by_hand_limits.__file__) == more


def imports(file: str) -> set[str]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


# --- a case small enough for a sheet of paper -----------------------------------------------------

@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_small(tmp_path)


@pytest.mark.feature("P16")
def test_a_case_counted_on_paper(small: Path) -> None:
    found = backtest_files(preset("proposal-stage-map"), small, MAPPING, 30)
    # a: days 3, 7, 14 owed, day 21 after the end. b: days 3 and 7, then 14 and 21 too late.
    # c: like a. d: lost on day 2, all four too late. e: never begun.
    assert found["rules"][0]["fired"] == 4
    assert [(step["step"], step["owed"], step["stopped"]) for step in found["steps"]] == [
        ("day-3", 3, {"closed_lost": 1}),
        ("day-7", 3, {"closed_lost": 1}),
        ("day-14", 2, {"closed_lost": 1, "stage_left": 1}),
        ("day-21", 0, {"closed_lost": 1, "stage_left": 1}),
    ]
    assert (found["owed"], found["ahead"], found["moved_on"]) == (8, 2, 6)
    assert found["tasks_per_record"] == {"mean": 2.67, "max": 3}
    # b belongs to 7 and c to 8 by their first call; a to nobody. Days 3, 7 and 14 are the Thursday
    # and two Mondays: never two of them in one week.
    assert {rep["name"]: (rep["owed"], rep["most_in_a_week"]) for rep in found["reps"]} == {
        "nobody": (3, 1), "8": (3, 1), "7": (2, 1),
    }  # fmt: skip
    # Judged are days 3 and 7: a is quiet after both; something happens on b and c within 7 days.
    assert found["missed"] == {
        "days": 7, "records": 1, "of_records": 3, "steps": 2, "of_steps": 6,
    }  # fmt: skip
    assert alike(found) == by_hand.backtest(str(small), 30, **STAGE_MAP)


CALLS = """
playbook: test
rules:
  - id: sent
    when: {stage_entered: proposal}
    then:
      - create_tasks:
          - {id: one, at: 1d, task: call, template: t, subject: One}
          - {id: two, at: 2d, task: call, template: t, subject: Two}
templates: {t: {decides: Is it decided?, body: Ask.}}
"""


def test_a_full_day_puts_steps_off_and_says_so(small: Path) -> None:
    """One task a day. a and d are both nobody's: of their four tasks the first has the 4th, the
    others move to the 5th, 6th and 7th; d is lost on the 5th at 10:00."""
    settings = Settings.model_validate({"rep_daily_tasks": 1, "settle_ms": 60_000})
    found = backtest_files(load_text(CALLS, "t.yaml", {}), small, MAPPING, 30, settings)
    assert found["put_off"] == {"rep_budget": 3}
    assert (found["owed"], found["stopped"]) == (7, {"closed_lost": 1})


def test_a_cap_puts_off_and_what_waits_may_lose_its_reason(small: Path) -> None:
    """One touch a week for each person: the second waits for the 10th, when d is lost already."""
    settings = Settings.model_validate({"cap_7_days": 1, "settle_ms": 60_000})
    found = backtest_files(load_text(CALLS, "t.yaml", {}), small, MAPPING, 30, settings)
    assert found["put_off"] == {"cap_7_days": 4}
    assert (found["owed"], found["stopped"]) == (7, {"closed_lost": 1})


def test_rules_on_what_the_files_do_not_tell_are_named(small: Path) -> None:
    found = backtest_files(preset("post-meeting"), small, MAPPING, 30)
    assert found["not_judged"]
    assert all(rule["rule"].startswith("post-meeting/") for rule in found["not_judged"])
    idle = backtest_files(preset("idle-deal"), small, MAPPING, 30)
    assert idle["not_judged"] == []
    # Silent for 7 days: a and b from 10 October (d is closed, e from its creation), c since its
    # call. All by their last call or creation at 8:00.
    assert {rule["rule"]: rule["fired"] for rule in idle["rules"]}["idle-deal/idle-7"] >= 4


LATER = """
playbook: test
rules:
  - id: sent
    when: {stage_entered: proposal}
    then: [{enrol: first}]
  - id: back
    when: {recycled: first}
    then: [{create_tasks: [{id: again, at: 1h, task: call, template: t, subject: Again}]}]
sequences:
  - id: first
    steps:
      - {id: one, at: 1d, task: call, template: t, subject: One, then: {recycle: 5d}}
templates: {t: {decides: Is it decided?, body: Ask.}}
"""


def test_what_is_put_off_to_a_date_comes_back_on_it(small: Path) -> None:
    """The first call is done on the 4th, so a, b and c come back on the 9th; d is lost by then."""
    found = backtest_files(load_text(LATER, "t.yaml", {}), small, MAPPING, 30)
    assert {rule["rule"]: rule["fired"] for rule in found["rules"]} == {
        "test/sent": 4, "test/back": 3,
    }  # fmt: skip
    owed = {step["step"]: (step["owed"], step["ahead"]) for step in found["steps"]}
    assert owed == {"one": (4, 0), "again": (3, 0)}


STEERED = """
playbook: test
rules:
  - id: sent
    when: {stage_entered: proposal}
    then: [{enrol: first}]
sequences:
  - id: first
    steps:
      - {id: one, at: 1d, task: call, template: t, subject: One}
      - id: answer
        wait: {until: {replied: any}, timeout: 3d}
        then: [{id: thanks, task: call, template: t, subject: Thanks}]
        else: [{id: again, task: call, template: t, subject: Again}]
    exits: {replied: off}
templates: {t: {decides: Is it decided?, body: Ask.}}
"""


def test_a_wait_that_the_files_cannot_tell_of_times_out(small: Path) -> None:
    """No reply stands in such files, so a, b and c go on by `else`; d is lost before that."""
    found = backtest_files(load_text(STEERED, "t.yaml", {}), small, MAPPING, 30)
    owed = {step["step"]: step["owed"] for step in found["steps"]}
    assert owed == {"one": 4, "thanks": 0, "again": 3}
    assert any("answer" in str(one) for one in found["not_judged"])


PACED = """
playbook: test
rules:
  - id: sent
    when: {stage_entered: proposal}
    then: [{enrol: first}]
sequences:
  - id: first
    pace: [{if: {field: deal.stage_kind, op: "==", value: proposal}, times: TIMES}]
    steps:
      - {id: one, at: 1d, task: call, template: t, subject: One}
templates: {t: {decides: Is it decided?, body: Ask.}}
"""


@pytest.mark.parametrize(("times", "owed"), [("1", 4), ("6", 3)])
def test_a_pace_is_replayed(small: Path, times: str, owed: int) -> None:
    """Within a day all four are called; six days later d is lost."""
    book = load_text(PACED.replace("TIMES", times), "t.yaml", {})
    found = backtest_files(book, small, MAPPING, 30)
    assert {step["step"]: step["owed"] for step in found["steps"]} == {"one": owed}


def test_what_roles_did_is_not_in_such_files(small: Path) -> None:
    found = backtest_files(preset("silent-buyer"), small, MAPPING, 30)
    said = {(one["rule"], one["signal"]) for one in found["not_judged"]}
    assert ("silent-buyer/met-without-buyer", "the role Champion") in said
    assert ("silent-buyer/to-the-buyer", "the role Budget holder") in said
