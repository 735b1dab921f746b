"""The CRM's export as the year's audit reads it: what was written on a task, when, and by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from demo.calendars import Calendar, calendar, zone_of
from demo.facts import FOREVER, Raw, versions
from demo.whereabouts import zone_by_company

TOUCH_ID = "followthrough_touch_id"
DIGEST = "Follow-up digest"
CONTENT = ("hs_task_subject", "hs_task_body", "hs_task_type", "hs_task_priority")
OURS = "INTEGRATION"


def at(record: Raw, name: str, instant: int) -> str:
    """A property's value at an instant, by its history."""
    value = ""
    for when, one, _ in versions(record, name):
        if when > instant:
            break
        value = one
    return value


def first(record: Raw, name: str) -> str:
    """The value with which it was made."""
    rows = versions(record, name)
    return rows[0][1] if rows else ""


class Held:
    """What the CRM holds at the end. calendars: owner → working time, of those whose hours never
    changed; of_deal: deal → our tasks about it, digests left out."""

    def __init__(self, export: Raw, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self.now = int(export["now"])
        self.deals = {one["id"]: one for one in export["deals"]}
        self.contacts = {one["id"]: one for one in export["contacts"]}
        self.companies = {one["id"]: one for one in export.get("companies", ())}
        ours = [one for one in export["tasks"] if one["properties"].get(TOUCH_ID)]
        self.tasks = [one for one in ours if not text(one).startswith(DIGEST)]
        self.calendars: dict[str, Calendar] = {}
        changed = {
            one["properties"].get("hubspot_owner_id")
            for one in export["users"]
            for when, _, _ in versions(one, "hs_working_hours")
            if when > one["created_at"]
        }
        self.zones: dict[str, str] = {}
        for owner in export["owners"]:
            zone = self.zones[owner["id"]] = zone_of(owner["timezone"]) or export["timezone"]
            if owner["id"] not in changed:
                self.calendars[owner["id"]] = calendar(zone, owner["working_hours"])
        self.zone = str(export["timezone"])
        self.of_deal: dict[str, list[Raw]] = defaultdict(list)
        for task in self.tasks:
            for deal in linked(task, "deals"):
                if deal in self.deals:  # else it became another by a merge
                    self.of_deal[deal].append(task)

    def kind(self, deal: Raw, instant: int) -> str:
        return self.kinds.get(at(deal, "dealstage", instant), "ignored")

    def near(self, task: Raw) -> set[str]:
        """Where somebody may be taken to live whose own record does not say: where a company of
        theirs or of the deal is, and where the deal's owners live."""
        deals = [self.deals[one] for one in linked(task, "deals") if one in self.deals]
        owners = {who for deal in deals for _, who, _ in versions(deal, "hubspot_owner_id")}
        people = [self.contacts[one] for one in linked(task, "contacts") if one in self.contacts]
        theirs = {zone_by_company(one, self.companies) for one in (*people, *deals)} - {""}
        return {self.zone, *theirs, *(self.zones[one] for one in owners if one in self.zones)}

    def owner(self, task: Raw) -> str:
        return first(task, "hubspot_owner_id")


def text(task: Raw) -> str:
    return first(task, "hs_task_subject")


def linked(record: Raw, kind: str) -> list[str]:
    return [one["id"] for one in record["associations"].get(kind, ())]


def made_at(task: Raw) -> int:
    return int(task["created_at"])


def done_at(task: Raw) -> int:
    said = versions(task, "hs_task_status")
    return next((when for when, value, _ in said if value == "COMPLETED"), FOREVER)


def closed_at(task: Raw) -> int:
    return min(done_at(task), int(task["archived_at"] or FOREVER) if task["archived"] else FOREVER)


WRITTEN = (*CONTENT, "hs_timestamp", "hubspot_owner_id")


def edited(task: Raw, names: Iterable[str] = (*WRITTEN, "hs_task_status")) -> bool:
    """Whether anybody else wrote on it after it was made."""
    return any(by != OURS for name in names for _, _, by in versions(task, name)[1:])


def merged(record: Raw) -> bool:
    return bool(record["properties"].get("hs_merged_object_ids"))


def told(task: Raw, what: str) -> str:
    return f"task {task['id']} {text(task)!r} {what}"
