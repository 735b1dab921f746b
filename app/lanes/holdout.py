"""What following up was worth: the facts of both arms, compared rule by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from app.decisions.guard.holdout import is_held_out
from app.feedback.holdout import (
    CLOSE,
    LEAST,
    WINDOW_DAYS,
    WINDOW_MS,
    Comparison,
    Course,
    Measure,
    compare,
)
from app.model.vocabulary import SignalKind, StageKind
from app.store import holdout, installations

Row = Mapping[str, Any]

DEFINITIONS = {
    "arms": "Each rule draws its own control group. A record is counted in the arm that it was "
    "drawn into when the rule first decided on it while this share was held out, whether or not a "
    "task came of it. Other rules act on both arms alike.",
    "window": f"What happened within {WINDOW_DAYS} days after that decision. Younger records are "
    "still running and count in nothing.",
    "replied": "Somebody of the prospect's replied. The latest answer does not count while it is "
    "known to be a machine's.",
    "meeting_booked": "A meeting was booked.",
    "stage_advanced": "It entered a later stage of its pipeline that is not lost or ignored. Only "
    "records that stood in a stage are counted.",
    "won": "It entered a stage that means won. Only records that stood in a stage are counted.",
    "days_to_next_stage": "Median days from the decision to the first later stage, of the records "
    "that came to one within the window.",
    "difference": "Share of the followed up minus share of the held out, like with like: within "
    "records of one kind, pipeline, decade of the amount (1,000 to 9,999, say) and owner's team, "
    "as they were when the rule first decided, then over all of these strata with the weights of "
    "Mantel and Haenszel; the 95 % interval is Newcombe's (1998, method 10) at those weights (Yan "
    "and Su 2010). Records of strata in which one arm has none count in the shares, not in the "
    "difference: `compared` says how many do.",
    "verdict": f"`better` or `worse` where the interval leaves out zero, `no difference shown` "
    f"where it lies within {CLOSE * 100:.0f} points of zero, else, or with fewer than {LEAST} "
    "records compared in an arm, `not enough data yet`. Who looks every day will sooner or later "
    "see a difference that is none: decide beforehand when to look.",
    "more_needed": "How many more records each arm needs to show the difference seen with 80 % "
    "power at the 5 % level (Fleiss, Levin and Paik 2003, section 4.2). None where the shares are "
    "equal.",
}
"""What each figure means, in words."""


def compared(conn: Connection, inst: int, now: int) -> dict[str, Any]:
    """The latest share that was held out, and for each rule both arms; without rules where nothing
    was ever held out."""
    period = holdout.latest(conn, inst)
    if period is None:
        return {"percent": 0, "since_at": None, "until_at": None, "rules": [],
                "definitions": DEFINITIONS}
    row = installations.get(conn, inst)
    if row is None:
        raise LookupError(f"installation {inst} is gone")
    salt = f"{row['crm']}:{row['account_id']}"
    answers = holdout.answers(conn, inst, period, WINDOW_MS)
    entries = holdout.entries(conn, inst, period)
    courses: dict[str, list[Course]] = defaultdict(list)
    for one in holdout.begun(conn, inst, period):
        rule, subject = one["rule"], one["subject_id"]
        held = is_held_out(period.percent, salt, rule, one["first_type"], one["first_id"])
        courses[rule].append(
            course(
                held, one["at"], answers.get((rule, subject), {}), entries.get(subject, ()),
                one["stratum"],
            )
        )
    return {
        "percent": period.percent,
        "since_at": period.since,
        "until_at": period.until,
        "rules": [
            {"rule": rule, **_shown(compare(found, now))} for rule, found in courses.items()
        ],
        "definitions": DEFINITIONS,
    }


def course(
    held_out: bool,
    began: int,
    answers: Mapping[str, int],
    entries: Sequence[Row],
    stratum: str = "",
) -> Course:
    """entries: those of the record, oldest first, each with `entered_at`, pipeline, position, kind.
    """
    stood = next((one for one in reversed(entries) if one["entered_at"] <= began), None)
    after = [one for one in entries if began < one["entered_at"] <= began + WINDOW_MS]
    return Course(
        held_out,
        began,
        staged=stood is not None,
        replied=answers.get(SignalKind.REPLIED),
        booked=answers.get(SignalKind.MEETING_BOOKED),
        advanced=None if stood is None else _first(one for one in after if _later(one, stood)),
        won=_first(one for one in after if stood and one["kind"] == StageKind.WON),
        stratum=stratum,
    )


def _later(entry: Row, stood: Row) -> bool:
    return (
        entry["pipeline_id"] == stood["pipeline_id"]
        and entry["position"] > stood["position"]
        and entry["kind"] not in (StageKind.LOST, StageKind.IGNORED)
    )


def _first(entries: Iterable[Row]) -> int | None:
    return min((one["entered_at"] for one in entries), default=None)


def _shown(found: Comparison) -> dict[str, Any]:
    treated, held_out = found.pace
    return {
        "treated": found.treated,
        "held_out": found.held_out,
        "running": dict(zip(("treated", "held_out"), found.running, strict=True)),
        "measures": [_measure(one) for one in found.measures],
        "days_to_next_stage": {"treated": asdict(treated), "held_out": asdict(held_out)},
    }


def _measure(one: Measure) -> dict[str, Any]:
    apart = one.apart
    return {
        "measure": one.name,
        "treated": {**asdict(one.treated), "rate": one.treated.rate},
        "held_out": {**asdict(one.held_out), "rate": one.held_out.rate},
        "difference": None if apart is None else apart[0],
        "interval": None if apart is None else list(apart[1:]),
        "verdict": one.verdict.value,
        "compared": dict(zip(("treated", "held_out"), one.compared, strict=True)),
        "more_needed": (
            dict(zip(("treated", "held_out"), one.more, strict=True)) if one.more else None
        ),
    }
