"""A firm's year with all that happens to it, audited by what stands in its CRM."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from demo.processes import ROOT
from demo.year_checks import CHECKS


def play(*options: str, minutes: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "demo.year", "--json", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=60 * minutes, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_some_weeks_of_a_firm_in_turmoil_break_nothing() -> None:
    figures = play("--deals", "30", "--weeks", "2.5", "--seed", "4", "--deeds", "5", minutes=5)
    assert set(figures["checked"]) == set(CHECKS)
    assert min(figures["checked"].values()) > 0
    assert sum(figures["upheavals"].values()) >= 25
    assert figures["tasks"]["completed"] > 20


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_a_year_of_two_hundred_deals_breaks_nothing(seed: int) -> None:
    play("--deals", "200", "--weeks", "26", "--seed", str(seed), minutes=60)


@pytest.mark.long
def test_a_year_of_two_thousand_deals_breaks_nothing() -> None:
    figures = play("--deals", "2000", "--weeks", "52", minutes=240)
    assert figures["deals"] >= 2_000
    assert figures["app_memory_mb"] < 500
