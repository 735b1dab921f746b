"""The manager's figures out of counted rows: shares, intervals, verdicts, what is too little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist, median, stdev
from typing import Any, ClassVar

import pytest

from app.feedback.advice import Edit, advice
from app.feedback.board import TITLES, figures, pipeline, sequences, speed, today
from app.feedback.board.taken import WEEK, became
from app.feedback.counted import Counted, Names, Row, StageName, StepName, Taken
from app.feedback.daytime import by_daytime
from app.feedback.figures import ENOUGH, TOO_FEW, Figure, level, mean_interval, rate_cell, spread
from app.feedback.proportions import Share, wilson
from app.feedback.verdicts import Worth, worth
from app.lanes.measuring import PAGES
from app.lanes.measuring_names import terms_of
from app.model.time import DAY, HOUR
from app.playbooks.presets import preset
from app.store.measured.stays import Term

NAMES = Names(
    people={"a": "Ada", "b": "Ben"},
    teams={"a": "North", "b": "North"},
    stages={"p": StageName("Proposal", "proposal", 1), "n": StageName("New", "new", 0)},
    pipelines={"x": "Sales"},
    sequences={"pb/seq": "Cadence"},
    steps={(1, "pb/seq", "s1"): StepName("Call", "call-text", "call", 0)},
)


def board(names: Names = NAMES, **rows: list[dict[str, Any]]) -> Counted:
    return Counted(rows, names, 60, 1_795_000_000_000)


def line(figure: Figure, name: str) -> dict[str, Any]:
    first = figure.columns[0].key
    return dict(next(one.cells for one in figure.lines if one.cells[first] == name))


@pytest.mark.parametrize("page", TITLES)
def test_a_page_of_nothing_says_so(page: str) -> None:
    assert set(TITLES) == set(PAGES)
    for figure in figures(page, board()):
        assert figure.means
        assert figure.sample == 0
        for one in figure.lines:
            assert set(one.cells) >= {column.key for column in figure.columns}, figure.key


class Asked(Counted):
    """What a page asks for, which a count that the page has not would answer with nothing."""

    asked: ClassVar[set[str]] = set()

    def of(self, source: str, **where: Any) -> list[Row]:
        self.asked.add(source)
        return super().of(source, **where)


@pytest.mark.parametrize("page", TITLES)
def test_a_page_counts_all_that_its_figures_ask_for(page: str) -> None:
    Asked.asked.clear()
    # One deal closed, so that the lines of its pipeline are asked for as well.
    rows = {name: [] for name in PAGES[page]}
    if "closed" in rows:
        rows["closed"] = [{
            "owner_id": "a", "pipeline_id": "x", "followed": 0, "n": 1, "hit": 1, "amount": 1.0,
            "unknown": 0,
        }]  # fmt: skip
    figures(page, Asked(rows, NAMES, 60, 1_795_000_000_000))
    by_owner = {"load"} if page == "today" else set()  # today's rows by rep are grouped by owner
    assert Asked.asked | by_owner == set(PAGES[page])


@pytest.mark.parametrize(
    ("hits", "n", "verdict"),
    [
        (0, 29, Worth.TOO_FEW), (0, 30, Worth.MAYBE), (0, 188, Worth.MAYBE), (0, 189, Worth.DROP),
        (1, 50, Worth.KEEP), (1, 51, Worth.MAYBE), (9, 30, Worth.KEEP), (10, 2_000, Worth.DROP),
    ],
)  # fmt: skip
def test_a_touch_is_dropped_only_where_its_whole_interval_is_under_two_percent(
    hits: int, n: int, verdict: Worth
) -> None:
    assert worth(Share(hits, n)) is verdict
    if verdict is Worth.DROP:
        assert wilson(Share(hits, n))[1] < 0.02


def test_a_share_of_few_is_none() -> None:
    few, enough = rate_cell(Share(3, ENOUGH - 1)), rate_cell(Share(3, ENOUGH))
    assert (few["rate"], few["low"], few["high"]) == (None, None, None)
    assert (few["hits"], few["n"]) == (3, 9)
    assert enough["rate"] == 0.3
    assert enough["low"] < 0.3 < enough["high"]


def test_a_spread_is_what_the_values_have() -> None:
    values = [1.0, 2.0, 4.0, 8.0, 16.0]
    found = spread(reversed(values))
    assert (found.n, found.median, found.low, found.high) == (5, median(values), 2.0, 8.0)
    assert found.deviation == pytest.approx(stdev(values))
    assert spread([7]).median == 7
    assert spread([7]).deviation is None
    assert spread([]).median is None
    assert mean_interval(found) is None, "too few"
    many = values * 10
    between = mean_interval(spread(many))
    assert between is not None
    wide = NormalDist().inv_cdf(0.975) * stdev(many) / len(many) ** 0.5
    assert between[1] - between[0] == pytest.approx(2 * wide, rel=1e-3)


@pytest.mark.parametrize(("rate", "deep"), [(None, 0), (0.0, 0), (0.01, 1), (0.2, 2), (0.4, 3)])
def test_a_cell_of_the_map_is_deeper_the_more_it_holds(rate: float | None, deep: int) -> None:
    assert level(rate) == deep


def test_reps_and_teams_add_up() -> None:
    rows = {
        "completion": [
            {"owner_id": "a", "week": 0, "n": 12, "hit": 9, "on_time": 6},
            {"owner_id": "b", "week": 1, "n": 8, "hit": 2, "on_time": 1},
        ],
        "silent_14": [{"owner_id": "a", "stage_id": "p", "n": 4, "hit": 1}],
        "covered": [{"owner_id": "a", "stage_id": "p", "n": 4, "hit": 3}],
        "overdue": [{"owner_id": None, "n": 2, "due": 2, "hit": 2}],
        "load": [{"owner_id": "b", "what": "coming", "n": 5},
                 {"owner_id": "b", "what": "open", "n": 1}],
    }  # fmt: skip
    found = {figure.key: figure for figure in today.figures(board(**rows))}
    ada, ben = line(found["reps"], "Ada"), line(found["reps"], "Ben")
    north = line(found["teams"], "North")
    assert (ada["completion"]["hits"], ben["completion"]["hits"]) == (9, 2)
    assert (north["completion"]["hits"], north["completion"]["n"]) == (11, 20)
    assert (ada["silent"]["hits"], ada["bare"]["hits"], ben["coming"]) == (1, 1, 5)
    assert [one.cells["rep"] for one in found["reps"].lines][-1] == "nobody"
    assert line(found["teams"], "no team")["overdue"] == 2
    weeks = found["completion"]
    assert weeks.lines[-1].cells["due"] == 12
    assert weeks.chart is not None
    assert [value for _, value, _ in weeks.chart.points] == [0.25, 0.75]


def test_what_has_not_happened_yet_is_not_within_the_time() -> None:
    rows = [{"owner_id": "a", "what": "deal", "n": 12, "values": [HOUR, HOUR + 1, DAY, DAY + 1]}]
    cells = line(speed.first_contact(board(first_contact=rows)), "Deals")
    assert (cells["hour"]["hits"], cells["day"]["hits"], cells["never"]["hits"]) == (1, 3, 8)
    assert cells["hour"]["n"] == 12
    assert cells["median"] == (HOUR + 1 + DAY) / 2


def test_velocity_needs_closed_deals_and_known_amounts() -> None:
    closed = [{"owner_id": "a", "pipeline_id": "x", "followed": 0, "n": 10, "hit": 4,
               "amount": 900.0, "unknown": 1}]  # fmt: skip
    rows = {
        "closed": closed,
        "cycles": [{"owner_id": "a", "pipeline_id": "x", "n": 4, "values": [10 * DAY] * 4}],
        "pipeline": [{"owner_id": "a", "pipeline_id": "x", "n": 20, "amount": 5000.0,
                      "unknown": 0}],
    }  # fmt: skip
    found = {figure.key: figure for figure in pipeline.figures(board(**rows))}["velocity"]
    cells = line(found, "Sales")
    assert cells["mean"] == 300.0, "of the three whose amount is known"
    assert cells["speed"] == pytest.approx(20 * 300.0 * 0.4 / 10)
    assert "1 deals have no amount" in found.note
    few = [{**closed[0], "n": 9}]
    found = {f.key: f for f in pipeline.figures(board(**{**rows, "closed": few}))}["velocity"]
    assert line(found, "Sales")["speed"] is None
    assert found.note.startswith(TOO_FEW)


def test_cost_of_acquisition_is_told_to_whom_it_was_told() -> None:
    rows = [{"owner_id": "a", "pipeline_id": "x", "followed": 0, "n": 10, "hit": 4,
             "amount": 900.0, "unknown": 0}]  # fmt: skip
    names = Names(pipelines={"x": "Sales"}, currency="EUR", cost=6_000.0)

    def note(everybody: bool) -> str:
        counted = Counted({"closed": rows}, names, 60, 0, everybody=everybody)
        return {figure.key: figure for figure in pipeline.figures(counted)}["velocity"].note

    assert "3,000 EUR for each deal won" in note(True)
    assert "Cost" not in note(False), "a manager's team did not cost the whole"


def test_times_are_those_of_the_account() -> None:
    hour = 496_000 * 24 + 23  # 23:00 UTC is 8 in the morning of the next day in Tokyo
    rows = [{"owner_id": "a", "hour": hour, "n": 2, "hit": 1}] * 2
    (utc,) = by_daytime(rows, "UTC")
    (tokyo,) = by_daytime(rows, "Asia/Tokyo")
    assert (utc["n"], utc["hit"]) == (4, 2)
    assert (utc["band"], tokyo["band"]) == (5, 0)
    assert tokyo["weekday"] == (utc["weekday"] + 1) % 7
    figure = sequences.hours(board(hours=[tokyo]))
    assert [one.cells["when"] for one in figure.lines][-1] == "before 9"


def test_advice_is_given_only_where_it_is_sure() -> None:
    def found(n: int, hit: int) -> list[str]:
        counted = board(
            silence_map=[{"owner_id": "a", "stage_id": "p", "bucket": 0, "n": n, "hit": hit}]
        )
        return [one.found for one in advice(counted)]

    assert found(100, 40) == ["Proposal: 40 of 100 stays went silent for 14 days."]
    assert found(29, 29) == [], "too few"
    assert found(40, 12) == [], "the interval reaches below a quarter"
    silent = board(
        answered=[{"owner_id": "a", "definition": "pb/seq", "version_id": 1, "step": "s1",
                   "number": 1, "n": 200, "hit": 0}],
        steps=[{"owner_id": "a", "definition": "pb/seq", "version_id": 1, "step": "s1",
                "fate": fate, "n": n} for fate, n in (("deleted", 40), ("done", 60), ("moot", 9))],
    )  # fmt: skip
    drop, deleted = advice(silent)
    assert "0 of 200 answered, which is under 2 %" in drop.found
    assert "reps deleted 40 of 100" in deleted.found


def test_advice_names_the_edit_that_it_implies() -> None:
    steps = {(version, "pb/seq", f"s{n}"): StepName(f"S{n}", "t", "call", n)
             for version in (1, 2) for n in range(4)}  # fmt: skip

    def rows(hits: Sequence[int]) -> list[dict[str, Any]]:
        return [{"owner_id": "a", "definition": "pb/seq", "version_id": 2, "step": f"s{n}",
                 "number": n + 1, "n": 300, "hit": hit} for n, hit in enumerate(hits)]  # fmt: skip

    def edits(*hits: int) -> list[str]:
        counted = board(replace(NAMES, steps=steps), answered=rows(hits))
        return [one.edit.key for one in advice(counted) if one.edit is not None]

    assert edits(30, 0, 30, 30) == ["drop:seq:s1"]
    assert edits(30, 30, 0, 0) == ["stop:seq:s2"], "both last ones at once"
    assert edits(0, 30, 0, 0) == ["stop:seq:s2", "drop:seq:s0"]
    assert edits(30, 30, 30, 0) == ["drop:seq:s3"]
    assert edits(0, 0, 0, 0) == [f"drop:seq:s{n}" for n in range(4)], "something has to stay"
    assert edits(30, 30, 0) == ["drop:seq:s2"], "of the fourth nothing is known yet"
    silent = [{"owner_id": "a", "stage_id": "p", "bucket": 0, "n": 100, "hit": 40}]
    (one,) = advice(board(silence_map=silent))
    assert one.edit == Edit("idle-deal", "silence:proposal", "silence", "p")
    live = replace(NAMES, silence_rules={"proposal": "ours/quiet"})
    (one,) = advice(board(live, silence_map=silent))
    assert one.edit == Edit("ours", "sooner:quiet", "silence", "p")


def test_what_became_of_advice_is_said_only_where_it_is_sure() -> None:
    def told(measure: str, of: str, before: tuple[int, int], **rows: Any) -> tuple[Any, str]:
        one = Taken("It was seen.", "drop:seq:s1", "pb", measure, of, Share(*before), 10 * WEEK,
                    "ada@example.com", 7)  # fmt: skip
        (only,) = became(board(replace(NAMES, taken=[one]), **rows)).lines
        return only.cells["after"], only.cells["verdict"]

    def answered(version: int, n: int, hit: int) -> dict[str, Any]:
        return {"owner_id": "a", "definition": "pb/seq", "version_id": version, "step": "s0",
                "number": 1, "n": n, "hit": hit}  # fmt: skip

    old = answered(6, 100, 0)
    after, said = told("answered", "pb/seq", (5, 300), answered=[old, answered(7, 200, 40)])
    assert (after["hits"], after["n"], said) == (40, 200, "more answers")
    assert told("answered", "pb/seq", (5, 300), answered=[answered(8, 29, 29)])[1] == TOO_FEW
    assert told("answered", "pb/seq", (5, 300), answered=[old])[0]["n"] == 0, "of before alone"
    same = told("answered", "pb/seq", (30, 300), answered=[answered(7, 100, 11)])
    assert same[1] == "no difference to be seen"
    stays = [{"owner_id": "a", "stage_id": "p", "week": week, "n": 60, "hit": hit}
             for week, hit in ((10, 60), (11, 3))]  # fmt: skip
    after, said = told("silence", "p", (40, 60), silence_weeks=stays)
    assert (after["n"], said) == (60, "less silence")
    fates = [{"owner_id": "a", "definition": "pb/seq", "version_id": 7, "step": "s0",
              "fate": fate, "n": n} for fate, n in (("deleted", 50), ("done", 10), ("moot", 90))]
    assert told("deleted", "pb/seq", (10, 60), steps=fates)[1] == "more tasks deleted"
    done = Taken("", "silence:proposal", "idle-deal", "silence", "p", Share(1, 2), 0, "a", 1)
    silent = [{"owner_id": "a", "stage_id": "p", "bucket": 0, "n": 100, "hit": 40}]
    assert advice(board(replace(NAMES, taken=[done]), silence_map=silent)) == [], "it was done"


def test_the_playbook_says_what_stages_owe() -> None:
    found = terms_of(preset("stage-sla"))
    assert [one for one in found if one.kind == "proposal"] == [
        Term("proposal", 3 * DAY), Term("proposal", 7 * DAY, 3 * DAY),
        Term("proposal", 14 * DAY, 7 * DAY),
    ]  # fmt: skip
    assert Term("new", 4 * HOUR) in found
    assert Term("qualified", 3 * DAY, meeting=True) in found
    assert [one for one in found if one.kind == "negotiation"] == [
        Term("negotiation", (n + 1) * 3 * DAY, n * 3 * DAY) for n in range(3)
    ]
    assert {one.kind for one in found} == {
        "new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost",
    }  # fmt: skip
