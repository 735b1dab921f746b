"""A real pipeline of 6,426 loan applications, replayed: the CRM agrees with the files row by row.

What is owed comes from `owed`, which knows the files and the calendar and no line of the product.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.processes import ROOT
from tests.scenarios import owed

DATA = ROOT.parent / "shared" / "data" / "bpic2012"
MAPPING = ROOT / "imports" / "bpic2012.yaml"
PLAYBOOK = ROOT / "sequence_defs" / "proposal-stage-map.yaml"
ZONE = "Europe/Amsterdam"
PART = 2_500
"""Deals of the run with a changed step: enough to differ by more than a thousand rows."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (DATA / "events.csv.gz").exists(),
        reason=f"the BPI Challenge 2012 files are not in {DATA}; they are no part of the product",
    ),
]


def replay(data: Path, folder: Path, *options: str) -> tuple[int, dict[str, Any], list[owed.Row]]:
    """Exit status, figures and tasks of one run of the demo."""
    export = folder / "export.json"
    command = [
        sys.executable, "-m", "demo", "--data", str(data), "--mapping", str(MAPPING),
        "--exit", "--json", "--export", str(export), *options,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=3_600, check=False
    )
    assert done.stdout, done.stderr[-3_000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, figures, owed.tasks(str(export), "Application ")


def test_the_crm_agrees_with_the_files_row_by_row(tmp_path: Path) -> None:
    entries, last = owed.stage_entries(str(DATA))
    expected = owed.owed(entries, last, ZONE)
    status, figures, found = replay(DATA, tmp_path)
    assert len(expected) > 5_000
    assert owed.differing(found, expected) == 0
    assert found == expected
    assert status == 0
    assert (figures["duplicates"], figures["missing"], figures["http_429"]) == (0, 0, 0)
    assert figures["tasks_created"] == len(expected)


def test_one_step_on_another_day_is_noticed(tmp_path: Path) -> None:
    """The app told 8 days where the map says 7: the CRM differs by more than a thousand rows."""
    part = first_deals(tmp_path)
    text = PLAYBOOK.read_text(encoding="utf-8")
    assert text.count("at: 7d") == 1
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace("at: 7d", "at: 8d"), encoding="utf-8")
    entries, last = owed.stage_entries(str(part))
    expected = owed.owed(entries, last, ZONE)
    status, _, found = replay(part, tmp_path, "--playbook", str(changed))
    assert owed.differing(found, expected) > 1_000
    assert [row for row in found if row[2] != 7] == [row for row in expected if row[2] != 7]
    # The demo's own checker sees it as well.
    assert status == 1


def first_deals(folder: Path, number: int = PART) -> Path:
    """The same files with the deals that came first alone."""
    part = folder / "part"
    part.mkdir()
    with (DATA / "deals.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[: number + 1]
    with (part / "deals.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    kept = {row[0] for row in rows[1:]}
    with (
        gzip.open(DATA / "events.csv.gz", "rt", newline="", encoding="utf-8") as source,
        gzip.open(part / "events.csv.gz", "wt", newline="", encoding="utf-8") as target,
    ):
        writer = csv.writer(target)
        for number, row in enumerate(csv.reader(source)):
            if not number or row[0] in kept:
                writer.writerow(row)
    return part
