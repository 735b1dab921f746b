"""What handlers of all vendors answer with: pages, refusals, and how either becomes a reply."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

import orjson

from sandbox.vendor import Reply

HTML = {"Content-Type": "text/html;charset=utf-8"}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;background:#f4f6f8;color:#1c2733;margin:0}}
main{{max-width:34rem;margin:3rem auto;background:#fff;padding:2rem;border-radius:6px;
box-shadow:0 1px 4px #0002}}button,select{{font:inherit;padding:.5rem 1.2rem;border-radius:4px;
border:1px solid #4d5866;background:#fff}}button{{cursor:pointer}}button.go{{background:{colour};
border-color:{colour};color:#fff}}code{{background:#f4f6f8;padding:0 .2rem}}</style></head>
<body><main>{body}</main></body></html>"""


class Html(NamedTuple):
    """A page, and where it sends the browser when it is a redirect."""

    text: str
    location: str = ""


class ApiError(Exception):
    """A refusal: status, body (JSON, or a page) and extra headers.

    ``rows`` are its ids in the table of refusals: several where one answer refuses several values.
    """

    def __init__(
        self,
        status: int,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        rows: tuple[str, ...],
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.rows = rows
        super().__init__(", ".join(rows))


def page(title: str, body: str, colour: str) -> Html:
    """A page on which people consent or install; ``body`` is HTML, ``colour`` the vendor's."""
    return Html(_PAGE.format(title=escape(title), body=body, colour=colour))


def rendered(endpoint: str, status: int, answer: Any, headers: Mapping[str, str]) -> Reply:
    """The reply that an answer comes to: a page, a text as it is, or JSON."""
    told = dict(headers)
    if isinstance(answer, Html):
        told |= HTML
        if answer.location:
            told["Location"] = answer.location
        return Reply(endpoint, status, told, answer.text.encode())
    if isinstance(answer, str):
        return Reply(endpoint, status, told, answer.encode())
    return Reply(endpoint, status, told, b"" if answer is None else orjson.dumps(answer))
