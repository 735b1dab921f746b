"""The presets as a person chooses among them: by what they are for, each with its days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.playbooks.codec import to_json
from app.playbooks.presets import preset
from app.playbooks.timeline import Mark, drawing, marks
from app.web.api.playbooks import overview

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Good to begin with": ("proposal", "inbound-lead", "post-meeting", "idle-deal", "small-team"),
    "New leads": ("inbound-fast", "demo-request", "outreach", "outreach-long", "email-cadence",
                  "email-silence"),
    "Meetings": ("meeting-recap-fast", "post-discovery"),
    "Proposals and negotiation": (
        "proposal-silence", "proposal-stage-map", "proposal-three-days", "proposal-sequence",
        "proposal-views", "quotes", "negotiation", "two-answers",
    ),
    "Deals that go quiet": ("idle-re-engagement", "next-step", "momentum", "behaviour", "comeback",
                            "closed-lost"),
    "After the sale": ("post-sale", "renewal", "payment-failed"),
    "The whole pipeline": ("stage-sla", "owner-change"),
}  # fmt: skip
"""Heading → presets. A preset that stands nowhere here comes under the last heading."""

_LAST = "Signals of your own tools, and others"


def shelf(conn: Connection) -> list[dict[str, Any]]:
    """Headings with their presets, each as the overview has it, with `sequences_drawn`, `days`, and
    whether it was `saved`."""
    found = overview(conn)
    saved = {one["playbook"] for one in found["saved"]}
    rows = {
        one["playbook"]: {**one, "saved": one["playbook"] in saved, **drawn(one["playbook"])}
        for one in found["presets"]
    }
    groups = [
        {"title": title, "presets": [rows.pop(name) for name in names if name in rows]}
        for title, names in _GROUPS.items()
    ]
    return [*groups, {"title": _LAST, "presets": list(rows.values())}]


def drawn(name: str) -> dict[str, Any]:
    """A preset's sequences as drawings, and all of its days in one line."""
    data = to_json(preset(name))
    timelines = timelines_of(data)
    return {"timelines": timelines, "days": _days([m for one in timelines for m in one["marks"]])}


def timelines_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sequences, and tasks that a rule creates at once, each with `title`, `marks`, `drawing`."""
    found: list[dict[str, Any]] = []
    for rule in data.get("rules", ()):
        for action in rule.get("then", ()):
            if "create_tasks" in action:
                found.append(_timeline(rule, action["create_tasks"]))
    for sequence in data.get("sequences", ()):
        found.append(_timeline(sequence, sequence.get("steps", ())))
    return found


def _timeline(owner: Mapping[str, Any], steps: Any) -> dict[str, Any]:
    placed = marks(list(steps))
    return {
        "id": owner.get("id", ""),
        "title": owner.get("title") or owner.get("id", ""),
        "marks": placed,
        "drawing": drawing(placed),
    }


def _days(found: Sequence[Mark]) -> str:
    """ "7 touches, day 1 to day 21" """
    touches = [mark for mark in found if not mark.control]
    if not touches:
        return "tells people, creates no task"
    count = f"{len(touches)} touch{'' if len(touches) == 1 else 'es'}"
    first, last = min(m.day for m in touches), max(m.day for m in touches)
    if first < 0:
        return f"{count}, from {-first:g} days before the date"
    if last == first:
        return f"{count}, {touches[0].short}"
    return f"{count} within {max(1, round(last))} day{'' if round(last) <= 1 else 's'}"
