"""What stories about the CRM's own sequences share: an account that is able, and what is looked at.
"""

from __future__ import annotations

import re
from typing import Any

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story, playbook

ENROL = r"POST /automation/sequences/[^/]+/enrollments$"
BRIDGE = "followthrough_unenrol_requested"
NAME = "Warm outreach"
STEP = f"sequence: {{hubspot: {NAME}}}"
RULES = "- {id: sent, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: s}]}"


def chase(*more: str, step: str = STEP, exits: str = "") -> str:
    """A playbook whose sequence starts the CRM's an hour after the proposal."""
    rows = "\n".join(f"    - {one}" for one in (f"{{id: mails, at: 1h, {step}}}", *more))
    head = f"  exits: {exits}\n" if exits else ""
    return playbook(RULES, f"- id: s\n{head}  steps:\n{rows}")


def able(begin: Begin, *, workflow: bool = True, **wanted: Any) -> Story:
    """An account whose admin switched the CRM's sequences on; Ada has one that others see."""
    story = begin(**wanted)
    story.sequence(NAME)
    if workflow:
        story.change_account(unenrol_workflow={"property": BRIDGE})
    story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    return story


def enrolled(begin: Begin, *more: str, workflow: bool = True, exits: str = "") -> tuple[Story, str]:
    """A story two hours after the proposal of a deal: the CRM's sequence runs."""
    story = able(begin, workflow=workflow)
    story.live(chase(*more, exits=exits))
    deal = story.deal("proposal")
    story.until("+2h")
    assert in_sequence(story, deal)
    return story, deal


def enrolments(story: Story) -> int:
    """How many the CRM made, ever."""
    return sum(map(len, story.account.sequences.enrolments.values()))


def person(story: Story, deal: str) -> str:
    """The deal's only contact."""
    rows = story.export("deals")["deals"]
    (link,) = next(r for r in rows if r["id"] == deal)["associations"]["contacts"]
    return link["id"]


def in_sequence(story: Story, deal: str) -> bool:
    fields = story.properties("contacts", person(story, deal))
    return fields.get("hs_sequences_is_enrolled") == "true"


def stamped(story: Story, deal: str) -> list[str]:
    """Values that the bridge's property ever had, oldest first; "" is cleared."""
    contact = story.account.objects["contacts"][person(story, deal)]
    return [version.value for version in contact.history.get(BRIDGE, ())]


def touch(story: Story, deal: str, step: str = "mails") -> dict[str, Any]:
    (found,) = [
        t for t in story.touches() if t["subject_id"] == deal and t["step"] == step
    ]
    return found


def mails(story: Story) -> list[str]:
    """Subjects of what the CRM's sequences have sent, in order."""
    rows = [
        row["properties"]
        for row in story.export("emails")["emails"]
        if row["properties"]["hs_email_direction"] == "EMAIL"
    ]
    rows.sort(key=lambda fields: int(fields["hs_timestamp"]))
    return [fields["hs_email_subject"] for fields in rows]


def said(story: Story, deal: str) -> str:
    """All that the ledger tells about the rule's touches, in words."""
    return "\n".join(story.whys(deal, "test/sent"))


def fault(story: Story, match: str, kind: str, times: int = 1, **more: Any) -> None:
    story.hubspot.faults.add({"match": match, "kind": kind, "times": times, **more})


def calls(story: Story) -> dict[str, int]:
    """Calls to the CRM so far, by method and path without version and ids."""
    found: dict[str, int] = {}
    for row in story.admin.get("/api/health")["calls"]:
        name = re.sub(r"/2026-\d\d", "", row["endpoint"])
        found[name] = found.get(name, 0) + row["count"]
    return found
