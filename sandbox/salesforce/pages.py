"""The few pages of the login host and of an org's setup."""

from __future__ import annotations

from sandbox import answers
from sandbox.answers import Html


def page(title: str, body: str) -> Html:
    """A page; ``body`` is HTML."""
    return answers.page(title, body, "#0176d3")
