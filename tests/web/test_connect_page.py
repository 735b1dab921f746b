"""docs/connect_hubspot.md names only what there is: commands, pages, files, variables, scopes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from app.cli.main import main
from app.installations.config import VARIABLES
from app.playbooks.presets import preset_ids
from tests.web.support import Served

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connect_hubspot.md").read_text()
README = (ROOT / "README.md").read_text()
AUTH = json.loads((ROOT / "manifest/hubspot/src/app/app-hsmeta.json").read_text())["config"]["auth"]


def test_every_command_of_ours_exists() -> None:
    context = click.Context(main)
    known = set(main.list_commands(context))
    for text in (PAGE, README):
        named = set(re.findall(r"bin/followthrough ([\w-]+)", text))
        assert named <= known
        for script in re.findall(r"(?<!venv/)\bbin/(\w+)", text):
            assert (ROOT / "bin" / script).exists(), script
    assert {"doctor", "keys", "signin"} <= set(re.findall(r"bin/followthrough ([\w-]+)", PAGE))
    options = {
        option for command in main.commands.values()
        for parameter in command.params for option in parameter.opts
    }  # fmt: skip
    ours = PAGE.split("## 8.")[1]
    assert set(re.findall(r"`(--[a-z]+)`", ours)) <= options


def test_every_page_and_file_exists(served: Served) -> None:
    rules = {rule.rule for rule in served.app.url_map.iter_rules()}
    paths = set(re.findall(r"`(/[a-z]+(?:/hubspot)?)`", PAGE))
    known = {rule.replace("<crm>", "hubspot") for rule in rules}
    assert paths <= known, paths - known
    assert "/connect/hubspot" in known
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    for file in ("src/hsprofile.example.json", "src/app/app-hsmeta.json"):
        assert (ROOT / "manifest" / "hubspot" / file).exists()
    assert "proposal" in preset_ids()


def test_the_environment_of_the_page_is_complete_and_known() -> None:
    from app.installations import doctor

    block = PAGE.split("<<'END'\n")[1].split("END\n")[0]
    told = dict(line.split("=", 1) for line in block.splitlines())
    assert set(told) <= set(VARIABLES)
    made = {"FOLLOWTHROUGH_KEYS": "", "SECRET_KEY": "k" * 40}  # what `keys` prints, but one
    config, found = doctor.environment({**made, **told})
    assert config is None
    assert len(found) == 1, "nothing else is missing"
    assert "FOLLOWTHROUGH_KEYS" in found[0].what


def test_the_table_of_scopes_is_that_of_the_manifest() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| (required|optional) \|", PAGE, re.M)
    told = [(scope, asked) for cell, asked in rows for scope in re.findall(r"`([^`]+)`", cell)]
    assert sorted(told) == sorted(
        [(scope, "required") for scope in AUTH["requiredScopes"]]
        + [(scope, "optional") for scope in AUTH["optionalScopes"]]
    )


def test_the_procfile_starts_what_the_page_starts() -> None:
    assert (ROOT / "Procfile").read_text() == "web: bin/serve\n"
    assert "connect_hubspot.md" in README
