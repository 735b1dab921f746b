"""Tells managers once a day, by one CRM task each, what rules noted for them.

Never a touch: it is about the team's work and reaches no prospect. Which notices a digest tells is
committed before it is written, and its id is derived from the first of them: whatever becomes of
the answer, or of us, the same digest is looked for and, where it is missing, written the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from app.actions.digest import digest_task
from app.decisions.timing import local_date, shift
from app.lanes.context import Lanes, Tenant
from app.lanes.trouble import note_error
from app.model.ids import touch_id
from app.model.time import Business
from app.store import installations, mirror, notices, people
from app.store.sets import loads
from connectors.contract import CrmError

OVERDUE = "task_overdue"
"""Notices of this code are the rep's own and stand on their page; the digest leaves them out."""

Row = Mapping[Any, Any]


def send_digests(lanes: Lanes, tenant: Tenant) -> int:
    """Write the digests of today, and those that failed before. Answers how many; 0 where there is
    nothing to tell.

    Nobody gets one on a day off: what was noted at a weekend is told on Monday, in one task.
    """
    now = lanes.now()
    with lanes.store.read() as conn:
        rows = notices.undigested(conn, tenant.id)
        admins = [p["owner_id"] for p in people.read(conn, tenant.id).values()
                  if p["role"] == "admin" and p["active"]]  # fmt: skip
        subjects = mirror.by_id(conn, {r["subject_id"] for r in rows if r["subject_id"]})
        page = installations.record_pages(conn, tenant.id)
    pages = {
        row["id"]: page(subject["type"], subject["crm_id"])
        if (subject := subjects.get(row["subject_id"])) else ""
        for row in rows
    }
    batches = _settle(lanes, tenant, rows, now)
    found: dict[tuple[str, str], list[Row]] = {}
    for (recipient, first), told in batches.items():
        for owner in [recipient] if recipient else admins:
            found[owner, first] = told
    if not found:
        return 0
    try:
        _write(lanes, tenant, found, pages, now)
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        return 0
    with lanes.store.write() as conn:
        notices.digest(conn, [row["id"] for told in batches.values() for row in told])
    return len(found)


def _settle(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Row], now: Business
) -> dict[tuple[str, str], list[Row]]:
    """(recipient, first notice) → the notices of one digest. The recipient "" are the admins."""
    batches: dict[tuple[str, str], list[Row]] = defaultdict(list)
    fresh: dict[str, list[Row]] = defaultdict(list)
    elsewhere: list[str] = []
    for row in rows:
        recipient = row["owner_id"] or ""
        if row["code"] == OVERDUE:
            elsewhere.append(row["id"])
        elif row["digest"] is not None:
            batches[recipient, row["digest"]].append(row)
        elif _works_today(tenant, row["owner_id"], now):
            fresh[recipient].append(row)
    with lanes.store.write() as conn:
        notices.digest(conn, elsewhere)
        for recipient, told in fresh.items():
            first = told[0]["id"]
            notices.bind(conn, [row["id"] for row in told], first)
            batches[recipient, first] = told
    return batches


def _works_today(tenant: Tenant, owner: str | None, now: Business) -> bool:
    calendar = tenant.calendar(owner, now)
    return local_date(shift(now, calendar), calendar.zone) == local_date(now, calendar.zone)


def _write(
    lanes: Lanes,
    tenant: Tenant,
    found: Mapping[tuple[str, str], list[Row]],
    pages: Mapping[str, str],
    now: Business,
) -> None:
    tasks = []
    for (owner, first), rows in sorted(found.items()):
        calendar = tenant.calendar(owner, now)
        id = touch_id(tenant.key, f"digest:{owner}:{first}")
        lines = [(_name(row), _decides(tenant, row), pages[row["id"]]) for row in reversed(rows)]
        tasks.append(digest_task(id, owner, lines, shift(now, calendar)))
    connector = lanes.connector_for(tenant.id)
    there = connector.find_tasks([(task.touch_id, task.associations) for task in tasks])
    written = {touch: record.id for touch, record in there.items()}
    missing = [task for task in tasks if task.touch_id not in there]
    for answer in connector.create_tasks(missing) if missing else ():
        if answer.error is not None:
            raise answer.error
        written[answer.touch_id] = str(answer.id)
    # Where its mark stands in the text, a manager who writes over that would make it somebody
    # else's task, whose completion is activity on the deals.
    known = [
        {"crm_id": id, "touch_id": touch, "known": {}, "pending": {}}
        for touch, id in written.items()
    ]
    with lanes.store.write() as conn:
        mirror.save_objects(conn, tenant.id, "task", known)


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
