"""What has run for a subject before, as rules read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Self

from app.decisions import ending
from app.model.time import HOUR, Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason

_AS_IF_NEVER = frozenset({StopReason.SHADOW_OVER.value, StopReason.NOT_NEEDED.value})
"""Ends of what nobody ever saw, or nobody had to answer: they bar no later one."""

COUNTED = frozenset({EnrolmentState.ACTIVE.value, EnrolmentState.PROPOSED.value})
"""States in which a firing counts against its rule's limit."""

_UNBEGUN = frozenset(
    {
        StopReason.NOT_OWED.value,
        StopReason.DECLINED.value,
        StopReason.DISCARDED.value,
        StopReason.RESTARTED.value,
    }
)
"""Ends after which nothing has to cool down: it never began, or went on as another run."""


@dataclass(frozen=True, slots=True)
class Past:
    """Fields as `RuleContext` has them; anchors is its `past`, recent its `recent_for_subject`."""

    anchors: Mapping[str, frozenset[str]]
    firings: Mapping[str, int]
    last_fired: Mapping[str, Business]
    last_ended: Mapping[str, Business]
    recent: Mapping[str, int]

    @classmethod
    def of(
        cls, rows: Iterable[Mapping[Any, Any]], shadow_rules: AbstractSet[str], now: Business
    ) -> Self:
        """rows: the subject's enrolments and firings, those that run included. shadow_rules: keys
        of the rules that only watch."""
        anchors: dict[str, set[str]] = defaultdict(set)
        firings: dict[str, int] = defaultdict(int)
        last_fired: dict[str, Business] = {}
        last_ended: dict[str, Business] = {}
        recent: dict[str, int] = defaultdict(int)
        for row in rows:
            rule, key = row["rule"], row["definition"]
            # Neither what was only imagined counts against what is live, nor what had not begun.
            imagined = row["mode"] == Mode.SHADOW.value and rule not in shadow_rules
            if imagined or row["end_reason"] in _AS_IF_NEVER:
                continue
            anchors[key].add(row["anchor"])
            if row["ended_at"] is not None and row["end_reason"] not in _UNBEGUN:
                last_ended[key] = max(last_ended.get(key, Business(0)), row["ended_at"])
            if not row["anchor"].startswith(ending.ANCHOR):  # else no signal of the rule's
                firings[rule] += 1
                last_fired[rule] = max(last_fired.get(rule, Business(0)), row["started_at"])
            recent[rule] += row["started_at"] > now - HOUR
        found = {key: frozenset(values) for key, values in anchors.items()}
        return cls(found, firings, last_fired, last_ended, recent)
