"""The JSON API under /api; `docs/api.md` describes every address."""

from __future__ import annotations

from flask import Flask

from app.web.api import (
    dashboard,
    dry_run,
    events,
    failed,
    leaving,
    mapping,
    migrating,
    overview,
    panel,
    playbooks,
    replies,
    rescheduling,
    sequences,
    settings,
    setup,
    subjects,
    undoing,
    waiting,
)

_MODULES = (
    overview,
    dashboard,
    setup,
    settings,
    mapping,
    sequences,
    playbooks,
    migrating,
    waiting,
    undoing,
    leaving,
    failed,
    rescheduling,
    dry_run,
    events,
    subjects,
    panel,
    replies,
)


def register(app: Flask) -> None:
    """Mount the API."""
    for module in _MODULES:
        app.register_blueprint(module.blueprint, url_prefix="/api")
