"""The rate budget in the database, so that all processes of an installation share one window.

The log is a multiset of (bucket, until): so many slots are taken until that instant.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from app.model.time import Wall
from app.store.engine import Store

_NOT_BEFORE = text("SELECT not_before_wall FROM installations WHERE id = :inst")
_STOPPED = text("SELECT stopped FROM installations WHERE id = :inst")
_HOLD_OFF = text(
    "UPDATE installations SET not_before_wall = :until "
    "WHERE id = :inst AND not_before_wall < :until"
)
_LOCK = text("SELECT id FROM installations WHERE id = :inst FOR UPDATE")
_EXPIRE = text(
    "DELETE FROM budgets WHERE installation_id = :inst AND bucket = :bucket AND until_wall <= :now"
)
_TAKEN = text(
    "SELECT coalesce(sum(slots), 0) FROM budgets WHERE installation_id = :inst AND bucket = :bucket"
)
_TAKEN_NOW = text(
    "SELECT bucket, sum(slots) AS slots FROM budgets "
    "WHERE installation_id = :inst AND until_wall > :now GROUP BY bucket ORDER BY bucket"
)
_TAKE = text(
    "INSERT INTO budgets (installation_id, bucket, slots, until_wall) "
    "VALUES (:inst, :bucket, :slots, :until)"
)
_LEASED = text(
    "SELECT id, slots FROM budgets "
    "WHERE installation_id = :inst AND bucket = :bucket AND until_wall = :leased ORDER BY id"
)
_SHRINK = text("UPDATE budgets SET slots = :slots WHERE id = :id")
_MOVE = text("UPDATE budgets SET until_wall = :until WHERE id = :id")
_DROP = text("DELETE FROM budgets WHERE id = :id")


def taken(conn: Connection, installation_id: int, wall: Wall) -> dict[str, int]:
    """Bucket → slots taken now, of those of a day what it has cost so far; nothing of free ones."""
    rows = conn.execute(_TAKEN_NOW, {"inst": installation_id, "now": wall})
    return {str(row.bucket): int(row.slots) for row in rows}


class SqlBudget:
    """Slots of one installation's sliding window (satisfies the connectors' protocol)."""

    def __init__(self, store: Store, installation_id: int) -> None:
        self._store = store
        self._installation = installation_id

    def not_before(self) -> Wall:
        """Until when the vendor wants no call of this installation; 0: none is awaited."""
        with self._store.read() as conn:
            found = conn.execute(_NOT_BEFORE, {"inst": self._installation}).scalar_one_or_none()
        return Wall(found or 0)

    def stopped(self) -> bool:
        """Whether everything is stopped, by whichever process or command."""
        with self._store.read() as conn:
            return bool(conn.execute(_STOPPED, {"inst": self._installation}).scalar_one_or_none())

    def hold_off(self, until: Wall) -> None:
        """Let no process call before `until`; an earlier instant changes nothing."""
        with self._store.write() as conn:
            conn.execute(_HOLD_OFF, {"inst": self._installation, "until": until})

    def lease(self, bucket: str, want: int, window_ms: int, limit: int, now: Wall) -> int:
        """Up to `want` slots of `bucket`, taken until `now + window_ms`; 0 when none is free.

        limit: how many may be taken at once.
        """
        mine = {"inst": self._installation, "bucket": bucket}
        with self._store.write() as conn:
            self._alone(conn)
            conn.execute(_EXPIRE, {**mine, "now": now})
            taken = int(conn.execute(_TAKEN, mine).scalar_one())
            granted = max(0, min(want, limit - taken))
            if granted:
                conn.execute(_TAKE, {**mine, "slots": granted, "until": now + window_ms})
            return granted

    def settle(self, bucket: str, leased_until: Wall, slots: int, until: Wall) -> None:
        """`slots` leased until `leased_until` are taken until `until` instead; 0 gives them back.

        Slots whose lease is gone are added: a call that outlasted its lease still counts.
        """
        mine: dict[str, Any] = {"inst": self._installation, "bucket": bucket}
        with self._store.write() as conn:
            self._alone(conn)
            left = slots
            for row in conn.execute(_LEASED, {**mine, "leased": leased_until}).all():
                if row.slots > left:
                    conn.execute(_SHRINK, {"id": row.id, "slots": row.slots - left})
                    break
                left -= row.slots
                if row.slots == slots and until:  # the usual case: one lease, settled at once
                    conn.execute(_MOVE, {"id": row.id, "until": until})
                    return
                conn.execute(_DROP, {"id": row.id})
                if not left:
                    break
            if until:
                conn.execute(_TAKE, {**mine, "slots": slots, "until": until})

    def _alone(self, conn: Connection) -> None:
        """PostgreSQL has no write lock of ours: two leases must not both see the last slot."""
        if self._store.dialect == "postgresql":
            conn.execute(_LOCK, {"inst": self._installation})
