"""The JSON API under /api; `docs/api.md` describes every address."""

from __future__ import annotations

from flask import Flask

from app.web.api import mapping, overview, playbooks, setup, subjects, undoing, waiting


def register(app: Flask) -> None:
    """Mount the API."""
    for module in (overview, setup, mapping, playbooks, waiting, undoing, subjects):
        app.register_blueprint(module.blueprint, url_prefix="/api")
