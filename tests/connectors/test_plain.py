"""Text of HTML, as a rep reads it where descriptions take none."""

from __future__ import annotations

import pytest

from connectors.plain import plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p><strong>Why now:</strong> no reply</p><p>Call.</p>", "Why now: no reply\n\nCall."),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("a<br><br>b", "a\n\nb"),
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("just text", "just text"),
        ("", ""),
        ('<a href="https://x.example/d">Open</a>', "https://x.example/d Open"),
    ],
)
def test_blocks_become_lines(html: str, text: str) -> None:
    assert plain(html) == text
