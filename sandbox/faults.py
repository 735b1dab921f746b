"""Failures made to order: what an API call or a webhook meets instead of a good answer.

A fault is a mapping::

    {"match": "POST /crm/objects/2026-03/tasks/batch/create", "kind": "500_after",
     "times": 1, "at_nth": 1, "seconds": 0.0}

``match`` is a method (or ``*``) and a regular expression for the path. For webhook events the
method is ``EVENT`` and the path the subscription type (``EVENT deal\\.propertyChange``).
``at_nth`` counts matching calls from 1; from that one on, ``times`` calls are hit (0: all).

Kinds for calls: ``429``; ``NNN_before`` (refused before anything is done) and ``NNN_after`` (done,
then answered NNN), for any status from 400 to 599; ``timeout_before``, ``timeout_after`` (silence
for ``seconds``, then the connection closes); ``reset_before``, ``reset_after`` (the connection
closes at once); ``slow`` (a good answer after ``seconds``). For events: ``drop``, ``duplicate``,
``disorder``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STATUS = re.compile(r"([45]\d\d)(?:_(before|after))?")
CALL_KINDS = ("timeout", "reset", "slow")
EVENT_KINDS = ("drop", "duplicate", "disorder")


@dataclass(slots=True)
class Fault:
    """One scripted failure. ``after`` tells that the call is carried out first."""

    id: int
    method: str
    path: re.Pattern[str]
    kind: str
    status: int
    after: bool
    seconds: float
    times: int
    at_nth: int
    seen: int = 0
    hits: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The fault with what it has met so far."""
        return {
            "id": self.id,
            "match": f"{self.method} {self.path.pattern}",
            "kind": f"{self.status or self.kind}{'_after' if self.after else ''}",
            "seconds": self.seconds,
            "times": self.times,
            "at_nth": self.at_nth,
            "seen": self.seen,
            "hits": self.hits,
        }


def _read_kind(kind: str) -> tuple[str, int, bool]:
    found = _STATUS.fullmatch(kind)
    if found:
        return "status", int(found[1]), found[2] == "after"
    name, _, when = kind.partition("_")
    if name in CALL_KINDS and when in ("", "before", "after"):
        return name, 0, when == "after"
    if kind in EVENT_KINDS:
        return kind, 0, False
    raise ValueError(
        f"fault kind {kind!r} is unknown; use 429, NNN_before, NNN_after, timeout_before, "
        "timeout_after, reset_before, reset_after, slow, drop, duplicate or disorder"
    )


class Faults:
    """The script of failures of one sandbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self._next = 1

    def add(self, fault: Mapping[str, Any]) -> int:
        """Adds one and returns its id; raises ValueError naming what is wrong with it."""
        unknown = set(fault) - {"match", "kind", "times", "at_nth", "seconds"}
        if unknown:
            raise ValueError(
                f"a fault has no field {sorted(unknown)[0]!r}; it has match, kind, times, at_nth, "
                "seconds"
            )
        method, _, path = str(fault.get("match", "* .*")).partition(" ")
        kind, status, after = _read_kind(str(fault.get("kind", "")))
        try:
            pattern = re.compile(path or ".*")
        except re.error as error:
            raise ValueError(f"match: {path!r} is no regular expression: {error}") from None
        with self._lock:
            made = Fault(
                self._next,
                method.upper(),
                pattern,
                kind,
                status,
                after,
                float(fault.get("seconds", 0.0)),
                int(fault.get("times", 1)),
                int(fault.get("at_nth", 1)),
            )
            self._next += 1
            self._script = [*self._script, made]
            return made.id

    def clear(self, fault_id: int | None = None) -> int:
        """Removes one fault, or all; returns how many were removed."""
        with self._lock:
            kept = [] if fault_id is None else [f for f in self._script if f.id != fault_id]
            removed = len(self._script) - len(kept)
            self._script = kept
            return removed

    def listing(self) -> list[dict[str, Any]]:
        """All faults with their counts."""
        return [fault.as_dict() for fault in self._script]

    def meet(self, method: str, path: str) -> Fault | None:
        """The fault that this call or event meets, counting it."""
        if not self._script:
            return None
        with self._lock:
            for fault in self._script:
                if fault.method in ("*", method) and fault.path.search(path):
                    if (method == "EVENT") != (fault.kind in EVENT_KINDS):
                        continue
                    fault.seen += 1
                    if fault.seen >= fault.at_nth and (
                        fault.times == 0 or fault.hits < fault.times
                    ):
                        fault.hits += 1
                        return fault
        return None
