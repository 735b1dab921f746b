"""Lanes driven by a sandbox that owns business time.

Business time moves by barrier: the app reports "drained up to T" only with nothing due, claimed or
waiting for a retry, naming the highest delivery it has stored; the sandbox then moves to the next
instant at which either side has something to do. Without it, a test would have to sleep, and a
fast machine would see another order of events than a slow one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

import requests

from app.lanes.context import WORKING, Lanes
from app.lanes.drain import drain, next_due, outstanding
from app.lanes.polling import asks_at, next_poll, poll_if_due
from app.lanes.sync import next_reconcile, reconcile_daily
from app.model.time import Business
from app.runtime.clocks import SimulatedClocks
from app.store import cursors, installations

_RETRY_S = 0.02
_DOWN_S = 0.5
_TIMEOUT_S = 30

log = logging.getLogger(__name__)


class Simulation:
    """The one thread that drains everything and reports to the sandbox."""

    def __init__(self, control: str, run: str, lanes: Lanes, clocks: SimulatedClocks) -> None:
        """control: the sandbox's control address, such as `http://127.0.0.1:8600/sandbox`."""
        self._control = control
        self._run = run
        self._lanes = lanes
        self._clocks = clocks
        self._http = requests.Session()
        self._http.trust_env = False  # asked at each step: no proxy is looked for
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._lost = 0
        self._granted = 0
        self._thread = threading.Thread(target=self._loop, name="simulation", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread. A report under way may take the sandbox some seconds to answer."""
        self._stopped.set()
        self._woken.set()
        self._thread.join(_TIMEOUT_S)

    def poke(self, lane: str, installation_id: int) -> None:
        """Something was stored or decided: drain before reporting again."""
        self._woken.set()

    def _loop(self) -> None:
        while not self._stopped.is_set():
            try:
                self._enter()
                while not self._stopped.is_set():
                    self._step()
            except requests.RequestException:
                self._stopped.wait(_DOWN_S)
            except Exception:
                # A failure here would stop time for good; what it left undone is still due.
                log.exception("the simulation's drain failed")
                self._stopped.wait(_DOWN_S)

    def _enter(self) -> None:
        """Take over the sandbox's time, once no move is under way any more.

        A move that an earlier run asked for ends with its webhooks, which have waited for us. Who
        acted before they are in would act on a world that is some events older than its clock.
        """
        while not self._stopped.is_set():
            answer = self._http.get(f"{self._control}/time", timeout=_TIMEOUT_S).json()
            if not answer["moving"]:
                self._take(answer)
                return
            self._stopped.wait(_RETRY_S)

    def _take(self, answer: Mapping[str, Any]) -> None:
        self._clocks.move(Business(answer["now"]))
        self._lost = int(answer["lost"])
        self._granted = int(answer["granted_until"])

    def _step(self) -> None:
        self._woken.clear()
        ids = self._installations()
        for installation_id in ids:
            drain(self._lanes, installation_id)
        if any(outstanding(self._lanes, installation_id) for installation_id in ids):
            self._woken.wait(_RETRY_S)
            return
        if any(map(self._reconciled, ids)):
            self._woken.wait(_RETRY_S)
            return
        self._report(ids)

    def _reconciled(self, installation_id: int) -> bool:
        """True where a reconcile found work or failed: drain again before reporting."""
        tenant = self._lanes.tenant(installation_id)
        if tenant.status != "active":
            return False
        return poll_if_due(self._lanes, tenant) or reconcile_daily(self._lanes, tenant, self._lost)

    def _next_due(self, installation_id: int) -> Business | None:
        tenant = self._lanes.tenant(installation_id)
        found = [next_due(self._lanes, installation_id)]
        if tenant.status == "active":
            found.append(next_reconcile(self._lanes, tenant, self._lost))
            found.append(next_poll(self._lanes, tenant))
        return min((at for at in found if at is not None), default=None)

    def _asks_at(self, ids: list[int]) -> Business | None:
        """From when on a CRM without webhooks would be asked what happened."""
        tenants = [self._lanes.tenant(key) for key in ids]
        asked = [asks_at(self._lanes, one) for one in tenants if one.status == "active"]
        return min((at for at in asked if at is not None), default=None)

    def _installations(self) -> list[int]:
        with self._lanes.store.read() as conn:
            return [row["id"] for row in installations.read(conn, WORKING)]

    def _report(self, ids: list[int]) -> None:
        granted = self._granted  # what was granted later does not rest on what is read from here on
        due = [at for key in ids if (at := self._next_due(key)) is not None]
        with self._lanes.store.read() as conn:
            delivery = cursors.number(conn, cursors.EVERYONE, "delivery")
        report: dict[str, Any] = {
            "run": self._run,
            "now": self._clocks.business(),
            "delivery": delivery,
            "next_due": min(due, default=None),
            "granted": granted,
            "asks_at": self._asks_at(ids),
        }
        answer = self._http.post(f"{self._control}/drained", json=report, timeout=_TIMEOUT_S).json()
        self._take(answer)
