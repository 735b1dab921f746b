"""What is left to be done until the first useful task: the steps of setting an account up.

Each step is judged by what stands in the database, never by where somebody clicked, so that the
guide can be left and taken up again by anybody, and steps that were done by the API or the command
line count as done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.store import audit, people, pipelines, playbooks
from app.web import summaries
from app.web.access import Viewer

PEOPLE_CONFIRMED = "people_confirmed"
"""The audit's word for an admin's having looked at managers, hours and zones."""

Row = Mapping[Any, Any]


def steps(conn: Connection, who: Viewer) -> list[dict[str, Any]]:
    """In order: `step`, `title`, `done`, `left` (what is left, or what was done)."""
    inst = who.installation_id
    row = summaries.installation_of(conn, who)
    pipes = pipelines.read(conn, inst)
    followed = {pipe["id"] for pipe in pipes if pipe["followed"]}
    stages = [one for one in pipelines.read_stages(conn, inst) if not one["archived"]]
    states = playbooks.states(conn, inst).values()
    modes = [state["mode"] for state in states if state["mode"] != "off"]
    saved = playbooks.latest(conn, inst)
    return [
        _step("connect", "Connect the CRM", row["status"] not in ("revoked", "left"),
              f"{row['name'] or row['account_id']} is connected", "connect it again"),
        _import(row),
        _step("pipelines", "Choose the pipelines", bool(followed),
              f"{len(followed)} of {len(pipes)} followed",
              "nothing acts in a pipeline that is not followed"),
        _stages([one for one in stages if one["pipeline_id"] in followed]),
        _people(conn, inst),
        _step("playbook", "Choose a playbook", bool(saved),
              ", ".join(one["playbook"] for one in saved[:3]) + ("…" if len(saved) > 3 else ""),
              "begin with one; more can follow"),
        _step("watch", "Let it watch", bool(modes), _told(modes),
              "see what it would have owed, then switch it on in shadow"),
        _step("live", "Go live", "live" in modes or "manual" in modes, _told(modes),
              "nothing is written into the CRM yet"),
    ]  # fmt: skip


def first_open(found: Sequence[Mapping[str, Any]]) -> str:
    """The step to go on with; the last one where all are done."""
    return next((str(one["step"]) for one in found if not one["done"]), str(found[-1]["step"]))


def _step(step: str, title: str, done: bool, said: str, left: str) -> dict[str, Any]:
    return {"step": step, "title": title, "done": done, "left": said if done else left}


def _import(row: Row) -> dict[str, Any]:
    running = row["status"] in ("connecting", "importing")
    said = f"{row['imported']:,} records"
    return _step("import", "Read the records", not running, f"{said} read",
                 f"{said} so far; you can go on meanwhile")


def _stages(stages: Sequence[Row]) -> dict[str, Any]:
    open_ = [one for one in stages if not one["confirmed"]]
    return _step("stages", "Confirm the stages", bool(stages) and not open_,
                 f"{len(stages)} confirmed",
                 f"{len(open_)} wait for your word" if stages else "follow a pipeline first")


def _people(conn: Connection, inst: int) -> dict[str, Any]:
    confirmed = audit.latest(conn, inst, PEOPLE_CONFIRMED) is not None
    lacking = gaps(conn, inst)
    said = "; ".join(f"{len(names)} without {what}" for what, names in lacking.items() if names)
    return _step("people", "Look over the people", confirmed,
                 said or "everybody has a manager, hours and a zone",
                 said or "say that they are right")


def gaps(conn: Connection, inst: int) -> dict[str, list[str]]:
    """Of the active people, the names of those without a manager, working hours, a zone."""
    rows = [row for row in people.read(conn, inst).values() if row["active"]]
    reps = [row for row in rows if row["role"] == "rep"]
    return {
        "manager": [_name(row) for row in reps if row["manager_id"] is None],
        "hours": [_name(row) for row in rows if not row["hours"]],
        "zone": [_name(row) for row in rows if not row["zone"]],
    }


def _name(row: Row) -> str:
    return str(row["name"] or row["email"] or row["owner_id"])


def _told(modes: Sequence[str]) -> str:
    """Rules by mode: "2 in shadow, 1 live"."""
    words = {"shadow": "in shadow", "manual": "proposing", "live": "live"}
    return ", ".join(f"{modes.count(m)} {said}" for m, said in words.items() if m in modes)
