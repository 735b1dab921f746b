"""The figures of a run: the line of JSON, and whether everything was as it should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from demo.checker import Verdict


@dataclass(frozen=True)
class Figures:
    """What both sides tell: `result` and `touches` are the app's own account, `stats` the CRM's,
    `verdict` the checker's. seconds: of the whole run."""

    deals: int
    result: dict[str, Any]
    touches: list[dict[str, Any]]
    stats: dict[str, Any]
    verdict: Verdict
    seconds: float

    @property
    def performed(self) -> int:
        return sum(touch["state"] == "performed" for touch in self.touches)

    @property
    def dropped(self) -> dict[str, int]:
        """Reason → touches that were decided and then not done."""
        counts = Counter(
            str(touch["reason"]) for touch in self.touches if touch["state"] == "dropped"
        )
        return dict(counts.most_common())

    @property
    def deferred(self) -> dict[str, int]:
        """Reason → touches that wait at the end."""
        counts = Counter(
            str(touch["reason"])
            for touch in self.touches
            if touch["state"] in ("planned", "waiting", "deferred") and touch["reason"]
        )
        return dict(counts.most_common())

    @property
    def problems(self) -> list[str]:
        """A sentence for everything that is not as it should be; empty when all is well."""
        found = [f"missing: {text}" for text in self.verdict.missing]
        found += [f"twice: {text}" for text in self.verdict.duplicates]
        found += [f"broken: {text}" for text in self.verdict.broken]
        if self.performed != self.verdict.tasks:
            found.append(
                f"the app performed {self.performed} touches, the CRM holds {self.verdict.tasks} "
                "of them"
            )
        if failed := self.result["failed"]:
            found.append(f"{len(failed)} touches failed; the first: {failed[0]['error']}")
        if refused := self.stats["http_429"]:
            found.append(f"the CRM refused {refused} calls with 429")
        for company, used in self.stats.get("tokens", {}).items():
            if used["busiest_day"] > used["allowance"]:
                found.append(
                    f"{used['busiest_day']} tokens went in one day of business time, account "
                    f"{company} has {used['allowance']} a day"
                )
        return found

    def as_json(self) -> dict[str, Any]:
        """The keys of the line that `--json` prints last.

        touches: performed ones. enrolments: those that really started. dropped: touches that were
        decided and then not done, by reason.
        """
        enrolments = sum(
            count
            for rule in self.result["rules"]
            for state, count in rule["enrolments"].items()
            if state != "shadow"
        )
        calls = int(self.stats["total"])
        return {
            "deals": self.deals,
            "signals": self.result["signals"],
            "enrolments": enrolments,
            "tasks_created": self.verdict.tasks,
            "engagements": self.verdict.engagements,
            "stopped": self.result["stopped"],
            "dropped": self.dropped,
            "touches": self.performed,
            "duplicates": len(self.verdict.duplicates),
            "missing": len(self.verdict.missing),
            "max_open_per_rep": self.verdict.max_open_per_rep,
            "crm_calls": calls,
            "crm_calls_per_touch": round(calls / self.performed, 3) if self.performed else None,
            "http_429": self.stats["http_429"],
            "seconds": round(self.seconds, 1),
        }
