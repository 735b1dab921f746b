"""The admin's pages: setting up, playbooks and their editor, people, settings, the audit."""

from __future__ import annotations

from flask import Flask

from app.playbooks.phrases import CHANNELS
from app.web.admin import audit, editor, guide, people, playbooks, settings

_MODULES = (guide, playbooks, editor, people, settings, audit)


def register(app: Flask) -> None:
    """Mount the pages."""
    app.jinja_env.globals["channels"] = CHANNELS
    for module in _MODULES:
        app.register_blueprint(module.blueprint)
