"""The processes of a bench: started, asked, measured, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import orjson
import requests

ROOT = Path(__file__).resolve().parent.parent
_START_S = 60


class BenchError(Exception):
    """The bench cannot go on; the text says why and what to do."""


class Server:
    """A child process with all that it starts; `log` keeps what it says."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] = {}) -> None:
        self.log = log
        self._file = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family()
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(25)
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._file.close()

    def wait_for(self, url: str) -> None:
        """Until `url` answers 200. Raises BenchError with the end of the log."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"{self.log.name} ended:\n{self.log.read_text()[-2000:]}")
            with suppress(requests.RequestException):
                if requests.get(url, timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise BenchError(f"{url} did not answer:\n{self.log.read_text()[-2000:]}")

    def wait_listening(self, url: str) -> None:
        """Until `url` answers anything, for what has no page that says it is well."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                requests.get(url, timeout=5)
                return
            time.sleep(0.05)
        raise BenchError(f"{url} did not answer:\n{self.log.read_text()[-2000:]}")

    def ask(self, **order: Any) -> dict[str, Any]:
        """Send one order on its standard input; the answer."""
        self.tell(**order)
        return self.hear()

    def tell(self, **order: Any) -> None:
        """Send one order whose answer is heard later."""
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps(order) + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.log.name} ended:\n{self.log.read_text()[-2000:]}")
        return orjson.loads(line)

    def family(self) -> list[int]:
        """Its process id and those of all that it started; read from /proc, so on Linux only."""
        found = [self.process.pid]
        for pid in found:
            with suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                found.extend(int(child) for child in children.split())
        return found

    def cpu_s(self) -> float:
        """Processor seconds that it and all that it started have used so far."""
        ticks = 0
        for pid in self.family():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory that its largest process ever had resident."""
        peaks = [0.0]
        for pid in self.family():
            with suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                line = next(row for row in status.splitlines() if row.startswith("VmHWM"))
                peaks.append(int(line.split()[1]) / 1024)
        return max(peaks)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
