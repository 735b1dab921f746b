"""For machines that watch: is the process alive, can it work, and how much waits.

Figures are sums over all installations and name none, so that whoever may scrape them learns
nothing about a customer.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.lanes.tallying import Tally, tally
from app.store import calls, figures
from app.web.answers import answer, services
from app.web.ports import Services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """200 as long as the process answers."""
    return answer({"ok": True})


@blueprint.get("/readyz")
def ready() -> Response:
    """200 when the database can be read, else 503; with what waits and how late it is."""
    parts = services()
    try:
        with parts.store.read() as conn:
            work = figures.backlog_of_work(conn)
    except Exception as error:
        return answer({"ok": False, "database": type(error).__name__,
                       "next": "Check DATABASE_URL and the database server or file."}, 503)
    return answer({"ok": True, **_ages(parts, work)})


def _ages(parts: Services, work: dict[str, int | None]) -> dict[str, int | None]:
    due, received = work["oldest_due_at"], work["oldest_event_wall"]
    return {
        "inbox": work["inbox"],
        "inbox_age_ms": 0 if received is None else max(0, parts.clocks.wall() - received),
        "late_ms": 0 if due is None else max(0, parts.clocks.business() - due),
    }


class _Figures(Collector):
    """Reads the figures from the database at each scrape; nothing is kept in the process, so that
    several web processes tell the same. Many touches are not counted at each: their age is told."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        with self._parts.store.read() as conn:
            work = figures.backlog_of_work(conn)
            refused = calls.refused(conn)
            called = figures.calls_by_status(conn)
        ages = _ages(self._parts, work)
        touched = self._touched()
        yield GaugeMetricFamily(
            "followthrough_inbox_events", "Events stored and not worked off", ages["inbox"] or 0
        )
        yield GaugeMetricFamily(
            "followthrough_inbox_age_seconds", "Age of the oldest event in the inbox",
            (ages["inbox_age_ms"] or 0) / 1000,
        )
        yield GaugeMetricFamily(
            "followthrough_late_seconds", "Business time since the oldest due touch was due",
            (ages["late_ms"] or 0) / 1000,
        )
        touches = GaugeMetricFamily("followthrough_touches", "Touches by state", labels=["state"])
        for state, count in touched.states.items():
            touches.add_metric([state], count)
        yield touches
        yield GaugeMetricFamily(
            "followthrough_touches_age_seconds",
            "How long ago the oldest part of followthrough_touches was counted; 0: just now",
            touched.age_ms / 1000,
        )
        refusals = CounterMetricFamily(
            "followthrough_refusals", "Webhooks and OAuth answers refused", labels=["reason"]
        )
        for row in refused:
            refusals.add_metric([row["reason"]], row["count"])
        yield refusals
        made = CounterMetricFamily(
            "followthrough_crm_calls", "Calls to CRMs by HTTP status", labels=["status"]
        )
        for status, count in called.items():
            made.add_metric([str(status)], count)
        yield made

    def _touched(self) -> Tally:
        """Touches by state; what upkeep is to count anew is woken."""
        parts = self._parts
        found = tally(parts.store, parts.clocks.business(), parts.clocks.wall())
        for installation_id in found.old:
            parts.runtime.poke("upkeep", installation_id)
        return found


@blueprint.get("/metrics")
def metrics() -> Response:
    """The figures in Prometheus' text format."""
    parts = services()
    parts.connectors.flush_calls()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(parts))
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")
