"""The Flask application, put together from its parts."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from app.web import (
    admin,
    answers,
    cards,
    dashboard,
    events,
    formats,
    headers,
    health,
    oauth,
    pages,
    webhooks,
)
from app.web.api import mounting
from app.web.ports import Services
from app.web.sessions import Sessions

MAX_BODY = 1024 * 1024
"""Bytes of a request's body: a hundred events are 40 KB, a large playbook 100 KB."""


def create_app(services: Services) -> Flask:
    """The application around the process's parts; makes no connection and starts nothing."""
    app = Flask(__name__)
    config = services.config
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_NAME="followthrough",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=config.url.startswith("https://"),
        # Lax and not Strict: the CRM's redirect back from consent must carry the session.
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
    )
    app.session_interface = Sessions()
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions[answers.EXTENSION] = services
    answers.register(app)
    headers.register(app, config)
    formats.register(app)
    for module in (webhooks, events, oauth, cards, health, pages, dashboard):
        app.register_blueprint(module.blueprint)
    mounting.register(app)
    admin.register(app)
    return app
