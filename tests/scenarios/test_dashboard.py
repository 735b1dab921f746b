"""The manager's figures beside a recount of what the CRM itself holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios import test_real_pipeline
from tests.scenarios.recount import DAY, Recount
from tests.scenarios.recounted import (
    CHECKS,
    Played,
    change_hands,
    judged,
    lost,
    play,
    rows,
    same,
    session,
    timed,
    took,
)
from tests.scenarios.test_real_pipeline import DATA, MAPPING, first_deals

PLAYBOOKS = ("proposal", "idle-deal", "inbound-lead", "post-meeting")


@pytest.fixture(scope="module")
def generated() -> Played:
    with session("--seed", "3", "--deals", "22") as begun:
        return play(begun, PLAYBOOKS, stirred=change_hands)


@pytest.mark.feature("M03")
@pytest.mark.feature("M05")
@pytest.mark.feature("L03")
@pytest.mark.feature("L04")
@pytest.mark.feature("L06")
@pytest.mark.feature("L07")
@pytest.mark.feature("L08")
@pytest.mark.feature("L09")
@pytest.mark.feature("L10")
@pytest.mark.feature("L12")
@pytest.mark.feature("T22")
def test_every_figure_is_what_the_crms_own_records_tell(generated: Played) -> None:
    same(generated)
    sizes = {
        figure["figure"]: figure["sample"]
        for page in generated.pages.values() for figure in page["figures"]
    }  # fmt: skip
    assert set(sizes) == set(CHECKS), "each figure has its recount, and each recount its figure"
    assert {name for name, n in sizes.items() if not n} <= {"advice", "taken"}, (
        "a figure of nothing shows nothing"
    )


@pytest.mark.feature("L01")
@pytest.mark.feature("L02")
def test_a_fresh_account_is_told_where_momentum_was_lost(generated: Played) -> None:
    """From the CRM's own past alone: nothing of ours has run yet."""
    counted = Recount(
        generated.before, generated.kinds, 60, connected=int(generated.before["now"])
    )
    page = generated.audit
    lost(page, counted, generated.stages)
    timed(page, counted)
    judged(page, counted)
    assert took(rows(page, "first_contact")[0]) == counted.first_contact("deal")
    meeting, proposal = rows(page, "followed_on")
    assert (took(meeting), took(proposal)) == (counted.after("meeting"), counted.after("proposal"))
    assert sum(row["share"]["hits"] for row in rows(page, "verdict")) > 0


REAL, REAL_DAYS = 150, 40
"""Deals of the real pipeline that are played, and for how long."""


def real(test: Any) -> Any:
    """Long, and skipped where the files are not there."""
    for mark in test_real_pipeline.pytestmark:
        test = mark(test)
    return test


@real
@pytest.mark.feature("L04")
def test_every_figure_is_what_a_real_pipelines_records_tell(tmp_path: Path) -> None:
    """Some of its deals for some weeks, with the times of every stage."""
    part = first_deals(tmp_path, REAL)
    with session("--data", str(part), "--mapping", str(MAPPING), replay=True) as begun:
        end = begun.sandbox.time()["now"] + REAL_DAYS * DAY
        played = play(begun, ("proposal-stage-map", "stage-sla"), end)
    assert len(played.after["deals"]) == REAL
    assert len(played.after["calls"]) > REAL
    same(played)


WHOLE = "FOLLOWTHROUGH_WHOLE_PIPELINE"
HALF_DAYS = 60
"""When the whole is looked at while most of it is open; at its end all of it is closed."""


@real
@pytest.mark.skipif(
    not os.environ.get(WHOLE),
    reason=f"all of its deals take ten minutes to an hour, twice; set {WHOLE}=1 to play them",
)
@pytest.mark.parametrize("days", [HALF_DAYS, 0])
@pytest.mark.feature("L04")
def test_every_figure_is_what_the_whole_pipelines_records_tell(days: int) -> None:
    with session("--data", str(DATA), "--mapping", str(MAPPING), replay=True) as begun:
        end = begun.sandbox.time()["now"] + days * DAY if days else 0
        played = play(begun, ("proposal-stage-map",), end)
    assert len(played.after["deals"]) > 5_000
    same(played)
