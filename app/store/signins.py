"""One-time sign-in tokens, stored as hashes: who reads the database cannot sign in with it."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import Connection, delete

from app.model.time import Wall
from app.store import sets
from app.store.tables import signins


def issue(conn: Connection, installation_id: int, owner_id: str, wall: Wall, ms: int) -> str:
    """A new token for one sign-in within `ms`; it is shown once and cannot be read again."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _hash(token),
        "installation_id": installation_id,
        "owner_id": owner_id,
        "until_wall": wall + ms,
    }
    sets.insert(conn, signins, [row])
    return token


def redeem(conn: Connection, token: str, wall: Wall) -> tuple[int, str] | None:
    """(installation id, owner id) of a token, which is spent by this; None: unknown or too old."""
    query = (
        delete(signins)
        .where(signins.c.token_hash == _hash(token))
        .returning(signins.c.installation_id, signins.c.owner_id, signins.c.until_wall)
    )
    row = conn.execute(query).one_or_none()
    conn.execute(delete(signins).where(signins.c.until_wall <= wall))
    if row is None or row.until_wall <= wall:
        return None
    return row.installation_id, row.owner_id


def _hash(token: str) -> str:
    # A plain hash is enough: a token has 256 random bits, which no dictionary holds.
    return hashlib.sha256(token.encode()).hexdigest()
