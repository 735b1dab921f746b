"""What every signed-in page is rendered with: its installation, its zone, the present."""

from __future__ import annotations

from typing import Any

from flask import g, render_template

from app.web import access, summaries
from app.web.answers import services
from app.web.api.settings import stored_settings


def page(template: str, conn: Any, **values: Any) -> str:
    """A page of the viewer's installation."""
    who = access.viewer()
    row = summaries.installation_of(conn, who)
    settings = stored_settings(conn, who.installation_id)
    g.zone, g.approval = settings.zone or row["zone"], settings.approve_versions
    now = services().clocks.business()
    return render_template(
        template, installation=row, halt=summaries.halt(conn, row, now), now=now, **values
    )
