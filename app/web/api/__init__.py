"""The JSON API under /api; `docs/api.md` describes every address."""

from __future__ import annotations

from flask import Flask

from app.web.api import (
    failed,
    leaving,
    mapping,
    overview,
    playbooks,
    sequences,
    settings,
    setup,
    subjects,
    undoing,
    waiting,
)

_MODULES = (
    overview,
    setup,
    settings,
    mapping,
    sequences,
    playbooks,
    waiting,
    undoing,
    leaving,
    failed,
    subjects,
)


def register(app: Flask) -> None:
    """Mount the API."""
    for module in _MODULES:
        app.register_blueprint(module.blueprint, url_prefix="/api")
