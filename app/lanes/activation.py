"""Switching rules on: what they would already owe is counted and shown, never done at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.decisions.backlog import qualifies
from app.decisions.codes import Code
from app.decisions.rules import arm
from app.decisions.still_owed import UNDECIDED
from app.installations.settings import parse
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.governing import barred, chosen
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Decision, EndEnrolment, Explanation, StartEnrolment
from app.model.playbook import ActiveRule, Rule
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason
from app.playbooks.needs import missing
from app.store import (
    activations,
    audit,
    installations,
    mirror,
    playbooks,
    running,
)

PAGE = 500

NOTHING: Mapping[str, Any] = {}

Row = Mapping[Any, Any]


class ActivationError(Exception):
    """The activation was refused; nothing changed. The message names the field and the remedy."""


def activate(
    lanes: Lanes,
    installation_id: int,
    playbook: str,
    mode: str,
    rules: Sequence[str] | None,
    who: str,
) -> list[dict[str, Any]]:
    """Set the mode of a playbook's rules, all unless named.

    Answers for each rule `{"rule": key, "mode": mode, "backlog": records it would already owe}`.
    From shadow to live, what was only imagined ends unperformed. Live rules keep their backlog as
    enrolments that wait for the admin's release; in other modes it is counted only. A rule that the
    newest version reads like the one before goes on as if nothing had happened; rules that it no
    longer has are switched off, where all are activated.
    """
    wanted = _mode(mode)
    version = _version(lanes, installation_id, playbook, wanted)
    if wanted is not Mode.OFF:
        _served(lanes, installation_id, version)
    keys = _keys(lanes, version, playbook, rules)
    now = lanes.now()
    with lanes.store.write() as conn:
        before = playbooks.states(conn, installation_id)
        modes = dict.fromkeys(keys, wanted)
        if rules is None:
            gone = [key for key in before if key.startswith(f"{playbook}/") and key not in modes]
            modes.update(dict.fromkeys(gone, Mode.OFF))
        playbooks.put_states(
            conn,
            installation_id,
            [
                _state(lanes, key, version, mode, before.get(key), now, who)
                for key, mode in modes.items()
            ],
        )
        for key, mode in modes.items():
            was = before.get(key)
            if was is not None and was["mode"] != mode.value:
                _end_old(conn, installation_id, key, was["mode"], now)
        installations.bump(conn, installation_id)
        activations.add(
            conn, installation_id, playbook, wanted.value,
            {key: before.get(key) for key in modes}, now, who,
        )  # fmt: skip
        audit.write(
            conn, installation_id, who, "activated", lanes.wall(),
            {"playbook": playbook, "rules": list(keys), "mode": wanted.value},
        )  # fmt: skip
    counts = _look_back(lanes, installation_id, keys, wanted)
    return [{"rule": key, "mode": wanted.value, "backlog": counts.get(key, 0)} for key in keys]


def _state(
    lanes: Lanes,
    key: str,
    version: int,
    mode: Mode,
    was: Row | None,
    now: Business,
    who: str,
) -> dict[str, Any]:
    """The row that puts a rule into force.

    A rule that stays as it is keeps the instant of its activation: else what is settling while
    somebody edits another rule of the playbook would end up in the backlog.
    """
    same = was is not None and was["mode"] == mode.value and (
        _reading(lanes, was["version_id"], key) == _reading(lanes, version, key)
    )
    return {
        "rule": key,
        "version_id": version,
        "mode": mode.value,
        "activated_at": was["activated_at"] if was is not None and same else now,
        "activated_by": who,
        # A new backlog is released by a new word, not by the one given for an earlier one.
        "release_per_day": was["release_per_day"] if was is not None and same else 0,
    }


def _reading(lanes: Lanes, version: int, key: str) -> tuple[Rule | None, Any]:
    """What a version says of a rule: the rule, and the sequences that it may start."""
    found = lanes.playbook(version)
    return next((rule for rule in found.rules if rule.key == key), None), found.sequences


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise ActivationError(f"mode: {text!r} is no mode; write one of {known}") from None


def _version(lanes: Lanes, inst: int, playbook: str, wanted: Mode) -> int:
    """Row id of the newest saved version that may act; to switch off, any will do."""
    with lanes.store.read() as conn:
        found = chosen(conn, inst, playbook)
        newest = next(iter(playbooks.versions(conn, inst, playbook)), None)
        why = barred(conn, newest) if newest is not None else None
    if newest is None:
        raise ActivationError(
            f"playbook: there is no saved playbook {playbook!r}; save it first, a preset too"
        )
    if found is None and wanted is not Mode.OFF:
        raise ActivationError(f"playbook: {why}")
    return (found or newest)["id"]


def _served(lanes: Lanes, inst: int, version: int) -> None:
    """Raises ActivationError where the account has no data for it: the rules would stand there as
    active and never do anything."""
    with lanes.store.read() as conn:
        fields = parse(installations.get_settings(conn, inst)).own_fields()
    lacking = missing(lanes.playbook(version), fields)
    if lacking:
        told = "; ".join(f"{n.field} ({n.what})" if n.what else n.field for n in lacking)
        raise ActivationError(
            f"playbook: it needs your data: {told}. Map a property of the CRM to each first "
            "(PUT /api/mapping)"
        )


def _keys(
    lanes: Lanes, version: int, playbook: str, rules: Sequence[str] | None
) -> list[str]:
    known = [f"{playbook}/{rule.id}" for rule in lanes.playbook(version).rules]
    if rules is None:
        return known
    keys = [rule if "/" in rule else f"{playbook}/{rule}" for rule in rules]
    strange = [key for key in keys if key not in known]
    if strange:
        raise ActivationError(
            f"rules: {', '.join(strange)} not in this playbook; it has {', '.join(known)}"
        )
    return keys


def _end_old(conn: Any, inst: int, rule: str, was: str, now: Business) -> None:
    """What a rule's former mode left behind: imagined, proposed or waiting, never begun."""
    states = [*UNDECIDED]
    if was == Mode.SHADOW.value:
        states.append(EnrolmentState.ACTIVE)
    ends = [
        EndEnrolment(row["id"], row["subject_id"], StopReason.SHADOW_OVER, now)
        for state in states
        for row in running.of_rule(conn, inst, rule, state)
        if state is not EnrolmentState.ACTIVE or row["mode"] == Mode.SHADOW.value
    ]
    running.end(conn, ends)


