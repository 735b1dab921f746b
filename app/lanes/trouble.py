"""What a lane does when the CRM refuses or fails: when to try again, and who is told."""

from __future__ import annotations

from app.lanes.context import Lanes, Tenant
from app.model.time import MINUTE, SECOND, Wall
from app.store import installations
from connectors.contract import AuthRevoked, CrmError, RateLimited

_LONGEST = 10 * MINUTE


def note_error(lanes: Lanes, tenant: Tenant, error: CrmError, attempts: int) -> Wall:
    """When to try again (wall). A revoked access also stops the installation until reconnected."""
    wall = lanes.wall()
    if isinstance(error, AuthRevoked):
        with lanes.store.write() as conn:
            installations.set_status(conn, tenant.id, "revoked")
        return Wall(wall + _LONGEST)
    if isinstance(error, RateLimited):
        return Wall(max(error.until, wall + SECOND // 5))
    return Wall(wall + min(_LONGEST, (SECOND // 5) * 2 ** min(attempts, 12)))
