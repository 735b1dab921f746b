"""Events as they came in: stored before they are acknowledged, deleted once they are worked off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, delete, func, select, update

from app.model.time import Business, Wall
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import inbox


class Hint(Protocol):
    """What an event must tell; the connectors' `Event` does."""

    @property
    def kind(self) -> str: ...
    @property
    def object_type(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def at(self) -> Business: ...
    @property
    def field(self) -> str | None: ...
    @property
    def value(self) -> str | None: ...
    @property
    def other_id(self) -> str | None: ...
    @property
    def dedupe(self) -> str: ...


def insert_events(
    conn: Connection, installation_id: int, events: Sequence[Hint], wall: Wall
) -> int:
    """Store events that are not waiting already; returns how many were new.

    An event is due from `wall` on: the retry instant starts there and not at zero, so that one
    order serves new and retried events, and neither starves the other.
    """
    rows = [
        {
            "installation_id": installation_id,
            "kind": event.kind,
            "object_type": event.object_type,
            "object_id": event.object_id,
            "occurred_at": event.at,
            "field": event.field,
            "value": event.value,
            "other_id": event.other_id,
            "received_wall": wall,
            "retry_wall": wall,
            "dedupe": event.dedupe or _identity(event),
        }
        for event in events
    ]
    return sets.insert_ignore(conn, inbox, rows, order=("dedupe",))


def _identity(event: Hint) -> str:
    parts = (event.kind, event.object_type, event.object_id, event.at, event.field, event.value)
    return "|".join(str(part) for part in (*parts, event.other_id))


_DUE = Fixed(
    select(inbox)
    .where(inbox.c.installation_id == arg("inst"), inbox.c.retry_wall <= arg("wall"))
    .order_by(inbox.c.retry_wall, inbox.c.id)
    .limit(arg("most"))
)


def due(conn: Connection, installation_id: int, wall: Wall, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` events whose turn has come, the longest due first; all columns of `inbox`."""
    return _DUE.dicts(conn, inst=installation_id, wall=wall, most=limit)


_DONE = Fixed(delete(inbox).where(among(inbox.c.id, "ids")))


def done(conn: Connection, ids: Sequence[int]) -> int:
    """Forget events that are worked off; a later delivery of one is a new hint and harmless."""
    return _DONE.run(conn, ids=ids) if ids else 0


_AGAIN = Fixed(
    update(inbox)
    .where(among(inbox.c.id, "ids"))
    .values(
        retry_wall=arg("retry"), attempts=inbox.c.attempts + 1, error=arg("error")
    )
)


def again(conn: Connection, ids: Sequence[int], retry_wall: Wall, error: str) -> int:
    """Keep events for another attempt at `retry_wall`; `error` is shown with them."""
    return _AGAIN.run(conn, ids=ids, retry=retry_wall, error=error) if ids else 0


def waits(conn: Connection, installation_id: int, dedupe: str) -> bool:
    """Whether an event with this key is still to be worked off."""
    query = select(inbox.c.id).where(
        inbox.c.installation_id == installation_id, inbox.c.dedupe == dedupe
    )
    return conn.execute(query).first() is not None


def depth(conn: Connection, installation_id: int | None = None) -> int:
    """Events waiting, those for a retry included; None: of all installations."""
    query = select(func.count()).select_from(inbox)
    if installation_id is not None:
        query = query.where(inbox.c.installation_id == installation_id)
    return conn.execute(query).scalar_one()


def next_retry(conn: Connection, installation_id: int) -> Wall | None:
    """The earliest instant at which an event is due; None when nothing waits."""
    query = select(func.min(inbox.c.retry_wall)).where(inbox.c.installation_id == installation_id)
    return conn.execute(query).scalar_one()


def installations_due(conn: Connection, wall: Wall) -> list[int]:
    """Installations with an event to work off."""
    query = select(inbox.c.installation_id).where(inbox.c.retry_wall <= wall).distinct()
    return list(conn.execute(query).scalars())
