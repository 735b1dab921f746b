"""The demo as a visitor runs it: from nothing to a checked result, in one command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.processes import ROOT

KEYS = {
    "deals", "signals", "enrolments", "tasks_created", "engagements", "stopped", "dropped",
    "touches", "duplicates", "missing", "max_open_per_rep", "crm_calls", "crm_calls_per_touch",
    "http_429", "seconds",
}  # fmt: skip


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """Figures, what was told to people, and the folder with archive and export."""
    folder = tmp_path_factory.mktemp("demo")
    done = demo(
        "--exit", "--json", "--deals", "40", "--seed", "7", "--har", str(folder / "calls.har"),
        "--export", str(folder / "export.json"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stderr, folder


def test_the_last_line_is_the_figures(played: tuple[dict[str, Any], str, Path]) -> None:
    figures, told, _ = played
    assert set(figures) == KEYS
    assert (figures["duplicates"], figures["missing"], figures["http_429"]) == (0, 0, 0)
    assert figures["deals"] >= 40
    assert figures["touches"] > 40
    assert figures["engagements"] >= figures["tasks_created"] == figures["touches"]
    assert figures["stopped"]["replied"] > 0
    assert sum(figures["dropped"].values()) > 0
    assert figures["crm_calls_per_touch"] == round(figures["crm_calls"] / figures["touches"], 3)
    assert "Released the backlog of idle-deal/idle-7" in told
    assert "The checker read the CRM alone" in told


def test_the_archive_holds_calls_and_webhooks_and_no_secret(
    played: tuple[dict[str, Any], str, Path],
) -> None:
    figures, _, folder = played
    text = (folder / "calls.har").read_text()
    log = json.loads(text)["log"]
    assert log["version"] == "1.2"
    addresses = [entry["request"]["url"] for entry in log["entries"]]
    assert sum("/crm/" in address or "/oauth/" in address for address in addresses) >= (
        figures["crm_calls"] * 0.99
    )
    assert any("/webhooks/hubspot" in address for address in addresses)
    bearers = re.findall(r'"name": "Authorization", "value": "([^"]*)"', text)
    assert bearers
    assert set(bearers) == {"[masked]"}
    assert not re.search(r'\\"(access|refresh)_token\\":\s*\\"(?!\[masked\])', text)


def test_every_task_of_the_export_has_its_record(
    played: tuple[dict[str, Any], str, Path],
) -> None:
    """The checker's own count is not taken on trust: touch ids are counted here once more."""
    figures, _, folder = played
    crm = json.loads((folder / "export.json").read_text())
    ids = [
        task["properties"]["followthrough_touch_id"]
        for task in crm["tasks"]
        if task["properties"].get("followthrough_touch_id")
    ]
    assert len(ids) == len(set(ids)) == figures["engagements"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "x"], "--mapping"),
        (["--playbook", "pyproject.toml"], "--data"),
        (["--data", "x", "--mapping", "y", "--deals", "3"], "leave it out"),
        (["--deals", "0"], "x>=1"),
    ],
)
def test_options_that_do_not_fit_are_answered_with_a_sentence(
    options: list[str], said: str
) -> None:
    done = demo("--exit", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_folder_without_files_is_told_with_the_way_out() -> None:
    done = demo("--exit", "--data", "nowhere", "--mapping", "imports/bpic2012.yaml")
    assert done.returncode == 1
    assert "deals.csv" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
