"""A small HTTP/1.1 server: one thread a connection, kept alive, one process.

The world lives in memory, so there is one process; a pre-forking server would fork it away, and
the standard library's spends more on parsing a request than a batch call takes. It also lets a
scripted fault close a connection in the middle of an answer, which WSGI servers do not offer.
For loopback only: it trusts its clients to be well-behaved.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
LINE_LIMIT = 65_536
HEADER_LIMIT = 200


class BadRequest(Exception):
    """What came is no HTTP that this server reads."""


class HttpServer:
    """Serves a WSGI application. Port 0 takes a free one; ``port`` tells which."""

    def __init__(self, app: WsgiApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._socket = socket.create_server((host, port), backlog=256)
        self.host, self.port = self._socket.getsockname()[:2]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The server's root, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Serves in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, name="http", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serves until ``stop``."""
        while not self._stopped:
            try:
                connection, address = self._socket.accept()
            except OSError:
                if self._stopped:
                    return
                raise
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            threading.Thread(
                target=self._converse, args=(connection, address), name="call", daemon=True
            ).start()

    def stop(self) -> None:
        """Stops listening and closes every connection."""
        self._stopped = True
        # Closing a socket does not wake a thread that waits in accept; shutting it down does.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _close(connection)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=2)

    def _converse(self, connection: socket.socket, address: tuple[str, int]) -> None:
        reader = connection.makefile("rb", LINE_LIMIT)
        try:
            while not self._stopped:
                environ = self._read(connection, reader, address)
                if environ is None or not self._respond(connection, environ):
                    return
        except BadRequest as error:
            text = str(error).encode()
            with contextlib.suppress(OSError):
                connection.sendall(
                    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: "
                    + str(len(text)).encode()
                    + b"\r\n\r\n"
                    + text
                )
        except OSError:
            pass  # the client went away
        finally:
            with self._lock:
                self._open.discard(connection)
            reader.close()
            _close(connection)

    def _read(
        self, connection: socket.socket, reader: io.BufferedReader, address: tuple[str, int]
    ) -> dict[str, Any] | None:
        """The next request as a WSGI environment, None at the end of the connection."""
        line = reader.readline(LINE_LIMIT)
        if not line:
            return None
        try:
            method, target, protocol = line.decode("latin-1").split()
        except ValueError:
            raise BadRequest("the request line is not METHOD TARGET HTTP/1.1") from None
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": target,
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": protocol,
            "REMOTE_ADDR": address[0],
            "REMOTE_PORT": str(address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        _read_headers(reader, environ)
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _read_body(reader, environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def _respond(self, connection: socket.socket, environ: dict[str, Any]) -> bool:
        """Answers one request; False when the connection is to be closed."""
        hung_up: list[bool] = []
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            started[:] = [(status, headers)]
            return lambda data: None

        environ["sandbox.hangup"] = lambda: hung_up.append(True)
        try:
            parts = self._app(environ, start_response)
            body = b"".join(parts)
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        except Exception:
            log.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            body = b'{"status":"error","message":"internal error"}'
            started[:] = [("500 Internal Server Error", [("Content-Type", "application/json")])]
        if hung_up:
            return False
        status, headers = started[0]
        keep = environ.get("HTTP_CONNECTION", "").lower() != "close"
        keep = keep and environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"{n}: {v}" for n, v in headers if n.lower() not in ("content-length",)]
        if not status.startswith(("204", "304", "1")):
            lines.append(f"Content-Length: {len(body)}")
        lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        connection.sendall(head if environ["REQUEST_METHOD"] == "HEAD" else head + body)
        return keep


def _read_headers(reader: io.BufferedReader, environ: dict[str, Any]) -> None:
    for _ in range(HEADER_LIMIT):
        line = reader.readline(LINE_LIMIT)
        if line in (b"\r\n", b"\n", b""):
            return
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest(f"header line without a colon: {name!r}")
        key = name.strip().upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        value = value.strip()
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    raise BadRequest(f"more than {HEADER_LIMIT} headers")


def _read_body(reader: io.BufferedReader, environ: dict[str, Any]) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        chunks: list[bytes] = []
        while True:
            size = int(reader.readline(LINE_LIMIT).split(b";")[0] or b"0", 16)
            if size == 0:
                while reader.readline(LINE_LIMIT) not in (b"\r\n", b"\n", b""):
                    pass
                return b"".join(chunks)
            chunks.append(reader.read(size))
            reader.readline(LINE_LIMIT)
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit():
        raise BadRequest(f"Content-Length is not a number: {length!r}")
    return reader.read(int(length)) if length != "0" else b""


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
