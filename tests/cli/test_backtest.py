"""`bin/followthrough backtest` over CSV files: words, JSON, and what is said when it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from tests.lanes.small import write_small

MAPPING = Path(__file__).parents[2] / "imports" / "bpic2012.yaml"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_small(tmp_path)


def run(*options: str) -> Result:
    return CliRunner().invoke(main, ["backtest", *options])


@pytest.mark.feature("P16")
def test_words_and_json_say_the_same(small: Path) -> None:
    asked = ("--playbook", "proposal-stage-map", "--data", str(small), "--mapping", str(MAPPING))
    told = run(*asked, "--json", "--days", "30")
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    assert (found["owed"], found["moved_on"], found["missed"]["records"]) == (8, 6, 1)
    assert set(found["definitions"]) <= {*found, *found["rules"][0]}
    text = run(*asked, "--days", "30").output
    lines = {line.split("  ")[0].strip(): line.split() for line in text.splitlines()}
    assert "8" in lines["Steps owed"]
    assert "6" in lines["Of these, answered or moved on"]
    assert "the deal had left the stage" in text
    assert "Assumed: Every task counts as done" in text


def test_a_mapping_beside_the_files_goes_without_saying(small: Path) -> None:
    (small / "mapping.yaml").write_text(MAPPING.read_text(encoding="utf-8"), encoding="utf-8")
    assert run("--playbook", "proposal", "--data", str(small)).exit_code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--playbook", "nope"), "presets: "),
        (("--playbook", "proposal", "--mapping", "/nowhere.yaml"), "/nowhere.yaml"),
        (("--playbook", "proposal"), "say with --mapping"),
    ],
)
def test_what_is_wrong_is_named(small: Path, options: tuple[str, ...], said: str) -> None:
    if options[1] == "nope":
        options = (*options, "--mapping", str(MAPPING))
    told = run(*options, "--data", str(small))
    assert told.exit_code != 0
    assert said in told.output


def test_a_faulty_row_is_named_with_its_line(small: Path) -> None:
    with (small / "deals.csv").open("a", encoding="utf-8") as file:
        file.write("f,yesterday,100\n")
    told = run("--playbook", "proposal", "--data", str(small), "--mapping", str(MAPPING))
    assert told.exit_code == 1
    assert "deals.csv:7: created_at" in told.output
