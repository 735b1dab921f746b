"""The sandbox's HTTP server: keep-alive, bodies, errors, stopping."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import requests

from sandbox.http_server import HttpServer


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with what it was asked."""
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("on purpose")
    if environ["PATH_INFO"] == "/hangs-up":
        environ["sandbox.hangup"]()
    status = "204 No Content" if environ["PATH_INFO"] == "/nothing" else "200 OK"
    start_response(status, [("Content-Type", "text/plain"), ("X-Thread", _thread())])
    body = environ["wsgi.input"].read()
    shown = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} "
    return [] if status.startswith("204") else [shown.encode("latin-1"), body]


def _thread() -> str:
    return str(threading.get_ident())


@pytest.fixture
def server() -> Iterator[HttpServer]:
    made = HttpServer(echo)
    made.start()
    yield made
    made.stop()


def test_one_connection_carries_many_calls(server: HttpServer) -> None:
    with requests.Session() as session:
        seen = {session.get(f"{server.url}/a").headers["X-Thread"] for _ in range(5)}
        assert session.get(f"{server.url}/nothing").status_code == 204
        seen.add(session.post(f"{server.url}/b", data=b"x" * 200_000).headers["X-Thread"])
    assert len(seen) == 1


def test_what_is_asked_arrives_whole(server: HttpServer) -> None:
    answer = requests.post(f"{server.url}/caf%C3%A9?a=%20b", data=b"body")
    assert answer.content == "POST /café a=%20b body".encode()
    assert requests.head(f"{server.url}/a").content == b""


def test_chunked_body(server: HttpServer) -> None:
    answer = requests.post(f"{server.url}/c", data=iter([b"one", b"two"]))
    assert answer.content.endswith(b"onetwo")


def test_failing_application_is_a_500_and_the_server_goes_on(server: HttpServer) -> None:
    assert requests.get(f"{server.url}/fails").status_code == 500
    assert requests.get(f"{server.url}/a").status_code == 200


def test_hanging_up(server: HttpServer) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/hangs-up")


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_is_no_http(server: HttpServer, raw: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(raw)
        assert connection.recv(64).startswith(b"HTTP/1.1 400 ")


def test_expect_and_close(server: HttpServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(
            b"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"ab")
        got = b""
        while chunk := connection.recv(4096):
            got += chunk
    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.endswith(b"POST /x  ab")


def test_stopping_closes_open_connections() -> None:
    server = HttpServer(echo)
    server.start()
    with requests.Session() as session:
        assert session.get(f"{server.url}/a").status_code == 200
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{server.url}/a")
