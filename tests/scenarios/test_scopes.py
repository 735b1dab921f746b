"""Scopes from the archive: every one that the app asks for is used, and no call needs another.

HubSpot's reviewers look for the same in the logs of an app's calls. What a call rests on is told by
the sandbox, which checks it, not by a table of this test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook
from tests.scenarios.posting import Tool

MANIFEST = Path(__file__).parents[2] / "manifest" / "hubspot" / "src" / "app" / "app-hsmeta.json"
AUTH = json.loads(MANIFEST.read_text())["config"]["auth"]
ASKED = {*AUTH["requiredScopes"], *AUTH["optionalScopes"], *AUTH["conditionallyRequiredScopes"]}

DEFINITIONS = {"crm.schemas.contacts.read", "crm.schemas.deals.read"}
"""HubSpot names them for reading definitions of properties; whether reading the records is enough,
as the sandbox takes it, is not documented."""

PLAYBOOK = playbook(
    """
    - {id: called, when: {stage_entered: proposal}, settle: 0min, then: [{create_tasks: [
        {id: call, at: 1h, lead: 0h, task: call, template: t}]}]}
    - {id: mailed, when: {stage_entered: negotiation}, settle: 0min, then: [{enrol: mails}]}
    """,
    """
    - id: mails
      steps:
        - {id: start, at: 1h, sequence: {hubspot: Warm outreach}}
    """,
)


def live_a_little(story: Story) -> None:
    """Two days in which everything happens that makes the app call the CRM."""
    story.sequence()
    story.change_account(unenrol_workflow={"property": "followthrough_unenrol_requested"})
    story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    story.live(PLAYBOOK)
    story.contact("Lea")
    sent = story.deal("proposal")
    mailed = story.deal("negotiation", owner=ADA, name="Mailed")
    story.until("+2h")
    assert story.open(sent)
    story.move(sent, "won")  # its open task is archived
    story.move(mailed, "lost")  # its enrolment is to end
    story.until("+1h")
    answered = story.deal("proposal", owner=BEN, name="Answered")
    story.until("+2h")
    (link,) = next(
        row["associations"]["contacts"] for row in story.export("deals")["deals"]
        if row["id"] == answered
    )  # fmt: skip
    story.act("reply", contact=link["id"], deal=answered, text="Yes, gladly.")
    story.unheard(lambda: story.move(answered, "won"))  # so that the reconcile has to look
    Tool(story).tell("launch", company={"id": "1"})  # whose deals are asked for
    story.until("+1d")
    story.admin.get("/api/doctor?live=true")


def calls(story: Story) -> list[tuple[str, int, list[tuple[str, ...]]]]:
    """(endpoint, status, what it rested on) of every call to an endpoint that takes a token."""
    entries: list[dict[str, Any]] = story.hubspot.har.export()["log"]["entries"]
    found: list[tuple[str, int, list[tuple[str, ...]]]] = []
    for entry in entries:
        asked = entry["request"]
        path = urlsplit(asked["url"]).path
        if "/2026-03" in path and not path.startswith("/oauth/"):
            needed = [tuple(group) for group in entry.get("_scopes", ())]
            found.append((f"{asked['method']} {path}", entry["response"]["status"], needed))
    return found


def test_every_scope_is_used_and_no_call_needs_another(begin: Begin) -> None:
    story = begin(sandbox_settings={"har": True})
    live_a_little(story)
    made = calls(story)
    assert [(name, status) for name, status, _ in made if status in (401, 403)] == []
    free = {name for name, _, needed in made if not needed}
    assert free == set(), "the sandbox checks a scope at every endpoint that we use"
    for name, _, needed in made:
        for group in needed:
            assert ASKED & set(group), f"{name} needs {' or '.join(group)}"
    used = {scope for _, _, needed in made for group in needed for scope in group} & ASKED
    assert used == ASKED
    alone = {group[0] for _, _, needed in made for group in needed if len(group) == 1}
    assert alone & ASKED == ASKED - DEFINITIONS, "each is needed by a call that takes no other"


def test_without_a_required_scope_a_call_is_refused(begin: Begin) -> None:
    """So the test above would notice a scope that is missing from the registration."""
    story = begin(sandbox_settings={"har": True})
    story.live(PLAYBOOK)
    story.change_account(withdraw_scopes=["crm.objects.deals.write"])
    story.deal("proposal")
    story.until("+1h")
    refused = {name for name, status, _ in calls(story) if status == 403}
    assert refused == {"POST /crm/objects/2026-03/deals/batch/update"}
