"""Tells managers once a day, by one CRM task each, what rules noted for them.

Never a touch: it is about the team's work and reaches no prospect. Its id is derived from the
person and the day and looked for before it is created, so a crash makes no second one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from app.actions.digest import digest_task
from app.decisions.timing import local_date, shift
from app.lanes.context import Lanes, Tenant
from app.lanes.trouble import note_error
from app.model.ids import touch_id
from app.model.time import Business
from app.store import mirror, notices, people
from app.store.sets import loads
from connectors.contract import CrmError

OVERDUE = "task_overdue"
"""Notices of this code are the rep's own and stand on their page; the digest leaves them out."""

Row = Mapping[Any, Any]


def send_digests(lanes: Lanes, tenant: Tenant) -> int:
    """Write today's digests. Answers how many; 0 where there is nothing to tell."""
    now = lanes.now()
    with lanes.store.read() as conn:
        rows = notices.undigested(conn, tenant.id)
        admins = [p["owner_id"] for p in people.read(conn, tenant.id).values()
                  if p["role"] == "admin" and p["active"]]  # fmt: skip
        subjects = mirror.by_id(conn, {r["subject_id"] for r in rows if r["subject_id"]})
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["code"] != OVERDUE:
            for owner in [row["owner_id"]] if row["owner_id"] else admins:
                found[owner].append(row)
    if not found:
        return 0
    try:
        _write(lanes, tenant, found, subjects, now)
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        return 0
    with lanes.store.write() as conn:
        notices.digest(conn, [row["id"] for row in rows])
    return len(found)


def _write(
    lanes: Lanes,
    tenant: Tenant,
    found: Mapping[str, list[Row]],
    subjects: Mapping[int, Row],
    now: Business,
) -> None:
    tasks = []
    for owner, rows in sorted(found.items()):
        calendar = tenant.calendar(owner, now)
        id = touch_id(tenant.key, f"digest:{owner}:{local_date(now, calendar.zone)}")
        deals = [
            subjects[row["subject_id"]]["crm_id"]
            for row in reversed(rows)
            if row["subject_id"] in subjects and subjects[row["subject_id"]]["type"] == "deal"
        ]
        lines = [(_name(row), _decides(tenant, row)) for row in reversed(rows)]
        deals = list(dict.fromkeys(deals))
        tasks.append(digest_task(id, owner, lines, deals, shift(now, calendar)))
    connector = lanes.connector_for(tenant.id)
    there = connector.find_tasks([(task.touch_id, task.associations) for task in tasks])
    missing = [task for task in tasks if task.touch_id not in there]
    if missing:
        for answer in connector.create_tasks(missing):
            if answer.error is not None:
                raise answer.error


def _name(row: Row) -> str:
    return str(loads(row["data"]).get("name") or "A record")


def _decides(tenant: Tenant, row: Row) -> str:
    """The decision that the rule's template names."""
    data: dict[str, Any] = loads(row["data"])
    if "text" in data:
        return str(data["text"])
    active = tenant.rule(str(data.get("rule", "")))
    template = active.playbook.templates.get(row["code"]) if active else None
    return template.decides if template else str(row["code"])
