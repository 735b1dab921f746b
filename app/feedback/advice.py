"""From outcomes back to rules: what the figures say ought to be changed, and where."""

from __future__ import annotations

from dataclasses import dataclass

from app.feedback.counted import Counted, by, share, total
from app.feedback.figures import Behind
from app.feedback.proportions import Share, wilson
from app.feedback.verdicts import LEAST, Worth, worth

MANY = 0.25
"""A stage that so many stays go silent in is worth a rule; only where the interval says so."""

LEFT_UNDONE = 0.25
"""Steps that reps delete so often are not believed in."""


@dataclass(frozen=True, slots=True)
class Advice:
    """found: what was seen, with its numbers. change: what to do about it."""

    found: str
    change: str
    behind: Behind | None = None


def advice(counted: Counted) -> list[Advice]:
    """All that the figures ask for, the surest first."""
    return [*_unanswered(counted), *_silent(counted), *_deleted(counted)]


def _unanswered(counted: Counted) -> list[Advice]:
    found: list[Advice] = []
    groups = by(counted.of("answered"), lambda row: (row["definition"], row["step"]))
    for (definition, step), rows in sorted(groups.items()):
        replied = share(rows)
        verdict = worth(replied)
        if verdict not in (Worth.DROP, Worth.MAYBE):
            continue
        sure = "is" if verdict is Worth.DROP else "looks"
        found.append(
            Advice(
                f"Step “{step}” of {definition}: {replied.hits} of {replied.n} answered, which "
                f"{sure} under 2 %.",
                "Drop it, or give it another text or channel; running follow-ups are moved with a "
                "preview." if verdict is Worth.DROP else "Watch it for another week or two.",
                Behind("answered", {"definition": definition, "step": step}),
            )
        )  # fmt: skip
    return found


def _silent(counted: Counted) -> list[Advice]:
    found: list[Advice] = []
    for stage, rows in by(counted.of("silence_map"), lambda row: row["stage_id"]).items():
        silent = share(rows)
        name = counted.names.stages.get(stage)
        if name is None or silent.n < LEAST or wilson(silent)[0] < MANY:
            continue
        acts = name.kind in counted.names.live_kinds
        found.append(
            Advice(
                f"{name.label}: {silent.hits} of {silent.n} stays went silent for 14 days.",
                "A rule acts on silence there already: let it act sooner, or see whether its tasks "
                "are done." if acts else "No rule acts on silence there: activate one, such as "
                "those of “idle-deal”, with this stage in its condition; its backtest says first "
                "what it would owe.",
                Behind("silence_map", {"stage_id": stage, "hit": 1}),
            )
        )  # fmt: skip
    return found


def _deleted(counted: Counted) -> list[Advice]:
    found: list[Advice] = []
    groups = by(counted.of("steps"), lambda row: (row["definition"], row["step"]))
    for (definition, step), rows in sorted(groups.items()):
        deleted = int(total([row for row in rows if row["fate"] == "deleted"]))
        written = int(total([row for row in rows if row["fate"] in ("deleted", "done", "open")]))
        if written < LEAST or wilson(Share(deleted, written))[0] < LEFT_UNDONE:
            continue
        found.append(
            Advice(
                f"Step “{step}” of {definition}: reps deleted {deleted} of {written} tasks.",
                "Ask them why, and change or drop the step.",
                Behind("steps", {"definition": definition, "step": step, "fate": "deleted"}),
            )
        )
    return found
