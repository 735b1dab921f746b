"""Text of HTML, for CRMs whose descriptions take none."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote"})
_SPACES = re.compile(r"[ \t\r\f\v]+")
_BLANK = re.compile(r"\n{3,}")


class _Reader(HTMLParser):
    """Collects text; blocks and breaks become lines, list items begin with a dash."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "a":
            href = dict(attrs).get("href")
            self.parts.append(f"{href} " if href else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data.replace("\n", " "))


def plain(html: str) -> str:
    """The words of a piece of HTML, in lines as a person would see them; plain text stays."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = _SPACES.sub(" ", "".join(reader.parts))
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK.sub("\n\n", lines).strip()
