"""What follows from changes of the account: people who leave, stages and pipelines that go.

Deals of somebody who left stay theirs in the CRM until a person gives them away; what we owe on
them goes to a stand-in at once. Whoever can put it right is told once, with what it affects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.decisions.timing import local_date
from app.installations.changes import AccountChanges, StageChange
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.writes import Writes
from app.model.decisions import EndEnrolment, Explanation
from app.model.ids import touch_id
from app.model.time import Business
from app.model.vocabulary import StopReason
from app.store import notices, pipelines, tasks, tied

ACCOUNT = "account_changed"
"""Code of notices about the account itself; their text stands in their data."""


def follow_changes(lanes: Lanes, tenant: Tenant, changes: AccountChanges) -> None:
    """Tasks go to stand-ins and back; tell who left, and which stages came, went or changed."""
    now = lanes.now()
    people = (*changes.left, *changes.back)
    with lanes.store.read() as conn:
        labels = {row["id"]: row["label"] for row in pipelines.read(conn, tenant.id)}
        standing = tied.with_open_tasks(conn, tenant.id, people) if people else {}
        owned = tied.owned(conn, tenant.id, changes.left) if changes.left else {}
    rows = [
        _left(tenant, owner, len(standing[owner]), owned.get(owner, 0), now)
        for owner in changes.left
        if owned.get(owner) or standing[owner]
    ]
    rows += [
        _told(tenant, f"stage:{what}:{one.id}:{one.label}", text, one.label, None, now)
        for what, one, text in _stages(tenant, changes, labels)
    ]
    with lanes.store.write() as conn:
        for why, owners in (("owner_archived", changes.left), ("owner_back", changes.back)):
            subjects = [subject for owner in owners for subject in standing[owner]]
            tasks.wish_open(conn, subjects, "move", why)
        notices.add(conn, tenant.id, rows)


def _left(tenant: Tenant, owner: str, tasks: int, records: int, now: Business) -> dict[str, Any]:
    person = tenant.calendars.people.get(owner)
    name = person.name if person else owner
    to = tenant.assignee(owner)
    stand_in = tenant.calendars.people.get(to or "")
    goes = f"go to {stand_in.name}" if stand_in is not None and to != owner else "stay with them"
    text = (
        f"{name} is no longer active in the CRM and still owns {_many(records, 'record')}; open "
        f"follow-up tasks on {_many(tasks, 'record')} {goes}. Give the records a new owner there."
    )
    manager = tenant.calendars.people.get((person.manager_id if person else None) or "")
    whom = manager.owner_id if manager is not None and manager.active else None
    return _told(tenant, f"left:{owner}:{local_date(now, tenant.zone)}", text, name, whom, now)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _stages(
    tenant: Tenant, changes: AccountChanges, labels: dict[str, str]
) -> Iterable[tuple[str, StageChange, str]]:
    for one in changes.gone:
        where = labels.get(one.pipeline, one.pipeline)
        if one.pipeline in tenant.stages.followed and one.confirmed:
            yield "gone", one, (
                f"The stage “{one.label}” of {where} was deleted in the CRM; what ran because of "
                f"it has ended. {_affected(tenant, one)}"
            )
    for one in changes.renamed:
        if one.confirmed:
            yield "renamed", one, (
                f"The stage “{one.was}” of {labels.get(one.pipeline, one.pipeline)} is now called "
                f"“{one.label}” and still counts as {one.kind}. {_waiting(tenant, one.kind)}"
            )
    for one in changes.new:
        if one.pipeline in tenant.stages.followed:
            yield "new", one, (
                f"The stage “{one.label}” is new in {labels.get(one.pipeline, one.pipeline)}. It "
                "starts nothing until an admin confirms under Set-up what it means."
            )


def _affected(tenant: Tenant, one: StageChange) -> str:
    left = [stage.label for stage in tenant.stages.of_kind(one.kind)]
    waiting = _waiting(tenant, one.kind)
    if not waiting:
        return "No rule waits for such a stage."
    if left:
        return f"{waiting} They go on with {', '.join(left)}."
    return f"{waiting} No stage of that kind is left: give another one the kind under Set-up."


def _waiting(tenant: Tenant, kind: str) -> str:
    """The rules that wait for a kind of stage, as a sentence; empty where there are none."""
    keys = [a.rule.key for a in tenant.rules if kind in {k.value for k in a.rule.when.stages}]
    if not keys:
        return ""
    return f"Waiting for the kind {kind}: {', '.join(sorted(keys))}."


def _told(
    tenant: Tenant, what: str, text: str, name: str, whom: str | None, now: Business
) -> dict[str, Any]:
    return {
        "id": touch_id(tenant.key, f"account:{what}"),
        "subject_id": None,
        "owner_id": whom,
        "code": ACCOUNT,
        "data": {"name": name, "text": text},
        "noticed_at": now,
    }


def drain_unsupported(lanes: Lanes, tenant: Tenant) -> bool:
    """End what runs on pipelines that are not followed and on stages that are gone.

    Looked for when the configuration has changed; following a pipeline again starts nothing that
    was ended, only what happens from then on.
    """
    now = lanes.now()
    with lanes.store.read() as conn:
        rows = tied.unsupported(conn, tenant.id)
    writes = Writes()
    for row in rows:
        gone = row["stage"] is not None
        reason = StopReason.STAGE_GONE if gone else StopReason.NOT_FOLLOWED
        writes.ends.append(EndEnrolment(row["id"], row["subject_id"], reason, now))
        writes.dirty.add(row["subject_id"])
        values = {"stage": row["stage"]} if gone else {}
        writes.explanations.append(
            Explanation(
                row["subject_id"], f"enrolment:{row['id']}", "ended", reason.value, now, True,
                values,
            )
        )  # fmt: skip
    if rows:
        with lanes.store.write() as conn:
            store_decisions(conn, tenant, writes, (), now)
    lanes.settle(tenant)
    return bool(rows)
