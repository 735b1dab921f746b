"""Who installed us: the account, its tokens as encrypted bytes, its settings as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.model.time import Wall
from app.store import cursors, sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import installations, settings, tokens


def create(conn: Connection, crm: str, account_id: str, wall: Wall, **values: Any) -> int:
    """The id of the account's installation, made if it is new; `values` overwrite its columns.

    A re-install keeps the row, so that everything derived from it is the same as before.
    """
    new = {"crm": crm, "account_id": account_id, "installed_wall": wall}
    sets.insert_ignore(conn, installations, [new])
    found = find(conn, crm, account_id)
    assert found is not None
    if values:
        change(conn, found["id"], **values)
    return found["id"]


_GET = Fixed(select(installations).where(installations.c.id == arg("inst")))


def get(conn: Connection, installation_id: int) -> dict[str, Any] | None:
    """Row of `installations`."""
    rows = _GET.dicts(conn, inst=installation_id)
    return rows[0] if rows else None


_REVISION = Fixed(select(installations.c.revision).where(installations.c.id == arg("inst")))


def revision(conn: Connection, installation_id: int) -> int:
    """How often the configuration was changed, as it stands in this transaction."""
    return _REVISION.value(conn, inst=installation_id)


def find(conn: Connection, crm: str, account_id: str) -> RowMapping | None:
    query = select(installations).where(
        installations.c.crm == crm, installations.c.account_id == account_id
    )
    return conn.execute(query).mappings().one_or_none()


_ALL = Fixed(select(installations).order_by(installations.c.id))
_SOME = Fixed(
    select(installations)
    .where(among(installations.c.status, "statuses"))
    .order_by(installations.c.id)
)


def record_pages(conn: Connection, installation_id: int) -> Callable[[str, str], str]:
    """Address in the CRM of a record by type and id; empty where the account gave no pattern."""
    row = get(conn, installation_id)
    pattern = str(row["url"]) if row else ""
    types = sets.loads(cursors.get(conn, installation_id, "account_types") or "{}")
    return lambda type, id: pattern.format(type=types.get(type, type), id=id)


def read(conn: Connection, statuses: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Installations in the order of their ids; `statuses`: only those in one of them."""
    if statuses is None:
        return _ALL.dicts(conn)
    return _SOME.dicts(conn, statuses=statuses)


def by_account(conn: Connection, crm: str) -> dict[str, int]:
    """account id → installation id of those that take events: not revoked, not left."""
    query = select(installations.c.account_id, installations.c.id).where(
        installations.c.crm == crm, installations.c.status.not_in(["revoked", "left"])
    )
    return {row.account_id: row.id for row in conn.execute(query)}


def change(conn: Connection, installation_id: int, **values: Any) -> bool:
    """Change columns; False when the installation does not exist."""
    query = update(installations).where(installations.c.id == installation_id).values(values)
    return conn.execute(query).rowcount == 1


def add_imported(conn: Connection, installation_id: int, number: int) -> None:
    """Count records of the first import, for its progress."""
    query = (
        update(installations)
        .where(installations.c.id == installation_id)
        .values(imported=installations.c.imported + number)
    )
    conn.execute(query)


WITHDRAWN = "withdrawn"
"""Cursor of when access ended (wall): what is kept is erased so many days later."""


def withdraw(conn: Connection, installation_id: int, status: str, wall: Wall) -> None:
    """Access has ended: `revoked` by the CRM, or we have `left`. Data is kept for a grace time."""
    change(conn, installation_id, status=status)
    cursors.put(conn, installation_id, WITHDRAWN, str(wall))


def bump(conn: Connection, installation_id: int) -> None:
    """Settings, people, stages or rules changed: caches of every process see a new revision."""
    query = (
        update(installations)
        .where(installations.c.id == installation_id)
        .values(revision=installations.c.revision + 1)
    )
    conn.execute(query)


# --- tokens --------------------------------------------------------------------------------------

_NOT_SPENT = Wall(0)


def put_tokens(
    conn: Connection,
    installation_id: int,
    access: bytes,
    refresh: bytes,
    scopes: str,
    expires_wall: Wall,
    base: str = "",
    spent_wall: Wall = _NOT_SPENT,
) -> None:
    """Replace the tokens. Both are stored as given: the caller has encrypted them.

    base: address at which they are good, where the account has one of its own.
    """
    values = {
        "access": access,
        "refresh": refresh,
        "scopes": scopes,
        "expires_wall": expires_wall,
        "base": base,
        "spent_wall": spent_wall,
    }
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    query = (
        dialect.insert(tokens)
        .values(installation_id=installation_id, **values)
        .on_conflict_do_update(index_elements=["installation_id"], set_=values)
    )
    conn.execute(query)


def get_tokens(conn: Connection, installation_id: int) -> RowMapping | None:
    """access, refresh (bytes), and the rest as in `Tokens`; None: never connected, or dropped."""
    query = select(tokens).where(tokens.c.installation_id == installation_id)
    return conn.execute(query).mappings().one_or_none()


def drop_tokens(conn: Connection, installation_id: int) -> None:
    conn.execute(delete(tokens).where(tokens.c.installation_id == installation_id))


# --- settings ------------------------------------------------------------------------------------


def get_settings(conn: Connection, installation_id: int) -> dict[str, Any]:
    """The settings that differ from the defaults; empty when none was ever saved."""
    query = select(settings.c.data).where(settings.c.installation_id == installation_id)
    return sets.loads(conn.execute(query).scalar_one_or_none() or "{}")


def put_settings(conn: Connection, installation_id: int, data: dict[str, Any], wall: Wall) -> None:
    row = {"installation_id": installation_id, "data": sets.dumps(data), "changed_wall": wall}
    sets.upsert(conn, settings, [row], ("installation_id",))
