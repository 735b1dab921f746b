"""The main job on every CRM, from installation to four weeks later, played and checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from demo.processes import ROOT
from demo.vendors import CRMS


@pytest.mark.long
@pytest.mark.parametrize("crm", CRMS)
def test_the_main_job(crm: str) -> None:
    command = [sys.executable, "-m", "demo", "--exit", "--json", "--deals", "10", "--crm", crm]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["tasks_created"] > 10
