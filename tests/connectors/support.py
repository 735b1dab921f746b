"""What tests of connectors stand on: clocks, a token store, and a vendor that answers by script."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from app.model.time import Business, Wall
from connectors.contract import Tokens


class Clocks:
    """Real wall time, business time as set."""

    def __init__(self, business: int = 0) -> None:
        self.now = business

    def business(self) -> Business:
        return Business(self.now)

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)


class ManualClocks:
    """Both times as set; `sleep` moves the wall."""

    def __init__(self, wall: int = 1_000_000) -> None:
        self.now = wall

    def business(self) -> Business:
        return Business(self.now)

    def wall(self) -> Wall:
        return Wall(self.now)

    def sleep(self, seconds: float) -> None:
        self.now += max(1, round(seconds * 1000))


class MemoryTokenStore:
    """Tokens of one installation, with a log of what was saved."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.saved: list[Tokens] = []
        self.lock = threading.Lock()

    def load(self) -> Tokens:
        return self.tokens

    def save(self, tokens: Tokens) -> None:
        assert self.lock.locked(), "tokens are saved only while the refresh lock is held"
        self.tokens = tokens
        self.saved.append(tokens)

    @contextmanager
    def refresh_lock(self) -> Iterator[None]:
        with self.lock:
            yield


@dataclass
class Calls:
    """A recorder that keeps what it is told."""

    made: list[tuple[str, str, int, str]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def lost(self, property: str) -> None:
        self.gone.append(property)

    def call(self, method: str, path: str, status: int, ms: float, priority: str) -> None:
        self.made.append((method, path, status, priority))

    def count(self, part: str) -> int:
        return sum(part in path for _, path, _, _ in self.made)

    def statuses(self) -> list[int]:
        return [status for _, _, status, _ in self.made]


@dataclass
class Asked:
    """One request that the scripted vendor got."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def form(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(self.raw.decode()).items()}


HANG_UP = "hang up"
"""An answer that closes the connection after the request was read."""

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | str
Script = Callable[[Asked], Answer]


class ScriptedVendor:
    """A server that answers each request as the test's function says."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                url = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = dict(self.headers.items())
                asked = Asked(self.command, url.path, parse_qs(url.query), headers, raw)
                vendor.asked.append(asked)
                answer = script(asked)
                if isinstance(answer, str):
                    self.close_connection = True
                    return
                status, body, *more = answer
                data = body if isinstance(body, bytes) else orjson.dumps(body)
                self.send_response(status)
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _serve

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the tests quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ScriptedVendor:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
