"""What pages and API show alike, put together from several queries and named in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.decisions.codes import Code
from app.decisions.explain import place_text
from app.installations.switch import STOPPED
from app.lanes.keeping import totals
from app.lanes.views import nearby
from app.model.records import BY_CONTACT, Place
from app.model.vocabulary import EnrolmentState, Momentum
from app.store import (
    audit,
    cursors,
    figures,
    footprint,
    installations,
    ledger,
    people,
    pipelines,
    playbooks,
    reading,
)
from app.store.sets import loads
from app.web.access import Viewer
from app.web.answers import services
from app.web.api.events import refused
from app.web.telling import entries, titled, with_ahead
from app.web.ways import with_ways

Row = Mapping[Any, Any]

_ZONES = frozenset({"zone", "phone_zones", "company_zones", "company_by"})


def installation_of(conn: Connection, who: Viewer) -> Row:
    """The viewer's installation; it exists, or there would be no viewer."""
    row = installations.get(conn, who.installation_id)
    if row is None:
        raise LookupError(f"installation {who.installation_id} is gone")
    return row


def status(conn: Connection, who: Viewer) -> dict[str, Any]:
    """Where the installation stands, with how much there is of what and how much waits."""
    inst = who.installation_id
    return {
        **standing(conn, who), **figures.totals(conn, inst), **figures.backlog_of_work(conn, inst)
    }


def standing(conn: Connection, who: Viewer) -> dict[str, Any]:
    """Where the installation stands."""
    inst = who.installation_id
    row = installation_of(conn, who)
    parts = services()
    modes: dict[str, int] = {}
    for state in playbooks.states(conn, inst).values():
        modes[state["mode"]] = modes.get(state["mode"], 0) + 1
    pipes = pipelines.read(conn, inst)
    stages = pipelines.read_stages(conn, inst)
    return {
        "installation": inst,
        "crm": row["crm"],
        "account": row["account_id"],
        "name": row["name"],
        "zone": row["zone"],
        "status": row["status"],
        "stopped": bool(row["stopped"]),
        "imported": row["imported"],
        "unique_touch_id": bool(row["unique_touch_id"]),
        "refused_properties": loads(cursors.get(conn, inst, "install_refused") or "[]"),
        "lost_properties": footprint.lost(conn, inst),
        "simulated": parts.config.simulation is not None,
        "now": parts.clocks.business(),
        "pipelines": len(pipes),
        "followed": sum(1 for pipe in pipes if pipe["followed"]),
        "stages": len(stages),
        "confirmed": sum(1 for stage in stages if stage["confirmed"]),
        "people": sum(1 for person in people.read(conn, inst).values() if person["active"]),
        "rules": modes,
    }


def result(conn: Connection, who: Viewer, now: int) -> dict[str, Any]:
    """What happened so far: per stage, rule, stop reason, touch state and rep.

    counted_at: up to when; of a large account the figures over everything are kept for a while.
    """
    inst, parts = who.installation_id, services()
    counted = totals(parts.store, inst, now, parts.clocks.wall())
    if counted.old:
        parts.runtime.poke("upkeep", inst)
    ever = counted.rows
    names = owner_names(conn, inst)
    open_tasks = [
        {**row, "name": names.get(row["owner_id"] or "", "")}
        for row in figures.open_by_owner(conn, inst, now)
    ]
    return {
        "counted_at": counted.at,
        "signals": ever["all_signals"],
        "stages": ever["all_stages"],
        "rules": _rules(conn, inst, ever["all_rules"], ever["all_rule_touches"]),
        "stopped": {row["reason"]: row["count"] for row in ever["all_stops"]},
        "touches": ever["all_touches"],
        "cohorts": ever["all_cohorts"],
        "open_tasks": open_tasks,
        "failed": figures.failed_work(conn, inst),
        "failing_events": figures.failing_events(conn, inst),
        "refused_events": refused(conn, inst),
        "unowned": ever["all_unowned"],
        "no_next_step": ever["all_bare"],
    }


