"""The words of a task as a person reads and writes them: plain text, apart from what stands around.

A task's body is HTML where the CRM shows that, and its words in lines where the CRM has plain text
alone. A rep edits the draft in it and not what stands around, so the draft is cut out as text and
put back in the form in which the body was. Where a body has no draft of ours any more, since
somebody wrote it anew in the CRM, the whole of it is the text.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple

from app.actions.rendering import HEADINGS

MAX_CHARS = 20_000
"""Of a rewritten text; a mail that long is read by nobody."""

_BREAK = re.compile(r"<br\s*/?>\s*", re.IGNORECASE)
_BLOCK = re.compile(r"</(?:p|div|h\d|ul|ol|tr)>\s*", re.IGNORECASE)
_ITEM = re.compile(r"<li[^>]*>\s*", re.IGNORECASE)
_ITEM_END = re.compile(r"</li>\s*", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_GAP = re.compile(r"\n{3,}")
_DRAFT = re.compile(
    r"(<p>\s*<strong>(?:" + "|".join(map(re.escape, HEADINGS)) + r"):</strong>\s*</p>\s*<p>)"
    r"(.*?)(</p>)",
    re.DOTALL,
)
_MARKUP = re.compile(r"</?(?:p|br|div|span|strong|em|b|i|u|a|ul|ol|li|h\d)\b[^>]*>", re.IGNORECASE)
_PLAIN = re.compile(
    r"((?:\A|\n\n)(?:" + "|".join(map(re.escape, HEADINGS)) + r"):\n\n)(.*?)(?=\n\nTo decide:|\Z)",
    re.DOTALL,
)
_PLAIN_DECIDE = re.compile(r"^To decide: (.*)", re.MULTILINE)
_PLAIN_WHY = re.compile(r"^Why now: (.*)", re.MULTILINE)
_DECIDE = re.compile(r"<strong>To decide:</strong>\s*(.*?)</p>", re.DOTALL)
_WHY = re.compile(r"<strong>Why now:</strong>\s*(.*?)</p>", re.DOTALL)


class Words(NamedTuple):
    """A body in its parts, all plain text. why, decides: "" where the body does not say."""

    why: str
    draft: str
    decides: str


def read(body: str) -> Words:
    """The parts of a task's body."""
    if not _MARKUP.search(body):
        found = _PLAIN.search(body)
        return Words(
            why=_line(_PLAIN_WHY, body),
            draft=(found.group(2) if found else body).strip(),
            decides=_line(_PLAIN_DECIDE, body),
        )
    found = _DRAFT.search(body)
    return Words(
        why=_part(_WHY, body),
        draft=plain(found.group(2) if found else body),
        decides=_part(_DECIDE, body),
    )


def write(body: str, text: str) -> str:
    """The body with another draft; the whole body where it has none of ours."""
    if not _MARKUP.search(body):
        words = _lines(text)
        if _PLAIN.search(body) is None:
            return words
        return _PLAIN.sub(lambda m: f"{m.group(1)}{words}", body, count=1)
    words = to_html(text)
    if _DRAFT.search(body) is None:
        return f"<p>{words}</p>"
    return _DRAFT.sub(lambda m: f"{m.group(1)}{words}{m.group(3)}", body, count=1)


def to_html(text: str) -> str:
    """Plain text as the inside of a paragraph."""
    return "<br>".join(escape(line, quote=False) for line in _lines(text).split("\n"))


def _lines(text: str) -> str:
    lines = text.replace("\r\n", "\n").strip().split("\n")
    return "\n".join(line.rstrip() for line in lines)


def plain(html: str) -> str:
    """HTML as plain text, with its lines and list items."""
    text = _BREAK.sub("\n", html)
    text = _ITEM_END.sub("\n", _ITEM.sub("- ", text))
    text = _BLOCK.sub("\n\n", text)
    return _GAP.sub("\n\n", unescape(_TAG.sub("", text))).strip()


def _part(pattern: re.Pattern[str], body: str) -> str:
    found = pattern.search(body)
    return plain(found.group(1)) if found else ""


def _line(pattern: re.Pattern[str], body: str) -> str:
    found = pattern.search(body)
    return found.group(1).strip() if found else ""
