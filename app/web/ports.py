"""What the web needs of the running process; `app.runtime` hands it over.

Protocols rather than the runtime's own classes, so that a test can put a page in front of a plain
store, and so that the web cannot reach into the lanes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from app.installations.config import Config
from app.installations.registry import Connectors
from app.model.acts import Act
from app.model.dry_run import Question
from app.model.migration import Wanted
from app.model.playbook import Playbook
from app.model.posted import Posted
from app.model.replies import Said
from app.model.rescheduling import Change
from app.model.time import Business, Clocks
from app.store.engine import Store

Late = Literal["shift", "policy"]
"""What becomes of what was due in a pause: moved by its length, or left to each step's policy."""


class Runtime(Protocol):
    """The running lanes, as seen by whoever wakes them."""

    def poke(self, lane: str, installation_id: int) -> None:
        """There may be work for `ingest`, `dispatch`, `sync` or `upkeep`; returns at once."""
        ...

    def activate(
        self,
        installation_id: int,
        playbook: str,
        mode: str,
        rules: Sequence[str] | None,
        who: str,
    ) -> list[dict[str, Any]]:
        """Set the mode of a playbook's rules, all unless named. Answers for each rule
        `{"rule": key, "mode": mode, "backlog": records that it would already owe}`."""
        ...

    def release(
        self, installation_id: int, rule: str, per_day: int | None, who: str
    ) -> dict[str, Any]:
        """Let a rule's backlog start, `per_day` records a day; None takes the setting."""
        ...

    def approve(self, installation_id: int, rule: str, who: str) -> int:
        """Let a rule go on that reached its limit; answers how many records start by it."""
        ...

    def spread(self, installation_id: int, rule: str, per_day: int | None, who: str) -> int:
        """Make what a rule began above its limit a backlog, released `per_day` a day."""
        ...

    def decline(self, installation_id: int, rule: str, who: str) -> int:
        """End what a rule began above its limit; answers how many records it was."""
        ...

    def discard(self, installation_id: int, rule: str, who: str) -> int:
        """End a rule's backlog unbegun; answers how many records it held."""
        ...

    def accept_proposal(self, installation_id: int, enrolment: str, who: str) -> None:
        """Begin what a rule in manual mode proposed."""
        ...

    def decline_proposal(self, installation_id: int, enrolment: str, who: str) -> None:
        """End what a rule in manual mode proposed."""
        ...

    def tell_reply(
        self, installation_id: int, contact: str, said: Said, about: str | None
    ) -> None:
        """Somebody says what a contact's latest reply means; about: the deal it was said on."""
        ...

    def go_on(self, installation_id: int, subject: int, who: str) -> list[str]:
        """A person lets automatic follow-up of a subject go on; answers why it had waited."""
        ...

    def read_again(self, installation_id: int, *, quotes: bool = False) -> None:
        """Every record is to be read anew: other properties are read of it from now on. quotes:
        what they say means something else from now on, and what is known of them nothing."""
        ...

    def retry(self, installation_id: int, touch: str | None, who: str) -> int:
        """Try a failed touch, or all, again at once; answers how many."""
        ...

    def settle(self, installation_id: int, touch: str, done: bool, who: str) -> None:
        """Say of a touch whose fate is unknown whether it was done."""
        ...

    def decide_event(self, installation_id: int, event: int, retry: bool, who: str) -> None:
        """Try an event that keeps failing again at once, or forget it."""
        ...

    def decide_posted(self, installation_id: int, event: str | None, word: str, who: str) -> int:
        """Place a refused event, or all, anew, or drop one; answers how many."""
        ...

    def rehearse(self, installation_id: int, posted: Posted, who: str) -> dict[str, Any]:
        """What an event would do now; see `app.lanes.rehearsing`."""
        ...

    def leave(self, installation_id: int, who: str) -> dict[str, int]:
        """Clean up and leave the account; answers what it meets."""
        ...

    def backtest(
        self, installation_id: int, playbook: str | Playbook, days: int
    ) -> dict[str, Any]:
        """What a playbook would have owed; see `app.lanes.backtest`. Raises BacktestError."""
        ...

    def foresee(self, installation_id: int, playbook: str) -> dict[str, Any]:
        """What it would already owe, were it set live now. Raises BacktestError."""
        ...

    def why(
        self, installation_id: int, type: str, crm_id: str, rule: str | None, at: Business | None
    ) -> dict[str, Any] | None:
        """How each rule stands to a record, check by check; None where it is unknown."""
        ...

    def preview_migration(
        self, installation_id: int, wanted: Wanted, after: str
    ) -> dict[str, Any]:
        """What moving running follow-ups to another version would do."""
        ...

    def migrate(
        self, installation_id: int, wanted: Wanted, chosen: Mapping[str, str], who: str
    ) -> dict[str, Any]:
        """Move them; answers which were, and which have changed since the preview."""
        ...

    def reschedule(
        self, installation_id: int, enrolment: str, change: Change, who: str
    ) -> dict[str, Any]:
        """Change one running follow-up's times; answers its touches as they now are."""
        ...

    def pause(
        self, installation_id: int, playbook: str, rules: Sequence[str] | None, queue: bool,
        who: str,
    ) -> list[str]:  # fmt: skip
        """Let a playbook's rules wait; queue: what they would begin becomes backlog."""
        ...

    def resume(
        self, installation_id: int, playbook: str, rules: Sequence[str] | None, late: Late,
        who: str,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Let them go on; late: `shift` or `policy`."""
        ...

    def dry_run(
        self, installation_id: int, playbook: Playbook | str, version: int | None, asked: Question
    ) -> dict[str, Any]:
        """What a playbook would do with one record. Raises BacktestError."""
        ...

    def act(
        self, installation_id: int, subject: int, act: Act, who: str, request_id: str
    ) -> dict[str, Any]:
        """Do what a person asks for one record, once for each request id; `seen`: whether it shows
        already. Raises `app.lanes.by_hand.ActError`."""
        ...

    def draft(self, installation_id: int, touch: Mapping[str, Any]) -> dict[str, Any]:
        """The words of a touch, plain."""
        ...

    def offers(self, installation_id: int) -> list[dict[str, str]]:
        """Sequences that a person may begin by hand."""
        ...

    def preview_undo(self, installation_id: int, id: int) -> dict[str, Any]:
        """What undoing an activation would do."""
        ...

    def undo(self, installation_id: int, id: int, who: str) -> dict[str, int]:
        """Undo an activation; answers what it met."""
        ...


class Services(Protocol):
    """The process's parts."""

    @property
    def config(self) -> Config: ...

    @property
    def store(self) -> Store: ...

    @property
    def clocks(self) -> Clocks: ...

    @property
    def connectors(self) -> Connectors: ...

    @property
    def runtime(self) -> Runtime: ...
