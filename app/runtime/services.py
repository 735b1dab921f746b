"""The process's parts, as web and command line are handed them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.decisions.by_hand import offered
from app.installations.config import Config
from app.installations.registry import Connectors
from app.lanes import (
    activation,
    by_hand,
    drafting,
    failing,
    leaving,
    migrating,
    pausing,
    proposals,
    rehearsing,
    replying,
    rescheduling,
    sync,
    undoing,
    waiting,
)
from app.lanes.backtest.mirrored import backtest_mirror
from app.lanes.context import Lanes
from app.lanes.dry_run import dry_run
from app.lanes.foreseeing import foresee
from app.lanes.why import why
from app.model.acts import Act
from app.model.dry_run import Question
from app.model.migration import Wanted
from app.model.playbook import Playbook
from app.model.posted import Posted
from app.model.replies import Said
from app.model.rescheduling import Change
from app.model.time import Business, Clocks
from app.store import inbox
from app.store.engine import Store
from connectors.contract import CrmError

log = logging.getLogger(__name__)

SEEN_S = 2.0
"""For so long somebody waits to see what they did; after that the page says that it follows."""

BACKTEST_RECORDS = 5_000
"""So many take some seconds, in which others still get their turn; the command takes them all."""


class Runtime:
    """The running lanes: poked by whoever knows of work, and asked for what admins do."""

    def __init__(self, lanes: Lanes, poke: Callable[[str, int], None]) -> None:
        self.lanes = lanes
        self._poke = poke

    def poke(self, lane: str, installation_id: int) -> None:
        """There may be work; returns at once. A poke that is lost costs only time."""
        self._poke(lane, installation_id)

    def activate(
        self,
        installation_id: int,
        playbook: str,
        mode: str,
        rules: Sequence[str] | None,
        who: str,
    ) -> list[dict[str, Any]]:
        """See `app.lanes.activation.activate`."""
        answer = activation.activate(self.lanes, installation_id, playbook, mode, rules, who)
        self._poke("upkeep", installation_id)
        return answer

    def release(
        self, installation_id: int, rule: str, per_day: int | None, who: str
    ) -> dict[str, Any]:
        """See `app.lanes.waiting.set_release`."""
        answer = waiting.set_release(self.lanes, installation_id, rule, per_day, who)
        self._poke("dispatch", installation_id)
        return answer

    def approve(self, installation_id: int, rule: str, who: str) -> int:
        """See `app.lanes.waiting.approve`."""
        number = waiting.approve(self.lanes, installation_id, rule, who)
        self._poke("dispatch", installation_id)
        return number

    def spread(self, installation_id: int, rule: str, per_day: int | None, who: str) -> int:
        """See `app.lanes.waiting.spread`."""
        number = waiting.spread(self.lanes, installation_id, rule, per_day, who)
        self._poke("dispatch", installation_id)
        return number

    def decline(self, installation_id: int, rule: str, who: str) -> int:
        """See `app.lanes.waiting.decline`."""
        return waiting.decline(self.lanes, installation_id, rule, who)

    def discard(self, installation_id: int, rule: str, who: str) -> int:
        """See `app.lanes.waiting.discard_backlog`."""
        return waiting.discard_backlog(self.lanes, installation_id, rule, who)

    def accept_proposal(self, installation_id: int, enrolment: str, who: str) -> None:
        """See `app.lanes.proposals.accept`."""
        proposals.accept(self.lanes, installation_id, enrolment, who)
        self._poke("dispatch", installation_id)

    def decline_proposal(self, installation_id: int, enrolment: str, who: str) -> None:
        """See `app.lanes.proposals.decline`."""
        proposals.decline(self.lanes, installation_id, enrolment, who)

    def tell_reply(
        self, installation_id: int, contact: str, said: Said, about: str | None
    ) -> None:
        """See `app.lanes.replying.tell`."""
        replying.tell(self.lanes, installation_id, contact, said, about)
        self._poke("ingest", installation_id)

    def go_on(self, installation_id: int, subject: int, who: str) -> list[str]:
        """See `app.lanes.replying.go_on`."""
        reasons = replying.go_on(self.lanes, installation_id, subject, who)
        self._poke("dispatch", installation_id)
        return reasons

    def read_again(self, installation_id: int, *, quotes: bool = False) -> None:
        """Every record is to be read anew; under simulation by the reconcile that is due with it,
        else at once, beside whoever waits for an answer."""
        sync.read_again(self.lanes, installation_id, quotes=quotes)
        if not self.lanes.simulated:
            self.lanes.pool.submit(self._reconcile, installation_id)
        self._poke("sync", installation_id)

    def _reconcile(self, installation_id: int) -> None:
        try:
            sync.reconcile(self.lanes, self.lanes.tenant(installation_id))
        except CrmError:
            log.exception("reading installation %s again failed", installation_id)
        self._poke("ingest", installation_id)

    def retry(self, installation_id: int, touch: str | None, who: str) -> int:
        """See `app.lanes.failing.retry`."""
        number = failing.retry(self.lanes, installation_id, touch, who)
        self._poke("dispatch", installation_id)
        return number

    def settle(self, installation_id: int, touch: str, done: bool, who: str) -> None:
        """See `app.lanes.failing.settle`."""
        failing.settle(self.lanes, installation_id, touch, done, who)
        self._poke("dispatch", installation_id)

    def decide_event(self, installation_id: int, event: int, retry: bool, who: str) -> None:
        """See `app.lanes.failing.decide_event`."""
        failing.decide_event(self.lanes, installation_id, event, retry, who)
        self._poke("ingest", installation_id)

    def decide_posted(self, installation_id: int, event: str | None, word: str, who: str) -> int:
        """See `app.lanes.failing.decide_posted`."""
        number = failing.decide_posted(self.lanes, installation_id, event, word == "place", who)
        self._poke("ingest", installation_id)
        return number

    def rehearse(self, installation_id: int, posted: Posted, who: str) -> dict[str, Any]:
        """See `app.lanes.rehearsing.rehearse`."""
        return rehearsing.rehearse(self.lanes, installation_id, posted, who)

    def leave(self, installation_id: int, who: str) -> dict[str, int]:
        """See `app.lanes.leaving.begin`."""
        met = leaving.begin(self.lanes, installation_id, who)
        self._poke("dispatch", installation_id)
        return met

    def backtest(
        self, installation_id: int, playbook: str | Playbook, days: int
    ) -> dict[str, Any]:
        """See `app.lanes.backtest`; on so many records at most that a request may wait for it."""
        found = backtest_mirror(self.lanes, installation_id, playbook, days, BACKTEST_RECORDS)
        if found["past"]["being_read"]:
            self._poke("upkeep", installation_id)
        return found

    def foresee(self, installation_id: int, playbook: str) -> dict[str, Any]:
        """See `app.lanes.foreseeing.foresee`; of so many records as a backtest looks at."""
        return foresee(self.lanes, installation_id, playbook, BACKTEST_RECORDS)

    def why(
        self, installation_id: int, type: str, crm_id: str, rule: str | None, at: Business | None
    ) -> dict[str, Any] | None:
        """See `app.lanes.why.why`."""
        now = self.lanes.now() if at is None else at
        return why(self.lanes, installation_id, type, crm_id, rule, now)

    def preview_migration(
        self, installation_id: int, wanted: Wanted, after: str
    ) -> dict[str, Any]:
        """See `app.lanes.migrating.preview`."""
        return migrating.preview(self.lanes, installation_id, wanted, after)

    def migrate(
        self, installation_id: int, wanted: Wanted, chosen: Mapping[str, str], who: str
    ) -> dict[str, Any]:
        """See `app.lanes.migrating.move`."""
        done = migrating.move(self.lanes, installation_id, wanted, chosen, who)
        self._poke("dispatch", installation_id)
        return done

    def reschedule(
        self, installation_id: int, enrolment: str, change: Change, who: str
    ) -> dict[str, Any]:
        """See `app.lanes.rescheduling.change_times`."""
        done = rescheduling.change_times(self.lanes, installation_id, enrolment, change, who)
        self._poke("dispatch", installation_id)
        return done

    def pause(
        self, installation_id: int, playbook: str, rules: Sequence[str] | None, queue: bool,
        who: str,
    ) -> list[str]:  # fmt: skip
        """See `app.lanes.pausing.pause`."""
        return pausing.pause(self.lanes, installation_id, playbook, rules, queue, who)

    def resume(
        self, installation_id: int, playbook: str, rules: Sequence[str] | None,
        late: pausing.Late, who: str,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """See `app.lanes.pausing.resume`."""
        done = pausing.resume(self.lanes, installation_id, playbook, rules, late, who)
        self._poke("dispatch", installation_id)
        return done

    def dry_run(
        self, installation_id: int, playbook: Playbook | str, version: int | None, asked: Question
    ) -> dict[str, Any]:
        """See `app.lanes.dry_run`."""
        return dry_run(self.lanes, installation_id, playbook, version, asked) or {}

    def act(
        self, installation_id: int, subject: int, act: Act, who: str, request_id: str
    ) -> dict[str, Any]:
        """See `app.lanes.by_hand.carry_out`. What the CRM was told is taken in before this answers,
        where that takes no longer than a person waits for."""
        done = by_hand.carry_out(self.lanes, installation_id, subject, act, who, request_id)
        for lane in ("ingest", "dispatch"):
            self._poke(lane, installation_id)
        return {"done": True, "seen": self._taken_in(installation_id, done["reads"])}

    def _taken_in(self, installation_id: int, key: str | None) -> bool:
        deadline = time.monotonic() + SEEN_S
        while key is not None:
            with self.lanes.store.read() as conn:
                if not inbox.waits(conn, installation_id, key):
                    return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def draft(self, installation_id: int, touch: Mapping[str, Any]) -> dict[str, Any]:
        """See `app.lanes.drafting.draft_of`."""
        return drafting.draft_of(self.lanes, installation_id, touch)

    def offers(self, installation_id: int) -> list[dict[str, str]]:
        """Sequences that a person may begin by hand, with the rule that begins them."""
        found = offered(self.lanes.tenant(installation_id).rules)
        return [
            {"sequence": key, "title": sequence.title or sequence.id, "rule": active.rule.key}
            for key, (active, sequence) in sorted(found.items())
        ]

    def preview_undo(self, installation_id: int, id: int) -> dict[str, Any]:
        """See `app.lanes.undoing.preview`."""
        return undoing.preview(self.lanes, installation_id, id)

    def undo(self, installation_id: int, id: int, who: str) -> dict[str, int]:
        """See `app.lanes.undoing.undo`."""
        met = undoing.undo(self.lanes, installation_id, id, who)
        self._poke("dispatch", installation_id)
        return met


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a request may need."""

    config: Config
    store: Store
    clocks: Clocks
    connectors: Connectors
    runtime: Runtime
    stop: Callable[[], None]
    """End the process's threads and let go of its database. What was under way stays due and is
    found again at the next start, as after a crash; so a server need not call this to end."""
