"""Undoing one activation: what it began ends, its untouched tasks are archived, its rules go back.

What a person touched stays as it is. The archiving itself is the work of `app.lanes.resolve`, which
looks at each task in the same breath; so a task that was edited a second ago is left alone too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.decisions.flow import is_passed
from app.decisions.recycling import MOMENTUM
from app.lanes.activation import ActivationError
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.writes import Writes
from app.model.decisions import EndEnrolment, Explanation
from app.model.flow import Passage, SetMomentum
from app.model.playbook import Hold, Playbook, SetField
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason
from app.store import (
    activations,
    audit,
    holds,
    installations,
    mirror,
    passages,
    playbooks,
    summaries,
)

Row = Mapping[str, Any]

_PAGE = 500
_LISTED = 500


def preview(lanes: Lanes, installation_id: int, id: int) -> dict[str, Any]:
    """What undoing an activation would do: `rules` with the mode each goes back to, `counts`, and
    the open `tasks`, of which those that a person edited stay. Raises ActivationError."""
    with lanes.store.read() as conn:
        row = _activation(conn, installation_id, id)
        later = activations.read(conn, installation_id, after=id)
        spans = _spans(row, later)
        return {
            "activation": id,
            "playbook": row["playbook"],
            "mode": row["mode"],
            "activated_at": row["activated_at"],
            "activated_by": row["activated_by"],
            "undone_at": row["undone_at"],
            "rules": {rule: _mode(was) for rule, was in _going_back(row, later).items()},
            "counts": activations.counts(conn, installation_id, spans),
            "tasks": activations.open_tasks(conn, installation_id, spans, _LISTED),
        }


def undo(lanes: Lanes, installation_id: int, id: int, who: str) -> dict[str, int]:
    """Undo an activation. Answers what it met, as `preview` counts it. Raises ActivationError.

    Rules go back first, so that nothing begins while the rest is ended page by page; a crash in
    between leaves an activation that can be undone once more. What was begun stays decided: the
    same stage entries are not owed again when the rules are activated anew.
    """
    now = lanes.now()
    with lanes.store.write() as conn:
        row = _activation(conn, installation_id, id)
        later = activations.read(conn, installation_id, after=id)
        spans = _spans(row, later)
        met = activations.counts(conn, installation_id, spans)
        _restore(conn, installation_id, _going_back(row, later))
        activations.undone(conn, id, now, who)
        audit.write(
            conn, installation_id, who, "activation_undone", lanes.wall(),
            {"activation": id, "playbook": row["playbook"], **met},
        )  # fmt: skip
        installations.bump(conn, installation_id)
    tenant = lanes.tenant(installation_id)
    after = ""
    while True:
        with lanes.store.write() as conn:
            rows = activations.begun(conn, installation_id, spans, _PAGE, after)
            if not rows:
                return met
            _end(conn, lanes, tenant, rows, now, who)
        after = rows[-1]["id"]


def _activation(conn: Connection, inst: int, id: int) -> Row:
    row = activations.get(conn, inst, id)
    if row is None:
        raise ActivationError(f"activation: there is none with the id {id}")
    return row


def _spans(row: Row, later: list[dict[str, Any]]) -> activations.Spans:
    """From the activation to the next one of the same rule: what began in it began by it."""
    spans: dict[str, tuple[int, int | None]] = {}
    for rule in row["rules"]:
        until = [one["activated_at"] for one in later if rule in one["rules"]]
        spans[rule] = (row["activated_at"], min(until, default=None))
    return spans


def _going_back(row: Row, later: list[dict[str, Any]]) -> dict[str, Row | None]:
    """The rules that nobody has activated since, with what each was set to before."""
    changed = {rule for one in later for rule in one["rules"]}
    return {rule: was for rule, was in row["rules"].items() if rule not in changed}


def _mode(was: Row | None) -> str:
    return was["mode"] if was else Mode.OFF.value


def _restore(conn: Connection, inst: int, rules: Mapping[str, Row | None]) -> None:
    for rule, was in rules.items():
        values = (
            {"mode": Mode.OFF.value}
            if was is None
            else {
                name: was[name] for name in ("mode", "version_id", "activated_at", "activated_by")
            }
        )
        playbooks.change_state(conn, inst, rule, release_per_day=0, **values)


def _end(
    conn: Connection, lanes: Lanes, tenant: Tenant, rows: list[dict[str, Any]], now: Business,
    who: str,
) -> None:  # fmt: skip
    writes = Writes()
    for row in rows:
        if row["state"] == EnrolmentState.ENDED.value:
            continue
        writes.ends.append(EndEnrolment(row["id"], row["subject_id"], StopReason.UNDONE, now))
        writes.explanations.append(
            Explanation(
                row["subject_id"], f"rule:{row['rule']}", "ended", StopReason.UNDONE.value, now,
                True, {"who": who},
            )
        )  # fmt: skip
    store_decisions(conn, tenant, writes, (), now)
    activations.wish_resolved(conn, [row["id"] for row in rows], StopReason.UNDONE.value)
    _take_back(conn, lanes, tenant, rows)
    summaries.mark_dirty(conn, {row["subject_id"] for row in rows}, now, 0)


def _take_back(
    conn: Connection, lanes: Lanes, tenant: Tenant, rows: list[dict[str, Any]]
) -> None:
    """What else the rules did, and the steps of sequences that were passed: momentum that they set,
    holds that they laid on."""
    values: dict[int, dict[str, Any]] = {}
    known = passages.of(conn, [row["id"] for row in rows if not row["is_firing"]])
    for row in rows:
        book = lanes.playbook(row["version_id"])
        rule = next((one for one in book.rules if one.key == row["rule"]), None)
        if _set_momentum(book, row, known.get(row["id"], {})):
            values[row["subject_id"]] = {MOMENTUM: None}
        for action in rule.then if rule else ():
            if isinstance(action, SetField):
                values[row["subject_id"]] = {action.field.removeprefix("followthrough_"): None}
            elif isinstance(action, Hold):
                holds.lift(conn, tenant.id, row["subject_id"], action.reason)
    mirror.update_subjects(conn, values)


def _set_momentum(book: Playbook, row: Row, known: Mapping[str, Passage]) -> bool:
    """Whether a step of its sequence has given the record a momentum."""
    sequence = book.sequences.get(row["definition"].partition("/")[2])
    return sequence is not None and any(
        isinstance(node, SetMomentum) and is_passed(known.get(node.id)) for node in sequence.flow
    )
