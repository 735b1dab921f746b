"""A small CRM export, written by hand, for the checker to read: one deal with its follow-up."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

APP = "4801207"
KINDS = {
    "s-new": "new",
    "s-proposal": "proposal",
    "s-negotiation": "negotiation",
    "s-won": "won",
    "s-lost": "lost",
}
ACTIVE = ("proposal", "inbound-lead", "post-meeting", "idle-deal")


def ms(text: str, zone: str = "Europe/Berlin") -> int:
    """`2026-10-12 09:00` of a zone as an instant."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return round(moment.timestamp() * 1000)


class Account:
    """Builds an export. Times are texts in Berlin's local time."""

    def __init__(self, now: str) -> None:
        self._next = 100
        self.export: dict[str, Any] = {
            "portal_id": 1,
            "name": "Small",
            "timezone": "Europe/Berlin",
            "currency": "EUR",
            "now": ms(now),
            "pipelines": [
                {
                    "id": "default",
                    "label": "Sales",
                    "stages": [
                        {"id": stage, "label": kind, "order": order, "probability": 0.5,
                         "closed": kind in ("won", "lost")}
                        for order, (stage, kind) in enumerate(KINDS.items())
                    ],
                }
            ],
            "owners": [
                {"id": "1", "user_id": 11, "email": "rep@example.com", "first_name": "Rita",
                 "last_name": "Rep", "teams": [], "archived": False, "timezone": "Europe/Berlin",
                 "working_hours": [
                     {"days": "MONDAY_TO_FRIDAY", "startMinute": 540, "endMinute": 1020}
                 ]},
            ],
            "deals": [], "contacts": [], "tasks": [], "emails": [], "calls": [], "meetings": [],
            "notes": [], "communications": [],
        }  # fmt: skip

    def record(
        self, kind: str, at: str, values: dict[str, str], source: str = "CRM_UI", **links: str
    ) -> dict[str, Any]:
        self._next += 1
        by = APP if source == "INTEGRATION" else "userId:11"
        record: dict[str, Any] = {
            "id": str(self._next),
            "created_at": ms(at),
            "updated_at": ms(at),
            "created_by": [source, by],
            "archived": False,
            "archived_at": None,
            "properties": dict(values),
            "history": {name: [[ms(at), value, source, by]] for name, value in values.items()},
            "associations": {kind: [{"id": one, "labels": [""]}] for kind, one in links.items()},
        }
        self.export[kind].append(record)
        return record

    def set(
        self, record: dict[str, Any], at: str, source: str = "CRM_UI", **values: str
    ) -> None:
        for name, value in values.items():
            record["properties"][name] = value
            by = APP if source == "INTEGRATION" else "userId:11"
            record["history"].setdefault(name, []).append([ms(at), value, source, by])

    def contact(self, at: str = "2026-09-01 09:00") -> dict[str, Any]:
        return self.record("contacts", at, {"firstname": "Pat", "email": "pat@example.com"})

    def deal(self, at: str, contact: dict[str, Any], name: str = "Roof") -> dict[str, Any]:
        values = {"dealname": name, "dealstage": "s-new", "hubspot_owner_id": "1"}
        return self.record("deals", at, values, contacts=contact["id"])

    def task(
        self,
        at: str,
        text: str,
        due: str,
        deal: dict[str, Any],
        contact: dict[str, Any],
        type: str = "CALL",
        done: str = "",
    ) -> dict[str, Any]:
        values = {
            "hs_task_subject": f"{text} — {deal['properties']['dealname']}",
            "hs_task_body": "why",
            "hs_task_type": type,
            "hs_task_priority": "MEDIUM",
            "hs_task_status": "NOT_STARTED",
            "hs_timestamp": str(ms(due)),
            "hubspot_owner_id": "1",
            "followthrough_touch_id": f"touch-{self._next}",
        }
        task = self.record(
            "tasks", at, values, "INTEGRATION", deals=deal["id"], contacts=contact["id"]
        )
        if done:
            self.set(task, done, hs_task_status="COMPLETED")
        return task

    def archive(self, record: dict[str, Any], at: str) -> None:
        record["archived"], record["archived_at"] = True, ms(at)
