"""The JSON API under /api; `docs/api.md` describes every address."""

from __future__ import annotations

from flask import Flask

from app.web.api import overview, playbooks, setup, subjects, waiting


def register(app: Flask) -> None:
    """Mount the API."""
    for module in (overview, setup, playbooks, waiting, subjects):
        app.register_blueprint(module.blueprint, url_prefix="/api")
