"""The admin's pages: setting up, playbooks and their editor, people, settings, the audit."""

from __future__ import annotations

from flask import Flask

from app.playbooks.phrases import CHANNELS
from app.web.admin import (
    approvals,
    audit,
    editor,
    guide,
    people,
    playbooks,
    reviews,
    settings,
    why,
)

_MODULES = (guide, playbooks, reviews, editor, approvals, people, settings, audit, why)


def register(app: Flask) -> None:
    """Mount the pages."""
    app.add_template_filter(_channel, "channel")
    for module in _MODULES:
        app.register_blueprint(module.blueprint)


def _channel(word: str) -> str:
    """What a step is, as people call it."""
    return CHANNELS.get(word, word)