def _rules(
    conn: Connection, inst: int, enrolled: Sequence[Row], touched: Sequence[Row]
) -> list[dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = {}

    def of(key: str) -> dict[str, Any]:
        return rules.setdefault(
            key, {"rule": key, "mode": "off", "enrolments": {}, "touches": {}, "outcomes": {}}
        )

    for state in playbooks.states(conn, inst).values():
        of(state["rule"]).update(mode=state["mode"], stopped_why=state["stopped_why"])
    for row in enrolled:
        where = "shadow" if row["mode"] == "shadow" else row["state"]
        counts = of(row["rule"])["enrolments"]
        counts[where] = counts.get(where, 0) + row["count"]
    for row in touched:
        entry = of(row["rule"])
        entry["touches"][row["state"]] = entry["touches"].get(row["state"], 0) + row["count"]
        if row["outcome"]:
            entry["outcomes"][row["outcome"]] = (
                entry["outcomes"].get(row["outcome"], 0) + row["count"]
            )
    return sorted(rules.values(), key=lambda rule: rule["rule"])


def halt(conn: Connection, row: Row, now: int) -> dict[str, Any] | None:
    """Who stopped everything and when, and how much waits; None while it runs."""
    if not row["stopped"]:
        return None
    last = audit.latest(conn, row["id"], STOPPED)
    return {
        "who": last["who"] if last else "",
        "since_wall": last["done_wall"] if last else None,
        "due": figures.due(conn, row["id"], now),
    }


def owner_names(conn: Connection, inst: int) -> dict[str, str]:
    """owner id → name, the inactive included."""
    return people.names(conn, inst)


def people_rows(conn: Connection, who: Viewer) -> list[Row]:
    """The people of the viewer's installation, the active first, by name."""
    rows = people.read(conn, who.installation_id).values()
    return sorted(rows, key=lambda row: (not row["active"], row["name"], row["owner_id"]))


def subject(conn: Connection, who: Viewer, row: Row) -> dict[str, Any]:
    """One subject whole: where it is, what happens next, who does it, and what was before."""
    inst = who.installation_id
    names = owner_names(conn, inst)
    stage = next(
        (s for s in pipelines.read_stages(conn, inst) if s["id"] == row["stage_id"]), None
    )
    touches = titled(conn, reading.touches_of(conn, row["id"]))
    enrolments = with_ways(
        conn, inst, with_ahead(conn, reading.enrolments_of(conn, row["id"]), touches)
    )
    ahead = _next(touches, names) or _waits(enrolments)
    return {
        "type": row["type"],
        "id": row["crm_id"],
        "name": row["name"],
        "url": record_url(conn, inst, row["type"], row["crm_id"]),
        "deleted": bool(row["deleted"]),
        "where": {
            "pipeline": row["pipeline_id"],
            "stage": row["stage_id"],
            "label": stage["label"] if stage else "",
            "kind": stage["kind"] if stage else "ignored",
            "since": row["stage_entered_at"],
        },
        "next": ahead,
        "who": {"owner_id": row["owner_id"], "name": names.get(row["owner_id"] or "", "")},
        "flags": _flags(
            row, stage, ahead, touches, people.read(conn, inst, [row["owner_id"] or ""]),
            services().clocks.business(),
        ),
        "momentum": row["momentum"] or Momentum.WARM.value,
        "control": row["control"],
        "pause_until": row["pause_until_at"],
        "amount": row["amount"],
        "currency": row["currency"],
        "last_activity_at": row["last_activity_at"],
        "last_reply_at": row["last_reply_at"],
        "next_meeting_at": row["next_meeting_at"],
        "contacts": [_person(one) for one in reading.contacts_of(conn, inst, row["id"])],
        "holds": reading.holds_of(conn, inst, row["id"]),
        "reply": reading.reply_said(conn, inst, row["id"]),
        "enrolments": enrolments,
        "touches": touches,
        "outcomes": reading.outcomes_of(conn, inst, row["id"]),
        "ledger": entries(conn, row, ledger.read(conn, row["id"])),
    }


def _person(row: dict[str, Any]) -> dict[str, Any]:
    """clock: in which zone they are called, and how that is known; None where nothing says."""
    own = (Place(BY_CONTACT, (row["zone"],)),) if row["zone"] else ()
    places = (*own, *nearby(row))
    told = {name: value for name, value in row.items() if name not in _ZONES}
    return {**told, "clock": place_text(places[0]) if places else None}


def _next(touches: Sequence[Row], names: Mapping[str, str]) -> dict[str, Any] | None:
    """The open task that is due first, else the planned touch that is due first."""
    for states in (("performed",), ("planned", "waiting", "claimed")):
        for touch in touches:  # by due time
            if touch["state"] in states and touch["outcome"] in (None, "open"):
                return as_next(touch, names.get(touch["owner_id"] or "", ""))
    return None


def as_next(touch: Row, name: str) -> dict[str, Any]:
    """A touch as what happens next. name: of whoever has it."""
    columns = ("step", "rule", "due_at", "state", "reason", "owner_id")
    found = {column: touch[column] for column in columns}
    return {"touch": touch["id"], "what": touch["title"], **found, "name": name}


def _waits(enrolments: Sequence[Row]) -> dict[str, Any] | None:
    """What is awaited where no touch lies ahead, as `_next` shows a touch."""
    for one in enrolments:
        if one["waits"] is not None and one["state"] == EnrolmentState.ACTIVE.value:
            waits = one["waits"]
            return {
                "touch": None,
                "what": waits["text"],
                "step": waits["step"],
                "rule": one["rule"],
                "due_at": waits["until"],
                "state": "waiting",
                "reason": waits["kind"],
                "owner_id": None,
                "name": "",
            }
    return None


def _flags(
    row: Row,
    stage: Row | None,
    ahead: Row | None,
    touches: Sequence[Row],
    owners: Mapping[str, Row],
    now: int,
) -> list[str]:
    """What an open record lacks. An inquiry stands in no stage and is open until it is a deal."""
    kind = stage["kind"] if stage is not None else "ignored"
    if row["deleted"] or (row["type"] != "contact" and kind in ("won", "lost", "ignored")):
        return []
    flags: list[str] = []
    if row["owner_id"] is None:
        flags.append("no_owner")
    elif row["owner_id"] in owners and not owners[row["owner_id"]]["active"]:
        flags.append("owner_left")
    dates = (row["next_meeting_at"], row["next_activity_at"])
    if ahead is None and not any(at is not None and at > now for at in dates):
        flags.append("no_next_step")
    if any(t["reason"] == Code.NOBODY_COVERS and t["state"] == "planned" for t in touches):
        flags.append("nobody_covers")
    return flags


def record_url(conn: Connection, inst: int, type: str, crm_id: str) -> str:
    """Address of a record in the CRM; empty where the account gave no pattern."""
    return installations.record_pages(conn, inst)(type, crm_id)
