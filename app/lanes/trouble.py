"""What a lane does when the CRM refuses or fails, or when our own code does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from app.lanes.context import Lanes, Tenant
from app.model.time import MINUTE, SECOND, Wall
from app.store import installations
from connectors.contract import AuthRevoked, CrmError, RateLimited

_LONGEST = 10 * MINUTE
OURS = "Something failed that should not have; the server's log says what. It is tried again."

Item = TypeVar("Item")
log = logging.getLogger(__name__)


def isolate(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], None],
    give_up: Callable[[Item, Exception], None],
) -> None:
    """Work on a batch; where our own code fails on it, on its halves, down to the one to blame.

    Without this one record that we cannot digest would hold up all others for good. `give_up` puts
    that one aside, visible with its error. What the CRM answers is the caller's to handle.
    """
    try:
        work(items)
    except CrmError:
        raise
    except Exception as error:
        if len(items) == 1:
            log.exception("one item was put aside: %r", items[0])
            give_up(items[0], error)
            return
        log.warning("a batch of %s failed and is halved: %s", len(items), error)
        middle = len(items) // 2
        isolate(items[:middle], work, give_up)
        isolate(items[middle:], work, give_up)


def later(lanes: Lanes) -> Wall:
    """When to look again at what was put aside."""
    return Wall(lanes.wall() + _LONGEST)


def note_error(lanes: Lanes, tenant: Tenant, error: CrmError, attempts: int) -> Wall:
    """When to try again (wall). A revoked access also stops the installation until reconnected."""
    wall = lanes.wall()
    if isinstance(error, AuthRevoked):
        with lanes.store.write() as conn:
            # Who was leaving has left: there is nothing more that we could clean up.
            status = "left" if tenant.leaving else "revoked"
            installations.withdraw(conn, tenant.id, status, wall)
        return Wall(wall + _LONGEST)
    if isinstance(error, RateLimited):
        return Wall(max(error.until, wall + SECOND // 5))
    return Wall(wall + min(_LONGEST, (SECOND // 5) * 2 ** min(attempts, 12)))