def _look_back(
    lanes: Lanes, inst: int, keys: Sequence[str], mode: Mode
) -> dict[str, int]:
    """Count, and for live rules store, what is owed from before; arm timers for what comes."""
    counts: dict[str, int] = {}
    if mode is Mode.OFF:
        return counts
    tenant = lanes.tenant(inst)
    active = [rule for rule in tenant.rules if rule.rule.key in keys]
    now = lanes.now()
    for ids in pages(lanes, inst):
        with lanes.store.read() as conn:
            snapshot = Snapshot(tenant, conn, ids, now)
        writes = Writes()
        for subject in ids:
            _look_at(tenant, snapshot, subject, active, writes, counts, now)
        with lanes.store.write() as conn:
            store_decisions(conn, tenant, writes, (), now)
    return counts


def pages(lanes: Lanes, inst: int) -> Iterator[list[int]]:
    """Ids of all subjects, some hundreds at a time."""
    after = 0
    while True:
        with lanes.store.read() as conn:
            ids = mirror.ids_after(conn, inst, after, PAGE)
        if not ids:
            return
        yield ids
        after = ids[-1]


def _look_at(
    tenant: Tenant,
    snapshot: Snapshot,
    subject: int,
    rules: Sequence[ActiveRule],
    writes: Writes,
    counts: dict[str, int],
    now: Business,
) -> None:
    context = snapshot.context(subject, now)
    for active in rules:
        owed = qualifies(active, context, now)
        if not owed:
            continue
        counts[active.rule.key] = counts.get(active.rule.key, 0) + 1
        starts = tuple(one for one in owed if isinstance(one, StartEnrolment))
        if active.mode is Mode.LIVE and starts:
            lines = tuple(ledger_line(start, Code.BACKLOG, "backlog", now) for start in starts)
            writes.take(tenant, Decision(starts, lines), snapshot, now)
    writes.take(tenant, arm(snapshot.context(subject, now), now), snapshot, now)


def ledger_line(
    start: StartEnrolment,
    code: str,
    verdict: str,
    now: Business,
    more: Mapping[str, Any] = NOTHING,
) -> Explanation:
    """The ledger's line on an enrolment that begins, or waits; `more`: further values."""
    values = {
        "enrolment": start.id,
        "definition": start.definition,
        "anchor": start.anchor,
        "due": {touch.step.id: touch.due_at for touch in start.touches},
        **more,
    }
    scope = f"rule:{start.rule.rule.key}"
    return Explanation(start.subject, scope, verdict, code, now, verdict == "fired", values)
