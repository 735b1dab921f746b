"""The HTTP archive (HAR 1.2) of all calls and deliveries, with every secret masked."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MASK = "[masked]"
_SECRET_HEADERS = frozenset(
    (
        "authorization",
        "cookie",
        "set-cookie",
        "x-hubspot-signature",
        "x-hubspot-signature-v3",
    )
)
_SECRET_FIELDS = (
    "access_token|refresh_token|client_secret|code_verifier|code|token|id_token|signature|"
    "http_auth_password"
)
_FORM = re.compile(rf"(^|&)({_SECRET_FIELDS})=[^&]*")
_JSON = re.compile(rf'"({_SECRET_FIELDS})"(\s*):(\s*)"(?:[^"\\]|\\.)*"')
_PATH_TOKEN = re.compile(r"(?<=[?&])(code|state|code_challenge)=[^&]*")


def _mask(text: str, mime: str) -> str:
    if "urlencoded" in mime:
        return _FORM.sub(rf"\1\2={MASK}", text)
    return _JSON.sub(rf'"\1"\2:\3"{MASK}"', text)


def _headers(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": MASK if name.lower() in _SECRET_HEADERS else value}
        for name, value in headers
    ]


class Har:
    """Collects entries; ``export`` gives the archive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def record(
        self,
        *,
        started: float,
        seconds: float,
        method: str,
        url: str,
        request_headers: Iterable[tuple[str, str]],
        request_body: bytes,
        status: int,
        response_headers: Iterable[tuple[str, str]],
        response_body: bytes,
        comment: str = "",
        scopes: Iterable[tuple[str, ...]] = (),
    ) -> None:
        """Adds one exchange; ``started`` in seconds since the epoch; status 0 is no answer.

        ``scopes``: for each thing that the vendor checked, the scopes of which one must be
        granted. They stand in ``_scopes``: HAR leaves names with an underscore to whoever writes.
        """
        asked, told = list(request_headers), list(response_headers)
        mime = next((v for n, v in asked if n.lower() == "content-type"), "")
        answer = next((v for n, v in told if n.lower() == "content-type"), "")
        url = _PATH_TOKEN.sub(rf"\1={MASK}", url)
        request: dict[str, Any] = {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(asked),
            "queryString": [
                {"name": name, "value": value}
                for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
            ],
            "headersSize": -1,
            "bodySize": len(request_body),
        }
        if request_body:
            text = _mask(request_body.decode("utf-8", "replace"), mime)
            request["postData"] = {"mimeType": mime, "text": text}
        content = {
            "size": len(response_body),
            "mimeType": answer,
            "text": _mask(response_body.decode("utf-8", "replace"), answer),
        }
        milliseconds = round(seconds * 1000, 3)
        entry: dict[str, Any] = {
            "startedDateTime": datetime.fromtimestamp(started, UTC).isoformat(
                timespec="milliseconds"
            ),
            "time": milliseconds,
            "request": request,
            "response": {
                "status": status,
                "statusText": "",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": _headers(told),
                "content": content,
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(response_body),
            },
            "cache": {},
            "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        }
        if comment:
            entry["comment"] = comment
        if needed := list(dict.fromkeys(scopes)):
            entry["_scopes"] = needed
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forgets all entries."""
        with self._lock:
            self._entries.clear()

    def export(self) -> dict[str, Any]:
        """The archive as a JSON-able mapping, entries in the order they began."""
        with self._lock:
            entries = sorted(self._entries, key=lambda entry: entry["startedDateTime"])
        return {
            "log": {
                "version": "1.2",
                "creator": {"name": "followthrough sandbox", "version": "1"},
                "entries": entries,
            }
        }
