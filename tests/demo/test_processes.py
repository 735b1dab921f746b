"""A demo's servers end with it, and what went wrong with one is told with its log."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.processes import ROOT, Child, DemoError, Servers

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def ends(pid: int) -> bool:
    """Whether a process ends; waits for it, and not longer than a stuck one deserves."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    return bool(ready)


def test_a_child_takes_its_own_children_with_it(tmp_path: Path) -> None:
    grandchild = (
        "import subprocess\n"
        f"child = subprocess.Popen({SLEEPER!r})\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    log = tmp_path / "log"
    child = Child("test", [sys.executable, "-c", grandchild], os.environ, log)
    while not log.read_text().endswith("\n"):
        child.check()
    pid = int(log.read_text())
    os.kill(pid, 0)  # it lives
    child.stop()
    assert ends(pid)


def test_a_server_that_ends_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no room left'); raise SystemExit(3)"]
    child = Child("app", command, os.environ, tmp_path / "log")
    with pytest.raises(DemoError, match="ended with status 3") as caught:
        child.wait_for("http://127.0.0.1:9/")
    assert "no room left" in str(caught.value)
    child.stop()


def test_logs_stay_after_a_failure_and_go_after_a_success() -> None:
    with Servers(["--deals", "1"]) as good:
        pass
    assert not good.folder.exists()
    bad = Servers(["--deals", "1"])
    with pytest.raises(DemoError, match="gone wrong"), bad:
        raise DemoError("gone wrong")
    assert (bad.folder / "sandbox.log").exists()
    for file in bad.folder.iterdir():
        file.unlink()
    bad.folder.rmdir()


def test_nothing_of_the_callers_own_installation_shines_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://production/")
    monkeypatch.setenv("HUBSPOT_CLIENT_SECRET", "real")
    monkeypatch.setenv("FOLLOWTHROUGH_KEYS", "real")
    with Servers(["--deals", "1"]) as servers:
        environment = servers._environment()
    assert environment["DATABASE_URL"].startswith("sqlite:///")
    assert "real" not in environment.values()


def test_children_end_even_when_the_demo_is_killed() -> None:
    code = (
        "import os, time\n"
        "from demo.processes import Servers\n"
        "with Servers(['--deals', '1']) as servers:\n"
        "    print(servers._children[0]._process.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    demo = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    pid = int(demo.stdout.readline())
    demo.send_signal(signal.SIGKILL)
    demo.wait(10)
    demo.stdout.close()
    assert ends(pid)
