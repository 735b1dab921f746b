"""Failures made to order: what an API call or a webhook meets instead of a good answer.

A fault is a mapping::

    {"match": "POST /crm/objects/2026-03/tasks/batch/create", "kind": "500_after",
     "times": 1, "at_nth": 1, "seconds": 0.0, "from": 1791784800000, "until": 1791788400000}

``match`` is a method (or ``*``) and a regular expression for the path. For webhook events the
method is ``EVENT`` and the path the subscription type (``EVENT deal\\.propertyChange``); for
single records that a call writes it is ``ROW`` and the path their object (``ROW Task``).
``at_nth`` counts matching calls from 1; from that one on, ``times`` calls are hit (0: all).
``from`` and ``until`` are instants of business time: outside them the fault sleeps.

Kinds for calls: ``429``; ``NNN_before`` (refused before anything is done) and ``NNN_after`` (done,
then answered NNN), for any status from 400 to 599; ``timeout_before``, ``timeout_after`` (silence
for ``seconds``, then the connection closes); ``reset_before``, ``reset_after`` (the connection
closes at once); ``slow`` (a good answer after ``seconds``). For events: ``drop``, ``duplicate``,
``disorder`` (delivered at another place among those of its flush), ``delay`` (delivered at
``until``, or ``seconds`` of business time after it happened). For records: ``lock`` (refused
because somebody else is writing it).

Several faults may meet at once: a call is slowed by every ``slow`` one and then meets the first
other one in the script; an event suffers all that match it. An hour in which no webhook comes is
``{"match": "EVENT .*", "times": 0, "from": …, "until": …}`` with ``drop`` where all of it is lost
and ``delay`` where it comes when the hour is over.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STATUS = re.compile(r"([45]\d\d)(?:_(before|after))?")
CALL_KINDS = ("timeout", "reset", "slow")
EVENT_KINDS = ("drop", "duplicate", "disorder", "delay")
ROW_KINDS = ("lock",)
FIELDS = ("match", "kind", "times", "at_nth", "seconds", "from", "until")


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
    since: int | None = None
    until: int | None = None
    seen: int = 0
    hits: int = 0

    def matches(self, method: str, path: str, now: int) -> bool:
        """Whether the fault is about such a call or event, and awake at ``now``."""
        return (
            self.method in ("*", method)
            and (self.since is None or now >= self.since)
            and (self.until is None or now < self.until)
            and self.path.search(path) is not None
        )

    def as_dict(self) -> dict[str, Any]:
        """The fault with what it has met so far."""
        return {
            "id": self.id,
            "match": f"{self.method} {self.path.pattern}",
            "kind": f"{self.status or self.kind}{'_after' if self.after else ''}",
            "seconds": self.seconds,
            "times": self.times,
            "at_nth": self.at_nth,
            "from": self.since,
            "until": self.until,
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
    if kind in (*EVENT_KINDS, *ROW_KINDS):
        return kind, 0, False
    raise ValueError(
        f"fault kind {kind!r} is unknown; use 429, NNN_before, NNN_after, timeout_before, "
        "timeout_after, reset_before, reset_after, slow, drop, duplicate, disorder, delay or lock"
    )


class Faults:
    """The script of failures of one sandbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self._next = 1

    def add(self, fault: Mapping[str, Any]) -> int:
        """Adds one and returns its id; raises ValueError naming what is wrong with it."""
        unknown = sorted(set(fault) - set(FIELDS))
        if unknown:
            raise ValueError(f"a fault has no field {unknown[0]!r}; it has {', '.join(FIELDS)}")
        method, _, path = str(fault.get("match", "* .*")).partition(" ")
        kind, status, after = _read_kind(str(fault.get("kind", "")))
        try:
            pattern = re.compile(path or ".*")
        except re.error as error:
            raise ValueError(f"match: {path!r} is no regular expression: {error}") from None
        since, until = _instant(fault, "from"), _instant(fault, "until")
        if since is not None and until is not None and until <= since:
            raise ValueError("until must be after from; both are instants of business time in ms")
        seconds = float(fault.get("seconds", 0.0))
        if kind == "delay" and until is None and not seconds:
            raise ValueError("a delay needs until (an instant in ms) or seconds")
        with self._lock:
            made = Fault(
                self._next,
                method.upper(),
                pattern,
                kind,
                status,
                after,
                seconds,
                int(fault.get("times", 1)),
                int(fault.get("at_nth", 1)),
                since,
                until,
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

    def any(self) -> bool:
        """Whether anything at all is scripted."""
        return bool(self._script)

    def meet(self, method: str, path: str, now: int) -> list[Fault]:
        """The faults that this call or event meets at business instant ``now``, counting it.

        For a call: the ``slow`` ones, and at the end at most one other.
        """
        if not self._script:
            return []
        met: list[Fault] = []
        kinds, stopped = {"EVENT": EVENT_KINDS, "ROW": ROW_KINDS}.get(method), False
        with self._lock:
            for fault in self._script:
                if not fault.matches(method, path, now):
                    continue
                if fault.kind not in (kinds or (*CALL_KINDS, "status")):
                    continue
                fault.seen += 1
                if fault.seen < fault.at_nth or 0 < fault.times <= fault.hits:
                    continue
                if fault.kind != "slow" and kinds is None:
                    if stopped:
                        continue
                    stopped = True
                fault.hits += 1
                met.append(fault)
        met.sort(key=lambda fault: fault.kind != "slow")
        return met


def _instant(fault: Mapping[str, Any], name: str) -> int | None:
    value = fault.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{name} must be an instant of business time in ms, not {value!r}")
