"""How far a follow-up has come on its way through control steps, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.decisions.codes import Code
from app.decisions.explain import text
from app.decisions.flow import name_of
from app.decisions.passing import words
from app.model.flow import Beat, Control, Passage, Wait
from app.model.playbook import Step
from app.playbooks.codec import from_json
from app.store import passages, playbooks
from app.store.sets import loads
from app.web.telling import zone_of

PACE = "beat"
"""Kind of what comes before a touch of a paced sequence; it is no step of the file."""

Row = Mapping[Any, Any]
Steps = Mapping[tuple[int, str, str], Control]


def with_ways(conn: Connection, inst: int, enrolments: Sequence[Row]) -> list[dict[str, Any]]:
    """Enrolments with `passed`, the control steps behind them with the way each went on by, and
    `waits`, what they stand at: its step, kind, until when, and a sentence; None for nothing."""
    known = passages.of(conn, [row["id"] for row in enrolments])
    versions = {row["version_id"] for row in enrolments if row["id"] in known}
    steps = _control_steps(conn, versions)
    zone = zone_of(conn, inst) if known else "UTC"
    return [
        {**row, **_way(row, known.get(row["id"], {}), steps, zone)} for row in enrolments
    ]


def _control_steps(conn: Connection, versions: set[int]) -> Steps:
    return {
        (version, sequence.key, node.id): node
        for version, row in playbooks.load(conn, versions).items()
        for sequence in from_json(loads(row["data"])).sequences.values()
        for node in sequence.flow
        if not isinstance(node, Step)
    }


def _way(
    row: Row, known: Mapping[str, Passage], steps: Steps, zone: str
) -> dict[str, Any]:
    passed = [
        {"step": one.step, "kind": one.kind, "arm": one.arm, "at": one.passed_at}
        for one in known.values()
        if one.passed_at is not None and one.kind != PACE
    ]
    ahead = next((one for one in known.values() if one.until_at is not None), None)
    if ahead is None or row["ended_at"] is not None:
        return {"passed": _ordered(passed), "waits": None}
    node = steps.get((row["version_id"], row["definition"], ahead.step))
    step = ahead.step if node is None else name_of(node)
    values: dict[str, Any] = {"step": step, "until": ahead.until_at}
    code = Code.PACE_AHEAD if isinstance(node, Beat) else Code.STEP_LATER
    if isinstance(node, Wait) and ahead.begun_at is not None:
        code, values["what"] = Code.STEP_WAITS, words(node.until)
    waits = {
        "step": step,
        "kind": ahead.kind,
        "until": ahead.until_at,
        "text": text(code, values, zone),
    }
    return {"passed": _ordered(passed), "waits": waits}


def _ordered(passed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(passed, key=lambda one: one["at"])
