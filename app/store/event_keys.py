"""Keys by which customers' tools may post events: kept as hashes, each of one installation."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from app.model.time import Wall
from app.store.fixed import Fixed, arg
from app.store.tables import event_keys

_PREFIX = "ft_ev_"
_HINT = 4

_k = event_keys.c


def issue(conn: Connection, inst: int, name: str, who: str, wall: Wall) -> tuple[int, str]:
    """A new key: its row id, and the key itself, which is kept nowhere."""
    key = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    row = {
        "installation_id": inst,
        "name": name,
        "key_hash": _hash(key),
        "hint": key[-_HINT:],
        "made_by": who,
        "made_wall": wall,
    }
    made = conn.execute(insert(event_keys).values(row))
    return int(made.inserted_primary_key[0]), key  # type: ignore[index]


def _hash(key: str) -> str:
    """Of 256 random bits a plain hash is as good as a slow one, and each request needs it."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


_FIND = Fixed(
    select(_k.id, _k.installation_id, _k.used_wall).where(
        _k.key_hash == arg("hash"), or_(_k.until_wall.is_(None), _k.until_wall > arg("wall"))
    )
)


def find(conn: Connection, key: str, wall: Wall) -> dict[str, Any] | None:
    """Whose key it is: id, installation_id, used_wall; None for one that does not work."""
    rows = _FIND.dicts(conn, hash=_hash(key), wall=wall)
    return rows[0] if rows else None


def listed(conn: Connection, inst: int, wall: Wall) -> list[dict[str, Any]]:
    """The keys that work, the oldest first; never a key itself."""
    query = (
        select(_k.id, _k.name, _k.hint, _k.made_by, _k.made_wall, _k.until_wall, _k.used_wall)
        .where(_k.installation_id == inst, or_(_k.until_wall.is_(None), _k.until_wall > wall))
        .order_by(_k.id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def name_of(conn: Connection, inst: int, id: int, wall: Wall) -> str | None:
    """What a working key is called; None where there is no such one."""
    return next((row["name"] for row in listed(conn, inst, wall) if row["id"] == id), None)


def end(conn: Connection, inst: int, id: int, until: Wall) -> None:
    """Let a key work until an instant and no longer; one that ends before that stays so."""
    conn.execute(
        update(event_keys)
        .where(
            _k.installation_id == inst,
            _k.id == id,
            or_(_k.until_wall.is_(None), _k.until_wall > until),
        )
        .values(until_wall=until)
    )


def revoke(conn: Connection, inst: int, id: int) -> bool:
    """A key works no more, from this commit on. False where there is none."""
    query = delete(event_keys).where(_k.installation_id == inst, _k.id == id)
    return conn.execute(query).rowcount == 1


def used(conn: Connection, id: int, wall: Wall) -> None:
    conn.execute(update(event_keys).where(_k.id == id).values(used_wall=wall))
