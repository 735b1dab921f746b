"""The two servers of a demo, the sandbox and the app: started, watched, and never left behind."""

from __future__ import annotations

import base64
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from demo.vendors import CRMS, Crm

ROOT = Path(__file__).resolve().parent.parent
APP_ID = 4_801_207
CLIENT_ID = "followthrough-demo"
RATE_MULTIPLIER = 1_000
"""Weeks pass in a minute, so the vendor's limits are lifted on both sides by the same factor; the
budget's code still runs, and the sandbox still counts what it refuses."""

_START_S = 60
_STOP_S = 25
_PR_SET_PDEATHSIG = 1


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


class Child:
    """One server process with its log. Its whole process group ends with it."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                list(command),
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def wait_for(self, url: str) -> None:
        """Until `url` answers 200. Raises DemoError with the end of the log."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise self._trouble(f"ended with status {self._process.returncode}")
            with suppress(requests.RequestException):
                if requests.get(url, timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise self._trouble(f"did not answer at {url} within {_START_S} seconds")

    def check(self) -> None:
        """Raises DemoError if the process is gone."""
        if self._process.poll() is not None:
            raise self._trouble(f"ended with status {self._process.returncode}")

    def stop(self) -> None:
        """Ask it to end, then make it, and everything it started."""
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def memory_mb(self) -> int:
        """Resident memory of the whole process group, in MiB; 0 where the system does not tell."""
        kib = 0
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                if os.getpgid(int(folder.name)) == self._process.pid:
                    told = (folder / "status").read_text()
                    kib += sum(
                        int(line.split()[1])
                        for line in told.splitlines()
                        if line.startswith("VmRSS")
                    )
        return kib // 1024

    def _trouble(self, what: str) -> DemoError:
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        told = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
        return DemoError(f"the {self.name} {what}; the end of its log {self.log}:\n{told}")


def _end_with_parent() -> None:
    """Have the kernel end this process when the demo is killed and can clean up no more."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Servers:
    """Sandbox and app on free ports, with a folder of their own that goes when all went well."""

    def __init__(
        self, sandbox_options: Sequence[str], *, har: bool = False, crm: Crm = CRMS["hubspot"]
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="followthrough-demo-"))
        self.client_secret = secrets.token_urlsafe(32)
        self.sandbox_url = f"http://127.0.0.1:{_free_port()}"
        self.app_url = f"http://127.0.0.1:{_free_port()}"
        self.crm = crm
        self.keep = False
        self._options = [*sandbox_options, *(["--har"] if har else [])]
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        try:
            port = self.sandbox_url.rpartition(":")[2]
            command = [sys.executable, "-m", "sandbox", "--port", port, "--crm", self.crm.name]
            command += self._options
            self._start("sandbox", command)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def start_app(self) -> None:
        """Start the app once the sandbox serves; an import of thousands of deals takes that some
        seconds. Raises DemoError when one of them does not come up."""
        self._children[0].wait_for(f"{self.sandbox_url}/sandbox/time")
        bind = self.app_url.removeprefix("http://")
        command = [
            sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"),
            "--bind", bind, "app.web.server:app",
        ]  # fmt: skip
        self._start("app", command).wait_for(f"{self.app_url}/healthz")

    def check(self) -> None:
        """Raises DemoError if one of the servers is gone."""
        for child in self._children:
            child.check()

    def memory_mb(self) -> int:
        """Resident memory of the app, all its processes together, in MiB."""
        return self._children[-1].memory_mb()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in reversed(self._children):
            child.stop()
        failed = kind is not None and not issubclass(kind, KeyboardInterrupt)
        if failed or self.keep:
            self.keep = True
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, name: str, command: Sequence[str]) -> Child:
        child = Child(name, command, self._environment(), self.folder / f"{name}.log")
        self._children.append(child)
        return child

    def _environment(self) -> dict[str, str]:
        """The app's settings; nothing of the caller's own installation shines through."""
        vendors = tuple(f"{name.upper()}_" for name in CRMS)
        ours = ("FOLLOWTHROUGH_", "DATABASE_URL", "SECRET_KEY", "RATE_MULTIPLIER", *vendors)
        env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        env.update(
            PYTHONPATH=str(ROOT),
            PYTHONUNBUFFERED="1",
            FOLLOWTHROUGH_URL=self.app_url,
            FOLLOWTHROUGH_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            FOLLOWTHROUGH_SIMULATION=f"{self.sandbox_url}/sandbox",
            SECRET_KEY=secrets.token_urlsafe(48),
            DATABASE_URL=f"sqlite:///{self.folder / 'followthrough.db'}",
            RATE_MULTIPLIER=str(RATE_MULTIPLIER),
        )
        return env | self.crm.environment(self.sandbox_url, CLIENT_ID, self.client_secret)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
