"""What the doctor finds, for the pages and the API: about the viewer's installation alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.installations import doctor
from app.installations.doctor import Finding
from app.web import summaries
from app.web.access import Viewer
from app.web.answers import services
from app.web.api.settings import stored_settings


def findings(conn: Connection, who: Viewer) -> list[Finding]:
    """What the database knows and what the account does not allow; asks the CRM nothing."""
    connector = services().connectors.of(who.installation_id)
    return doctor.ordered([*_known(conn, who), *doctor.limits(connector)])


def live(who: Viewer) -> list[Finding]:
    """As `findings`, with the CRM account asked as well, while no transaction is open."""
    parts = services()
    parts.connectors.flush_calls()
    with parts.store.read() as conn:
        row = summaries.installation_of(conn, who)
        settings = stored_settings(conn, who.installation_id)
        known = _known(conn, who)
    asked = doctor.connection(parts.connectors.of(who.installation_id), row, settings)
    return doctor.ordered([*known, *asked])


def _known(conn: Connection, who: Viewer) -> list[Finding]:
    parts = services()
    row = summaries.installation_of(conn, who)
    now, wall = parts.clocks.business(), parts.clocks.wall()
    found = doctor.standing(conn, parts.config, row, now, wall)
    return [*doctor.server(parts.config), *found] if who.role == "admin" else found


def shown(found: list[Finding]) -> dict[str, Any]:
    """For pages and JSON: what somebody has to do, and what the account does not allow."""
    limits = [one for one in found if one.code.startswith("cannot_")]
    return {"findings": [one for one in found if one not in limits], "limits": limits}
