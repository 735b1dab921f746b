"""The scripts that people and machines start: there, executable, and valid."""

from __future__ import annotations

import os
import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    "bin/setup",
    "bin/test",
    "bin/serve",
    "bin/demo",
    "bin/screenshots",
    "bin/followthrough",
    "bin/lock",
    ".ci/run",
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_executable_and_parses(name: str) -> None:
    path = ROOT / name
    assert os.access(path, os.X_OK)
    checked = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_stops_at_the_first_failure(name: str) -> None:
    assert "set -euo pipefail" in (ROOT / name).read_text(encoding="utf-8")


def test_requirements_are_locked_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and line.lstrip()[0] != "#"]
        assert len(lines) > 30
        assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_embedded_server_is_one_process() -> None:
    """A second process on the same database would drain the same lanes."""
    config = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert (config["workers"], config["worker_class"]) == (1, "gthread")
    assert config["preload_app"] is False
