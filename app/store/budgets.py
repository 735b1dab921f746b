"""The rate budget in the database, so that all processes of an installation share one window."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from app.model.time import Wall
from app.store import sets
from app.store.engine import Store
from app.store.tables import budgets, installations


class SqlBudget:
    """Slots of the vendor's sliding window, leased in chunks (satisfies the connectors' protocol).

    A chunk counts from its lease until a whole window later, also when its calls were made at once:
    leasing more than one is about to send costs throughput, never a refusal by the vendor.
    """

    def __init__(self, store: Store, installation_id: int) -> None:
        self._store = store
        self._installation = installation_id

    def not_before(self) -> Wall:
        """Until when the vendor wants no call of this installation; 0: none is awaited."""
        query = select(installations.c.not_before_wall).where(
            installations.c.id == self._installation
        )
        with self._store.read() as conn:
            return Wall(conn.execute(query).scalar_one_or_none() or 0)

    def hold_off(self, until: Wall) -> None:
        """Let no process call before `until`; an earlier instant changes nothing."""
        query = (
            update(installations)
            .where(
                installations.c.id == self._installation, installations.c.not_before_wall < until
            )
            .values(not_before_wall=until)
        )
        with self._store.write() as conn:
            conn.execute(query)

    def lease(self, bucket: str, want: int, window_ms: int, limit: int, now: Wall) -> int:
        """Up to `want` slots in `bucket`, 0 when the window is full. limit: slots per window."""
        mine = (budgets.c.installation_id == self._installation) & (budgets.c.bucket == bucket)
        with self._store.write() as conn:
            # PostgreSQL has no write lock of ours: two leases must not both see the last slot.
            conn.execute(
                select(installations.c.id)
                .where(installations.c.id == self._installation)
                .with_for_update()
            )
            conn.execute(delete(budgets).where(mine, budgets.c.until_wall <= now))
            used = conn.execute(
                select(func.coalesce(func.sum(budgets.c.slots), 0)).where(mine)
            ).scalar_one()
            granted = max(0, min(want, limit - int(used)))
            if granted:
                row = {
                    "installation_id": self._installation,
                    "bucket": bucket,
                    "slots": granted,
                    "until_wall": now + window_ms,
                }
                sets.insert(conn, budgets, [row])
            return granted
