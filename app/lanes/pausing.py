"""A rule, or all rules of a playbook, wait until an admin lets them go on; then without a burst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from app.decisions.codes import Code
from app.decisions.flow import timer_of
from app.decisions.lasting import LAZY
from app.decisions.rescheduling import resume as resumed
from app.decisions.rules import arm
from app.lanes.activation import ActivationError, pages
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import ArmTimer
from app.model.flow import Passage
from app.model.time import Business
from app.store import (
    audit,
    installations,
    moving,
    natives,
    passages,
    playbooks,
    tasks,
    timers,
)

Late = Literal["shift", "policy"]

_PAGE = 100


def pause(
    lanes: Lanes,
    installation_id: int,
    playbook: str,
    rules: Sequence[str] | None,
    queue: bool,
    who: str,
) -> list[str]:
    """Let rules wait, all of the playbook that are in force unless named. Answers their keys.

    They begin nothing new: with `queue` it becomes backlog, else it is never owed. What runs by
    them holds: nothing of it is written, sequences of the CRM's own are ended as by a rep's pause.
    Exits go on. One that waits already goes on waiting since then.
    """
    now = lanes.now()
    with lanes.store.write() as conn:
        states = _states(conn, installation_id, playbook, rules)
        for key, state in states.items():
            since = now if state["paused_at"] is None else state["paused_at"]
            playbooks.change_state(
                conn, installation_id, key, paused_at=since, pause_queues=queue, resume_after=None
            )
        natives.stop_rules(conn, installation_id, states, "rule_paused", now)
        data = {"playbook": playbook, "rules": sorted(states), "queue": queue}
        audit.write(conn, installation_id, who, "rules_paused", lanes.wall(), data)
        installations.bump(conn, installation_id)
    return sorted(states)


def resume(
    lanes: Lanes,
    installation_id: int,
    playbook: str,
    rules: Sequence[str] | None,
    late: Late,
    who: str,
) -> list[dict[str, Any]]:
    """Let rules go on, all of the playbook that wait unless named.

    late: `shift` moves what was due in the pause, and what comes after it, by as long as it has
    waited; `policy` leaves it late, to be spread or left out as each step says. What was kept as
    backlog stays there until it is released. A crash leaves a rule waiting, and who asks again goes
    on where it broke off. Answers for each rule how many follow-ups were `moved`.
    """
    with lanes.store.read() as conn:
        states = _states(conn, installation_id, playbook, rules)
    waiting = {key: row for key, row in states.items() if row["paused_at"] is not None}
    if not waiting:
        raise ActivationError("rules: none of them is paused")
    answer: list[dict[str, Any]] = []
    for key, state in sorted(waiting.items()):
        moved = _shift(lanes, installation_id, key, state, who) if late == "shift" else 0
        _go_on(lanes, installation_id, key, state, late, who)
        _look_again(lanes, installation_id, key)
        answer.append({"rule": key, "moved": moved})
    _arm(lanes, lanes.tenant(installation_id), set(waiting))
    return answer


def _states(
    conn: Any, inst: int, playbook: str, rules: Sequence[str] | None
) -> dict[str, dict[str, Any]]:
    known = {
        key: state
        for key, state in playbooks.states(conn, inst).items()
        if key.startswith(f"{playbook}/")
    }
    keys = known if rules is None else [r if "/" in r else f"{playbook}/{r}" for r in rules]
    strange = [key for key in keys if key not in known]
    if strange or not known:
        there = ", ".join(sorted(known)) or "none"
        raise ActivationError(
            f"rules: {', '.join(strange) or playbook} was never activated; there are {there}"
        )
    return {key: known[key] for key in keys}


def _shift(lanes: Lanes, inst: int, rule: str, state: dict[str, Any], who: str) -> int:
    """Each page is stored together with how far it came, so that nothing moves twice."""
    tenant, now, moved = lanes.tenant(inst), lanes.now(), 0
    after = state["resume_after"] or ""
    while True:
        with lanes.store.write() as conn:
            rows = moving.running_of(conn, inst, rule, after, _PAGE)
            if not rows:
                return moved
            snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in rows}, now)
            writes = Writes()
            for row in rows:
                subject = snapshot.subject(row["subject_id"])
                calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
                since = Business(state["paused_at"])
                made = resumed(snapshot.enrolment(row), since, calendar, now, who)
                moved += bool(made.actions)
                writes.take(tenant, made, snapshot, now)
            store_decisions(conn, tenant, writes, (), now)
            after = rows[-1]["id"]
            playbooks.change_state(conn, inst, rule, resume_after=after)


def _go_on(
    lanes: Lanes, inst: int, rule: str, state: dict[str, Any], late: Late, who: str
) -> None:
    now = lanes.now()
    values: dict[str, Any] = {"paused_at": None, "resume_after": None}
    if not state["pause_queues"]:
        # Nothing was to be decided meanwhile, so what came then is owed no more than what came
        # before the activation.
        values["activated_at"] = now
    with lanes.store.write() as conn:
        playbooks.change_state(conn, inst, rule, **values)
        tasks.wake_rule(conn, inst, rule, Code.RULE_PAUSED, now)
        data = {"rule": rule, "late": late, "paused_at": state["paused_at"]}
        audit.write(conn, inst, who, "rule_resumed", lanes.wall(), data)
        installations.bump(conn, inst)


def _look_again(lanes: Lanes, inst: int, rule: str) -> None:
    """What stood at a step that waits is looked at in its time again; see `walking`, which looks
    once a day while the rule is paused."""
    tenant, after = lanes.tenant(inst), ""
    while True:
        with lanes.store.write() as conn:
            rows = moving.running_of(conn, inst, rule, after, _PAGE)
            if not rows:
                return
            known = passages.of(conn, [row["id"] for row in rows if tenant.steers(row)])
            timers.arm(conn, inst, list(_looks(rows, known)))
            after = rows[-1]["id"]


def _looks(
    rows: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Passage]]
) -> Iterator[ArmTimer]:
    for row in rows:
        stood = [
            one.until_at
            for one in known.get(row["id"], {}).values()
            if one.until_at is not None and one.passed_at is None
        ]
        if stood:
            data = {"enrolment": row["id"]}
            yield ArmTimer(row["subject_id"], timer_of(row["id"]), min(stood), data)


def _arm(lanes: Lanes, tenant: Tenant, rules: set[str]) -> None:
    """Timers that came due in the pause are gone; what is still awaited is awaited again."""
    if not any(one.rule.key in rules and one.rule.when.kind in LAZY for one in tenant.rules):
        return
    now = lanes.now()
    for ids in pages(lanes, tenant.id):
        with lanes.store.read() as conn:
            snapshot = Snapshot(tenant, conn, ids, now)
        writes = Writes()
        for subject in ids:
            writes.take(tenant, arm(snapshot.context(subject, now), now), snapshot, now)
        with lanes.store.write() as conn:
            store_decisions(conn, tenant, writes, (), now)
