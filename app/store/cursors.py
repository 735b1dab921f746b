"""Cursors: small named values that must survive a restart, such as watermarks and page marks."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, text

from app.store import sets
from app.store.fixed import Fixed, arg
from app.store.tables import cursors

EVERYONE = 0
"""Installation id of cursors that belong to none, such as the highest delivery stored."""

SENDER = "sender:"
"""Begins the name of a cursor about a user from whom a sequence of the CRM could not be started:
JSON [code, inbox, at (business)] of the last refusal."""

_RAISE = text(
    "INSERT INTO cursors (installation_id, name, value) VALUES (:inst, :name, :value) "
    "ON CONFLICT (installation_id, name) DO UPDATE SET value = excluded.value "
    "WHERE CAST(excluded.value AS BIGINT) > CAST(cursors.value AS BIGINT)"
)


_GET = Fixed(
    select(cursors.c.value).where(
        cursors.c.installation_id == arg("inst"), cursors.c.name == arg("name")
    )
)


def get(conn: Connection, installation_id: int, name: str) -> str | None:
    """The cursor's value; None where it was never set."""
    return _GET.value(conn, inst=installation_id, name=name)


def put(conn: Connection, installation_id: int, name: str, value: str) -> None:
    row = {"installation_id": installation_id, "name": name, "value": value}
    sets.upsert(conn, cursors, [row], ("installation_id", "name"))


def number(conn: Connection, installation_id: int, name: str) -> int:
    """A cursor that counts; 0 when it was never set."""
    return int(get(conn, installation_id, name) or 0)


def raise_to(conn: Connection, installation_id: int, name: str, value: int) -> None:
    """Set a counting cursor unless it stands higher: deliveries may be stored out of order."""
    conn.execute(_RAISE, {"inst": installation_id, "name": name, "value": str(value)})


def starting(conn: Connection, installation_id: int, prefix: str) -> dict[str, str]:
    """name → value of the cursors whose name begins so, by name."""
    query = (
        select(cursors.c.name, cursors.c.value)
        .where(
            cursors.c.installation_id == installation_id,
            cursors.c.name.startswith(prefix, autoescape=True),
        )
        .order_by(cursors.c.name)
    )
    return {row.name: row.value for row in conn.execute(query)}


def forget(conn: Connection, installation_id: int, name: str) -> None:
    query = delete(cursors).where(
        cursors.c.installation_id == installation_id, cursors.c.name == name
    )
    conn.execute(query)
