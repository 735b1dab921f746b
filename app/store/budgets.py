"""The rate budget in the database, so that all processes of an installation share one window.

The log is a multiset of (bucket, until): so many slots are taken until that instant.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update

from app.model.time import Wall
from app.store import sets
from app.store.engine import Store
from app.store.fixed import Fixed, arg
from app.store.tables import budgets, installations

_i, _b = installations.c, budgets.c
_NOT_BEFORE = Fixed(select(_i.not_before_wall).where(_i.id == arg("inst")))
_STOPPED = Fixed(select(_i.stopped).where(_i.id == arg("inst")))
_HOLD_OFF = text(
    "UPDATE installations SET not_before_wall = :until "
    "WHERE id = :inst AND not_before_wall < :until"
)
_LOCK = text("SELECT id FROM installations WHERE id = :inst FOR UPDATE")
_MINE = (_b.installation_id == arg("inst"), _b.bucket == arg("bucket"))
_EXPIRE = Fixed(delete(budgets).where(*_MINE, _b.until_wall <= arg("now")))
_TAKEN = Fixed(select(func.coalesce(func.sum(_b.slots), 0)).where(*_MINE))
_TAKEN_NOW = text(
    "SELECT bucket, sum(slots) AS slots FROM budgets "
    "WHERE installation_id = :inst AND until_wall > :now GROUP BY bucket ORDER BY bucket"
)
_LEASED = Fixed(
    select(_b.id, _b.slots).where(*_MINE, _b.until_wall == arg("leased")).order_by(_b.id)
)
_SHRINK = Fixed(update(budgets).where(_b.id == arg("key")).values(slots=arg("slots")))
_MOVE = Fixed(update(budgets).where(_b.id == arg("key")).values(until_wall=arg("until")))
_DROP = Fixed(delete(budgets).where(_b.id == arg("key")))


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
            found = _NOT_BEFORE.value(conn, inst=self._installation)
        return Wall(found or 0)

    def stopped(self) -> bool:
        """Whether everything is stopped, by whichever process or command."""
        with self._store.read() as conn:
            return bool(_STOPPED.value(conn, inst=self._installation))

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
            _EXPIRE.run(conn, **mine, now=now)
            taken = int(_TAKEN.value(conn, **mine))
            granted = max(0, min(want, limit - taken))
            if granted:
                self._take(conn, bucket, granted, now + window_ms)
            return granted

    def settle(self, bucket: str, leased_until: Wall, slots: int, until: Wall) -> None:
        """`slots` leased until `leased_until` are taken until `until` instead; 0 gives them back.

        Slots whose lease is gone are added: a call that outlasted its lease still counts.
        """
        mine: dict[str, Any] = {"inst": self._installation, "bucket": bucket}
        with self._store.write() as conn:
            self._alone(conn)
            left = slots
            for key, held in _LEASED.rows(conn, **mine, leased=leased_until):
                if held > left:
                    _SHRINK.run(conn, key=key, slots=held - left)
                    break
                left -= held
                if held == slots and until:  # the usual case: one lease, settled at once
                    _MOVE.run(conn, key=key, until=until)
                    return
                _DROP.run(conn, key=key)
                if not left:
                    break
            if until:
                self._take(conn, bucket, slots, until)

    def _take(self, conn: Connection, bucket: str, slots: int, until: int) -> None:
        row = {
            "installation_id": self._installation, "bucket": bucket, "slots": slots,
            "until_wall": until,
        }  # fmt: skip
        sets.insert(conn, budgets, [row])

    def _alone(self, conn: Connection) -> None:
        """PostgreSQL has no write lock of ours: two leases must not both see the last slot."""
        if self._store.dialect == "postgresql":
            conn.execute(_LOCK, {"inst": self._installation})
