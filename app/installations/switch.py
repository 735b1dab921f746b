"""The stop switch: one for pages, API and command line, effective before the next call to the CRM.

It is a column of the installation and no state of a process: whoever sends asks it, whichever
process and thread that is.
"""

from __future__ import annotations

from sqlalchemy import Connection

from app.model.time import Wall
from app.store import audit, installations, natives

STOPPED, RESUMED = "stopped", "resumed"


def set_stopped(
    conn: Connection, installation_id: int, stopped: bool, who: str, wall: Wall
) -> bool:
    """Stop everything, or go on. False where it stood so already: then nothing is written."""
    row = installations.get(conn, installation_id)
    if row is None or bool(row["stopped"]) is stopped:
        return False
    installations.change(conn, installation_id, stopped=stopped)
    installations.bump(conn, installation_id)
    if stopped:
        # The CRM would go on mailing by itself.
        natives.stop_all(conn, installation_id, "stopped_all")
    audit.write(conn, installation_id, who, STOPPED if stopped else RESUMED, wall)
    return True
