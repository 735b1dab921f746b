"""The commands on playbook files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.playbooks.codec import json_schema
from app.playbooks.loader import load_text
from app.playbooks.presets import preset, preset_ids, preset_text

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_validate_passes_sound_files(runner: CliRunner) -> None:
    files = [str(ROOT / "sequence_defs" / f"{name}.yaml") for name in preset_ids()]
    result = runner.invoke(main, ["validate", *files])
    assert result.exit_code == 0
    assert result.stdout.count("sound") == len(files)


def test_validate_prints_every_mistake_of_every_file(runner: CliRunner, tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("playbook: one\nrulez: []\n", encoding="utf-8")
    two.write_text("playbook: Two\nrules: []\n", encoding="utf-8")
    result = runner.invoke(main, ["validate", str(one), str(two), str(tmp_path / "none.yaml")])
    assert result.exit_code == 1
    assert f"{one}:2:1: rulez: unknown key `rulez`; did you mean `rules`?" in result.stderr
    assert f"{two}:1:11: playbook: 'Two' is not an id; did you mean `two`?" in result.stderr
    assert "none.yaml: cannot be read" in result.stderr


def test_validate_warns_of_what_is_only_odd(runner: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    text = preset_text("proposal").replace("email_subject: ", "email_subject: 'Re: ' #", 1)
    file.write_text(text, encoding="utf-8")
    result = runner.invoke(main, ["validate", str(file)])
    assert result.exit_code == 0
    line = 1 + text[: text.index("'Re: '")].count("\n")
    assert f"warning: {file}:{line}:" in result.stderr
    assert "the reader never wrote" in result.stderr


def test_schema_is_the_one_that_ships(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(main, ["schema"])
    assert json.loads(result.stdout) == json_schema()
    shipped = (ROOT / "sequence_defs/schema.json").read_text(encoding="utf-8")
    assert result.stdout == shipped, (
        "run bin/followthrough schema --output sequence_defs/schema.json"
    )
    runner.invoke(main, ["schema", "--output", str(tmp_path / "out.json")])
    assert (tmp_path / "out.json").read_text(encoding="utf-8") == shipped


def test_presets_are_listed_and_printed(runner: CliRunner) -> None:
    listed = runner.invoke(main, ["presets"]).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(preset_ids())
    (renewal,) = [line for line in listed.splitlines() if line.startswith("renewal")]
    assert renewal.endswith("Renewal of a contract (needs your data: deal.contract_end)")
    printed = runner.invoke(main, ["presets", "proposal"]).stdout
    assert load_text(printed, "x") == preset("proposal")


def test_an_unknown_preset_is_refused_with_the_choice(runner: CliRunner) -> None:
    result = runner.invoke(main, ["presets", "propsal"])
    assert result.exit_code == 2
    assert "inbound-lead" in result.stderr
