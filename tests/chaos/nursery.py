"""Server processes that a test may kill: imported once, forked for each start, watched by a parent.

Runs as a process of its own and takes one JSON command a line on standard input. Importing app and
sandbox takes a second; forking a process that has done so takes milliseconds, which is what makes
dozens of kills and restarts affordable. What is forked are whole processes with their own threads,
connections and locks, and what kills the app is SIGKILL, sent by itself at an instant that the plan
names: no handler runs, no file is flushed, no lock is given back by hand.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import mmap
import os
import select
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
WRITES = (
    "/tasks/batch/create", "/tasks/batch/update", "/tasks/batch/archive", "/composite/sobjects",
    "POST /api/v2/activities", "PATCH /api/v2/activities", "DELETE /api/v2/activities",
)  # fmt: skip
"""Parts of the paths of calls that change the CRM's tasks."""


class Moments:
    """Counts the moments at which the app may die, over all its lives, and ends it at some.

    A moment is one of: a call to the CRM about to be sent, a call answered, a transaction about to
    be committed, a transaction committed. Each is a line of the log: number, kind, what.
    """

    def __init__(self, log: str, at: Sequence[int], at_answered_writes: Sequence[int]) -> None:
        """at: numbers of moments, from 0, counted from `arm` on. at_answered_writes: the same,
        counting only answers to calls that changed the CRM."""
        self._log = log
        self._at = frozenset(at)
        self._at_writes = frozenset(at_answered_writes)
        # Shared with the parent and every later child: a life goes on counting where one ended.
        self._shared = mmap.mmap(-1, 24)
        self._lock = threading.Lock()
        self._file = -1

    def begin_life(self) -> None:
        self._lock = threading.Lock()
        self._file = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def arm(self) -> None:
        """Count from now on: what comes before (the set-up) is not killed."""
        struct.pack_into("=qqq", self._shared, 0, 1, 0, 0)

    def pass_by(self, kind: str, what: str) -> None:
        with self._lock:
            armed, number, writes = struct.unpack_from("=qqq", self._shared, 0)
            if not armed:
                return
            is_write = kind == "answered" and any(path in what for path in WRITES)
            struct.pack_into("=qqq", self._shared, 0, 1, number + 1, writes + is_write)
            ends = number in self._at or (is_write and writes in self._at_writes)
            line = f"{number}\t{'KILL' if ends else '-'}\t{kind}\t{what}\n"
            os.write(self._file, line.encode())
            if ends:
                os.kill(os.getpid(), signal.SIGKILL)
                threading.Event().wait()  # the signal ends the process before this does


def hook(moments: Moments) -> None:
    """Let calls and commits of this process pass by `moments`."""
    from app.store.engine import Store
    from connectors.transport import Request, Transport

    send = Transport._send
    write = Store.write

    def sent(self: Transport, request: Request, authorization: str | None) -> Any:
        what = f"{request.method} {request.path}"
        moments.pass_by("sending", what)
        reply = send(self, request, authorization)
        moments.pass_by("answered", f"{what} {reply.status}")
        return reply

    @contextmanager
    def written(self: Store, urgent: bool = False) -> Generator[Any]:
        what = _caller()
        with write(self, urgent) as connection:
            yield connection
            moments.pass_by("committing", what)
        moments.pass_by("committed", what)

    Transport._send = sent  # type: ignore[method-assign]
    Store.write = written  # type: ignore[method-assign]


def _caller() -> str:
    """The function whose transaction it is: the nearest frame outside of the store's machinery."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        file = frame.f_code.co_filename
        if "contextlib" not in file and not file.endswith(("engine.py", "nursery.py")):
            return f"{Path(file).stem}.{frame.f_code.co_name}"
    return "?"


def run_app(
    port: int, env: Mapping[str, str], moments: Moments, patches: Sequence[str]
) -> None:
    """Serve the app until it is killed. patches: `module:function` to call before it starts."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from app.installations.config import from_environment
    from app.runtime.embedded import start
    from app.web.factory import create_app

    os.environ.update(env)
    moments.begin_life()
    hook(moments)
    for patch in patches:
        module, _, name = patch.partition(":")
        getattr(importlib.import_module(module), name)()
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    app = create_app(start(from_environment()))
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


def run_sandbox(arguments: Sequence[str]) -> None:
    from sandbox.__main__ import main

    raise SystemExit(main(list(arguments)))


class Nursery:
    """The parent: forks, reaps, and starts again what was killed by its plan."""

    def __init__(self) -> None:
        self._apps: dict[int, Callable[[], int]] = {}
        self._moments: dict[str, Moments] = {}
        self._children: set[int] = set()
        self._names: dict[str, int] = {}

    def serve(self) -> None:
        while True:
            readable, _, _ = select.select([sys.stdin], [], [], 0.01)
            self._reap()
            if not readable:
                continue
            line = sys.stdin.readline()
            if not line:
                break
            try:
                answer = self._do(json.loads(line))
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
        for child in self._children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def _do(self, command: Mapping[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "sandbox":
                log, arguments = command["log"], command["arguments"]
                pid = self._fork(log, lambda: run_sandbox(arguments))
                self._names[command["name"]] = pid
                return {"pid": pid}
            case "app":
                return self._start_app(command)
            case "arm":
                self._moments[command["name"]].arm()
                return {}
            case "stop":
                return self._stop(command["name"])
            case other:
                raise ValueError(f"no command is called {other!r}")

    def _start_app(self, command: Mapping[str, Any]) -> dict[str, Any]:
        name = command["name"]
        moments = self._moments.get(name) or Moments(
            command["moments"], command.get("at", ()), command.get("at_answered_writes", ())
        )
        self._moments[name] = moments

        def life() -> int:
            pid = self._fork(
                command["log"],
                lambda: run_app(
                    command["port"], command["env"], moments, command.get("patches", ())
                ),
            )
            self._apps[pid] = life
            self._names[name] = pid
            return pid

        return {"pid": life()}

    def _stop(self, name: str) -> dict[str, Any]:
        pid = self._names.get(name)
        if pid in self._children:
            self._apps.pop(pid, None)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self._children.discard(pid)
        return {}

    def _fork(self, log: str, run: Callable[[], None]) -> int:
        pid = os.fork()
        if pid:
            self._children.add(pid)
            return pid
        status = 1
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(file, 1)
            os.dup2(file, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            run()
            status = 0
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            self._children.discard(pid)
            code = os.waitstatus_to_exitcode(status)
            again = self._apps.pop(pid, None)
            if again is not None and code == -signal.SIGKILL:
                again()


def _import_all() -> None:
    """What every child needs, so that forking it costs no import."""
    for name in ("app.runtime.embedded", "app.web.factory", "sandbox.assembly", "sandbox.__main__"):
        importlib.import_module(name)
    importlib.import_module("connectors.hubspot.api")._client_class()


if __name__ == "__main__":
    _import_all()
    Nursery().serve()
