"""All addresses of the JSON API, mounted under /api."""

from __future__ import annotations

from flask import Flask

from app.web.api import (
    asking,
    audit,
    dashboard,
    dry_run,
    events,
    failed,
    foreseeing,
    guiding,
    leaving,
    mapping,
    migrating,
    overview,
    panel,
    people,
    playbooks,
    replies,
    rescheduling,
    reviews,
    sequences,
    settings,
    setup,
    subjects,
    undoing,
    versions,
    waiting,
)

_MODULES = (
    overview,
    dashboard,
    setup,
    guiding,
    people,
    audit,
    settings,
    mapping,
    sequences,
    playbooks,
    versions,
    reviews,
    foreseeing,
    migrating,
    waiting,
    undoing,
    leaving,
    failed,
    rescheduling,
    dry_run,
    events,
    subjects,
    asking,
    panel,
    replies,
)


def register(app: Flask) -> None:
    """Mount the API."""
    for module in _MODULES:
        app.register_blueprint(module.blueprint, url_prefix="/api")
