"""How often prospects did something lately, for rules in force that ask for it; else nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from app.lanes.context import Tenant
from app.model.engagement import by_person, counted
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import DAY, Business
from app.store import outcomes


class Engaged:
    """Instants at which the prospects of some subjects did something, as far back as is asked."""

    def __init__(self, tenant: Tenant, conn: Connection, ids: Iterable[int], now: Business) -> None:
        self._now = now
        self._days = tenant.engagement_days
        since = now - max(self._days, default=0) * DAY
        self._found = (
            outcomes.engaged(conn, tenant.id, list(ids), since) if self._days else {}
        )

    def note(self, signal: Signal) -> bool:
        """The prospect has just done something. False where nobody asks."""
        if self._days:
            self._found.setdefault(signal.subject, []).append((signal.at, signal.contact))
        return bool(self._days)

    def on(self, view: SubjectView) -> SubjectView:
        """The view with its counts."""
        if not self._days:
            return view
        found = self._found.get(view.id, ())
        return replace(
            view,
            engagement=counted((at for at, _ in found), self._days, self._now),
            engaged_by=by_person(found, self._days, self._now),
        )
